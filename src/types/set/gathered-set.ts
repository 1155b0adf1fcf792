/** A new small set is put together here first, so that its entry is made once instead of growing member by member. */
import { ENCODING_INTSET, ENCODING_LISTPACK, INLINE_VALUE_MAX_BYTES } from '../../store/entries.js'
import {
  intsetBytes,
  intsetEmpty,
  intsetGrownBytes,
  intsetInsertInto,
  intsetLength,
  intsetSearch,
} from '../../store/intset.js'
import { lpBytes, lpLength } from '../../store/listpack/listpack.js'
import { lpEmpty, lpEncodedSize, lpInsertInto } from '../../store/listpack/listpack-edit.js'
import { int64Halves, parseInt64Halves } from '../../store/listpack/listpack-int64.js'
import type { SetLimits } from '../value-limits.js'
import { listpackBytesOf, mayBecomeListpack, writeAsListpack } from './intset-to-listpack.js'
import { findInListpack } from './packed-members.js'

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

  private addInteger(low: number, high: number, limits: SetLimits): Gathering {
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
}
