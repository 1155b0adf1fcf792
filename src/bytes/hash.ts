/**
 * HalfSipHash-1-3 with 32-bit output over bytes (Aumasson & Bernstein's SipHash on 32-bit words), keyed with a random
 * seed per process so that a client cannot choose keys that collide. 32-bit words are what JavaScript multiplies and
 * rotates without boxing.
 */
import { randomBytes } from 'node:crypto'

const seed = randomBytes(8)
let key0 = seed.readInt32LE(0)
let key1 = seed.readInt32LE(4)

/** Replaces the process's seed (DEBUG and tests only: every table built before is invalid afterwards). */
export function setHashSeed(low: number, high: number): void {
  key0 = low | 0
  key1 = high | 0
}

/** Hash of bytes[start, end) as a signed 32-bit number: half of the unsigned ones are objects to the engine, when they are passed on. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let v0 = key0
  let v1 = key1
  let v2 = 0x6c796765 ^ key0
  let v3 = 0x74656462 ^ key1
  const length = end - start
  let at = start
  for (const blocks = end - (length & 3); at < blocks; at += 4) {
    const m = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    v3 ^= m
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= m
  }
  let last = length << 24
  switch (length & 3) {
    case 3:
      last |= (bytes[at + 2] << 16) | (bytes[at + 1] << 8) | bytes[at]
      break
    case 2:
      last |= (bytes[at + 1] << 8) | bytes[at]
      break
    case 1:
      last |= bytes[at]
      break
  }
  v3 ^= last
  for (let round = 0; round < 4; round++) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    if (round === 0) {
      v0 ^= last
      v2 ^= 0xff
    }
  }
  return v1 ^ v3
}
