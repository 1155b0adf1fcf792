/** The replication stream: its bytes, how far back a replica may continue, and what that costs in memory. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReplicationStream } from '../../src/replication/stream.js'
import { HeldBuffers } from '../../src/store/held-buffers.js'

const KB = 1024

function openStream(windowBytes: number): ReplicationStream {
  const stream = new ReplicationStream()
  stream.windowBytes = windowBytes
  stream.open()
  return stream
}

function feed(stream: ReplicationStream, bytes: number): void {
  stream.feed(-1, Buffer.alloc(bytes, 'x'), 0, bytes)
}

test('goes back as far as the backlog is large', () => {
  const stream = openStream(100 * KB)
  feed(stream, 1000 * KB)
  expect(stream.windowStart).toBe(900 * KB)
  expect(stream.windowLength).toBe(100 * KB)
})

test('goes back further while a replica that lags needs more', () => {
  const stream = openStream(16 * KB)
  feed(stream, 50 * KB)
  const reader = { position: stream.offset, idle: true }
  stream.readers.add(reader)
  feed(stream, 500 * KB)
  expect(stream.windowStart).toBe(50 * KB)
  expect(Buffer.concat(stream.read(50 * KB, 1000 * KB)).length).toBe(500 * KB)
  stream.readers.delete(reader)
  stream.trim()
  expect(stream.windowLength).toBe(16 * KB)
})

test('gives memory back as soon as the backlog is made smaller', () => {
  const stream = openStream(1000 * KB)
  for (let i = 0; i < 20; i++) feed(stream, 50 * KB)
  expect(stream.windowLength).toBe(1000 * KB)
  stream.resize(100 * KB)
  expect(stream.windowLength).toBe(100 * KB)
  expect(stream.memoryBytes).toBeLessThan(300 * KB)
  stream.resize(1000 * KB)
  feed(stream, 400 * KB)
  expect(stream.windowLength).toBeGreaterThanOrEqual(500 * KB)
})

test('takes little more memory than the backlog, however small that is', () => {
  for (const windowBytes of [16 * KB, 300 * KB, 4096 * KB]) {
    const stream = openStream(windowBytes)
    for (let i = 0; i < 100; i++) feed(stream, 100 * KB)
    expect(stream.memoryBytes).toBeGreaterThanOrEqual(windowBytes)
    // Whole blocks: one that is half out of the window, and one that is half filled.
    expect(stream.memoryBytes).toBeLessThanOrEqual(windowBytes + Math.max(32 * KB, windowBytes / 8))
  }
})

describe('a large addition', () => {
  const SIZE = 3000 * KB

  function large(held: HeldBuffers): { stream: ReplicationStream; value: Buffer; original: Buffer } {
    const stream = new ReplicationStream(held)
    stream.open()
    stream.feed(-1, Buffer.from('before'), 0, 6)
    const value = Buffer.from(Array.from({ length: SIZE }, (_, i) => (i * 31 + (i >> 9)) & 255))
    const original = Buffer.from(value)
    stream.feed(-1, value, 0, SIZE)
    stream.feed(-1, Buffer.from('behind'), 0, 6)
    return { stream, value, original }
  }
  function overwrite(held: HeldBuffers, value: Buffer, from: number, to: number): void {
    held.beforeWrite(value, from, to)
    value.fill(0, from, to)
  }

  test('is read as it was, although its memory changes', () => {
    const held = new HeldBuffers()
    const reader = { position: 0, idle: true }
    const { stream, value, original } = large(held)
    stream.resize(1024 * KB)
    stream.readers.add(reader)
    expect(stream.windowStart).toBeGreaterThan(0)

    const all = new ReplicationStream(held)
    all.open()
    all.readers.add(reader)
    all.feed(-1, value, 0, SIZE)
    const chunks: Buffer[] = []
    for (let round = 0; reader.position < all.offset; round++) {
      overwrite(held, value, round * 100_000, round * 200_000)
      const views = all.read(reader.position, 300 * KB)
      chunks.push(...views.map(view => Buffer.from(view)))
      reader.position += views.reduce((size, view) => size + view.length, 0)
    }
    expect(Buffer.concat(chunks).equals(original)).toBe(true)
  })

  test('is in the window with what is around it, and its memory is let go of soon', async () => {
    const held = new HeldBuffers()
    const { stream, value, original } = large(held)
    overwrite(held, value, SIZE - 2000, SIZE)
    while (held.active) await new Promise(resolve => setImmediate(resolve))
    value.fill(0)
    const window = Buffer.concat(stream.read(stream.windowStart, 2 * SIZE))
    expect(window.length).toBe(1024 * KB)
    expect(window.equals(Buffer.concat([original, Buffer.from('behind')]).subarray(-window.length))).toBe(true)
    expect(stream.memoryBytes).toBeLessThan(1200 * KB)
  })

  test('is forgotten with the stream', () => {
    const held = new HeldBuffers()
    const { stream } = large(held)
    expect(held.active).toBe(true)
    stream.close()
    expect(held.active).toBe(false)
  })
})

/** What is fed in one turn: pieces of one buffer, which is lent or not, and overwritten when the turn is over. */
const turns = fc.array(
  fc.record({
    lent: fc.boolean(),
    pieces: fc.array(fc.record({ length: fc.nat(200), gap: fc.constantFrom(0, 0, 0, 7), foreign: fc.boolean() }), {
      maxLength: 20,
    }),
    readInBetween: fc.nat(20),
  }),
)

test('has the bytes that were added, in their order, whoever they belong to', () => {
  fc.assert(
    fc.property(turns, list => {
      const stream = openStream(1024 * KB)
      const shared = Buffer.alloc(8 * KB)
      let expected = Buffer.alloc(0)
      let next = 0
      for (const { lent, pieces, readInBetween } of list) {
        for (let i = 0; i < shared.length; i++) shared[i] = next++ & 255
        if (lent) stream.lend(shared)
        let at = 0
        for (const [i, { length, gap, foreign }] of pieces.entries()) {
          at += gap
          const source = foreign ? Buffer.alloc(length, i) : shared
          const start = foreign ? 0 : at
          if (!foreign) at += length
          stream.feed(-1, source, start, start + length)
          expected = Buffer.concat([expected, source.subarray(start, start + length)])
          expect(stream.offset).toBe(expected.length)
          if (i === readInBetween) expect(Buffer.concat(stream.read(0, 1024 * KB))).toEqual(expected)
        }
        stream.settle()
        shared.fill(0)
      }
      expect(stream.windowLength).toBe(expected.length)
      expect(Buffer.concat(stream.read(0, 1024 * KB))).toEqual(expected)
    }),
  )
})
