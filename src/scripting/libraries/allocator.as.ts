/**
 * Lua's memory: small blocks from pools of blocks of one size, as in CPython's obmalloc, and large ones from the VM's malloc().
 *
 * A module of its own, since a Lua state begins with its allocator. Most of what scripts make is a few words long and soon gone:
 * malloc() and free() in turn take 40 ns, a pool takes a tenth of that. Pools that are empty again serve any size; an arena, of which
 * they are cut, stays as long as the VM.
 */
@external('lua', 'malloc') declare function malloc(size: usize): usize
@external('lua', 'realloc') declare function realloc(block: usize, size: usize): usize
@external('lua', 'free') declare function free(block: usize): void
@external('host', 'panic') declare function panic(): void

const UNIT_BITS: usize = 4
const UNIT_BYTES: usize = 1 << UNIT_BITS
const LARGEST_BYTES: usize = 512
const SIZES: usize = (LARGEST_BYTES >> UNIT_BITS) + 1

/** A pool begins at a multiple of its size, so that each of its blocks leads to it. */
const POOL_BYTES: usize = 4096
const ARENA_BYTES: usize = 64 * 1024

// A pool: its blocks that are free, as a list; where blocks begin that have never been used; how many are in use; the block's size in
// units; and its neighbours in the list of pools that have room. A pool without room is in no list.
const POOL_FREE: usize = 0
const POOL_FRESH: usize = 4
const POOL_USED: usize = 8
const POOL_UNITS: usize = 12
const POOL_NEXT: usize = 16
const POOL_PREVIOUS: usize = 20
const POOL_HEADER_BYTES: usize = 32

/** Of each size in units: the first pool that has room. */
let withRoom: usize = 0
/** Pools that are empty, as a list. */
let empty: usize = 0

/** False if there is no memory left. */
export function open(): bool {
  withRoom = malloc(SIZES * sizeof<usize>())
  if (withRoom === 0) return false
  for (let units: usize = 0; units < SIZES; units++) store<usize>(withRoom + units * sizeof<usize>(), 0)
  return true
}

/** A lua_Alloc: makes a block of `osize` bytes one of `size`. 0 is no block. */
export function allocate(_data: usize, block: usize, osize: usize, size: usize): usize {
  if (block === 0) {
    if (size === 0) return 0
    return size > LARGEST_BYTES ? malloc(size) : take(unitsOf(size))
  }
  if (size === 0) {
    release(block, osize)
    return 0
  }
  if (osize > LARGEST_BYTES) {
    if (size > LARGEST_BYTES) return realloc(block, size)
  } else if (unitsOf(osize) === unitsOf(size)) return block

  const moved = size > LARGEST_BYTES ? malloc(size) : take(unitsOf(size))
  if (moved === 0) {
    // Lua counts on it that a block can become smaller.
    if (size < osize) panic()
    return 0
  }
  const end = unitsOf(min(osize, size)) << UNIT_BITS
  for (let at: usize = 0; at < end; at += sizeof<u64>()) store<u64>(moved + at, load<u64>(block + at))
  release(block, osize)
  return moved
}

@inline
function unitsOf(size: usize): usize {
  return (size + UNIT_BYTES - 1) >> UNIT_BITS
}

@inline
function release(block: usize, size: usize): void {
  if (size > LARGEST_BYTES) free(block)
  else give(block)
}

@inline
function take(units: usize): usize {
  const pool = load<usize>(withRoom + units * sizeof<usize>())
  if (pool === 0) return takeFromNewPool(units)
  const block = load<usize>(pool, POOL_FREE)
  if (block === 0) return takeFresh(pool, units)
  const next = load<usize>(block)
  store<usize>(pool, next, POOL_FREE)
  store<usize>(pool, load<usize>(pool, POOL_USED) + 1, POOL_USED)
  if (next === 0 && !hasFresh(pool, units)) unlink(pool, units)
  return block
}

@inline
function hasFresh(pool: usize, units: usize): bool {
  return load<usize>(pool, POOL_FRESH) + (units << UNIT_BITS) <= pool + POOL_BYTES
}

function takeFresh(pool: usize, units: usize): usize {
  const block = load<usize>(pool, POOL_FRESH)
  store<usize>(pool, block + (units << UNIT_BITS), POOL_FRESH)
  store<usize>(pool, load<usize>(pool, POOL_USED) + 1, POOL_USED)
  if (!hasFresh(pool, units)) unlink(pool, units)
  return block
}

function takeFromNewPool(units: usize): usize {
  if (empty === 0 && !addArena()) return 0
  const pool = empty
  empty = load<usize>(pool, POOL_NEXT)
  store<usize>(pool, 0, POOL_FREE)
  store<usize>(pool, pool + POOL_HEADER_BYTES, POOL_FRESH)
  store<usize>(pool, 0, POOL_USED)
  store<usize>(pool, units, POOL_UNITS)
  link(pool, units)
  return takeFresh(pool, units)
}

/** Where memory comes to its end, an arena of one pool will do. */
function addArena(): bool {
  let size = ARENA_BYTES
  let arena = malloc(size)
  if (arena === 0) {
    size = 2 * POOL_BYTES
    arena = malloc(size)
    if (arena === 0) return false
  }
  const end = (arena + size) & ~(POOL_BYTES - 1)
  for (let pool = (arena + POOL_BYTES - 1) & ~(POOL_BYTES - 1); pool < end; pool += POOL_BYTES) addEmpty(pool)
  return true
}

function addEmpty(pool: usize): void {
  store<usize>(pool, empty, POOL_NEXT)
  empty = pool
}

@inline
function give(block: usize): void {
  const pool = block & ~(POOL_BYTES - 1)
  const free = load<usize>(pool, POOL_FREE)
  const units = load<usize>(pool, POOL_UNITS)
  const hadRoom = free !== 0 || hasFresh(pool, units)
  const used = load<usize>(pool, POOL_USED) - 1
  store<usize>(block, free)
  store<usize>(pool, block, POOL_FREE)
  store<usize>(pool, used, POOL_USED)
  if (!hadRoom) link(pool, units)
  else if (used === 0) giveUp(pool, units)
}

/** A pool is empty: others may have it, unless it is the only one of its size that has room. */
function giveUp(pool: usize, units: usize): void {
  if (load<usize>(pool, POOL_NEXT) === 0 && load<usize>(pool, POOL_PREVIOUS) === 0) return
  unlink(pool, units)
  addEmpty(pool)
}

function link(pool: usize, units: usize): void {
  const list = withRoom + units * sizeof<usize>()
  const next = load<usize>(list)
  store<usize>(pool, next, POOL_NEXT)
  store<usize>(pool, 0, POOL_PREVIOUS)
  if (next !== 0) store<usize>(next, pool, POOL_PREVIOUS)
  store<usize>(list, pool)
}

function unlink(pool: usize, units: usize): void {
  const next = load<usize>(pool, POOL_NEXT)
  const previous = load<usize>(pool, POOL_PREVIOUS)
  if (next !== 0) store<usize>(next, previous, POOL_PREVIOUS)
  if (previous !== 0) store<usize>(previous, next, POOL_NEXT)
  else store<usize>(withRoom + units * sizeof<usize>(), next)
}
