import { describe, expect, test } from 'vitest'
import { Entries } from '../../../src/store/entries.js'
import { BufferPool } from '../../../src/store/slabs/buffer-pool.js'

describe('memory of large values', () => {
  test('is used again for a value of about the same size', () => {
    const pool = new BufferPool()
    const first = pool.take(10_000)
    pool.give(first)
    const second = pool.take(9_900)
    expect(second.length).toBe(9_900)
    expect(second.buffer).toBe(first.buffer)
    expect(pool.take(9_900).buffer).not.toBe(first.buffer)
  })

  test('is not taken back when it is part of something larger', () => {
    const pool = new BufferPool()
    const part = Buffer.allocUnsafeSlow(10_240).subarray(512)
    pool.give(part)
    expect(pool.take(10_240).buffer).not.toBe(part.buffer)
  })

  test('goes to the garbage collector when the pool is cleared', () => {
    const pool = new BufferPool()
    const first = pool.take(10_000)
    pool.give(first)
    expect(pool.pooledBytes).toBe(first.buffer.byteLength)
    pool.clear()
    expect(pool.pooledBytes).toBe(0)
    expect(pool.take(10_000).buffer).not.toBe(first.buffer)
  })

  test('is left alone while a reply may refer to it', () => {
    const entries = new Entries()
    const value = entries.copyOf(Buffer.alloc(10_000, 'a'), 0, 10_000)
    const number = entries.addBuffer(value)
    const lent = entries.lendBuffer(number)
    entries.replaceBuffer(number, entries.copyOf(Buffer.alloc(10_000, 'b'), 0, 10_000))
    entries.copyOf(Buffer.alloc(10_000, 'c'), 0, 10_000)
    expect(lent.equals(Buffer.alloc(10_000, 'a'))).toBe(true)
  })

  test('counts again as free once its successor, which nobody borrowed, is replaced', () => {
    const entries = new Entries()
    const number = entries.addBuffer(entries.copyOf(Buffer.alloc(10_000, 'a'), 0, 10_000))
    entries.lendBuffer(number)
    const second = entries.copyOf(Buffer.alloc(10_000, 'b'), 0, 10_000)
    entries.replaceBuffer(number, second)
    entries.replaceBuffer(number, entries.copyOf(Buffer.alloc(10_000, 'c'), 0, 10_000))
    expect(entries.copyOf(Buffer.alloc(10_000, 'd'), 0, 10_000).buffer).toBe(second.buffer)
  })
})
