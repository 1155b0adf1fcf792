/**
 * Slot memory off the JavaScript heap.
 *
 * Chunks of 1 MiB are cut into pages of 64 KiB, and each page into slots of one size class. An address is a 32-bit
 * number in units of 8 bytes (so 32 GiB at most); 0 means "none". Pages that empty go back to a common pool, chunks
 * that empty go back to the system. Nothing here is seen by the garbage collector but one typed array a chunk.
 */

const UNIT_BYTES = 8
const PAGE_UNITS = 8192
const PAGE_SHIFT = 13
const PAGE_BYTES = PAGE_UNITS * UNIT_BYTES
const CHUNK_PAGES = 16
const CHUNK_PAGE_SHIFT = 4
const CHUNK_BYTES = CHUNK_PAGES * PAGE_BYTES
const ALL_PAGES_FREE = 0xffff
const MAX_CHUNKS = 32768

/** An address's chunk is `address >>> CHUNK_SHIFT`; its unit inside the chunk is `address & UNIT_MASK`. */
export const CHUNK_SHIFT = 17
export const UNIT_MASK = 0x1ffff

const NO_PAGE = -1
const NO_BYTES = Buffer.alloc(0)
const NO_WORDS = new Uint32Array(0)

/** Size classes in units: every unit up to 256 bytes, then four steps a doubling, up to a whole page. */
const CLASS_UNITS: number[] = []
for (let units = 1; units <= 32; units++) CLASS_UNITS.push(units)
for (let base = 32; base < PAGE_UNITS; base *= 2) {
  for (let step = 1; step <= 4; step++) CLASS_UNITS.push(base + (base / 4) * step)
}
const CLASS_SLOTS = Uint16Array.from(CLASS_UNITS, units => Math.min(65535, Math.floor(PAGE_UNITS / units)))
const CLASS_OF_UNITS = new Uint8Array(PAGE_UNITS + 1)
for (let units = 1, index = 0; units <= PAGE_UNITS; units++) {
  if (units > CLASS_UNITS[index]) index++
  CLASS_OF_UNITS[units] = index
}
const UNITS_OF_CLASS = Uint16Array.from(CLASS_UNITS)

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

function grown<T extends Uint8Array | Uint16Array | Int32Array>(array: T, fresh: T): T {
  fresh.set(array)
  return fresh
}

export class Slabs {
  /** Chunk number -> its memory as bytes, and the same memory as 32-bit words. */
  readonly bytes: Buffer[] = []
  readonly words: Uint32Array[] = []

  /** Bytes in slots that are in use, and bytes of all chunks. */
  usedBytes = 0
  reservedBytes = 0

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

  /** Bytes that a slot for `size` bytes really has. */
  static slotBytes(size: number): number {
    const units = (size + 7) >>> 3
    return units <= PAGE_UNITS ? UNITS_OF_CLASS[CLASS_OF_UNITS[units]] * UNIT_BYTES : units * UNIT_BYTES
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
    if (this.pageLive[page] === this.capacity(page, sizeClass)) this.linkPage(page, sizeClass)
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
    this.unlinkPage(page, sizeClass)
    const chunk = page >>> CHUNK_PAGE_SHIFT
    if (this.freePages[chunk] === 0) this.chunksWithFreePages.push(chunk)
    this.freePages[chunk] |= 1 << (page & (CHUNK_PAGES - 1))
    // Chunk 0 and one more stay, as a cushion for loads that hover around a chunk's end.
    if (this.freePages[chunk] !== ALL_PAGES_FREE || chunk === 0) return
    const spare = this.spareChunk
    if (spare >= 0 && spare !== chunk && this.freePages[spare] === ALL_PAGES_FREE) this.releaseChunk(chunk)
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

  private openChunk(): number {
    const chunk = this.addChunk(CHUNK_BYTES)
    this.freePages[chunk] = ALL_PAGES_FREE
    this.chunksWithFreePages.push(chunk)
    return chunk
  }

  /** A slot of more than a page is a chunk of its own. */
  private allocateChunk(size: number): number {
    let chunk = this.addChunk(size)
    if (chunk === 0) {
      // Address 0 means "none": the first chunk is always one of pages.
      this.releaseChunk(0)
      this.openChunk()
      chunk = this.addChunk(size)
    }
    this.usedBytes += size
    return (chunk << CHUNK_SHIFT) >>> 0
  }

  private addChunk(size: number): number {
    const chunk = this.freeChunkNumbers.pop() ?? this.bytes.length
    if (chunk >= MAX_CHUNKS) throw new SlabsFullError()
    const memory = new ArrayBuffer(size)
    this.bytes[chunk] = Buffer.from(memory)
    this.words[chunk] = new Uint32Array(memory)
    this.reservedBytes += size
    if (chunk >= this.freePages.length) this.growPageTables(chunk)
    this.freePages[chunk] = 0
    return chunk
  }

  private releaseChunk(chunk: number): void {
    this.reservedBytes -= this.bytes[chunk].length
    this.bytes[chunk] = NO_BYTES
    this.words[chunk] = NO_WORDS
    this.freePages[chunk] = 0
    this.freeChunkNumbers.push(chunk)
  }

  private growPageTables(chunk: number): void {
    const chunks = Math.min(MAX_CHUNKS, Math.max(chunk + 1, this.freePages.length * 2))
    const pages = chunks * CHUNK_PAGES
    this.freePages = grown(this.freePages, new Uint16Array(chunks))
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
