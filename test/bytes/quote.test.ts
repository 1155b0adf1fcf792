import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quotedLength, writeQuoted } from '../../src/bytes/quote.js'
import { quoteArg, splitArgs } from '../../src/bytes/split-args.js'

function quoted(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const target = Buffer.alloc(quotedLength(bytes, start, end) + 2)
  const behind = writeQuoted(target, 1, bytes, start, end)
  expect(behind).toBe(target.length - 1)
  return target.toString('latin1', 1, behind)
}

test('what is not printable becomes an escape', () => {
  const bytes = Buffer.from('a "\\\n\r\t\x07\x08\0\x7f\xff', 'latin1')
  expect(quoted(bytes)).toBe('"a \\"\\\\\\n\\r\\t\\a\\b\\x00\\x7f\\xff"')
  expect(quoted(bytes, 0, 0)).toBe('""')
  expect(quoted(bytes, 1, 3)).toBe('" \\""')
})

test('any bytes read back as they were, and look as text quoted by character does', () => {
  fc.assert(
    fc.property(fc.uint8Array(), bytes => {
      const text = Buffer.from(bytes).toString('latin1')
      expect(quoted(bytes)).toBe(quoteArg(text))
      expect(splitArgs(quoted(bytes))).toEqual([text])
    }),
  )
})
