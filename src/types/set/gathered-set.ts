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

/** An intset and a listpack of at most a slot's bytes each; one of them is the set that was gathered last. */
const intset = Buffer.alloc(INLINE_VALUE_MAX_BYTES)
const listpack = Buffer.alloc(INLINE_VALUE_MAX_BYTES)
let encoding = ENCODING_INTSET

/** The set that was gathered last: its encoding inside an entry, its memory, where it begins at 0, its bytes and its members. */
export const gathered = {
  get encoding(): number {
    return encoding
  },
  get buffer(): Buffer {
    return encoding === ENCODING_INTSET ? intset : listpack
  },
  get size(): number {
    return encoding === ENCODING_INTSET ? intsetBytes(intset, 0) : lpBytes(listpack, 0)
  },
  get length(): number {
    return encoding === ENCODING_INTSET ? intsetLength(intset, 0) : lpLength(listpack, 0)
  },
}

/**
 * Gathers the members buffer[starts[i], ends[i]) from i = `first` to before `behind`. False when they do not fit here, or are no
 * small set by the limits.
 * @param from the encoding that the set begins with: an intset becomes a listpack with the first member that is no integer.
 */
export function gatherMembers(
  buffer: Buffer,
  starts: Int32Array,
  ends: Int32Array,
  first: number,
  behind: number,
  limits: SetLimits,
  from: typeof ENCODING_INTSET | typeof ENCODING_LISTPACK,
): boolean {
  encoding = from
  intsetEmpty(intset, 0)
  lpEmpty(listpack, 0)
  for (let i = first; i < behind; i++) if (!gather(buffer, starts[i], ends[i], limits)) return false
  return true
}

function gather(buffer: Buffer, start: number, end: number, limits: SetLimits): boolean {
  if (encoding === ENCODING_INTSET) {
    if (parseInt64Halves(buffer, start, end)) return gatherInteger(int64Halves[0], int64Halves[1], limits)
    if (!mayBecomeListpack(intset, 0, end - start, limits) || listpackBytesOf(intset, 0) > listpack.length) return false
    writeAsListpack(intset, 0, listpack, 0)
    encoding = ENCODING_LISTPACK
  }
  return gatherString(buffer, start, end, limits)
}

function gatherInteger(low: number, high: number, limits: SetLimits): boolean {
  const index = intsetSearch(intset, 0, low, high)
  if (index >= 0) return true
  if (intsetLength(intset, 0) >= limits.maxIntsetEntries) return false
  if (intsetGrownBytes(intset, 0, low, high) > intset.length) return false
  intsetInsertInto(intset, 0, intset, 0, -1 - index, low, high)
  return true
}

function gatherString(buffer: Buffer, start: number, end: number, limits: SetLimits): boolean {
  if (findInListpack(listpack, 0, buffer, start, end) >= 0) return true
  if (lpLength(listpack, 0) >= limits.maxListpackEntries || end - start > limits.maxListpackValueBytes) return false
  if (lpBytes(listpack, 0) + lpEncodedSize(buffer, start, end) > listpack.length) return false
  lpInsertInto(listpack, 0, listpack, 0, -1, buffer, start, end)
  return true
}
