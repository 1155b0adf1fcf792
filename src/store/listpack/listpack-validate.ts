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

  const walk = new ListpackWalk(buf, start)
  return walk.check(Number.POSITIVE_INFINITY) === 'sound'
}

export type Verdict = 'going on' | 'sound' | 'damaged'

/** Looks at every entry of a listpack, whose header and EOF are sound, a number of entries at a time. */
export class ListpackWalk {
  /** Entries seen. */
  count = 0
  private readonly buf: Buffer
  private readonly start: number
  private pos: number

  constructor(buf: Buffer, start: number) {
    this.buf = buf
    this.start = start
    this.pos = start + LP_HEADER_SIZE
  }

  /** Checks up to `entries` further ones. Never reads outside the listpack. */
  check(entries: number): Verdict {
    const { buf } = this
    const end = lpEnd(buf, this.start)
    const stop = this.count + entries
    let { count, pos } = this
    while (pos < end && count < stop) {
      pos = lpSoundNext(buf, pos, end)
      if (pos < 0) return 'damaged'
      count++
    }
    this.count = count
    this.pos = pos
    if (pos < end) return 'going on'
    const known = lpHeaderCount(buf, this.start)
    return known === LP_COUNT_UNKNOWN || known === count ? 'sound' : 'damaged'
  }
}

/** Position behind the entry at `pos`, or -1 if it is not sound; `end` is where the listpack's EOF byte is. */
function lpSoundNext(buf: Buffer, pos: number, end: number): number {
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
