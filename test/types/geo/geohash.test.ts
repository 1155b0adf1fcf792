import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  geohashText,
  LATITUDE_MAX,
  LONGITUDE_MAX,
  latitudeOf,
  longitudeOf,
  scoreOf,
  scoreTextOf,
} from '../../../src/types/geo/geohash.js'

const longitudes = fc.double({ min: -LONGITUDE_MAX, max: LONGITUDE_MAX, noNaN: true })
const latitudes = fc.double({ min: -LATITUDE_MAX, max: LATITUDE_MAX, noNaN: true })

test.each([
  ['Palermo', 13.361389, 38.115556, 3479099956230698, 'sqc8b49rny0'],
  ['Catania', 15.087269, 37.502669, 3479447370796909, 'sqdtr74hyu0'],
  ['the middle', 0, 0, 3377699720527872, 's0000000000'],
])('%s has the score and the geohash that Redis gives it', (_, longitude, latitude, score, text) => {
  expect(scoreOf(longitude, latitude)).toBe(score)
  expect(geohashText(score)).toBe(text)
})

/** What is so near to the border is rounded to what lies behind it. */
const NEAR_BORDER = 1e-9

test('a score stands for the middle of a cell around the position', () => {
  fc.assert(
    fc.property(longitudes, latitudes, (longitude, latitude) => {
      fc.pre(longitude < LONGITUDE_MAX - NEAR_BORDER && latitude < LATITUDE_MAX - NEAR_BORDER)
      const score = scoreOf(longitude, latitude)
      expect(Math.abs(longitudeOf(score) - longitude)).toBeLessThanOrEqual(360 / 2 ** 26)
      expect(Math.abs(latitudeOf(score) - latitude)).toBeLessThanOrEqual(171 / 2 ** 26)
      expect(Number(scoreTextOf(longitude, latitude))).toBe(score)
    }),
  )
})

test('a position decoded and encoded again has the same score', () => {
  fc.assert(
    fc.property(longitudes, latitudes, (longitude, latitude) => {
      fc.pre(longitude < LONGITUDE_MAX - NEAR_BORDER && latitude < LATITUDE_MAX - NEAR_BORDER)
      const score = scoreOf(longitude, latitude)
      expect(scoreOf(longitudeOf(score), latitudeOf(score))).toBe(score)
    }),
  )
})

test('the eastern and the northern border lie behind the last cell, as in Redis', () => {
  expect(scoreTextOf(180, 0)).toBe('10133099161583616')
  expect(scoreTextOf(180, 1e-5)).toBe('10133099161583621')
  expect(scoreTextOf(180, LATITUDE_MAX)).toBe('13510798882111488')
  expect(scoreTextOf(0, LATITUDE_MAX)).toBe('6755399441055744')
  expect([longitudeOf(scoreOf(180, 0)), latitudeOf(scoreOf(0, LATITUDE_MAX))]).toEqual([180, LATITUDE_MAX])
})

describe('scores that are no positions stand for some place all the same:', () => {
  test.each([
    [-1, 180, 85.05112878],
    [1e300, -179.999997317791, -85.05112751259],
    [Number.POSITIVE_INFINITY, -179.999997317791, -85.05112751259],
    [Number.NEGATIVE_INFINITY, 180, -85.05112751259],
    [0.5, -179.999997317791, -85.05112751259],
    [2 ** 63, 180, -85.05112751259],
  ])('%d', (score, longitude, latitude) => {
    expect(longitudeOf(score)).toBeCloseTo(longitude, 9)
    expect(latitudeOf(score)).toBeCloseTo(latitude, 9)
  })
})
