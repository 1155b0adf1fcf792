/**
 * Slot memory off the JavaScript heap.
 *
 * Chunks of 1 MiB are cut into pages of 64 KiB, and each page into slots of one size class. An address is a 32-bit
 * number in units of 8 bytes (so 32 GiB at most); 0 means "none". Pages that empty serve any class again, chunks that empty
 * go back to their arena (arenas.ts), and with its last chunk the arena to the system. Where deletions leave chunks half empty,
 * an evacuation makes them empty: compaction.ts moves what is in them. Nothing here is seen by the garbage collector but two
 * typed arrays a chunk.
 */
import { Arenas, CHUNK_BYTES, NO_ARENAS } from './arenas.js'
import { type PagedChunk, planEvacuation } from './evacuation-plan.js'
import type { ReleasedMemory } from './released-memory.js'
import {
  CHUNK_PAGE_SHIFT,
  CHUNK_PAGES,
  CLASS_OF_UNITS,
  CLASS_SLOTS,
  CLASS_UNITS,
  PAGE_SHIFT,
  PAGE_UNITS,
  UNIT_BYTES,
  UNITS_OF_CLASS,
} from './size-classes.js'

const ALL_PAGES_FREE = 0xffff
const MAX_CHUNKS = 32768

/** An address's chunk is `address >>> CHUNK_SHIFT`; its unit inside the chunk is `address & UNIT_MASK`. */
export const CHUNK_SHIFT = 17
export const UNIT_MASK = 0x1ffff

const NO_PAGE = -1
const NO_PLACE = -1
const NO_BYTES = Buffer.alloc(0)
const NO_WORDS = new Uint32Array(0)

/** Thrown when the 32 GiB that an address can name are used up. */
export class SlabsFullError extends Error {
  constructor() {
    super('slab memory is exhausted: the limit is 32 GiB')
  }
}

/** How the pages of one size class are used. */
export interface SlabClass {
  readonly slotBytes: number
  readonly pages: number
  /** Slots that all these pages have, and those in use. */
  readonly slots: number
  readonly used: number
}

function keepOnly(numbers: number[], wanted: (number: number) => boolean): void {
  let kept = 0
  for (const number of numbers) if (wanted(number)) numbers[kept++] = number
  numbers.length = kept
}

function grown<T extends Uint8Array | Uint16Array | Int32Array>(array: T, fresh: T): T {
  fresh.set(array)
  return fresh
}

export class Slabs {
  /** Where memory goes that is no longer needed; null: it is left to the garbage collector. */
  readonly released: ReleasedMemory | null
  /** Chunk number -> its memory as bytes, and the same memory as 32-bit words. */
  readonly bytes: Buffer[] = []
  readonly words: Uint32Array[] = []

  /** Bytes in slots that are in use. */
  usedBytes = 0
  /** Bytes of chunks that are one slot each. */
  private wholeBytes = 0
  private readonly arenas: Arenas
  /** Place of each chunk among the arenas; -1 for one that is a slot of its own. */
  private readonly places: number[] = []

  private pageClass = new Uint8Array(256)
  private pageLive = new Uint16Array(256)
  private pageBump = new Uint16Array(256)
  /** Head of a page's list of freed slots: slot + 1, 0 at its end; the links lie in the freed slots themselves. */
  private pageFreed = new Uint16Array(256)
  private pageNext = new Int32Array(256)
  private pagePrevious = new Int32Array(256)
  /** First page of each class that has room. */
  private readonly roomy = new Int32Array(CLASS_UNITS.length).fill(NO_PAGE)
  /** A bit for each free page of a chunk; chunks with any are on `chunksWithFreePages`. */
  private freePages = new Uint16Array(16)
  private readonly chunksWithFreePages: number[] = []
  private readonly freeChunkNumbers: number[] = []
  /** A chunk that was free as a whole when last looked at. */
  private spareChunk = -1
  /** Whether a chunk is being emptied: nothing is allocated there, and its pages with room are in no list. */
  private leaving = new Uint8Array(16)

  constructor(released: ReleasedMemory | null = null) {
    this.released = released
    this.arenas = new Arenas(released)
  }

  /** Bytes set aside, in use or not. */
  get reservedBytes(): number {
    return this.arenas.residentBytes + this.wholeBytes
  }

