/**
 * A new small set is put together here first, so that its entry is made once instead of growing member by member; or never, where
 * it is for a reply alone.
 */
import { ENCODING_INTSET, ENCODING_LISTPACK, INLINE_VALUE_MAX_BYTES } from '../../store/entries.js'
import {
  intsetBytes,
  intsetEmpty,
  intsetGrownBytes,
  intsetInsertInto,
  intsetLength,
  intsetOf,
  intsetRemoveInto,
  intsetSearch,
} from '../../store/intset.js'
import { lpBytes, lpIntegerHigh, lpIntegerLow, lpLength } from '../../store/listpack/listpack.js'
import { lpDeleteInto, lpEmpty, lpEncodedSize, lpInsertInto } from '../../store/listpack/listpack-edit.js'
import { int64Halves, parseInt64Halves } from '../../store/listpack/listpack-int64.js'
import type { SetLimits } from '../value-limits.js'
import { listpackBytesOf, mayBecomeListpack, writeAsListpack } from './intset-to-listpack.js'
import { findInIntset, findInListpack, PackedMembers } from './packed-members.js'

/** The encodings of small sets, by their numbers inside an entry. */
export type SmallEncoding = typeof ENCODING_INTSET | typeof ENCODING_LISTPACK

/** What has become of a member: it is new; it is there already; or it does not fit here, or makes a set that is not small. */
export const GATHERED = 0
export const KNOWN = 1
export const TOO_MUCH = 2
export type Gathering = typeof GATHERED | typeof KNOWN | typeof TOO_MUCH

/** Holds up to a slot's bytes. One object can serve any number of sets in turn. */
export class GatheredSet {
  encoding: SmallEncoding = ENCODING_INTSET
  private readonly intset = Buffer.alloc(INLINE_VALUE_MAX_BYTES)
  private readonly listpack = Buffer.alloc(INLINE_VALUE_MAX_BYTES)

  /** Begins with an empty set. An intset becomes a listpack with the first member that is no integer. */
  begin(encoding: SmallEncoding): void {
    this.encoding = encoding
    intsetEmpty(this.intset, 0)
    lpEmpty(this.listpack, 0)
  }

  /** The members, until they change. */
  get members(): PackedMembers {
    return new PackedMembers(this.buffer, 0, this.encoding === ENCODING_INTSET)
  }

  /** Memory of the set, which begins at 0. */
  get buffer(): Buffer {
    return this.encoding === ENCODING_INTSET ? this.intset : this.listpack
  }

  get size(): number {
    return this.encoding === ENCODING_INTSET ? intsetBytes(this.intset, 0) : lpBytes(this.listpack, 0)
  }

  /** Number of members. */
  get length(): number {
    return this.encoding === ENCODING_INTSET ? intsetLength(this.intset, 0) : lpLength(this.listpack, 0)
  }

  /** Adds member[start, end). */
  add(member: Buffer, start: number, end: number, limits: SetLimits): Gathering {
    if (this.encoding === ENCODING_INTSET) {
      if (parseInt64Halves(member, start, end)) return this.addInteger(int64Halves[0], int64Halves[1], limits)
      if (!this.convert(end - start, limits)) return TOO_MUCH
    }
    const { listpack } = this
    if (findInListpack(listpack, 0, member, start, end) >= 0) return KNOWN
    if (lpLength(listpack, 0) >= limits.maxListpackEntries || end - start > limits.maxListpackValueBytes)
      return TOO_MUCH
    if (lpBytes(listpack, 0) + lpEncodedSize(member, start, end) > listpack.length) return TOO_MUCH
    lpInsertInto(listpack, 0, listpack, 0, -1, member, start, end)
    return GATHERED
  }

  /** Adds the 64-bit integer with these signed halves to an intset. */
  addInteger(low: number, high: number, limits: SetLimits): Gathering {
    const { intset } = this
    const index = intsetSearch(intset, 0, low, high)
    if (index >= 0) return KNOWN
    if (intsetLength(intset, 0) >= limits.maxIntsetEntries) return TOO_MUCH
    if (intsetGrownBytes(intset, 0, low, high) > intset.length) return TOO_MUCH
    intsetInsertInto(intset, 0, intset, 0, -1 - index, low, high)
    return GATHERED
  }

  /** Makes a listpack of the intset, for another member of `memberBytes`; false when that may not be. */
  private convert(memberBytes: number, limits: SetLimits): boolean {
    const { intset, listpack } = this
    if (!mayBecomeListpack(intset, 0, memberBytes, limits) || listpackBytesOf(intset, 0) > listpack.length) return false
    writeAsListpack(intset, 0, listpack, 0)
    this.encoding = ENCODING_LISTPACK
    return true
  }

  /** Removes member[start, end). False: it is not there. */
  delete(member: Buffer, start: number, end: number): boolean {
    const { intset, listpack } = this
    if (this.encoding === ENCODING_INTSET) {
      const index = findInIntset(intset, 0, member, start, end)
      if (index >= 0) intsetRemoveInto(intset, 0, intset, 0, index)
      return index >= 0
    }
    const pos = findInListpack(listpack, 0, member, start, end)
    if (pos >= 0) lpDeleteInto(listpack, 0, listpack, 0, pos, 1)
    return pos >= 0
  }

  /** Makes an intset of a listpack of nothing but integers, where the limits allow it. False: it would not fit here. */
  convertToIntset(limits: SetLimits): boolean {
    if (this.encoding === ENCODING_INTSET || this.length > limits.maxIntsetEntries) return true
    const { members } = this
    const halves = new Int32Array(2 * members.length)
    let at = 0
    for (let place = members.first; place >= 0; place = members.next(place)) {
      halves[at++] = lpIntegerLow(members.buffer, place)
      halves[at++] = lpIntegerHigh(members.buffer, place)
    }
    const bytes = intsetOf(halves)
    if (bytes.length > this.intset.length) return false
    bytes.copy(this.intset)
    this.encoding = ENCODING_INTSET
    return true
  }
}
