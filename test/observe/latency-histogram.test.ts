import fc from 'fast-check'
import { expect, test } from 'vitest'
import { callNanoseconds, LatencyHistogram } from '../../src/observe/latency-histogram.js'

function of(...ms: number[]): LatencyHistogram {
  const histogram = new LatencyHistogram()
  for (const each of ms) histogram.record(callNanoseconds(each))
  return histogram
}

test('times come back with two significant digits, as the highest of their cell', () => {
  expect(of(0.003).percentiles([50])[0]).toBe(3.007)
  expect(of(0.015).percentiles([99])[0]).toBe(15.039)
  expect(of(0.08).percentiles([100])[0]).toBe(80.383)
  expect(of(0.000255).percentiles([50])[0]).toBe(0.255)
  expect(of(0.003).percentiles([0])[0]).toBe(2.992)
})

test('a second stands for all that is longer', () => {
  expect(of(5000).percentiles([50])[0]).toBe(of(1000).percentiles([50])[0])
  expect(of(5000).percentiles([50])[0]).toBeCloseTo(1e6, -4.5)
})

test('counts add up over about one microsecond, two, four and so on', () => {
  const histogram = of(0.0001, 0.0005, 0.0011, 0.003, 0.003, 4.2, 2000)
  expect(histogram.count).toBe(7)
  expect(histogram.cumulative()).toEqual([
    { microseconds: 1, calls: 2 },
    { microseconds: 2, calls: 3 },
    { microseconds: 4, calls: 5 },
    { microseconds: 4227, calls: 6 },
    { microseconds: 1073741, calls: 7 },
  ])
  expect(of().cumulative()).toEqual([])
})

test('a percentile is within one percent of the value that has this rank', () => {
  const time = fc.double({ min: 0.001, max: 999, noNaN: true })
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 100 }), (times, percent) => {
      const sorted = times.toSorted((a, b) => a - b)
      const rank = Math.max(1, Math.floor((percent / 100) * times.length + 0.5))
      const exact = sorted[rank - 1] * 1000
      const found = of(...times).percentiles([percent])[0]
      expect(found).toBeGreaterThanOrEqual(exact - 0.001)
      expect(found).toBeLessThanOrEqual(exact * 1.01)
    }),
  )
})