  /** Bytes that a slot for `size` bytes really has. */
  static slotBytes(size: number): number {
    const units = (size + 7) >>> 3
    return units <= PAGE_UNITS ? UNITS_OF_CLASS[CLASS_OF_UNITS[units]] * UNIT_BYTES : units * UNIT_BYTES
  }

  /** Bytes of the slot at `address`, which is part of a page. O(1). */
  slotBytesAt(address: number): number {
    return UNITS_OF_CLASS[this.pageClass[address >>> PAGE_SHIFT]] * UNIT_BYTES
  }

  /** Takes a slot of at least `size` bytes (contents undefined) and returns its address. O(1). */
  allocate(size: number): number {
    const units = (size + 7) >>> 3
    if (units > PAGE_UNITS) return this.allocateChunk(units * UNIT_BYTES)
    const sizeClass = CLASS_OF_UNITS[units]
    const slotUnits = UNITS_OF_CLASS[sizeClass]
    let page = this.roomy[sizeClass]
    if (page === NO_PAGE) page = this.openPage(sizeClass)
    let slot = this.pageFreed[page] - 1
    let address: number
    if (slot >= 0) {
      address = page * PAGE_UNITS + slot * slotUnits
      this.pageFreed[page] = this.words[address >>> CHUNK_SHIFT][(address & UNIT_MASK) << 1]
    } else {
      slot = this.pageBump[page]++
      address = page * PAGE_UNITS + slot * slotUnits
    }
    if (++this.pageLive[page] === this.capacity(page, sizeClass)) this.unlinkPage(page, sizeClass)
    this.usedBytes += slotUnits * UNIT_BYTES
    return address
  }

  /** Gives back the slot at `address`, which was allocated for `size` bytes. O(1). */
  free(address: number, size: number): void {
    const units = (size + 7) >>> 3
    if (units > PAGE_UNITS) {
      this.releaseChunk(address >>> CHUNK_SHIFT)
      this.usedBytes -= units * UNIT_BYTES
      return
    }
    const sizeClass = CLASS_OF_UNITS[units]
    const slotUnits = UNITS_OF_CLASS[sizeClass]
    const page = address >>> PAGE_SHIFT
    this.words[address >>> CHUNK_SHIFT][(address & UNIT_MASK) << 1] = this.pageFreed[page]
    this.pageFreed[page] = ((address & (PAGE_UNITS - 1)) / slotUnits + 1) | 0
    if (this.pageLive[page] === this.capacity(page, sizeClass) && this.leaving[address >>> CHUNK_SHIFT] === 0) {
      this.linkPage(page, sizeClass)
    }
    this.usedBytes -= slotUnits * UNIT_BYTES
    if (--this.pageLive[page] === 0) this.closePage(page, sizeClass)
  }

  /** Slots a page can hold; page 0 starts with one slot used up, so that no entry has address 0. */
  private capacity(page: number, sizeClass: number): number {
    return page === 0 ? CLASS_SLOTS[sizeClass] - 1 : CLASS_SLOTS[sizeClass]
  }

  private openPage(sizeClass: number): number {
    let chunk = -1
    while (this.chunksWithFreePages.length > 0) {
      const candidate = this.chunksWithFreePages[this.chunksWithFreePages.length - 1]
      if (this.freePages[candidate] !== 0) {
        chunk = candidate
        break
      }
      this.chunksWithFreePages.pop()
    }
    if (chunk < 0) chunk = this.openChunk()
    let free = this.freePages[chunk]
    let index = 31 - Math.clz32(free & -free)
    // A class of whole pages would leave page 0 no slot at all.
    if (chunk === 0 && index === 0 && CLASS_SLOTS[sizeClass] === 1) {
      free &= ~1
      if (free === 0) {
        this.chunksWithFreePages.pop()
        const page = this.openPage(sizeClass)
        this.chunksWithFreePages.push(0)
        return page
      }
      index = 31 - Math.clz32(free & -free)
    }
    this.freePages[chunk] &= ~(1 << index)
    // A full chunk leaves the stack (it is its top): closePage() pushes it again.
    if (this.freePages[chunk] === 0) this.chunksWithFreePages.pop()
    const page = (chunk << CHUNK_PAGE_SHIFT) + index
    this.pageClass[page] = sizeClass
    this.pageLive[page] = 0
    this.pageFreed[page] = 0
    this.pageBump[page] = page === 0 ? 1 : 0
    this.linkPage(page, sizeClass)
    return page
  }

