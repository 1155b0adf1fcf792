/** Checks on listpack bytes from outside: a file, DUMP payload or replication stream. */
import {
  LP_12BIT_STRING,
  LP_32BIT_STRING,
  LP_COUNT_UNKNOWN,
  LP_EMPTY_SIZE,
  LP_EOF,
  LP_HEADER_SIZE,
  lpBacklenSize,
  lpBytes,
  lpDecodeBacklen,
  lpEnd,
  lpEntryDataSize,
  lpHeaderCount,
} from './listpack.js'

/**
 * Whether buf[start, start + size) is a sound listpack (lpValidateIntegrity). Never reads outside that range, never throws
 * and always ends, whatever the bytes.
 * @param size bytes that came; the header must say the same.
 * @param deep false looks at header and EOF only (`sanitize-dump-payload no`), true at every entry and the count.
 */
export function lpValidate(buf: Buffer, start: number, size: number, deep: boolean): boolean {
  if (start < 0 || size < LP_EMPTY_SIZE || start + size > buf.length) return false
  if (lpBytes(buf, start) !== size || buf[start + size - 1] !== LP_EOF) return false
  if (!deep) return true

  const end = lpEnd(buf, start)
  let count = 0
  let pos = start + LP_HEADER_SIZE
  while (pos < end) {
    pos = lpSoundNext(buf, pos, end)
    if (pos < 0) return false
    count++
  }
  const known = lpHeaderCount(buf, start)
  return known === LP_COUNT_UNKNOWN || known === count
}

/** Position behind the entry at `pos`, or -1 if it is not sound; `end` is where the listpack's EOF byte is. */
export function lpSoundNext(buf: Buffer, pos: number, end: number): number {
  // A length field must lie inside before it may be read.
  if (pos + encodingSize(buf[pos]) > end) return -1
  const dataSize = lpEntryDataSize(buf, pos)
  if (dataSize === 0) return -1
  const next = pos + dataSize + lpBacklenSize(dataSize)
  // The backlen must lead back to where the entry began, or walking from the tail would leave the entries' borders.
  return next > end || lpDecodeBacklen(buf, next - 1) !== dataSize ? -1 : next
}

/** Bytes before an entry's content: enough to know the entry's size. */
function encodingSize(first: number): number {
  if (first === LP_32BIT_STRING) return 5
  return first >= LP_12BIT_STRING && first < LP_32BIT_STRING ? 2 : 1
}
