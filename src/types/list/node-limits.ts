/**
 * How much goes into one node of a list, and how much a list holds as one listpack. All of it decides where nodes begin and end,
 * which DUMP shows: it follows quicklistNodeLimit and its callers in Redis's quicklist.c to the byte.
 */

/** Bytes of a node for list-max-listpack-size -1 to -5. */
const SIZE_LEVELS: readonly number[] = [4096, 8192, 16384, 32768, 65536]
/** Bytes of a node of more than one element where list-max-listpack-size counts elements. */
const MOST_COUNTED_BYTES = 8192
/** What an element that comes in is taken to need besides its own bytes. */
const ENTRY_OVERHEAD_BYTES = 8
/** What two listpacks have twice: header and end. */
const LISTPACK_FRAME_BYTES = 7
/** quicklist.c keeps the directives in 16 bits. */
const MOST_FILL = 32767
const LEAST_FILL = -SIZE_LEVELS.length
const MOST_DEPTH = 65535

const DEFAULT_PLAIN_BYTES = 2 ** 30
const MOST_PLAIN_BYTES = 2 ** 32 - 2 ** 20

/** Elements of at least so many bytes are nodes of their own. Of the whole process: a switch for tests. */
let plainBytes = DEFAULT_PLAIN_BYTES

/** DEBUG QUICKLIST-PACKED-THRESHOLD; 0 for the default. False: it is too large. */
export function setPackedThreshold(bytes: number): boolean {
  if (bytes > MOST_PLAIN_BYTES) return false
  plainBytes = bytes === 0 ? DEFAULT_PLAIN_BYTES : bytes
  return true
}

/** Whether an element of so many bytes gets a node of its own, without a listpack. */
export function isLargeElement(length: number): boolean {
  return length >= plainBytes
}

/** list-max-listpack-size as a quicklist keeps it from when it is made. */
export function fillOf(maxListpackSize: number): number {
  return Math.min(MOST_FILL, Math.max(LEAST_FILL, maxListpackSize))
}

/** list-compress-depth as a quicklist keeps it. */
export function depthOf(compressDepth: number): number {
  return Math.min(MOST_DEPTH, compressDepth)
}

/** Most bytes of a node by list-max-listpack-size; Infinity where that counts elements. */
export function sizeLimit(maxListpackSize: number): number {
  if (maxListpackSize >= 0) return Number.POSITIVE_INFINITY
  return SIZE_LEVELS[Math.min(-maxListpackSize, SIZE_LEVELS.length) - 1]
}

/** Most elements of a node by list-max-listpack-size; Infinity where that counts bytes. */
export function countLimit(maxListpackSize: number): number {
  return maxListpackSize < 0 ? Number.POSITIVE_INFINITY : Math.max(1, maxListpackSize)
}

/** About how many bytes a node of elements of `elementBytes` each has when it is full. */
export function fullBytes(fill: number, elementBytes: number): number {
  return fill < 0 ? sizeLimit(fill) : Math.min(MOST_COUNTED_BYTES, Math.ceil(elementBytes * countLimit(fill)))
}

/** Whether a listpack of so many bytes and elements is too large for a node. */
export function exceedsLimit(maxListpackSize: number, bytes: number, count: number): boolean {
  if (maxListpackSize < 0) return bytes > sizeLimit(maxListpackSize)
  return bytes > MOST_COUNTED_BYTES || count > countLimit(maxListpackSize)
}

/** Whether a listpack of so many bytes and elements takes one more, of `length` bytes. */
export function takesOneMore(fill: number, bytes: number, count: number, length: number): boolean {
  return !exceedsLimit(fill, bytes + length + ENTRY_OVERHEAD_BYTES, count + 1)
}

/** Whether two listpacks may become one. */
export function mayMerge(fill: number, bytesA: number, countA: number, bytesB: number, countB: number): boolean {
  return !exceedsLimit(fill, bytesA + bytesB - LISTPACK_FRAME_BYTES, countA + countB)
}
