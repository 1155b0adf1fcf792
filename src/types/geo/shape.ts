/** What a search looks in: a circle or a box around a position. */

import { arcDistance, EARTH_RADIUS_M, haversine, haversineOf, meridianDistance, radians } from './distance.js'
import { latitudeOf, longitudeOf } from './geohash.js'
import { cosine } from './trigonometry.js'

/** What is so much nearer or farther than the border, in haversines or as a share, needs no second look. */
const CLEARLY_LESS = 1 - 1e-9
const CLEARLY_MORE = 1 + 1e-9

export class Shape {
  /** Of the centre, in degrees. */
  longitude = 0
  latitude = 0
  /** Metres of the unit that lengths are given in. */
  unitM = 1
  isBox = false
  /** In that unit. */
  radius = 0
  width = 0
  height = 0
  /** How far the last position that holds() was asked about, and which the shape holds, is from the centre, in metres. */
  distanceM = 0
  // What holds() looks at, by prepare().
  private fromLongitude = 0
  private fromLatitude = 0
  private fromCosine = 1
  /** How far north and south, and in every direction or, for a box, east and west. */
  private reachM = 0
  private widthM = 0
  private haversineLimit = 0

  /** To be called when all above is set, and before holds(). */
  prepare(): void {
    this.fromLongitude = radians(this.longitude)
    this.fromLatitude = radians(this.latitude)
    this.fromCosine = cosine(this.fromLatitude)
    if (this.isBox) {
      this.reachM = (this.height * this.unitM) / 2
      this.widthM = (this.width * this.unitM) / 2
    } else this.reachM = this.widthM = this.radius * this.unitM
    this.haversineLimit = haversineOf(this.widthM)
  }

  /** An independent copy, for a search that goes on later. */
  copy(): Shape {
    return Object.assign(new Shape(), this)
  }

  /**
   * Whether the position of a score lies within. `measured`: distanceM is wanted, which takes most of the time.
   * Source of behaviour: geoWithinShape in geo.c.
   */
  holds(score: number, measured: boolean): boolean {
    const latitude = radians(latitudeOf(score))
    if (EARTH_RADIUS_M * Math.abs(latitude - this.fromLatitude) > this.reachM * CLEARLY_MORE) return false
    const longitude = radians(longitudeOf(score))
    return this.isBox ? this.boxHolds(longitude, latitude, measured) : this.circleHolds(longitude, latitude, measured)
  }

  private circleHolds(longitude: number, latitude: number, measured: boolean): boolean {
    const { fromCosine, fromLatitude, fromLongitude, haversineLimit } = this
    const square = haversine(fromLongitude, fromLatitude, fromCosine, longitude, latitude)
    if (square > haversineLimit * CLEARLY_MORE) return false
    if (!measured && square < haversineLimit * CLEARLY_LESS) return true
    this.distanceM = arcDistance(fromLongitude, fromLatitude, fromCosine, longitude, latitude)
    return !(this.distanceM > this.widthM)
  }

  /** A box is as wide as it says on the latitude of each position. */
  private boxHolds(longitude: number, latitude: number, measured: boolean): boolean {
    const { fromCosine, fromLatitude, fromLongitude, haversineLimit } = this
    if (meridianDistance(latitude, fromLatitude) > this.reachM) return false
    const square = haversine(longitude, latitude, Math.cos(latitude), fromLongitude, latitude)
    if (square > haversineLimit * CLEARLY_MORE) return false
    if (square >= haversineLimit * CLEARLY_LESS) {
      if (arcDistance(longitude, latitude, cosine(latitude), fromLongitude, latitude) > this.widthM) return false
    }
    if (measured) this.distanceM = arcDistance(fromLongitude, fromLatitude, fromCosine, longitude, latitude)
    return true
  }
}
