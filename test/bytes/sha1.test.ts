import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SHA1_WORDS, sha1, sha1Again } from '../../src/bytes/sha1.js'

const hex = (words: Int32Array): string => [...words].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('')
const nodes = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')

function hashed(bytes: Uint8Array, start = 0, end = bytes.length): Int32Array {
  const out = new Int32Array(SHA1_WORDS)
  sha1(out, bytes, start, end)
  return out
}

test('is what the standard gives as example', () => {
  expect(hex(hashed(Buffer.from('abc')))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d')
})

test('is right for every length up to two blocks and more', () => {
  const bytes = Buffer.from(Array.from({ length: 140 }, (_, i) => 255 - i))
  for (let length = 0; length <= bytes.length; length++) {
    expect(hex(hashed(bytes, 0, length))).toBe(nodes(bytes.subarray(0, length)))
  }
})

test('is what Node computes, for any part of any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1100 }), fc.nat(100), fc.nat(100), (bytes, from, to) => {
      const start = Math.min(from, bytes.length)
      const end = Math.max(start, bytes.length - to)
      expect(hex(hashed(bytes, start, end))).toBe(nodes(bytes.subarray(start, end)))
    }),
  )
})

test('of a hash is the hash of its bytes', () => {
  const words = hashed(Buffer.from('abc'))
  const once = Buffer.from(hex(words), 'hex')
  sha1Again(words)
  expect(hex(words)).toBe(nodes(once))
})
