import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CommonRun, lcsLength, longestCommonSubsequence } from '../../src/bytes/lcs.js'

/** The textbook's table, walked as Redis walks it. */
function naive(a: string, b: string): { text: string; runs: CommonRun[] } {
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      if (a[i - 1] === b[j - 1]) lengths[i][j] = lengths[i - 1][j - 1] + 1
      else lengths[i][j] = Math.max(lengths[i - 1][j], lengths[i][j - 1])
    }
  }
  let text = ''
  const pairs: [number, number][] = []
  for (let i = a.length, j = b.length; i > 0 && j > 0; ) {
    if (a[i - 1] === b[j - 1]) {
      text = a[--i] + text
      pairs.push([i, --j])
    } else if (lengths[i - 1][j] > lengths[i][j - 1]) i--
    else j--
  }
  const runs: CommonRun[] = []
  for (const [i, j] of pairs) {
    const last = runs.at(-1)
    if (last !== undefined && last.aStart === i + 1 && last.bStart === j + 1) {
      runs[runs.length - 1] = { ...last, aStart: i, bStart: j }
    } else runs.push({ aStart: i, aEnd: i, bStart: j, bEnd: j })
  }
  return { text, runs }
}

const string = fc
  .array(fc.constantFrom('a', 'b', 'c', 'abcabcabcabcabc', '\0', '\xff'), { maxLength: 40 })
  .map(parts => parts.join(''))

test('finds the subsequence and the runs that the whole table would give', () => {
  fc.assert(
    fc.property(string, string, (a, b) => {
      const expected = naive(a, b)
      const [first, second] = [Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')]
      const { bytes, runs } = longestCommonSubsequence(first, second)
      expect(bytes.toString('latin1')).toBe(expected.text)
      expect(runs).toEqual(expected.runs)
      expect(lcsLength(first, second)).toBe(expected.text.length)
    }),
  )
})

test('a short string in a very long one takes little more than a pass', () => {
  const long = Buffer.alloc(2_000_000, 'x')
  long.write('needle', 1_500_000)
  const needle = Buffer.from('needle')
  expect(longestCommonSubsequence(needle, long).runs).toEqual([
    { aStart: 0, aEnd: 5, bStart: 1_500_000, bEnd: 1_500_005 },
  ])
  expect(lcsLength(long, needle)).toBe(6)
})
