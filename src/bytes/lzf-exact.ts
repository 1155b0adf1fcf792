/**
 * LZF compression to the very bytes that Redis makes (its lzf_c.c, VERY_FAST with 16 hash bits), for DUMP, whose payloads
 * others compare and keep. Files need no such bytes: lzf.ts is several times faster on what does not compress.
 *
 * Redis does not clear its hash table from call to call, so that leftovers may lead it to a match that a fresh table would
 * have missed; this one always behaves like a fresh table.
 */

// The format's, as in lzf.ts: what is imported or exported would be looked up in every round of the loop.
const MAX_LITERALS = 32
const MAX_DISTANCE = 8192
const MAX_MATCH = 264
const SLOTS = 1 << 16

/** Offset in the source of the triple seen last for each hash, plus a base that lies above all offsets of earlier calls. */
const lastSeen = new Int32Array(SLOTS)
let nextBase = 1

/** Slot of the three bytes at `at`: IDX(h) for h their big-endian value. */
function slotOf(source: Uint8Array, at: number): number {
  return (((source[at] << 8) | source[at + 1]) - 5 * ((source[at + 1] << 8) | source[at + 2])) & (SLOTS - 1)
}

/** Number of equal bytes at `candidate` and `position`, at least 3 and as Redis counts them near the end. */
function matchLength(source: Uint8Array, candidate: number, position: number, end: number): number {
  const most = Math.min(end - position - 2, MAX_MATCH)
  let length = 3
  if (most > 16) {
    while (length <= 18 && source[candidate + length] === source[position + length]) length++
    if (length <= 18) return length
  }
  while (length < most && source[candidate + length] === source[position + length]) length++
  return length
}

/**
 * Compresses `source[start, end)` into `target[targetStart, targetEnd)`. Gives the number of bytes written, or 0 when Redis
 * would not be content with so much room; the target range's content is undefined then. Ranges of up to 1 GB. O(n).
 */
export function lzfCompressExact(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  targetStart: number,
  targetEnd: number,
): number {
  if (end <= start || targetEnd <= targetStart) return 0
  if (nextBase + (end - start) > 0x7fffffff) {
    lastSeen.fill(0)
    nextBase = 1
  }
  const base = nextBase
  const bias = base - start
  nextBase += end - start
  let position = start
  let out = targetStart + 1
  let literals = 0

  // The three bytes at `position`, and above them whatever came before.
  let hash = (source[position] << 8) | source[position + 1]
  while (position < end - 2) {
    hash = (hash << 8) | source[position + 2]
    const slot = ((hash >>> 8) - (hash & 0xffff) * 5) & (SLOTS - 1)
    const seen = lastSeen[slot]
    lastSeen[slot] = position + bias
    const candidate = seen - bias
    const back = position - candidate - 1
    // The first byte of all is offset 0, which stands for nothing seen.
    if (
      seen > base &&
      back < MAX_DISTANCE &&
      source[candidate] === source[position] &&
      source[candidate + 1] === source[position + 1] &&
      source[candidate + 2] === source[position + 2]
    ) {
      if (out - (literals === 0 ? 1 : 0) + 4 >= targetEnd) return 0
      target[out - literals - 1] = literals - 1
      if (literals === 0) out--
      const length = matchLength(source, candidate, position, end)
      if (length < 9) target[out++] = (back >>> 8) + ((length - 2) << 5)
      else {
        target[out++] = (back >>> 8) + (7 << 5)
        target[out++] = length - 9
      }
      target[out++] = back
      literals = 0
      out++
      position += length
      if (position >= end - 2) break
      lastSeen[slotOf(source, position - 2)] = position - 2 + bias
      lastSeen[slotOf(source, position - 1)] = position - 1 + bias
      hash = (source[position] << 8) | source[position + 1]
      continue
    }
    if (out >= targetEnd) return 0
    target[out++] = source[position++]
    if (++literals === MAX_LITERALS) {
      target[out - literals - 1] = literals - 1
      literals = 0
      out++
    }
  }

  if (out + 3 > targetEnd) return 0
  while (position < end) {
    target[out++] = source[position++]
    if (++literals === MAX_LITERALS) {
      target[out - literals - 1] = literals - 1
      literals = 0
      out++
    }
  }
  target[out - literals - 1] = literals - 1
  if (literals === 0) out--
  return out - targetStart
}

/** What compressing in slices shares with this (lzf-exact-slices.ts). */
export const exactTable = { SLOTS, slotOf }
