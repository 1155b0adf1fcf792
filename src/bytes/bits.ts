/**
 * Bits of byte strings, 32 at a time where there are many. Bit 0 is the most significant one of the first byte, as in all of
 * Redis's bitmap commands.
 */

/** Shorter strings are not worth a view of words. */
const WORDS_MIN_BYTES = 64
/** BITOP goes through its sources in pieces that stay in the processor's cache. */
const BLOCK_BYTES = 64 * 1024

/** Of sources X, Y1, Y2, ...: diff is what only X has, diff1 what X lacks of the Ys, andor what X shares with any of them, one what a single source has. */
export type BitOperation = 'and' | 'or' | 'xor' | 'not' | 'diff' | 'diff1' | 'andor' | 'one'

function populationCount(word: number): number {
  word -= (word >>> 1) & 0x55555555
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Offset of the first byte in [start, end) that lies at a multiple of four in memory; `end` if there is none. */
function firstAligned(bytes: Uint8Array, start: number, end: number): number {
  return Math.min(end, start + (-(bytes.byteOffset + start) & 3))
}

/** The whole words of bytes[start, end); `start` is aligned. */
function wordsOf(bytes: Uint8Array, start: number, end: number): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset + start, Math.floor((end - start) / 4))
}

/** Number of bits set in bytes[start, end). About 4 GB a second. */
export function countBits(bytes: Uint8Array, start: number, end: number): number {
  let count = 0
  let at = start
  if (end - start >= WORDS_MIN_BYTES) {
    const aligned = firstAligned(bytes, start, end)
    for (; at < aligned; at++) count += populationCount(bytes[at])
    const words = wordsOf(bytes, at, end)
    count += countWords(words)
    at += words.length * 4
  }
  for (; at < end; at++) count += populationCount(bytes[at])
  return count
}

/**
 * Adds up eight words bit by bit with carry-save adders (Harley and Seal), so that one population count of the eights does
 * for all of them: half the time of one count a word.
 */
function countWords(words: Int32Array): number {
  const whole = words.length - (words.length % 8)
  let ones = 0
  let twos = 0
  let fours = 0
  let eights = 0
  for (let i = 0; i < whole; i += 8) {
    let a = words[i]
    let b = words[i + 1]
    let half = ones ^ a
    let twosA = (ones & a) | (half & b)
    ones = half ^ b
    a = words[i + 2]
    b = words[i + 3]
    half = ones ^ a
    let twosB = (ones & a) | (half & b)
    ones = half ^ b
    half = twos ^ twosA
    const foursA = (twos & twosA) | (half & twosB)
    twos = half ^ twosB
    a = words[i + 4]
    b = words[i + 5]
    half = ones ^ a
    twosA = (ones & a) | (half & b)
    ones = half ^ b
    a = words[i + 6]
    b = words[i + 7]
    half = ones ^ a
    twosB = (ones & a) | (half & b)
    ones = half ^ b
    half = twos ^ twosA
    const foursB = (twos & twosA) | (half & twosB)
    twos = half ^ twosB
    half = fours ^ foursA
    eights += populationCount((fours & foursA) | (half & foursB))
    fours = half ^ foursB
  }
  let count = eights * 8 + populationCount(fours) * 4 + populationCount(twos) * 2 + populationCount(ones)
  for (let i = whole; i < words.length; i++) count += populationCount(words[i])
  return count
}

/** Number of bits set among bits `from` to `to`, both included, of the string at `start`. */
export function countBitRange(bytes: Uint8Array, start: number, from: number, to: number): number {
  const first = start + Math.floor(from / 8)
  const last = start + Math.floor(to / 8)
  const before = bytes[first] & ~(0xff >>> (from % 8))
  const behind = bytes[last] & (0x7f >>> (to % 8))
  return countBits(bytes, first, last + 1) - populationCount(before) - populationCount(behind)
}

