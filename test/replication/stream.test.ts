/** The replication stream's window: how far back a replica may continue, and what it costs in memory. */
import { expect, test } from 'vitest'
import { ReplicationStream } from '../../src/replication/stream.js'

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
  const reader = { position: stream.offset }
  stream.readers.add(reader)
  feed(stream, 500 * KB)
  expect(stream.windowStart).toBe(50 * KB)
  expect(Buffer.concat(stream.read(50 * KB, 1000 * KB)).length).toBe(500 * KB)
  stream.readers.delete(reader)
  stream.trim()
  expect(stream.windowLength).toBe(16 * KB)
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
