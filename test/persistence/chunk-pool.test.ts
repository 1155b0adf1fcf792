import { expect, test } from 'vitest'
import { ChunkPool } from '../../src/persistence/chunk-pool.js'
import { RdbOutput } from '../../src/rdb/output.js'

/** What was written as one chunk of so many bytes, and goes on in `next`. */
function chunkOf(bytes: number, next: Buffer | null = null): Buffer {
  const out = new RdbOutput()
  out.raw(Buffer.alloc(bytes, 'x'))
  return out.take(next)
}

test('gives the memory of a chunk out once, as a whole', () => {
  const pool = new ChunkPool()
  const chunk = chunkOf(20_000)
  pool.give(chunk)
  const spare = pool.take()
  expect(spare?.buffer).toBe(chunk.buffer)
  expect(spare?.length).toBe(chunk.buffer.byteLength)
  expect(pool.take()).toBeNull()
})

test('takes no short chunk, which may share its memory, and none that a big value has blown up', () => {
  const pool = new ChunkPool()
  pool.give(chunkOf(100))
  pool.give(chunkOf(5_000_000))
  expect(pool.take()).toBeNull()
})

test('output goes on in the memory that is given to it', () => {
  const out = new RdbOutput()
  const next = Buffer.alloc(100_000)
  out.raw(Buffer.alloc(20_000, 'x'))
  out.take(next)
  out.raw(Buffer.alloc(20_000, 'y'))
  expect(out.take().buffer).toBe(next.buffer)
  expect(next.subarray(0, 20_001)).toEqual(Buffer.concat([Buffer.alloc(20_000, 'y'), Buffer.alloc(1)]))
})
