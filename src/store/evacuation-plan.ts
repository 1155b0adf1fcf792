/** Which chunks of slab memory can be emptied into the others (Slabs.startEvacuation). */
import { CHUNK_BYTES } from './arenas.js'
import { CHUNK_PAGE_SHIFT, CHUNK_PAGES, CLASS_SLOTS, CLASS_UNITS, UNIT_BYTES, UNITS_OF_CLASS } from './size-classes.js'

/** A chunk that is fuller than this is not worth its moves. */
const MAX_LIVE = 0.8
/** Arenas are as empty as each other when they fall into the same one of so many steps. */
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

/**
 * The chunks to be emptied: all but the fewest that have slots and pages for everything that is in use. Those of the fullest
 * arenas stay, of equally full ones those of the oldest: the system gets back whole arenas only, and new chunks come from the
 * oldest first. Chunk 0 always stays. O(pages + n log n) for n chunks.
 */
export function planEvacuation(pages: SlabPages, chunks: readonly PagedChunk[]): number[] {
  const live = new Map<PagedChunk, number>()
  const liveOfArena = new Map<number, number>()
  for (const paged of chunks) {
    const bytes = liveBytes(pages, paged.chunk)
    live.set(paged, bytes)
    liveOfArena.set(paged.arena, (liveOfArena.get(paged.arena) ?? 0) + bytes)
  }
  const fill = ({ arena, arenaChunks }: PagedChunk): number =>
    Math.floor(((liveOfArena.get(arena) ?? 0) / (arenaChunks * CHUNK_BYTES)) * FILL_STEPS)
  const order = chunks.toSorted((a, b) => fill(b) - fill(a) || a.arena - b.arena || a.chunk - b.chunk)
  const room = new Room(pages)
  for (const { chunk } of chunks) room.want(chunk)
  const leaving: number[] = []
  for (const paged of order) {
    if (paged.chunk === 0 || !room.suffices) room.add(paged.chunk)
    else if ((live.get(paged) ?? 0) < CHUNK_BYTES * MAX_LIVE) leaving.push(paged.chunk)
  }
  return leaving
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
