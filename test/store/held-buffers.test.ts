/** Bytes that are read in slices stay as they were when they were held, whoever writes to them meanwhile. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Entries } from '../../src/store/entries.js'
import { type HeldBuffer, HeldBuffers } from '../../src/store/held-buffers.js'
import { Keyspace } from '../../src/store/keyspace.js'
import { ReleasedMemory } from '../../src/store/slabs/released-memory.js'
import { setBuffer } from '../../src/types/string/set-string.js'

const PAGE_BYTES = 16 * 1024
const SIZE = 100_000
const FOREVER = Number.POSITIVE_INFINITY

function readAll(held: HeldBuffer, from = 0, step = SIZE): Buffer {
  const bytes = Buffer.alloc(held.length - from)
  for (let at = from; at < held.length; at += step) held.read(at, Math.min(held.length, at + step), bytes, at - from)
  return bytes
}

test('writes anywhere, by whole ranges and with several holders, are not seen', () => {
  const action = fc.oneof(
    fc.record({ what: fc.constant('write' as const), at: fc.nat(SIZE - 1), length: fc.nat(40_000) }),
    fc.record({ what: fc.constant('hold' as const), from: fc.nat(SIZE - 1), length: fc.nat(SIZE) }),
    fc.record({ what: fc.constant('forget' as const), which: fc.nat(), at: fc.nat(SIZE) }),
    fc.record({ what: fc.constant('release' as const), which: fc.nat() }),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), fc.integer({ min: 1000, max: SIZE }), (actions, step) => {
      const all = new HeldBuffers()
      const memory = Buffer.alloc(SIZE)
      const holders: { held: HeldBuffer; bytes: Buffer; from: number }[] = []
      for (const [i, each] of actions.entries()) {
        if (each.what === 'write') {
          const end = Math.min(SIZE, each.at + each.length)
          if (all.active) all.beforeWrite(memory, each.at, end)
          memory.fill(i + 1, each.at, end)
        } else if (each.what === 'hold') {
          const bytes = memory.subarray(each.from, each.from + each.length)
          holders.push({ held: all.hold(bytes), bytes: Buffer.from(bytes), from: 0 })
        } else if (holders.length > 0) {
          const holder = holders[each.which % holders.length]
          if (each.what === 'forget') {
            holder.held.forget(each.at)
            holder.from = Math.min(holder.held.length, Math.max(holder.from, each.at))
          } else {
            holder.held.release()
            holders.splice(each.which % holders.length, 1)
          }
        }
        for (const { held, bytes, from } of holders)
          expect(readAll(held, from, step).equals(bytes.subarray(from))).toBe(true)
        expect(all.active).toBe(holders.length > 0)
      }
    }),
    { numRuns: 200 },
  )
})

test('a write copies the pages it touches, once, and none that nobody wants any more', () => {
  const all = new HeldBuffers()
  const memory = Buffer.alloc(64 * PAGE_BYTES)
  const held = all.hold(memory)
  all.beforeWrite(memory, 5, 6)
  all.beforeWrite(memory, 5, 6)
  expect(held.copiedBytes).toBe(PAGE_BYTES)
  all.beforeWrite(memory, PAGE_BYTES - 1, 2 * PAGE_BYTES + 1)
  expect(held.copiedBytes).toBe(3 * PAGE_BYTES)
  held.forget(2 * PAGE_BYTES)
  expect(held.copiedBytes).toBe(PAGE_BYTES)
  all.beforeWrite(memory, 0, 4 * PAGE_BYTES)
  expect(held.copiedBytes).toBe(2 * PAGE_BYTES)
  held.forget(60 * PAGE_BYTES)
  all.beforeWrite(memory, 10 * PAGE_BYTES, 60 * PAGE_BYTES)
  expect(held.copiedBytes).toBe(0)
  held.release()
})

test('what is there for its holders is accounted for, unless they do that themselves', () => {
  const all = new HeldBuffers()
  const memory = Buffer.alloc(8 * PAGE_BYTES)
  const [one, other, own] = [all.hold(memory), all.hold(memory), all.hold(memory, false)]
  all.beforeWrite(memory, 0, 2 * PAGE_BYTES)
  expect(all.memoryBytes).toBe(4 * PAGE_BYTES)
  one.forget(PAGE_BYTES)
  expect(all.memoryBytes).toBe(3 * PAGE_BYTES)
  other.release()
  expect(all.memoryBytes).toBe(PAGE_BYTES)
  expect(all.keep(memory.buffer)).toBe(true)
  expect(all.memoryBytes).toBe(9 * PAGE_BYTES)
  one.release()
  one.release()
  expect(all.memoryBytes).toBe(0)
  own.release()
  expect(all.memoryBytes).toBe(0)
})

test('memory whose value is gone stays until the last one has let go of it, and goes then', () => {
  const released = new ReleasedMemory()
  const entries = new Entries(released)
  const number = entries.addBuffer(Buffer.alloc(200_000, 'v'))
  const value = entries.buffers.get(number)
  const [first, second] = [entries.held.hold(value), entries.held.hold(value.subarray(1000))]
  entries.dropBuffer(number)
  released.giveBack(FOREVER)
  first.release()
  released.giveBack(FOREVER)
  expect(readAll(second).toString()).toBe('v'.repeat(199_000))
  second.release()
  released.giveBack(FOREVER)
  expect(value.buffer.byteLength).toBe(0)
})

test('memory of a size that is used again is not, while it is held', () => {
  const entries = new Entries(new ReleasedMemory())
  const number = entries.addBuffer(entries.copyOf(Buffer.alloc(8192, 'a'), 0, 8192))
  const held = entries.held.hold(entries.buffers.get(number))
  entries.dropBuffer(number)
  const next = entries.copyOf(Buffer.alloc(8192, 'b'), 0, 8192)
  expect(readAll(held).toString()).toBe('a'.repeat(8192))
  expect(next.toString()).toBe('b'.repeat(8192))
  held.release()
})

test('FLUSHALL leaves what is held', () => {
  const keyspace = new Keyspace(1)
  const [database] = keyspace.databases
  const key = Buffer.from('key')
  database.findForWrite(key, 0, 3)
  const address = setBuffer(database, 0, key, 0, 3, Buffer.alloc(500_000, 'v'), Number.NaN)
  const value = keyspace.entries.buffers.get(keyspace.entries.payload(address))
  const held = keyspace.entries.held.hold(value)
  keyspace.flushAll(false)
  keyspace.released.giveBack(FOREVER)
  expect(readAll(held).toString()).toBe('v'.repeat(500_000))
  held.release()
  keyspace.released.giveBack(FOREVER)
  expect(value.buffer.byteLength).toBe(0)
})
