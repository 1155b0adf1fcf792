/**
 * The memory that the libraries keep from call to call: a block for output, and one for the containers that are open.
 *
 * Both are found again by the next call, so that nothing leaks when an error jumps out of an encoder. One of each is enough,
 * since no Lua code runs while an encoder or a decoder does: tables are read and written past their metatables.
 */
import { free, lua_error, lua_pushlstring, lua_pushstring, realloc, State, Text } from './lua.as'

@external('text', 'not enough memory') declare const NOT_ENOUGH_MEMORY: Text

/** What Lua itself says, and how: without the script's line. Does not return. */
export function raiseOutOfMemory(L: State): void {
  lua_pushstring(L, NOT_ENOUGH_MEMORY)
  lua_error(L)
  unreachable()
}

const FIRST_SIZE_BYTES: usize = 1024

/** An output block over this size is given back once its content has become a string. */
const KEPT_SIZE_BYTES: usize = 1 << 20

/** The VM's memory ends at 2 GB: sizes below this never overflow 32 bits, not even where they are doubled. */
const SIZE_LIMIT_BYTES: u64 = 1 << 31

let output: usize = 0
let outputLimit: usize = 0

/** Where the next byte of output goes. */
export let cursor: usize = 0

export function setCursor(at: usize): void {
  cursor = at
}

/** Starts an output, and drops what an earlier one may have left. */
export function beginOutput(): void {
  if (outputLimit - output > KEPT_SIZE_BYTES) freeOutput()
  cursor = output
}

/** Makes room for `bytes` more at the cursor, which may move. */
@inline
export function reserve(L: State, bytes: usize): void {
  if (outputLimit - cursor < bytes) growOutput(L, bytes)
}

function growOutput(L: State, bytes: usize): void {
  const used = cursor - output
  const needed = <u64>used + <u64>bytes
  if (needed >= SIZE_LIMIT_BYTES) {
    freeOutput()
    raiseOutOfMemory(L)
  }
  let size = <usize>max<u64>(needed, max<u64>(<u64>(outputLimit - output) * 2, FIRST_SIZE_BYTES))
  let block = realloc(output, size)
  if (block === 0 && size > <usize>needed) {
    size = <usize>needed
    block = realloc(output, size)
  }
  if (block === 0) {
    freeOutput()
    raiseOutOfMemory(L)
  }
  output = block
  outputLimit = block + size
  cursor = block + used
}

function freeOutput(): void {
  free(output)
  output = 0
  outputLimit = 0
  cursor = 0
}

/** Pushes the output as a string. */
export function pushOutput(L: State): void {
  lua_pushlstring(L, output, cursor - output)
  if (outputLimit - output > KEPT_SIZE_BYTES) freeOutput()
}

/** The output so far. It moves when it grows. */
export function outputStart(): usize {
  return output
}

/** Writes bytes for which there is room. */
@inline
export function putBytes(from: usize, length: usize): void {
  const to = cursor
  cursor = to + length
  // memory.copy leaves WebAssembly: too far for a short string.
  if (length > 64) {
    memory.copy(to, from, length)
  } else {
    for (let i: usize = 0; i < length; i++) store<u8>(to + i, load<u8>(from + i))
  }
}

/** Writes a byte for which there is room. */
@inline
export function put(byte: u32): void {
  store<u8>(cursor, byte)
  cursor++
}

/** Writes up to four bytes for which there is room, the first one lowest: a word of JSON. */
@inline
export function putWord(word: u32, length: usize): void {
  store<u32>(cursor, word)
  cursor += length
}

/** Four words for each container that is open: a loop's way of recursion, so that depth costs no stack of WebAssembly. */
const LEVEL_BYTES: usize = 16

let levels: usize = 0
let levelCount: i32 = 0

/** The address of the four words of a level, counted from 1. Lower levels may move. */
@inline
export function openLevel(L: State, depth: i32): usize {
  if (depth >= levelCount) growLevels(L, depth)
  return levelAt(depth)
}

@inline
export function levelAt(depth: i32): usize {
  return levels + <usize>depth * LEVEL_BYTES
}

function growLevels(L: State, depth: i32): void {
  // The depth is bounded by Lua's stack, of some thousand slots.
  const count = max<i32>(64, depth * 2)
  const block = realloc(levels, <usize>count * LEVEL_BYTES)
  if (block === 0) raiseOutOfMemory(L)
  levels = block
  levelCount = count
}

/** The size of the array part of a table to which so many elements have been added one by one: a power of two. */
export function grownSize(length: u32): i32 {
  return 1 << (32 - clz<u32>(length - 1))
}
