import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lzfCompress, lzfDecompress } from '../../src/bytes/lzf.js'
import { type Decompression, LzfDecompressor } from '../../src/bytes/lzf-decompressor.js'

/** Runs, periods, text and noise, with stretches of noise that are longer than any slice. */
const source = fc
  .array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 50 }),
      fc.nat(3000).map(count => randomFillSync(Buffer.alloc(count))),
      fc.tuple(fc.nat(255), fc.nat(700)).map(([byte, count]) => new Uint8Array(count).fill(byte)),
      fc
        .tuple(fc.uint8Array({ minLength: 2, maxLength: 12 }), fc.nat(60))
        .map(([period, count]) => Buffer.concat(Array.from({ length: count }, () => period))),
    ),
    { maxLength: 20 },
  )
  .map(parts => Buffer.concat(parts))
const slices = fc.infiniteStream(fc.integer({ min: 1, max: 500 }))

function compressed(bytes: Buffer): Buffer {
  const target = Buffer.alloc(bytes.length * 2 + 16)
  return target.subarray(0, lzfCompress(bytes, 0, bytes.length, target))
}

function decompressInSlices(bytes: Buffer, length: number, sizes: Iterator<number>): Buffer | null {
  const target = Buffer.alloc(length)
  const decompressor = new LzfDecompressor(bytes, 0, bytes.length, target)
  let state: Decompression
  do state = decompressor.step(sizes.next().value)
  while (state === 'going on')
  return state === 'done' ? target : null
}

test('decompressing in slices gives back what was compressed', () => {
  fc.assert(
    fc.property(source, slices, (bytes, sizes) => {
      const packed = compressed(bytes)
      expect(decompressInSlices(packed, bytes.length, sizes[Symbol.iterator]())?.equals(bytes)).toBe(true)
      for (const length of [bytes.length - 1, bytes.length + 1]) {
        if (length >= 0) expect(decompressInSlices(packed, length, sizes[Symbol.iterator]())).toBeNull()
      }
    }),
    { numRuns: 500 },
  )
})

test('decompressing in slices refuses what decompressing at once refuses', () => {
  const damage = fc.record({ at: fc.nat(), xor: fc.integer({ min: 0, max: 255 }), cut: fc.nat(3), off: fc.nat(2) })
  fc.assert(
    fc.property(source, slices, damage, (bytes, sizes, { at, xor, cut, off }) => {
      const packed = compressed(bytes)
      if (packed.length > 0) packed[at % packed.length] ^= xor
      const damaged = packed.subarray(0, Math.max(0, packed.length - cut))
      const length = bytes.length + off
      const whole = Buffer.alloc(length)
      const sound = lzfDecompress(damaged, 0, damaged.length, whole, 0, length)
      expect(decompressInSlices(damaged, length, sizes[Symbol.iterator]())).toEqual(sound ? whole : null)
    }),
    { numRuns: 1000 },
  )
})
