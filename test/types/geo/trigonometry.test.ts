import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arcSine, cosine, sine } from '../../../src/types/geo/trigonometry.js'

/** Arguments and results, worked out with 250 bits and rounded to a double. */
const SINES = [
  [0.7718226439073281, 0.6974425771198158],
  [0.004797971494798613, 0.004797953086178308],
  [1.509370747197302, 0.9981140421900094],
  [0.9355601936998839, 0.8049316051874763],
  [-0.005068543347603394, -0.005068521645706944],
  [0.3467676807421571, 0.33985966895531755],
  [-1.3848507414502274, -0.9827618740726749],
  [2.3324217968684917, 0.7237152324783483],
  [-1.8539846487277811, -0.960169444277208],
  [Math.PI, 1.2246467991473532e-16],
  [0, 0],
]
const COSINES = [
  [-0.4358636049717137, 0.9065057720488616],
  [-0.08697205732486475, 0.996220314029452],
  [-0.6237324235838878, 0.8117041233035226],
  [0.035586849909538254, 0.9993668548801645],
  [-0.5090038544885034, 0.8732303701239053],
  [1.4918126282728987, 0.0789016018254845],
  [-1.5132679389114154, 0.05749666128619357],
  [-1.5414938653866808, 0.029298268238770585],
  [0, 1],
]
const ARC_SINES = [
  [0.19652167051300817, 0.1978091435247529],
  [0.00034438181305301196, 0.0003443818198602259],
  [0.9989194713093517, 1.5243049655089007],
  [0.7483980564846631, 0.8456434820932864],
  [0.9908191281446669, 1.435186928757006],
  [0.9931082541265113, 1.453325679561433],
  [0.9967268145367039, 1.4898645944846982],
  [0.45566510149066475, 0.4731192493991148],
  [3.272121996927579e-5, 3.272121997511478e-5],
  [0, 0],
  [1, Math.PI / 2],
]

describe('digits are those of the correctly rounded result', () => {
  test.each(SINES)('sine of %d', (angle, expected) => expect(sine(angle)).toBe(expected))
  test.each(COSINES)('cosine of %d', (angle, expected) => expect(cosine(angle)).toBe(expected))
  test.each(ARC_SINES)('arc sine of %d', (value, expected) => expect(arcSine(value)).toBe(expected))
})

test('all are within the last digit of what JavaScript has', () => {
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= 2 ** -52 * Math.max(Math.abs(b), 2 ** -60)
  fc.assert(
    fc.property(fc.double({ min: -1.6, max: 1.6, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (x, y) => {
      expect([near(sine(x), Math.sin(x)), near(arcSine(y), Math.asin(y))]).toEqual([true, true])
      expect(Math.abs(cosine(x) - Math.cos(x))).toBeLessThanOrEqual(2 ** -53)
    }),
    { numRuns: 2000 },
  )
})

test('angles beyond a turn, and what has no arc sine, are as in JavaScript', () => {
  expect(cosine(1e6)).toBe(Math.cos(1e6))
  expect(sine(-40)).toBe(Math.sin(-40))
  expect(cosine(Number.POSITIVE_INFINITY)).toBeNaN()
  expect(arcSine(1.0000000000000002)).toBeNaN()
})
