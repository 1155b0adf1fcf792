/**
 * LZF, the compression of strings in RDB files and DUMP payloads (rdbcompression yes).
 *
 * The format is a sequence of two kinds of items, told apart by the first byte's top three bits:
 *
 * - `000LLLLL`: L + 1 literal bytes follow (1 to 32);
 * - `LLLooooo oooooooo`: copy L + 2 bytes (3 to 8) from o + 1 bytes back in the output;
 * - `111ooooo LLLLLLLL oooooooo`: copy L + 9 bytes (9 to 264) from o + 1 bytes back.
 *
 * A copy may overlap what it writes (a run repeats its period), and reaches back 8192 bytes at most.
 */

export const MAX_LITERALS = 32
export const MAX_DISTANCE = 8192
export const MAX_MATCH = 264

/** From this many bytes on, a call to copy or fill costs less than a loop. */
const BULK_COPY_MIN = 64

/** Longest stride over bytes that do not compress, and how many literals in a row lengthen the stride by one. */
export const MAX_STRIDE = 32
export const STRIDE_SHIFT = 6

export const HASH_BITS = 13
const HASH_SHIFT = 32 - HASH_BITS

/**
 * Where three given bytes were seen last: pairs of the three bytes themselves and a position, found by their hash. With the
 * bytes in the pair a miss needs no look at the source. 64 KB, which stays in a core's own cache.
 *
 * Positions are stored plus a base that lies more than MAX_DISTANCE above all that earlier calls stored. What they left is
 * therefore out of reach by the distance check alone, and the table need not be cleared until the base runs out of 31 bits.
 */
const lastSeen = new Int32Array(2 << HASH_BITS)
const FIRST_BASE = MAX_DISTANCE + 1
let nextBase = FIRST_BASE

/**
 * Compresses `source[start, end)` into `target[targetStart, targetEnd)`. Gives the number of bytes written, or 0 when the
 * result does not fit: offer less room than the input takes (RDB offers 4 bytes less) to learn whether it pays. After a 0 the
 * target range's content is undefined. Ranges of up to 1 GB; O(n), allocates nothing.
 */
export function lzfCompress(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  targetStart = 0,
  targetEnd = target.length,
): number {
  const length = end - start
  if (length <= 0) return 0
  if (nextBase + length + MAX_DISTANCE > 0x7fffffff) {
    lastSeen.fill(0)
    nextBase = FIRST_BASE
  }
  const bias = nextBase - start
  nextBase += length + MAX_DISTANCE

  const lastTriple = end - 3
  let literalStart = start
  let position = start
  let out = targetStart

  while (position <= lastTriple) {
    const triple = (source[position] << 16) | (source[position + 1] << 8) | source[position + 2]
    const slot = slotOf(triple)
    const here = (position + bias) | 0
    const known = lastSeen[slot] === triple
    const distance = here - lastSeen[slot + 1]
    lastSeen[slot] = triple
    lastSeen[slot + 1] = here
    if (!known || distance > MAX_DISTANCE) {
      const stride = 1 + ((position - literalStart) >>> STRIDE_SHIFT)
      position += Math.min(stride, MAX_STRIDE)
      continue
    }

    const longest = Math.min(end - position, MAX_MATCH)
    const candidate = position - distance
    let matched = 3
    while (matched < longest && source[candidate + matched] === source[position + matched]) matched++

    if (literalStart < position) {
      out = putLiterals(source, literalStart, position, target, out, targetEnd)
      if (out < 0) return 0
    }
    if (out + (matched < 9 ? 2 : 3) > targetEnd) return 0
    const back = distance - 1
    if (matched < 9) {
      target[out++] = ((matched - 2) << 5) | (back >>> 8)
    } else {
      target[out++] = 0xe0 | (back >>> 8)
      target[out++] = matched - 9
    }
    target[out++] = back

    position += matched
    literalStart = position
    // Of the positions inside a match only the last two are stored: enough to find a repetition that goes on.
    if (position <= lastTriple) {
      const tail = (source[position - 2] << 16) | (source[position - 1] << 8) | source[position]
      store(tail, (position - 2 + bias) | 0)
      store(((tail & 0xffff) << 8) | source[position + 1], (position - 1 + bias) | 0)
    }
  }

  if (literalStart < end) {
    out = putLiterals(source, literalStart, end, target, out, targetEnd)
    if (out < 0) return 0
  }
  return out - targetStart
}

/** Index of the pair for three bytes (Fibonacci hashing). */
export function slotOf(triple: number): number {
  return (Math.imul(triple, 0x9e3779b1) >>> HASH_SHIFT) << 1
}

function store(triple: number, biasedPosition: number): void {
  const slot = slotOf(triple)
  lastSeen[slot] = triple
  lastSeen[slot + 1] = biasedPosition
}

/** Writes `source[start, end)` as literal items from `out` on. Gives the position behind them, or -1 without room. */
export function putLiterals(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  out: number,
  targetEnd: number,
): number {
  const count = end - start
  if (out + count + ((count + MAX_LITERALS - 1) >>> 5) > targetEnd) return -1
  let position = start
  while (position < end) {
    const stop = Math.min(position + MAX_LITERALS, end)
    target[out++] = stop - position - 1
    while (position < stop) target[out++] = source[position++]
  }
  return out
}

/** How far decodeItems() has come: in the source, and in the target (-1: the input is malformed). */
export const decoded = { position: 0, out: 0 }

/**
 * Decompresses `source[start, end)` so that it fills `target[targetStart, targetEnd)` exactly. False when the input is
 * malformed: it ends inside an item, reaches back before `targetStart`, or gives more or fewer bytes. Never touches
 * anything outside the two ranges; on false the target range's content is undefined.
 */
export function lzfDecompress(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  targetStart: number,
  targetEnd: number,
): boolean {
  decodeItems(source, start, end, target, targetStart, targetStart, targetEnd, targetEnd + 1)
  return decoded.out === targetEnd
}

/**
 * Decodes the items of `source[position, end)` from target[out] on, until an item has ended at `stopAt` or behind it; leaves
 * in `decoded` where to go on.
 */
export function decodeItems(
  source: Uint8Array,
  position: number,
  end: number,
  target: Uint8Array,
  out: number,
  targetStart: number,
  targetEnd: number,
  stopAt: number,
): void {
  decoded.out = -1
  while (position < end && out < stopAt) {
    const control = source[position++]
    if (control < MAX_LITERALS) {
      const stop = position + control + 1
      if (stop > end || out + control + 1 > targetEnd) return
      while (position < stop) target[out++] = source[position++]
      continue
    }
    let count = (control >>> 5) + 2
    if (count === 9) {
      if (position >= end) return
      count += source[position++]
    }
    if (position >= end) return
    let from = out - ((control & 0x1f) << 8) - source[position++] - 1
    const stop = out + count
    if (from < targetStart || stop > targetEnd) return
    if (count < BULK_COPY_MIN) {
      while (out < stop) target[out++] = target[from++]
    } else if (from + count <= out) {
      target.copyWithin(out, from, from + count)
    } else if (from + 1 === out) {
      target.fill(target[from], out, stop)
    } else {
      while (out < stop) target[out++] = target[from++]
    }
    out = stop
  }
  decoded.position = position
  decoded.out = out
}
