/** The allocator of Lua's memory, on its own: blocks keep what is in them, and memory that is free serves any size. */
import { expect, test } from 'vitest'
import { newAllocator } from '../../src/scripting/vm/new-state.js'
import { LuaVm } from './libraries/lua-vm.js'

function start() {
  const { exports } = new LuaVm()
  const allocator = newAllocator(exports, () => {
    throw new Error('panic')
  })
  expect(allocator.open()).toBe(1)
  const bytes = () => new Uint8Array(exports.memory.buffer)
  return { bytes, resize: (block: number, from: number, to: number) => allocator.allocate(0, block, from, to) }
}

/** Numbers that look random, from 0 to below `limit`. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed
  return limit => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % limit
  }
}

test('blocks keep their content while others come, go, grow and shrink', () => {
  const { bytes, resize } = start()
  const random = randomNumbers(1)
  const size = () => (random(8) === 0 ? random(3000) : random(600)) + 1
  const blocks: { at: number; length: number; mark: number }[] = []
  for (let step = 0; step < 100_000; step++) {
    const i = random(blocks.length + 1)
    const mark = step & 255
    if (i === blocks.length || (blocks.length < 2000 && random(2) === 0)) {
      const length = size()
      const at = resize(0, 0, length)
      expect(at % 8).toBe(0)
      bytes().fill(mark, at, at + length)
      blocks.push({ at, length, mark })
      continue
    }
    const { at, length, mark: held } = blocks[i]
    expect(bytes()[at]).toBe(held)
    expect(bytes()[at + length - 1]).toBe(held)
    if (random(2) === 0) {
      resize(at, length, 0)
      blocks[i] = blocks[blocks.length - 1]
      blocks.pop()
      continue
    }
    const next = size()
    const moved = resize(at, length, next)
    const kept = bytes().subarray(moved, moved + Math.min(length, next))
    expect(kept.every(byte => byte === held)).toBe(true)
    bytes().fill(mark, moved, moved + next)
    blocks[i] = { at: moved, length: next, mark }
  }
  for (const { at, length, mark } of blocks) {
    expect(bytes().subarray(at, at + length)).toEqual(new Uint8Array(length).fill(mark))
  }
})

test('what one size leaves another one gets', () => {
  const { bytes, resize } = start()
  const fill = (size: number) => {
    const blocks = Array.from({ length: Math.floor(2 ** 22 / size) }, () => resize(0, 0, size))
    for (const block of blocks) resize(block, size, 0)
  }
  fill(16)
  const before = bytes().length
  for (let size = 32; size <= 512; size += 16) fill(size)
  // Blocks of one size do not fill a pool to its end.
  expect(bytes().length).toBeLessThan(before * 1.25)
})
