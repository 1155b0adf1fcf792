/** What is left of a listpack's elements when some of them go. */
import { lpEntrySize } from '../../store/listpack/listpack.js'

const FIRST_BYTES = 8192

/** What the last `gatherKept` has gathered. */
export const kept = { bytes: Buffer.allocUnsafeSlow(FIRST_BYTES) }

/**
 * Gathers the entries between the `count` elements of a listpack at positions[first] and further on. Returns how many bytes they take:
 * they are to stand where now everything from the first of those elements to the last one is.
 */
export function gatherKept(listpack: Buffer, positions: Int32Array, first: number, count: number): number {
  const last = first + count - 1
  const most = positions[last] - positions[first]
  if (kept.bytes.length < most) kept.bytes = Buffer.allocUnsafeSlow(Math.max(most, 2 * kept.bytes.length))
  let length = 0
  for (let i = first; i < last; i++) {
    const from = positions[i] + lpEntrySize(listpack, positions[i])
    length += listpack.copy(kept.bytes, length, from, positions[i + 1])
  }
  return length
}
