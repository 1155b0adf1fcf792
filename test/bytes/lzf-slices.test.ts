/** LZF made in slices is what is made in one go, wherever the cuts are. */
import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ByteSource } from '../../src/bytes/byte-source.js'
import { lzfCompress, lzfDecompress } from '../../src/bytes/lzf.js'
import { lzfCompressExact } from '../../src/bytes/lzf-exact.js'
import { LzfExactSlices } from '../../src/bytes/lzf-exact-slices.js'
import { LzfFastSlices } from '../../src/bytes/lzf-fast-slices.js'
import { type LzfSlices, recycleBlock, type SlicedCompressor, sinkBytes } from '../../src/bytes/lzf-slices.js'
import type { Compressor } from '../../src/rdb/output.js'

/** Bytes with short and long repetitions, near and beyond what a reference can reach, and stretches without any. */
const part = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
  fc.tuple(fc.nat(255), fc.nat(700)).map(([byte, count]) => new Uint8Array(count).fill(byte)),
  fc
    .tuple(fc.uint8Array({ minLength: 2, maxLength: 20 }), fc.nat(60))
    .map(([period, count]) => Buffer.concat(Array.from({ length: count }, () => period))),
)
const bytes = fc.array(part, { maxLength: 20 }).map(parts => Buffer.concat(parts))
/** The same, and longer than the window several times. */
const long = fc
  .tuple(bytes, fc.uint8Array({ minLength: 1000, maxLength: 10_000 }), fc.integer({ min: 1, max: 300_000 }))
  .map(([text, noise, length]) => {
    const unit = Buffer.concat([text, noise])
    return Buffer.alloc(length, unit)
  })
const cuts = fc.array(fc.oneof(fc.nat(40), fc.nat(3000), fc.nat(200_000)), { minLength: 1, maxLength: 5 })

function sourceOf(source: Buffer): ByteSource {
  return {
    length: source.length,
    read: (from, to, target, at) => {
      expect(to).toBeLessThanOrEqual(source.length)
      source.copy(target, at, from, to)
    },
  }
}

/** Both ways to compress: in one go, and in slices. */
const WAYS: [string, Compressor, SlicedCompressor][] = [
  ['to the bytes of Redis', lzfCompressExact, LzfExactSlices],
  ['fast', lzfCompress, LzfFastSlices],
]

describe.each(WAYS)('compression %s', (_way, compress, Slices) => {
  function inOneGo(source: Buffer, room: number): Buffer {
    const target = Buffer.alloc(Math.max(0, room))
    return target.subarray(0, compress(source, 0, source.length, target, 0, room))
  }

  function inSlices(source: Buffer, room: number, steps: readonly number[]): Buffer {
    const bytes = sourceOf(source)
    const slices = new Slices(bytes, room)
    for (let i = 0; !slices.step(1 + steps[i % steps.length]); i++);
    const { blocks, packedBytes } = slices
    const packed = Buffer.concat(blocks ?? [])
    if (blocks !== null) expect(packed.length).toBe(packedBytes)
    if (packedBytes === 0) return packed

    // Made again, it comes out bit by bit.
    const sink = Buffer.alloc(sinkBytes(1 + Math.max(...steps)))
    const again = new Slices(bytes, room, sink)
    const parts: Buffer[] = []
    for (let i = 0; !again.done; i++) {
      again.step(1 + steps[i % steps.length])
      parts.push(Buffer.from(sink.subarray(0, again.sunkBytes)))
    }
    const second = Buffer.concat(parts)
    expect(second.length).toBe(packedBytes)
    if (blocks !== null) expect(second.equals(packed)).toBe(true)
    return second
  }

  test('of short texts', () => {
    fc.assert(
      fc.property(bytes, cuts, fc.integer({ min: -40, max: 40 }), (source, steps, spare) => {
        const room = source.length + spare
        expect(inSlices(source, room, steps).equals(inOneGo(source, room))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('of long ones, in whatever room', () => {
    fc.assert(
      fc.property(long, cuts, fc.double({ min: 0, max: 1, noNaN: true }), (source, steps, share) => {
        for (const room of [source.length - 4, Math.floor(source.length * share)]) {
          expect(inSlices(source, room, steps).equals(inOneGo(source, room))).toBe(true)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('of text that changes its nature: several blocks of output', () => {
    const words = Array.from({ length: 200_000 }, (_, i) => `${(i * 7919) % 100_003}:${i & 63}`).join()
    const noise = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * i * 31 + (i >> 3)) >> 5))
    const source = Buffer.concat([Buffer.from(words), noise, Buffer.alloc(500_000, 'ab'), Buffer.from(words)])
    const whole = inOneGo(source, source.length - 4)
    expect(whole.length).toBeGreaterThan(600_000)
    for (const step of [1000, 65_536, source.length]) {
      expect(inSlices(source, source.length - 4, [step]).equals(whole)).toBe(true)
    }
    const [enough, tooLittle] = [whole.length + 4, whole.length - 1].map(room => inSlices(source, room, [50_000]))
    expect(enough.equals(whole)).toBe(true)
    expect(tooLittle.length).toBe(0)
  })
  test('a result too long to be kept is made again to be used', () => {
    const noise = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i * 31 + (i >> 3)) >> 5))
    const source = Buffer.concat([Buffer.alloc(19_000_000, noise), Buffer.alloc(2_000_000, 'text')])
    const whole = inOneGo(source, source.length - 4)
    expect(whole.length).toBeGreaterThan(17_000_000)
    expect(inSlices(source, source.length - 4, [40_000]).equals(whole)).toBe(true)
  })

  test('no step does much more than it is told to, nor is one needed beyond those that the length takes', () => {
    const noise = randomFillSync(Buffer.alloc(1 << 20))
    const slices: LzfSlices = new Slices(sourceOf(noise), noise.length * 2)
    let steps = 1
    while (!slices.step(1 << 14)) steps++
    expect(steps).toBeLessThanOrEqual(noise.length >> 14)
    expect(steps).toBeGreaterThan((noise.length >> 14) - 3)
    const packed = Buffer.concat(slices.blocks ?? [])
    const out = Buffer.alloc(noise.length)
    expect(lzfDecompress(packed, 0, packed.length, out, 0, out.length)).toBe(true)
    expect(out.equals(noise)).toBe(true)
  })

  test('blocks that are given back serve the next results, and no other', () => {
    const source = Buffer.alloc(300_000, randomFillSync(Buffer.alloc(30_000)))
    const whole = inOneGo(source, source.length)
    const results = Array.from({ length: 8 }, (_, i) => {
      const slices = new Slices(sourceOf(source), source.length)
      while (!slices.step(10_000)) {}
      const blocks = slices.blocks ?? []
      if (i % 2 === 1) for (const block of blocks) recycleBlock(block)
      return blocks
    })
    for (const blocks of results.filter((_, i) => i % 2 === 0)) {
      expect(Buffer.concat(blocks).equals(whole)).toBe(true)
    }
  })
})
