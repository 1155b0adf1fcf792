/**
 * Bytes as they are at one moment, for those who read them in slices (DUMP, MIGRATE, the replication stream) while others write
 * to the same memory in place. Nothing is copied at first: whoever is about to change bytes says which, and of these the pages
 * that anybody still wants are copied. Memory that its value is done with goes back to the system once nobody holds it.
 *
 * Who changes memory in place asks `active` first, which costs nothing while nothing is held.
 */

import type { ByteSource } from '../bytes/byte-source.js'

/** What is copied at a time. A power of two. */
const PAGE_BYTES = 16 * 1024

/** The bytes of a Buffer as they were when it was held. */
export class HeldBuffer implements ByteSource {
  readonly length: number
  /** What it takes is in the account of HeldBuffers, and not in one of who holds it. */
  readonly counted: boolean
  private readonly bytes: Buffer
  private readonly owner: HeldBuffers
  /** Pages that have changed meanwhile, as they were, by their number. */
  private readonly pages = new Map<number, Buffer>()
  /** What lies before is no longer wanted. */
  private wantedFrom = 0
  private released = false

  constructor(bytes: Buffer, owner: HeldBuffers, counted: boolean) {
    this.bytes = bytes
    this.counted = counted
    this.length = bytes.length
    this.owner = owner
  }

  /** Memory of the pages that had to be copied. */
  get copiedBytes(): number {
    return this.pages.size * PAGE_BYTES
  }

  read(from: number, to: number, target: Buffer, at: number): void {
    if (this.pages.size === 0) {
      this.bytes.copy(target, at, from, to)
      return
    }
    while (from < to) {
      const number = Math.floor(from / PAGE_BYTES)
      const start = number * PAGE_BYTES
      const until = Math.min(to, start + PAGE_BYTES)
      const page = this.pages.get(number)
      if (page === undefined) this.bytes.copy(target, at, from, until)
      else page.copy(target, at, from - start, until - start)
      at += until - from
      from = until
    }
  }

  /** Says that bytes before `position` will not be read again. */
  forget(position: number): void {
    if (position <= this.wantedFrom) return
    const first = Math.floor(this.wantedFrom / PAGE_BYTES)
    this.wantedFrom = position
    if (this.pages.size === 0) return
    for (let number = first; (number + 1) * PAGE_BYTES <= position; number++) {
      if (this.pages.delete(number)) this.count(-PAGE_BYTES)
    }
  }

  /** Lets go of the bytes, which are not to be read again. */
  release(): void {
    if (this.released) return
    this.released = true
    this.count(-this.copiedBytes)
    this.pages.clear()
    this.owner.released(this, this.bytes.buffer)
  }

  /** Bytes [from, to) of the memory are about to change. O(bytes in pages not copied yet). */
  beforeWrite(from: number, to: number): void {
    const first = Math.max(from - this.bytes.byteOffset, this.wantedFrom)
    const end = Math.min(to - this.bytes.byteOffset, this.length)
    for (let start = first - (first % PAGE_BYTES); start < end; start += PAGE_BYTES) {
      const number = start / PAGE_BYTES
      if (this.pages.has(number)) continue
      this.pages.set(number, Buffer.from(this.bytes.subarray(start, start + PAGE_BYTES)))
      this.count(PAGE_BYTES)
    }
  }

  private count(bytes: number): void {
    if (this.counted) this.owner.memoryBytes += bytes
  }
}

export class HeldBuffers {
  /** Whether anything is held at all. */
  active = false
  /** Memory that is there for those who hold it: pages that were copied, and what its values are done with. */
  memoryBytes = 0
  /** Called with memory whose value is gone, when the last one has let go of it. */
  onFree: (memory: ArrayBufferLike) => void = () => {}
  private readonly holders = new Map<ArrayBufferLike, HeldBuffer[]>()
  /** Held memory that is to go when nobody holds it any more. */
  private readonly leaving = new Set<ArrayBufferLike>()
  /** Those that are in memoryBytes. */
  private readonly leavingCounted = new Set<ArrayBufferLike>()

  /** Holds all of `bytes`; release() has to follow. `counted`: false for who has an account of its own for that. O(1). */
  hold(bytes: Buffer, counted = true): HeldBuffer {
    const held = new HeldBuffer(bytes, this, counted)
    const others = this.holders.get(bytes.buffer)
    if (others === undefined) this.holders.set(bytes.buffer, [held])
    else others.push(held)
    this.active = true
    return held
  }

  isHeld(memory: ArrayBufferLike): boolean {
    return this.active && this.holders.has(memory)
  }

  /** To be called before bytes [from, to) of a Buffer change. */
  beforeWrite(bytes: Buffer, from: number, to: number): void {
    const holders = this.holders.get(bytes.buffer)
    if (holders === undefined) return
    for (const held of holders) held.beforeWrite(bytes.byteOffset + from, bytes.byteOffset + to)
  }

  /** The memory's value is gone. True: somebody holds it; onFree will be called in time. */
  keep(memory: ArrayBufferLike): boolean {
    if (!this.isHeld(memory)) return false
    this.leaving.add(memory)
    this.count(memory)
    return true
  }

  private count(memory: ArrayBufferLike): void {
    const counts = this.leaving.has(memory) && this.holders.get(memory)?.some(({ counted }) => counted) === true
    if (counts === this.leavingCounted.has(memory)) return
    if (counts) this.leavingCounted.add(memory)
    else this.leavingCounted.delete(memory)
    this.memoryBytes += counts ? memory.byteLength : -memory.byteLength
  }

  /** HeldBuffer.release() alone calls this. */
  released(held: HeldBuffer, memory: ArrayBufferLike): void {
    const left = (this.holders.get(memory) ?? []).filter(other => other !== held)
    if (left.length > 0) {
      this.holders.set(memory, left)
      this.count(memory)
      return
    }
    this.holders.delete(memory)
    this.active = this.holders.size > 0
    if (!this.leaving.delete(memory)) return
    this.count(memory)
    this.onFree(memory)
  }
}
