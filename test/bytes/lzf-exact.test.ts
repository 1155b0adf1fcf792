import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lzfDecompress } from '../../src/bytes/lzf.js'
import { lzfCompressExact } from '../../src/bytes/lzf-exact.js'

const GUARD = 0x5a

const compressible = fc
  .array(
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(60))
      .map(([part, count]) => Buffer.concat(Array.from({ length: count }, () => part))),
    { maxLength: 12 },
  )
  .map(parts => Buffer.concat(parts))

// That the bytes are Redis's own is seen where payloads of DUMP are compared: test/commands/dump.test.ts.

test('what it compresses is read again', () => {
  fc.assert(
    fc.property(compressible, source => {
      fc.pre(source.length > 0)
      const packed = Buffer.alloc(source.length * 2 + 16)
      const size = lzfCompressExact(source, 0, source.length, packed, 0, packed.length)
      const plain = Buffer.alloc(source.length)
      expect(lzfDecompress(packed, 0, size, plain, 0, plain.length)).toBe(true)
      expect(plain).toEqual(source)
    }),
    { numRuns: 500 },
  )
})

test('writes only into its range, however short that is, and is content with the room that Redis offers', () => {
  fc.assert(
    fc.property(compressible, fc.nat(), (source, room) => {
      fc.pre(source.length > 0)
      const target = Buffer.alloc(source.length + 32, GUARD)
      const end = 8 + (room % (source.length + 8))
      const size = lzfCompressExact(source, 0, source.length, target, 8, end)
      expect(size).toBeLessThanOrEqual(end - 8)
      expect(target.subarray(0, 8).every(byte => byte === GUARD)).toBe(true)
      expect(target.subarray(Math.max(8, end)).every(byte => byte === GUARD)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('looks at no byte outside the source range', () => {
  const source = Buffer.from('abcabcabcabc|abcabcabcabc|abcabcabcabc')
  const [inside, alone] = [Buffer.alloc(64), Buffer.alloc(64)]
  const size = lzfCompressExact(source, 13, 25, inside, 0, 64)
  expect(lzfCompressExact(Buffer.from('abcabcabcabc'), 0, 12, alone, 0, 64)).toBe(size)
  expect(inside).toEqual(alone)
})
