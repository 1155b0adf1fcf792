/** A small hash's listpack: field, value, field, value, ... */
import { latin1 } from '../bytes/latin1.js'
import { INLINE_VALUE_MAX_BYTES } from '../store/entries.js'
import { LP_EMPTY_SIZE, lpBytes, lpEntrySize, lpFind, lpFirst, lpNext } from '../store/listpack.js'
import { lpEmpty, lpInsertPairInto, lpReplaceInto } from '../store/listpack-edit.js'
import { lpValidate } from '../store/listpack-validate.js'
import { ByteRange } from './byte-range.js'

/** Encoding and backlen bytes of two listpack entries, at most. */
const PAIR_OVERHEAD_BYTES = 20

/** A listpack without elements, to be read only. */
export const emptyListpack = Buffer.alloc(LP_EMPTY_SIZE)
lpEmpty(emptyListpack, 0)

/** The listpack that `gatherPairs` has put together last. */
export const gathered = Buffer.alloc(INLINE_VALUE_MAX_BYTES)

/** Position of field[start, end) in the listpack at `at`, or -1. O(n). */
export function findField(listpack: Buffer, at: number, field: Buffer, start: number, end: number): number {
  return lpFind(listpack, at, lpFirst(listpack, at), field, start, end, 1)
}

/**
 * Puts the fields and values buffer[starts[i], ends[i]) that alternate from i = `first` to before `behind` together in
 * `gathered`. False when they do not fit there, or one is longer than `maxValueBytes`.
 */
export function gatherPairs(
  buffer: Buffer,
  starts: Int32Array,
  ends: Int32Array,
  first: number,
  behind: number,
  maxValueBytes: number,
): boolean {
  lpEmpty(gathered, 0)
  for (let i = first; i < behind; i += 2) {
    const length = ends[i] - starts[i]
    const valueLength = ends[i + 1] - starts[i + 1]
    if (length > maxValueBytes || valueLength > maxValueBytes) return false
    if (lpBytes(gathered, 0) + length + valueLength + PAIR_OVERHEAD_BYTES > gathered.length) return false
    const pos = findField(gathered, 0, buffer, starts[i], ends[i])
    if (pos < 0) {
      lpInsertPairInto(gathered, 0, gathered, 0, -1, buffer, starts[i], ends[i], buffer, starts[i + 1], ends[i + 1])
    } else {
      const valueAt = pos + lpEntrySize(gathered, pos)
      lpReplaceInto(gathered, 0, gathered, 0, valueAt, buffer, starts[i + 1], ends[i + 1])
    }
  }
  return true
}

/**
 * Whether buffer[start, start + size) may be a hash's listpack: sound and, where `deep`, made of pairs with no field
 * twice (lpValidateIntegrityAndDups in rdb.c). An empty one passes: it is no hash, but no damage either.
 */
export function isHashListpack(buffer: Buffer, start: number, size: number, deep: boolean): boolean {
  if (!lpValidate(buffer, start, size, deep)) return false
  if (!deep) return true
  const fields = new Set<string>()
  const range = new ByteRange()
  for (let pos = lpFirst(buffer, start); pos >= 0; pos = lpNext(buffer, start, pos)) {
    range.readListpack(buffer, pos)
    const field = latin1(range.buffer, range.start, range.end)
    if (fields.has(field)) return false
    fields.add(field)
    pos = lpNext(buffer, start, pos)
    if (pos < 0) return false
  }
  return true
}
