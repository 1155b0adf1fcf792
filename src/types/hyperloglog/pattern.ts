/** What an element does to a HyperLogLog: which register it belongs to, and what that becomes at least. */
import { Murmur64 } from '../../bytes/murmur64.js'
import { REGISTERS } from './layout.js'

const SEED = 0xadc83b19
export const INDEX_BITS = 14
const INDEX_MASK = REGISTERS - 1
const HALF_BITS = 32
/** Behind the 50 bits of the hash that are left stands a one, so that the run of zeros has an end. */
const END_IN_HIGH_HALF = 1 << (64 - INDEX_BITS - HALF_BITS)

const hash = new Murmur64(SEED)

/**
 * The register and the rank of bytes[start, end) in one number: rank << INDEX_BITS | register. The rank is the number of zeros that
 * the rest of the hash ends with, and one: 1 to 51.
 */
export function patternOf(bytes: Uint8Array, start: number, end: number): number {
  hash.update(bytes, start, end)
  const { high, low } = hash
  const rest = (low >>> INDEX_BITS) | (high << (HALF_BITS - INDEX_BITS))
  const rank =
    rest === 0 ? HALF_BITS + 1 + trailingZeros((high >>> INDEX_BITS) | END_IN_HIGH_HALF) : 1 + trailingZeros(rest)
  return (rank << INDEX_BITS) | (low & INDEX_MASK)
}

export function registerOf(pattern: number): number {
  return pattern & INDEX_MASK
}

export function rankOf(pattern: number): number {
  return pattern >>> INDEX_BITS
}

/** Of a number other than 0. */
function trailingZeros(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}
