import { expect, test } from 'vitest'
import { Arenas, CHUNK_BYTES } from '../../../src/store/slabs/arenas.js'
import { ReleasedMemory } from '../../../src/store/slabs/released-memory.js'

function places(arenas: Arenas, count: number): number[] {
  return Array.from({ length: count }, () => arenas.take())
}

test('arenas double until they are large enough to be mapped one by one', () => {
  const arenas = new Arenas(null)
  const taken = places(arenas, 16 + 33 + 33)
  const sizes = new Map(taken.map(place => [arenas.indexOf(place), arenas.sizeAt(place)]))
  expect([...sizes.values()]).toEqual([1, 1, 2, 4, 8, 33, 33])
})

test('every place is a chunk of its own', () => {
  const arenas = new Arenas(null)
  const taken = places(arenas, 60)
  const regions = taken.map(place => ({ memory: arenas.memory(place), offset: arenas.offset(place) }))
  for (const { memory, offset } of regions) expect(offset + CHUNK_BYTES).toBeLessThanOrEqual(memory.byteLength)
  const names = regions.map(({ memory, offset }) => `${regions.findIndex(each => each.memory === memory)}:${offset}`)
  expect(new Set(names).size).toBe(60)
})

test('only chunks that were ever used count as resident', () => {
  const arenas = new Arenas(null)
  const taken = places(arenas, 20)
  expect(arenas.residentBytes).toBe(20 * CHUNK_BYTES)
  arenas.give(taken[19])
  expect(arenas.residentBytes).toBe(20 * CHUNK_BYTES)
  arenas.take()
  expect(arenas.residentBytes).toBe(20 * CHUNK_BYTES)
})

test('an arena without chunks in use goes back, and its number is used again', () => {
  const released = new ReleasedMemory()
  const arenas = new Arenas(released)
  const taken = places(arenas, 49)
  const last = arenas.indexOf(taken[48])
  for (const place of taken.slice(16, 48)) arenas.give(place)
  expect(released.pendingBytes).toBe(0)
  expect(arenas.isLast(taken[48])).toBe(true)
  arenas.give(taken[48])
  expect(released.pendingBytes).toBe(33 * CHUNK_BYTES)
  expect(arenas.residentBytes).toBe(16 * CHUNK_BYTES)
  expect(arenas.indexOf(arenas.take())).toBe(last)
})

test('the oldest arena with room comes first', () => {
  const arenas = new Arenas(null)
  const taken = places(arenas, 40)
  arenas.give(taken[30])
  arenas.give(taken[5])
  expect(arenas.take()).toBe(taken[5])
  expect(arenas.take()).toBe(taken[30])
})

test('what hovers around the end of an arena has the same memory again, until that is given back', () => {
  const released = new ReleasedMemory()
  const arenas = new Arenas(released)
  places(arenas, 16)
  const place = arenas.take()
  const memory = arenas.memory(place)
  for (let round = 0; round < 3; round++) {
    arenas.give(place)
    expect(released.pendingBytes).toBe(memory.byteLength)
    expect(arenas.memory(arenas.take())).toBe(memory)
    expect(released.pendingBytes).toBe(0)
  }
  arenas.give(place)
  released.giveBack(Number.POSITIVE_INFINITY)
  expect(memory.byteLength).toBe(0)
  expect(arenas.memory(arenas.take()).byteLength).toBe(33 * CHUNK_BYTES)
})

test('memory that somebody still reads is not used again', () => {
  const released = new ReleasedMemory()
  const arenas = new Arenas(released)
  places(arenas, 16)
  const place = arenas.take()
  const memory = arenas.memory(place)
  const held = released.held.hold(Buffer.from(memory, 0, 100))
  arenas.give(place)
  expect(arenas.memory(arenas.take())).not.toBe(memory)
  held.release()
  released.giveBack(Number.POSITIVE_INFINITY)
  expect(memory.byteLength).toBe(0)
})