/** Position of the first bit with value `bit` among bits `from` to `to`, both included, of the string at `start`, or -1. */
export function findBit(bytes: Uint8Array, start: number, from: number, to: number, bit: number): number {
  // What is looked for is a one once this is applied.
  const flip = bit === 1 ? 0 : 0xff
  const first = Math.floor(from / 8)
  const last = Math.floor(to / 8)
  const lastMask = ~(0x7f >>> (to % 8))
  let byte = (bytes[start + first] ^ flip) & (0xff >>> (from % 8))
  if (first === last) byte &= lastMask
  if (byte !== 0) return first * 8 + Math.clz32(byte) - 24
  if (first === last) return -1
  const at = skipBytes(bytes, start + first + 1, start + last, flip)
  byte = (bytes[at] ^ flip) & 0xff
  if (at === start + last) byte &= lastMask
  return byte === 0 ? -1 : (at - start) * 8 + Math.clz32(byte) - 24
}

/** Offset of the first byte in [start, end) other than `skipped` (0 or 255), or `end`. */
function skipBytes(bytes: Uint8Array, start: number, end: number, skipped: number): number {
  let at = start
  if (end - start >= WORDS_MIN_BYTES) {
    const aligned = firstAligned(bytes, start, end)
    for (; at < aligned; at++) if (bytes[at] !== skipped) return at
    const words = wordsOf(bytes, at, end)
    const word = skipped === 0 ? 0 : -1
    let i = 0
    while (i < words.length && words[i] === word) i++
    at += i * 4
  }
  while (at < end && bytes[at] === skipped) at++
  return at
}

const scratch = Buffer.allocUnsafeSlow(BLOCK_BYTES)
const repeated = Buffer.allocUnsafeSlow(BLOCK_BYTES)

/**
 * Fills `result`, which lies at a multiple of four in memory, with the bitwise combination of the sources; those that are
 * shorter count as filled up with zeros. NOT takes the first source alone. O(length * sources), about 3 GB a second.
 */
export function combineBits(operation: BitOperation, sources: readonly Buffer[], result: Buffer): void {
  for (let at = 0; at < result.length; at += BLOCK_BYTES) {
    const end = Math.min(at + BLOCK_BYTES, result.length)
    switch (operation) {
      case 'not':
        copyBlock(result, sources[0], at, end)
        invert(result, at, end)
        break
      case 'one':
        keepSingle(result, sources, at, end)
        break
      case 'diff':
      case 'diff1':
      case 'andor':
        copyBlock(result, sources[1], at, end)
        for (let i = 2; i < sources.length; i++) combineBlock('or', result, sources[i], at, end)
        combineBlock(operation, result, sources[0], at, end)
        break
      default:
        copyBlock(result, sources[0], at, end)
        for (let i = 1; i < sources.length; i++) combineBlock(operation, result, sources[i], at, end)
    }
  }
}

function copyBlock(result: Buffer, source: Buffer, start: number, end: number): void {
  const copied = start < source.length ? source.copy(result, start, start, end) : 0
  result.fill(0, start + copied, end)
}

function invert(bytes: Buffer, start: number, end: number): void {
  const words = wordsOf(bytes, start, end)
  for (let i = 0; i < words.length; i++) words[i] = ~words[i]
  for (let i = start + words.length * 4; i < end; i++) bytes[i] = ~bytes[i]
}

/** The bits that a single source has: those of an exclusive or, but for what came up more than once on the way. */
function keepSingle(result: Buffer, sources: readonly Buffer[], start: number, end: number): void {
  copyBlock(result, sources[0], start, end)
  repeated.fill(0, 0, end - start)
  for (let i = 1; i < sources.length; i++) {
    const source = sources[i]
    const until = Math.min(end, source.length)
    if (until <= start) continue
    const words = wordsOf(result, start, until)
    noteRepeated(words, alignedWords(source, start, until), wordsOf(repeated, 0, until - start))
    for (let at = start + words.length * 4; at < until; at++) {
      repeated[at - start] |= result[at] & source[at]
      result[at] ^= source[at]
    }
  }
  const words = wordsOf(result, start, end)
  clearWords(words, wordsOf(repeated, 0, end - start))
  for (let at = start + words.length * 4; at < end; at++) result[at] &= ~repeated[at - start]
}

