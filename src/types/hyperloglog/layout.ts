/**
 * The string that a HyperLogLog is: a header of 16 bytes, then its 16384 registers of 6 bits in one of two encodings. Source: Redis's
 * hyperloglog.c.
 *
 *   0..3   "HYLL"
 *   4      encoding
 *   5..7   not used
 *   8..15  the cardinality as it was counted last, little-endian; the highest bit says that it no longer holds
 *
 * Strings are the clients' to write, so any byte may be anything.
 */

export const REGISTERS = 16384
const REGISTER_BITS = 6
/** The highest that a register can be; elements set none beyond 51. */
export const REGISTER_MAX = 63
export const HEADER_BYTES = 16
export const REGISTER_BYTES = (REGISTERS * REGISTER_BITS) / 8
export const DENSE_BYTES = HEADER_BYTES + REGISTER_BYTES
export const DENSE = 0
export const SPARSE = 1

const ENCODING_AT = 4
const CARDINALITY_AT = 8
const STALE_AT = 15
const STALE = 0x80
const TWO_32 = 4294967296

/** Whether bytes[start, end) begin as a HyperLogLog does. What a sparse one holds may still be damaged. */
export function isHyperLogLog(bytes: Buffer, start: number, end: number): boolean {
  const length = end - start
  if (length < HEADER_BYTES) return false
  const isNamed = bytes[start] === 72 && bytes[start + 1] === 89 && bytes[start + 2] === 76 && bytes[start + 3] === 76
  const encoding = bytes[start + ENCODING_AT]
  return isNamed && (encoding === SPARSE || (encoding === DENSE && length === DENSE_BYTES))
}

export function encodingOf(bytes: Buffer, start: number): number {
  return bytes[start + ENCODING_AT]
}

/** Writes the header of a HyperLogLog in which nothing has been counted. */
export function writeHeader(bytes: Buffer, start: number, encoding: number): void {
  bytes.fill(0, start, start + HEADER_BYTES)
  bytes.write('HYLL', start, 'latin1')
  bytes[start + ENCODING_AT] = encoding
}

/** Copies a header, but for the encoding. */
export function copyHeader(from: Buffer, start: number, to: Buffer, at: number, encoding: number): void {
  from.copy(to, at, start, start + HEADER_BYTES)
  to[at + ENCODING_AT] = encoding
}

export function isStale(bytes: Buffer, start: number): boolean {
  return (bytes[start + STALE_AT] & STALE) !== 0
}

/** Says that the cardinality no longer holds. */
export function makeStale(bytes: Buffer, start: number): void {
  bytes[start + STALE_AT] |= STALE
}

/** The cardinality counted last, as a signed 64-bit number: rounded beyond 2^53. */
export function readCardinality(bytes: Buffer, start: number): number {
  return bytes.readInt32LE(start + CARDINALITY_AT + 4) * TWO_32 + bytes.readUInt32LE(start + CARDINALITY_AT)
}

/** The same to the last digit. */
export function readExactCardinality(bytes: Buffer, start: number): bigint {
  return bytes.readBigInt64LE(start + CARDINALITY_AT)
}

/** Writes the cardinality: an integer from -(2^63) to below 2^63. One below zero does not count as valid. */
export function writeCardinality(bytes: Buffer, start: number, cardinality: number): void {
  const high = Math.floor(cardinality / TWO_32)
  bytes.writeInt32LE(high, start + CARDINALITY_AT + 4)
  bytes.writeUInt32LE(cardinality - high * TWO_32, start + CARDINALITY_AT)
}
