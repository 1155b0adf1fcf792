/**
 * SHA-1 (FIPS 180-4) of short inputs. Node's own is written in C++, and setting it up costs more than hashing a hundred
 * bytes: for a digest over millions of keys and values (DEBUG DIGEST) that is four fifths of the time.
 */
import { createHash } from 'node:crypto'

/** Length of a hash in 32-bit words. */
export const SHA1_WORDS = 5
const BLOCK_BYTES = 64
const ROUNDS = 80
/** From here on Node's is the faster one. */
const LONG_BYTES = 512

/** The block under way, and what it expands to. */
const schedule = new Int32Array(ROUNDS)

/** Writes the hash of bytes[start, end) to `out` as five big-endian words. */
export function sha1(out: Int32Array, bytes: Uint8Array, start: number, end: number): void {
  if (end - start >= LONG_BYTES) {
    const hash = createHash('sha1').update(bytes.subarray(start, end)).digest()
    for (let i = 0; i < SHA1_WORDS; i++) out[i] = hash.readInt32BE(4 * i)
    return
  }
  begin(out)
  let at = start
  for (; end - at >= BLOCK_BYTES; at += BLOCK_BYTES) {
    for (let i = 0; i < 16; i++) schedule[i] = word(bytes, at + 4 * i)
    compress(out)
  }
  schedule.fill(0, 0, 16)
  const left = end - at
  for (let i = 0; i < left; i++) schedule[i >> 2] |= bytes[at + i] << (24 - 8 * (i & 3))
  schedule[left >> 2] |= 0x80 << (24 - 8 * (left & 3))
  if (left >= BLOCK_BYTES - 8) {
    compress(out)
    schedule.fill(0, 0, 16)
  }
  schedule[15] = 8 * (end - start)
  compress(out)
}

/** Replaces a hash by the hash of its 20 bytes. */
export function sha1Again(hash: Int32Array): void {
  for (let i = 0; i < SHA1_WORDS; i++) schedule[i] = hash[i]
  schedule[SHA1_WORDS] = 1 << 31
  schedule.fill(0, SHA1_WORDS + 1, 15)
  schedule[15] = 32 * SHA1_WORDS
  begin(hash)
  compress(hash)
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
}

function begin(state: Int32Array): void {
  state[0] = 0x67452301
  state[1] = 0xefcdab89
  state[2] = 0x98badcfe
  state[3] = 0x10325476
  state[4] = 0xc3d2e1f0
}

/** Takes the block that stands in `schedule`. */
function compress(state: Int32Array): void {
  const w = schedule
  for (let i = 16; i < ROUNDS; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1)
  let a = state[0]
  let b = state[1]
  let c = state[2]
  let d = state[3]
  let e = state[4]
  for (let i = 0; i < ROUNDS; i++) {
    let mixed: number
    if (i < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999
    else if (i < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1
    else if (i < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
    else mixed = (b ^ c ^ d) + 0xca62c1d6
    const next = (rotate(a, 5) + mixed + e + w[i]) | 0
    e = d
    d = c
    c = rotate(b, 30)
    b = a
    a = next
  }
  state[0] += a
  state[1] += b
  state[2] += c
  state[3] += d
  state[4] += e
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