function combineBlock(operation: BitOperation, result: Buffer, source: Buffer, start: number, end: number): void {
  const until = Math.min(end, source.length)
  const clearsBehind = operation === 'and' || operation === 'andor' || operation === 'diff'
  if (clearsBehind && until < end) result.fill(0, Math.max(start, until), end)
  if (until <= start) return
  const words = wordsOf(result, start, until)
  const others = alignedWords(source, start, until)
  const rest = start + words.length * 4
  switch (operation) {
    case 'and':
    case 'andor':
      andWords(words, others)
      for (let i = rest; i < until; i++) result[i] &= source[i]
      break
    case 'or':
      orWords(words, others)
      for (let i = rest; i < until; i++) result[i] |= source[i]
      break
    case 'diff':
      remainingWords(words, others)
      for (let i = rest; i < until; i++) result[i] = source[i] & ~result[i]
      break
    case 'diff1':
      clearWords(words, others)
      for (let i = rest; i < until; i++) result[i] &= ~source[i]
      break
    default:
      xorWords(words, others)
      for (let i = rest; i < until; i++) result[i] ^= source[i]
  }
}

/** As wordsOf, from a copy where the bytes do not lie at a multiple of four in memory. */
function alignedWords(bytes: Buffer, start: number, end: number): Int32Array {
  if (((bytes.byteOffset + start) & 3) === 0) return wordsOf(bytes, start, end)
  bytes.copy(scratch, 0, start, end)
  return wordsOf(scratch, 0, end - start)
}

// Four words a step: the checks of the loop take as long as the operation itself.

function andWords(words: Int32Array, others: Int32Array): void {
  const whole = words.length & ~3
  for (let i = 0; i < whole; i += 4) {
    words[i] &= others[i]
    words[i + 1] &= others[i + 1]
    words[i + 2] &= others[i + 2]
    words[i + 3] &= others[i + 3]
  }
  for (let i = whole; i < words.length; i++) words[i] &= others[i]
}

function orWords(words: Int32Array, others: Int32Array): void {
  const whole = words.length & ~3
  for (let i = 0; i < whole; i += 4) {
    words[i] |= others[i]
    words[i + 1] |= others[i + 1]
    words[i + 2] |= others[i + 2]
    words[i + 3] |= others[i + 3]
  }
  for (let i = whole; i < words.length; i++) words[i] |= others[i]
}

function xorWords(words: Int32Array, others: Int32Array): void {
  const whole = words.length & ~3
  for (let i = 0; i < whole; i += 4) {
    words[i] ^= others[i]
    words[i + 1] ^= others[i + 1]
    words[i + 2] ^= others[i + 2]
    words[i + 3] ^= others[i + 3]
  }
  for (let i = whole; i < words.length; i++) words[i] ^= others[i]
}

/** words = words and not others. */
function clearWords(words: Int32Array, others: Int32Array): void {
  const whole = words.length & ~3
  for (let i = 0; i < whole; i += 4) {
    words[i] &= ~others[i]
    words[i + 1] &= ~others[i + 1]
    words[i + 2] &= ~others[i + 2]
    words[i + 3] &= ~others[i + 3]
  }
  for (let i = whole; i < words.length; i++) words[i] &= ~others[i]
}

/** words = others and not words. */
function remainingWords(words: Int32Array, others: Int32Array): void {
  const whole = words.length & ~3
  for (let i = 0; i < whole; i += 4) {
    words[i] = others[i] & ~words[i]
    words[i + 1] = others[i + 1] & ~words[i + 1]
    words[i + 2] = others[i + 2] & ~words[i + 2]
    words[i + 3] = others[i + 3] & ~words[i + 3]
  }
  for (let i = whole; i < words.length; i++) words[i] = others[i] & ~words[i]
}

/** Exclusive or, and what both had goes into `twice`. */
function noteRepeated(words: Int32Array, others: Int32Array, twice: Int32Array): void {
  for (let i = 0; i < words.length; i++) {
    twice[i] |= words[i] & others[i]
    words[i] ^= others[i]
  }
}
