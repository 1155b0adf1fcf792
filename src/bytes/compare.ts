/** The order of byte strings: C's memcmp, and of two that begin alike the shorter one first. */

/** Up to about this length a loop in JS compares faster than a call into native code. */
const NATIVE_CALL_BYTES = 48

/** Below 0 when a[aStart, aEnd) comes before b[bStart, bEnd), 0 when they are equal, above 0 when it comes behind. */
export function compareBytes(a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number): number {
  const aLength = aEnd - aStart
  const bLength = bEnd - bStart
  const common = aLength < bLength ? aLength : bLength
  const looped = common < NATIVE_CALL_BYTES ? common : NATIVE_CALL_BYTES
  for (let i = 0; i < looped; i++) {
    const difference = a[aStart + i] - b[bStart + i]
    if (difference !== 0) return difference
  }
  if (looped === common) return aLength - bLength
  return a.compare(b, bStart + looped, bEnd, aStart + looped, aEnd)
}
