import { expect, test } from 'vitest'
import { countErrorCode, shownCode } from '../../src/observe/error-codes.js'

test('errors are counted by their codes', () => {
  const counts = new Map<string, number>()
  for (const text of ['ERR no', 'WRONGTYPE Operation', 'ERR yes', 'nocode', ' blank', `${'x'.repeat(40)} too long`]) {
    countErrorCode(counts, text)
  }
  expect([...counts]).toEqual([
    ['ERR', 5],
    ['WRONGTYPE', 1],
  ])
})

test('from the 128th on, codes are counted together', () => {
  const counts = new Map<string, number>()
  for (let i = 0; i < 200; i++) countErrorCode(counts, `CODE${i} text`)
  countErrorCode(counts, 'CODE5 text')
  expect(counts.size).toBe(129)
  expect(counts.get('CODE5')).toBe(2)
  expect(counts.get('ERRORSTATS_OVERFLOW')).toBe(72)
})

test('a code cannot look like another field of INFO', () => {
  expect(shownCode('A:b#c\r\nx')).toBe('A_b_c__x')
})
