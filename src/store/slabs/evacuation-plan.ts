/** Which chunks of slab memory can be emptied into the others (Slabs.startEvacuation). */
import { CHUNK_BYTES } from './arenas.js'
import { CHUNK_PAGE_SHIFT, CHUNK_PAGES, CLASS_SLOTS, CLASS_UNITS, UNIT_BYTES, UNITS_OF_CLASS } from './size-classes.js'

/** What is fuller than this, a chunk or an arena, is not worth its moves. */
const MAX_LIVE = 0.8
/** Arenas are as full as each other when they fall into the same one of so many steps. */
const FILL_STEPS = 8

/** The state of all pages: class and slots in use of each, and a bit for each free page of a chunk. */
export interface SlabPages {
  readonly pageClass: Uint8Array
  readonly pageLive: Uint16Array
  readonly freePages: Uint16Array
}

/** A chunk with pages, and the arena that it is part of. */
export interface PagedChunk {
  readonly chunk: number
  readonly arena: number
  readonly arenaChunks: number
}

export interface Evacuation {
  /** The chunks to be emptied. */
  readonly chunks: readonly number[]
  /** Arenas that will be empty then. */
  readonly arenas: ReadonlySet<number>
}

/**
 * Chooses what is emptied: all but what it takes to have slots and pages for everything that is in use. The fullest arenas stay,
 * of equally full ones the oldest, since the system gets back whole arenas only; of those that stay, chunks leave that are not
 * needed, so that their pages can serve any size. Chunk 0 always stays. O(pages + n log n) for n chunks.
 */
export function planEvacuation(pages: SlabPages, paged: readonly PagedChunk[]): Evacuation {
  const arenas = arenasOf(pages, paged)
  const room = new Room(pages)
  for (const { chunk } of paged) room.want(chunk)
  const leaving: number[] = []
  const leavingArenas = new Set<number>()
  for (const arena of arenas) {
    const leaves =
      room.suffices && !arena.chunks.some(({ number }) => number === 0) && arena.liveBytes < arena.totalBytes * MAX_LIVE
    if (leaves) leavingArenas.add(arena.index)
    else if (!room.suffices) room.addPages(arena.freeChunks * CHUNK_PAGES)
    for (const chunk of arena.chunks) {
      if (chunk.number === 0 || !room.suffices) room.add(chunk.number)
      else if (leaves || chunk.liveBytes < CHUNK_BYTES * MAX_LIVE) leaving.push(chunk.number)
    }
  }
  return { chunks: leaving, arenas: leavingArenas }
}

interface ChunkFill {
  readonly number: number
  readonly liveBytes: number
}

interface ArenaFill {
  readonly index: number
  readonly chunks: readonly ChunkFill[]
  readonly totalBytes: number
  readonly freeChunks: number
  readonly liveBytes: number
}

/** The arenas, fullest first, each with its chunks in use, fullest first. */
function arenasOf(pages: SlabPages, paged: readonly PagedChunk[]): ArenaFill[] {
  const byArena = new Map<number, { arenaChunks: number; chunks: ChunkFill[]; live: number }>()
  for (const { arena, arenaChunks, chunk } of paged) {
    const found = byArena.get(arena) ?? { arenaChunks, chunks: [], live: 0 }
    byArena.set(arena, found)
    const live = liveBytes(pages, chunk)
    found.chunks.push({ number: chunk, liveBytes: live })
    found.live += live
  }
  const fills = Array.from(byArena, ([index, { arenaChunks, chunks, live }]) => ({
    index,
    chunks: chunks.sort((a, b) => b.liveBytes - a.liveBytes),
    totalBytes: arenaChunks * CHUNK_BYTES,
    freeChunks: arenaChunks - chunks.length,
    liveBytes: live,
  }))
  const step = ({ liveBytes, totalBytes }: ArenaFill): number => Math.floor((liveBytes / totalBytes) * FILL_STEPS)
  return fills.sort((a, b) => step(b) - step(a) || a.index - b.index)
}

function liveBytes({ pageClass, pageLive }: SlabPages, chunk: number): number {
  let bytes = 0
  const first = chunk << CHUNK_PAGE_SHIFT
  for (let page = first; page < first + CHUNK_PAGES; page++) {
    bytes += pageLive[page] * UNITS_OF_CLASS[pageClass[page]] * UNIT_BYTES
  }
  return bytes
}

/** Whether the chunks that stay have a slot for every one in use. */
class Room {
  private readonly pages: SlabPages
  /** Slots of each class that are in use anywhere, less those that the chunks that stay have. */
  private readonly missing = new Float64Array(CLASS_UNITS.length)
  /** Pages that it would take to have them. */
  private missingPages = 0
  private freePages = 0

  constructor(pages: SlabPages) {
    this.pages = pages
  }

  get suffices(): boolean {
    return this.missingPages <= this.freePages
  }

  /** Counts the slots in use of a chunk. */
  want(chunk: number): void {
    this.forPages(chunk, (sizeClass, live) => this.change(sizeClass, live))
  }

  addPages(pages: number): void {
    this.freePages += pages
  }

  /** A chunk stays, with all its slots and free pages. */
  add(chunk: number): void {
    this.forPages(chunk, sizeClass => this.change(sizeClass, -CLASS_SLOTS[sizeClass]))
    for (let bits = this.pages.freePages[chunk]; bits !== 0; bits &= bits - 1) this.freePages++
  }

  private forPages(chunk: number, visit: (sizeClass: number, live: number) => void): void {
    const { freePages, pageClass, pageLive } = this.pages
    for (let i = 0; i < CHUNK_PAGES; i++) {
      const page = (chunk << CHUNK_PAGE_SHIFT) + i
      if ((freePages[chunk] & (1 << i)) === 0) visit(pageClass[page], pageLive[page])
    }
  }

  private change(sizeClass: number, slots: number): void {
    const before = Math.max(0, Math.ceil(this.missing[sizeClass] / CLASS_SLOTS[sizeClass]))
    this.missing[sizeClass] += slots
    this.missingPages += Math.max(0, Math.ceil(this.missing[sizeClass] / CLASS_SLOTS[sizeClass])) - before
  }
}
