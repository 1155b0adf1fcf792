/** The members of a small set where they lie: in an intset, or in a listpack. */
import type { HeldBuffer } from '../../store/held-buffers.js'
import { intsetLength, intsetSearch } from '../../store/intset.js'
import { lpFind, lpFirst, lpLength, lpNext } from '../../store/listpack/listpack.js'
import { int64Halves, parseInt64Halves } from '../../store/listpack/listpack-int64.js'
import type { ByteRange } from '../byte-range.js'

/** Index of the integer that member[start, end) is in the intset at `at`; below 0 when it is not there, or is none. O(log n). */
export function findInIntset(intset: Buffer, at: number, member: Buffer, start: number, end: number): number {
  return parseInt64Halves(member, start, end) ? intsetSearch(intset, at, int64Halves[0], int64Halves[1]) : -1
}

/** Position of member[start, end) in the listpack at `at`, or -1. O(n). */
export function findInListpack(listpack: Buffer, at: number, member: Buffer, start: number, end: number): number {
  return lpFind(listpack, at, lpFirst(listpack, at), member, start, end, 0)
}

/**
 * Members in bytes that do not change meanwhile. A place is where one of them is: an index in an intset, a position in a listpack;
 * -1 for none.
 */
export class PackedMembers {
  readonly buffer: Buffer
  readonly start: number
  readonly isIntset: boolean

  constructor(buffer: Buffer, start: number, isIntset: boolean) {
    this.buffer = buffer
    this.start = start
    this.isIntset = isIntset
  }

  /** Number of members. */
  get length(): number {
    return this.isIntset ? intsetLength(this.buffer, this.start) : lpLength(this.buffer, this.start)
  }

  /** Place of the first member: of an intset the least one, of a listpack the oldest. */
  get first(): number {
    if (this.isIntset) return this.length === 0 ? -1 : 0
    return lpFirst(this.buffer, this.start)
  }

  /** Place of the member behind the one at `place`. */
  next(place: number): number {
    if (this.isIntset) return place + 1 < this.length ? place + 1 : -1
    return lpNext(this.buffer, this.start, place)
  }

  /** The places of all members. O(n). */
  places(): Int32Array {
    const places = new Int32Array(this.length)
    let place = this.first
    for (let i = 0; i < places.length; i++) {
      places[i] = place
      place = this.next(place)
    }
    return places
  }

  show(place: number, range: ByteRange): void {
    if (this.isIntset) range.readIntset(this.buffer, this.start, place)
    else range.readListpack(this.buffer, place)
  }

  has(member: Buffer, start: number, end: number): boolean {
    if (this.isIntset) return findInIntset(this.buffer, this.start, member, start, end) >= 0
    return findInListpack(this.buffer, this.start, member, start, end) >= 0
  }
}

/** Members of a set that may change meanwhile: a copy, or its Buffer, held. */
export class KeptMembers extends PackedMembers {
  private readonly held: HeldBuffer | null

  constructor(buffer: Buffer, isIntset: boolean, held: HeldBuffer | null) {
    super(buffer, 0, isIntset)
    this.held = held
  }

  /** Bytes that are here and in no account of the store. */
  get memoryBytes(): number {
    return this.held === null ? this.buffer.length : 0
  }

  /** Nobody will look at them any more. To be called in any case, once. */
  release(): void {
    this.held?.release()
  }
}
