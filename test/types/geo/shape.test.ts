import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Areas } from '../../../src/types/geo/areas.js'
import { distance } from '../../../src/types/geo/distance.js'
import { latitudeOf, longitudeOf, scoreOf } from '../../../src/types/geo/geohash.js'
import { Shape } from '../../../src/types/geo/shape.js'

interface Place {
  longitude: number
  latitude: number
}

function circle({ latitude, longitude }: Place, radius: number): Shape {
  const shape = new Shape()
  Object.assign(shape, { longitude, latitude, radius })
  shape.prepare()
  return shape
}

function box({ latitude, longitude }: Place, width: number, height: number): Shape {
  const shape = new Shape()
  Object.assign(shape, { longitude, latitude, width, height, isBox: true })
  shape.prepare()
  return shape
}

function placesWithin(longitude: number, latitude: number): fc.Arbitrary<Place> {
  return fc.record({
    longitude: fc.double({ min: -longitude, max: longitude, noNaN: true }),
    latitude: fc.double({ min: -latitude, max: latitude, noNaN: true }),
  })
}
const anywhere = placesWithin(180, 85)
const lengths = fc.oneof(
  fc.constantFrom(0, 1e-3, 1, 1e3, 1e5, 5e6, 2e7, 2.1e7, Number.POSITIVE_INFINITY),
  fc.double({ min: 0, max: 2.2e7, noNaN: true }),
)
const measured = fc.boolean()

describe('a distance', () => {
  test.each([
    ['Palermo to Catania', 13.361389338970184, 38.1155563954963, 15.087267458438873, 37.50266842333162, 166274.1516],
    ['half around the equator', 0, 0, 180, 0, 20020734],
    ['across the date line', 179.5, 10, -179.5, 10, 109536.4807],
    ['along a meridian', 20, -60, 20, 60, 13347156],
    ['none', 1, 1, 1, 1, 0],
  ])('%s', (_, fromLongitude, fromLatitude, longitude, latitude, expected) => {
    expect(distance(fromLongitude, fromLatitude, longitude, latitude)).toBeCloseTo(expected, 3)
  })
})

describe('a circle', () => {
  test('holds what is no farther than its radius, measured or not', () => {
    fc.assert(
      fc.property(anywhere, anywhere, lengths, measured, (centre, place, radius, isMeasured) => {
        const score = scoreOf(place.longitude, place.latitude)
        const far = distance(centre.longitude, centre.latitude, longitudeOf(score), latitudeOf(score))
        const shape = circle(centre, radius)
        expect(shape.holds(score, isMeasured)).toBe(far <= radius)
        if (isMeasured && far <= radius) expect(shape.distanceM).toBe(far)
      }),
      { numRuns: 2000 },
    )
  })

  test('holds what is exactly on its border, and not what is a last digit beyond', () => {
    fc.assert(
      fc.property(anywhere, anywhere, measured, (centre, place, isMeasured) => {
        const score = scoreOf(place.longitude, place.latitude)
        const far = distance(centre.longitude, centre.latitude, longitudeOf(score), latitudeOf(score))
        expect(circle(centre, far).holds(score, isMeasured)).toBe(true)
        expect(circle(centre, far * (1 - 2 ** -52)).holds(score, isMeasured)).toBe(far === 0)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a box', () => {
  test('holds what is in reach on both axes, measured or not', () => {
    fc.assert(
      fc.property(anywhere, anywhere, lengths, lengths, measured, (centre, place, width, height, isMeasured) => {
        const score = scoreOf(place.longitude, place.latitude)
        const [longitude, latitude] = [longitudeOf(score), latitudeOf(score)]
        const north = distance(longitude, centre.latitude, longitude, latitude)
        const east = distance(longitude, latitude, centre.longitude, latitude)
        const shape = box(centre, width, height)
        const within = north <= height / 2 && east <= width / 2
        expect(shape.holds(score, isMeasured)).toBe(within)
        if (isMeasured && within) {
          expect(shape.distanceM).toBe(distance(centre.longitude, centre.latitude, longitude, latitude))
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('areas', () => {
  function isCovered(shape: Shape, score: number): boolean {
    const areas = new Areas()
    areas.cover(shape)
    return Array.from({ length: areas.count }, (_, i) => i).some(i => areas.from[i] <= score && score < areas.behind[i])
  }

  test('cover all positions within a shape that does not reach a border of the map', () => {
    const near = fc.record({
      longitude: fc.double({ min: -1, max: 1, noNaN: true }),
      latitude: fc.double({ min: -1, max: 1, noNaN: true }),
    })
    const sizes = fc.double({ min: 0.1, max: 2e6, noNaN: true })
    fc.assert(
      fc.property(placesWithin(90, 45), near, sizes, fc.boolean(), (centre, toward, size, isBox) => {
        const shape = isBox ? box(centre, size, size / 2) : circle(centre, size)
        const degrees = (size / 111_000) * 1.5
        const score = scoreOf(
          centre.longitude + toward.longitude * degrees,
          centre.latitude + toward.latitude * degrees,
        )
        if (shape.holds(score, false)) expect(isCovered(shape, score)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('never overlap, wherever the centre is', () => {
    fc.assert(
      fc.property(fc.oneof(anywhere, placesWithin(180, 85.05112878)), lengths, (centre, radius) => {
        const areas = new Areas()
        areas.cover(circle(centre, radius))
        const ranges = Array.from({ length: areas.count }, (_, i) => [areas.from[i], areas.behind[i]] as const)
        ranges.sort(([a], [b]) => a - b)
        ranges.forEach(([from], i) => {
          if (i > 0) expect(from).toBeGreaterThanOrEqual(ranges[i - 1][1])
        })
      }),
    )
  })

  test('of a shape as large as the globe are all there are', () => {
    const areas = new Areas()
    areas.cover(circle({ longitude: 10, latitude: 10 }, 3e7))
    const scores = Array.from({ length: areas.count }, (_, i) => areas.behind[i] - areas.from[i])
    expect(scores.reduce((sum, size) => sum + size)).toBe(2 ** 52)
  })
})
