import { expect, test } from 'vitest'
import { Entries } from '../../../src/store/entries.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { ReleasedMemory } from '../../../src/store/slabs/released-memory.js'
import { setString } from '../../../src/types/string/set-string.js'

const FOREVER = Number.POSITIVE_INFINITY
const AT_ONCE = 0

test('memory is kept until it is given back, and then it is gone at once', () => {
  const released = new ReleasedMemory()
  const buffer = new ArrayBuffer(100_000)
  released.add(buffer)
  expect(released.pendingBytes).toBe(100_000)
  expect(buffer.byteLength).toBe(100_000)
  expect(released.giveBack(FOREVER)).toBe(true)
  expect(released.pendingBytes).toBe(0)
  expect(buffer.byteLength).toBe(0)
})

test('what the deadline leaves waits for the next call', () => {
  const released = new ReleasedMemory()
  const buffers = Array.from({ length: 5 }, () => new ArrayBuffer(1024 * 1024))
  for (const buffer of buffers) released.add(buffer)
  expect(released.giveBack(AT_ONCE)).toBe(false)
  expect(buffers.map(buffer => buffer.byteLength > 0)).toEqual([false, true, true, true, true])
  expect(released.giveBack(AT_ONCE)).toBe(false)
  expect(released.pendingBytes).toBe(3 * 1024 * 1024)
  expect(released.giveBack(FOREVER)).toBe(true)
  expect(buffers.every(buffer => buffer.byteLength === 0)).toBe(true)
})

test('a buffer of many megabytes is gone at once, too', () => {
  const released = new ReleasedMemory()
  const buffers = Array.from({ length: 3 }, () => Buffer.alloc(64 * 1024 * 1024, 'v').buffer)
  for (const buffer of buffers) released.add(buffer)
  expect(released.giveBack(FOREVER)).toBe(true)
  expect(released.pendingBytes).toBe(0)
  expect(buffers.map(buffer => buffer.byteLength)).toEqual([0, 0, 0])
})

test('a value that a reply refers to goes once the reply has left', () => {
  const released = new ReleasedMemory()
  const entries = new Entries(released)
  const waiting = new Set<ArrayBufferLike>()
  released.outputs = { referTo: memory => waiting.has(memory) }
  const number = entries.addBuffer(Buffer.alloc(200_000, 'v'))
  const reply = entries.lendBuffer(number)
  waiting.add(reply.buffer)
  entries.dropBuffer(number)
  released.giveBack(FOREVER)
  expect(reply.length).toBe(200_000)
  waiting.clear()
  released.giveBack(FOREVER)
  expect(reply.length).toBe(0)
})

test('where nobody knows which replies have left, such a value is left to the garbage collector', () => {
  const released = new ReleasedMemory()
  const entries = new Entries(released)
  const number = entries.addBuffer(Buffer.alloc(200_000, 'v'))
  const reply = entries.lendBuffer(number)
  entries.dropBuffer(number)
  released.giveBack(FOREVER)
  expect(reply.length).toBe(200_000)
})

test('everything goes back after a flush', () => {
  const keyspace = new Keyspace(1)
  const [db] = keyspace.databases
  for (let i = 0; i < 20_000; i++) {
    const key = Buffer.from(`key${i}`)
    const value = Buffer.alloc(i % 1000 === 0 ? 100_000 : 200, 'v')
    setString(db, db.findForWrite(key, 0, key.length), key, 0, key.length, value, 0, value.length, Number.NaN)
  }
  const chunks = keyspace.entries.bytes.slice()
  for (let i = 0; i < keyspace.entries.buffers.end; i++) chunks.push(keyspace.entries.buffers.get(i))
  expect(keyspace.entries.buffers.end).toBe(20)
  keyspace.flushAll(false)
  expect(keyspace.released.pendingBytes).toBeGreaterThan(4_000_000)
  keyspace.released.giveBack(FOREVER)
  expect(chunks.every(chunk => chunk.length === 0)).toBe(true)
})
