/** Distances on a globe, in metres, by the haversine formula. Source of behaviour: geohash_helper.c of Redis. */
import { arcSine, cosine, sine } from './trigonometry.js'

/** The quadratic mean radius of the WGS 84 ellipsoid. */
export const EARTH_RADIUS_M = 6372797.560856
const RADIANS_A_DEGREE = Math.PI / 180

export function radians(degrees: number): number {
  return degrees * RADIANS_A_DEGREE
}

export function degrees(radians: number): number {
  return radians / RADIANS_A_DEGREE
}

/** Distance between two latitudes, in radians, along a meridian. */
export function meridianDistance(from: number, to: number): number {
  return EARTH_RADIUS_M * Math.abs(to - from)
}

/** Distance between two positions, in radians; `fromCosine`: the cosine of the first one's latitude. */
export function arcDistance(
  fromLongitude: number,
  fromLatitude: number,
  fromCosine: number,
  longitude: number,
  latitude: number,
): number {
  const v = sine((longitude - fromLongitude) / 2)
  if (v === 0) return meridianDistance(fromLatitude, latitude)
  const u = sine((latitude - fromLatitude) / 2)
  const square = u * u + fromCosine * cosine(latitude) * v * v
  return 2 * EARTH_RADIUS_M * arcSine(Math.sqrt(square))
}

/** Distance between two positions, in degrees. */
export function distance(fromLongitude: number, fromLatitude: number, longitude: number, latitude: number): number {
  const from = radians(fromLatitude)
  return arcDistance(radians(fromLongitude), from, cosine(from), radians(longitude), radians(latitude))
}

/**
 * What the haversine formula takes the arc sine's root of, to some 15 digits and in less time: it grows with the distance, so most
 * positions are seen to be near or far without one.
 */
export function haversine(
  fromLongitude: number,
  fromLatitude: number,
  fromCosine: number,
  longitude: number,
  latitude: number,
): number {
  const v = Math.sin((longitude - fromLongitude) / 2)
  const u = Math.sin((latitude - fromLatitude) / 2)
  return u * u + fromCosine * Math.cos(latitude) * v * v
}

/** The same of a distance; infinite for those that no two positions have. */
export function haversineOf(distanceM: number): number {
  const angle = distanceM / (2 * EARTH_RADIUS_M)
  return angle < Math.PI / 2 ? Math.sin(angle) ** 2 : Number.POSITIVE_INFINITY
}