  private closePage(page: number, sizeClass: number): void {
    const chunk = page >>> CHUNK_PAGE_SHIFT
    if (this.leaving[chunk] === 1) {
      this.freePages[chunk] |= 1 << (page & (CHUNK_PAGES - 1))
      if (this.freePages[chunk] === ALL_PAGES_FREE) this.releaseChunk(chunk)
      return
    }
    this.unlinkPage(page, sizeClass)
    if (this.freePages[chunk] === 0) this.chunksWithFreePages.push(chunk)
    this.freePages[chunk] |= 1 << (page & (CHUNK_PAGES - 1))
    // Chunk 0 and one more stay, as a cushion for loads that hover around a chunk's end.
    if (this.freePages[chunk] !== ALL_PAGES_FREE || chunk === 0) return
    const spare = this.spareChunk
    const spared = spare >= 0 && spare !== chunk && this.freePages[spare] === ALL_PAGES_FREE
    if (spared || this.arenas.isLast(this.places[chunk])) this.releaseChunk(chunk)
    else this.spareChunk = chunk
  }

  /** Gives the chunk that is kept as a cushion back to the system, if it is free. */
  releaseCushion(): void {
    const spare = this.spareChunk
    this.spareChunk = -1
    if (spare >= 0 && this.freePages[spare] === ALL_PAGES_FREE) this.releaseChunk(spare)
  }

  /** The size classes that have pages, smallest first. O(pages). */
  classes(): SlabClass[] {
    const pages = new Uint32Array(CLASS_UNITS.length)
    const used = new Float64Array(CLASS_UNITS.length)
    for (let page = 0; page < this.bytes.length * CHUNK_PAGES; page++) {
      if (this.pageLive[page] === 0) continue
      pages[this.pageClass[page]]++
      used[this.pageClass[page]] += this.pageLive[page]
    }
    return CLASS_UNITS.map((units, i) => ({
      slotBytes: units * UNIT_BYTES,
      pages: pages[i],
      slots: pages[i] * CLASS_SLOTS[i],
      used: used[i],
    })).filter(each => each.pages > 0)
  }

  /**
   * Chooses chunks that can be emptied (evacuation-plan.ts). From here on nothing is allocated there, and each goes back to the
   * system with its last slot: whoever holds addresses moves what isLeaving() to other slots. Returns how many chunks; 0:
   * nothing to gain. O(pages).
   */
  startEvacuation(): number {
    this.releaseCushion()
    const { arenas, bytes, freePages, pageClass, pageLive, places } = this
    const chunks: PagedChunk[] = []
    for (let chunk = 0; chunk < bytes.length; chunk++) {
      if (bytes[chunk] === NO_BYTES || places[chunk] === NO_PLACE) continue
      chunks.push({ chunk, arena: arenas.indexOf(places[chunk]), arenaChunks: arenas.sizeAt(places[chunk]) })
    }
    const plan = planEvacuation({ freePages, pageClass, pageLive }, chunks)
    for (const chunk of plan.chunks) this.leave(chunk)
    keepOnly(this.chunksWithFreePages, chunk => this.leaving[chunk] === 0)
    arenas.avoided = plan.arenas
    return plan.chunks.length
  }

  private leave(chunk: number): void {
    this.leaving[chunk] = 1
    this.forRoomyPages(chunk, page => this.unlinkPage(page, this.pageClass[page]))
  }

  private forRoomyPages(chunk: number, visit: (page: number) => void): void {
    for (let page = chunk * CHUNK_PAGES; page < (chunk + 1) * CHUNK_PAGES; page++) {
      const live = this.pageLive[page]
      if (live > 0 && live < this.capacity(page, this.pageClass[page])) visit(page)
    }
  }

  /** Whether the slot at `address` is in a chunk that is being emptied. */
  isLeaving(address: number): boolean {
    return this.leaving[address >>> CHUNK_SHIFT] === 1
  }

