/** A small hash's listpack: field, value, field, value, ... */
import { INLINE_VALUE_MAX_BYTES } from '../../store/entries.js'
import { LP_EMPTY_SIZE, lpBytes, lpEntrySize, lpFind, lpFirst, lpLength } from '../../store/listpack/listpack.js'
import { lpEmpty, lpInsertPairInto, lpReplaceInto } from '../../store/listpack/listpack-edit.js'

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

/** Positions of the fields, in order. O(n). */
export function fieldPositions(listpack: Buffer, at: number): Int32Array {
  const positions = new Int32Array(lpLength(listpack, at) >>> 1)
  let pos = lpFirst(listpack, at)
  for (let i = 0; i < positions.length; i++) {
    positions[i] = pos
    pos += lpEntrySize(listpack, pos)
    pos += lpEntrySize(listpack, pos)
  }
  return positions
}
