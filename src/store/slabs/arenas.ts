/**
 * Where slabs get their chunks: pieces of larger blocks, so that memory really goes back to the system. A block of over
 * 32 MiB is one that glibc's malloc maps on its own and unmaps when it is freed; smaller ones may come out of its heap, whose
 * pages stay with the process as long as anything behind them is in use (mallopt(3), M_MMAP_THRESHOLD). Blocks start small
 * and double, so that little data takes little; pages nobody has touched take no memory anyway.
 */
import type { ReleasedMemory } from './released-memory.js'

export const CHUNK_BYTES = 1024 * 1024
const LARGEST_CHUNKS = 33
/** With so many chunks in arenas the next one is of the largest size; until then each is as large as all before it. */
const SMALL_CHUNKS = 16
/** A place is arena * 64 + position. */
const ARENA_SHIFT = 6
const POSITION_MASK = 63

export const NO_ARENAS: ReadonlySet<number> = new Set()

/**
 * Memory of the next arenas, untouched. V8 counts that of ArrayBuffers as if all of it was in use, and for each 64 MB more it looks for
 * garbage: some 15 ms of work, which a load would have to share the processor with. Set aside while nobody waits, it costs nothing.
 */
const reserve: ArrayBuffer[] = []
const MOST_RESERVED = 4

/** Sets memory of one more arena aside; false: there is enough of it, or none to be had. */
export function reserveArena(): boolean {
  if (reserve.length >= MOST_RESERVED) return false
  try {
    reserve.push(new ArrayBuffer(LARGEST_CHUNKS * CHUNK_BYTES))
  } catch {
    return false
  }
  return true
}

interface Arena {
  readonly memory: ArrayBuffer
  readonly chunks: number
  /** Chunks in use, and those that ever were. */
  used: number
  touched: number
  /** Positions of chunks that were in use before. */
  readonly free: number[]
}

export class Arenas {
  /** Bytes of chunks in use, and of those that were in use before: what the process holds of all arenas. */
  residentBytes = 0
  /** Arenas that are being emptied: chunks come from others. */
  avoided = NO_ARENAS
  private readonly arenas: (Arena | null)[] = []
  private chunks = 0
  private readonly released: ReleasedMemory | null
  /** Memory of the arena that has gone last: loads that hover around an arena's end would have it come and go all the time. */
  private last: ArrayBuffer | null = null

  /** @param released where arenas go that are no longer needed; null: they are left to the garbage collector. */
  constructor(released: ReleasedMemory | null) {
    this.released = released
  }

  /** Takes a chunk, from the oldest arena that has one left, so that younger ones can empty. Returns its place. O(arenas). */
  take(): number {
    let index = 0
    while (index < this.arenas.length && (isFull(this.arenas[index]) || this.avoided.has(index))) index++
    const arena = this.arenas[index] ?? this.open(index)
    arena.used++
    let position = arena.free.pop()
    if (position === undefined) {
      position = arena.touched++
      this.residentBytes += CHUNK_BYTES
    }
    return (index << ARENA_SHIFT) | position
  }

  private open(index: number): Arena {
    const chunks = this.chunks < SMALL_CHUNKS ? Math.max(1, this.chunks) : LARGEST_CHUNKS
    const arena = { memory: this.memoryFor(chunks), chunks, used: 0, touched: 0, free: [] }
    this.arenas[index] = arena
    this.chunks += chunks
    return arena
  }

  private memoryFor(chunks: number): ArrayBuffer {
    const { last } = this
    const bytes = chunks * CHUNK_BYTES
    if (last?.byteLength === bytes && this.released?.takeBack(last)) return last
    return (chunks === LARGEST_CHUNKS ? reserve.pop() : undefined) ?? new ArrayBuffer(bytes)
  }

  /** The memory that a place is in; its chunk starts at offset(place). */
  memory(place: number): ArrayBuffer {
    return this.arena(place).memory
  }
  offset(place: number): number {
    return (place & POSITION_MASK) * CHUNK_BYTES
  }

  private arena(place: number): Arena {
    const arena = this.arenas[place >>> ARENA_SHIFT]
    if (arena === null) throw new RangeError(`no arena for place ${place}`)
    return arena
  }

  /** Which arena a place is in. */
  indexOf(place: number): number {
    return place >>> ARENA_SHIFT
  }

  /** Number of chunks of the arena that a place is in. */
  sizeAt(place: number): number {
    return this.arena(place).chunks
  }

  /** Whether the arena would go with this chunk. */
  isLast(place: number): boolean {
    const { chunks, used } = this.arena(place)
    return used === 1 && chunks > 1
  }

  /** Gives back a chunk; an arena without any in use goes. */
  give(place: number): void {
    const arena = this.arena(place)
    arena.free.push(place & POSITION_MASK)
    if (--arena.used > 0) return
    this.arenas[place >>> ARENA_SHIFT] = null
    this.chunks -= arena.chunks
    this.residentBytes -= arena.touched * CHUNK_BYTES
    this.released?.add(arena.memory)
    if (this.released !== null) this.last = arena.memory
  }

  /** Gives back everything. */
  releaseAll(): void {
    for (const arena of this.arenas) if (arena !== null) this.released?.add(arena.memory)
  }
}

function isFull(arena: Arena | null): boolean {
  return arena !== null && arena.used === arena.chunks
}
