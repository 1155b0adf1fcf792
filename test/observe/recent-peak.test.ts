import { expect, test } from 'vitest'
import { RecentPeak } from '../../src/observe/recent-peak.js'

test('shows the highest value of the last eight seconds', () => {
  const peak = new RecentPeak()
  expect(peak.peak(1_000_000)).toBe(0)
  peak.note(7, 1_000_000)
  peak.note(50, 1_000_500)
  peak.note(9, 1_000_900)
  peak.note(20, 1_003_000)
  expect(peak.peak(1_003_000)).toBe(50)
  expect(peak.peak(1_007_999)).toBe(50)
  expect(peak.peak(1_008_000)).toBe(20)
  peak.note(3, 1_008_100)
  expect(peak.peak(1_010_999)).toBe(20)
  expect(peak.peak(1_011_000)).toBe(3)
})