  /** Ends an evacuation: chunks that did not empty are used like others again. Returns how many. O(chunks). */
  endEvacuation(): number {
    this.arenas.avoided = NO_ARENAS
    let left = 0
    for (let chunk = 0; chunk < this.bytes.length; chunk++) {
      if (this.leaving[chunk] === 0) continue
      left++
      this.leaving[chunk] = 0
      this.forRoomyPages(chunk, page => this.linkPage(page, this.pageClass[page]))
      if (this.freePages[chunk] !== 0) this.chunksWithFreePages.push(chunk)
    }
    return left
  }

  private openChunk(): number {
    const place = this.arenas.take()
    const chunk = this.addChunk(this.arenas.memory(place), this.arenas.offset(place), CHUNK_BYTES)
    this.places[chunk] = place
    this.freePages[chunk] = ALL_PAGES_FREE
    this.chunksWithFreePages.push(chunk)
    return chunk
  }

  /** A slot of more than a page is a chunk of its own. */
  private allocateChunk(size: number): number {
    // Address 0 means "none": the first chunk is always one of pages.
    if (this.bytes.length === 0) this.openChunk()
    const chunk = this.addChunk(new ArrayBuffer(size), 0, size)
    this.places[chunk] = NO_PLACE
    this.wholeBytes += size
    this.usedBytes += size
    return (chunk << CHUNK_SHIFT) >>> 0
  }

  private addChunk(memory: ArrayBuffer, offset: number, size: number): number {
    const chunk = this.freeChunkNumbers.pop() ?? this.bytes.length
    if (chunk >= MAX_CHUNKS) throw new SlabsFullError()
    this.bytes[chunk] = Buffer.from(memory, offset, size)
    this.words[chunk] = new Uint32Array(memory, offset, size / 4)
    if (chunk >= this.freePages.length) this.growPageTables(chunk)
    this.freePages[chunk] = 0
    return chunk
  }

  private releaseChunk(chunk: number): void {
    const bytes = this.bytes[chunk]
    if (this.places[chunk] === NO_PLACE) {
      this.wholeBytes -= bytes.length
      this.released?.add(bytes.buffer)
    } else this.arenas.give(this.places[chunk])
    this.bytes[chunk] = NO_BYTES
    this.words[chunk] = NO_WORDS
    this.freePages[chunk] = 0
    this.leaving[chunk] = 0
    this.freeChunkNumbers.push(chunk)
  }

  /** Gives back all memory at once: nobody may use an address of these slabs any more. O(chunks). */
  releaseAll(): void {
    this.arenas.releaseAll()
    for (let chunk = 0; chunk < this.bytes.length; chunk++) {
      if (this.places[chunk] === NO_PLACE && this.bytes[chunk] !== NO_BYTES)
        this.released?.add(this.bytes[chunk].buffer)
    }
  }

  private growPageTables(chunk: number): void {
    const chunks = Math.min(MAX_CHUNKS, Math.max(chunk + 1, this.freePages.length * 2))
    const pages = chunks * CHUNK_PAGES
    this.freePages = grown(this.freePages, new Uint16Array(chunks))
    this.leaving = grown(this.leaving, new Uint8Array(chunks))
    this.pageClass = grown(this.pageClass, new Uint8Array(pages))
    this.pageLive = grown(this.pageLive, new Uint16Array(pages))
    this.pageBump = grown(this.pageBump, new Uint16Array(pages))
    this.pageFreed = grown(this.pageFreed, new Uint16Array(pages))
    this.pageNext = grown(this.pageNext, new Int32Array(pages))
    this.pagePrevious = grown(this.pagePrevious, new Int32Array(pages))
  }

  private linkPage(page: number, sizeClass: number): void {
    const next = this.roomy[sizeClass]
    this.pageNext[page] = next
    this.pagePrevious[page] = NO_PAGE
    if (next !== NO_PAGE) this.pagePrevious[next] = page
    this.roomy[sizeClass] = page
  }

  private unlinkPage(page: number, sizeClass: number): void {
    const next = this.pageNext[page]
    const previous = this.pagePrevious[page]
    if (next !== NO_PAGE) this.pagePrevious[next] = previous
    if (previous !== NO_PAGE) this.pageNext[previous] = next
    else this.roomy[sizeClass] = next
  }
}
