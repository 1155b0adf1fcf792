import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lzfCompress, lzfDecompress } from '../../src/bytes/lzf.js'
import { type Decompression, LzfCompressor, LzfDecompressor } from '../../src/bytes/lzf-stream.js'

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
const compressor = new LzfCompressor()

function compressInSlices(bytes: Buffer, start: number, room: number, sizes: Iterator<number>): Buffer {
  const target = Buffer.alloc(room, 0x5a)
  compressor.begin(bytes, start, bytes.length, target)
  while (!compressor.step(sizes.next().value)) {}
  return target.subarray(0, compressor.size)
}

function decompressInSlices(bytes: Buffer, length: number, sizes: Iterator<number>): Buffer | null {
  const target = Buffer.alloc(length)
  const decompressor = new LzfDecompressor(bytes, 0, bytes.length, target)
  let state: Decompression
  do state = decompressor.step(sizes.next().value)
  while (state === 'going on')
  return state === 'done' ? target : null
}

test('compressing in slices gives the bytes of compressing at once, or nothing where that gives nothing', () => {
  fc.assert(
    fc.property(source, fc.nat(3), fc.integer({ min: 0, max: 120 }), slices, (bytes, start, percent, sizes) => {
      const room = Math.floor((bytes.length * percent) / 100)
      const whole = Buffer.alloc(room)
      const size = lzfCompress(bytes, start, bytes.length, whole)
      expect(compressInSlices(bytes, start, room, sizes[Symbol.iterator]())).toEqual(whole.subarray(0, size))
    }),
    { numRuns: 500 },
  )
})

test('no slice does much more than it is told to, nor is one needed beyond those that the length takes', () => {
  const noise = randomFillSync(Buffer.alloc(1 << 20))
  const target = Buffer.alloc(noise.length * 2)
  compressor.begin(noise, 0, noise.length, target)
  let steps = 1
  while (!compressor.step(1 << 14)) steps++
  expect(steps).toBeLessThanOrEqual(noise.length >> 14)
  expect(steps).toBeGreaterThan((noise.length >> 14) - 3)
  const out = Buffer.alloc(noise.length)
  expect(lzfDecompress(target, 0, compressor.size, out, 0, out.length)).toBe(true)
  expect(out.equals(noise)).toBe(true)
})

test('decompressing in slices gives back what was compressed', () => {
  fc.assert(
    fc.property(source, slices, slices, (bytes, one, other) => {
      const packed = compressInSlices(bytes, 0, bytes.length * 2 + 16, one[Symbol.iterator]())
      expect(decompressInSlices(packed, bytes.length, other[Symbol.iterator]())).toEqual(bytes)
    }),
    { numRuns: 500 },
  )
})

test('decompressing in slices refuses what decompressing at once refuses', () => {
  const damage = fc.record({ at: fc.nat(), xor: fc.integer({ min: 0, max: 255 }), cut: fc.nat(3), off: fc.nat(2) })
  fc.assert(
    fc.property(source, slices, damage, (bytes, sizes, { at, xor, cut, off }) => {
      const packed = Buffer.from(compressInSlices(bytes, 0, bytes.length * 2 + 16, sizes[Symbol.iterator]()))
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
