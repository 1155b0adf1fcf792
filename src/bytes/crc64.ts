/**
 * CRC-64 as Redis uses it at the end of RDB files and DUMP payloads: the Jones polynomial, bits reflected, initial
 * value 0, no final xor. "123456789" gives e9c6d914c4b8d9ca.
 *
 * The 64-bit state is kept as two 32-bit halves, since JavaScript's bitwise operators are 32 bits wide and a BigInt per
 * step would allocate. Eight bytes are folded at a time through eight tables ("slicing by 8").
 */

/** Length of a stored checksum in bytes. */
export const CRC64_LENGTH = 8

/** The Jones polynomial ad93d23594c935a9 with its bits reversed, in halves. */
const POLYNOMIAL_LOW = 0xac4bc9b5
const POLYNOMIAL_HIGH = 0x95ac9329

/** Eight tables of 256 entries one after the other; table n holds the effect of a byte that n more bytes follow. */
const LOW = new Int32Array(8 * 256)
const HIGH = new Int32Array(8 * 256)

for (let byte = 0; byte < 256; byte++) {
  let low = byte
  let high = 0
  for (let bit = 0; bit < 8; bit++) {
    const carry = low & 1
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (carry !== 0) {
      low ^= POLYNOMIAL_LOW
      high ^= POLYNOMIAL_HIGH
    }
  }
  LOW[byte] = low
  HIGH[byte] = high
}
for (let index = 256; index < LOW.length; index++) {
  const low = LOW[index - 256]
  const high = HIGH[index - 256]
  LOW[index] = ((low >>> 8) | (high << 24)) ^ LOW[low & 0xff]
  HIGH[index] = (high >>> 8) ^ HIGH[low & 0xff]
}

/** Reading whole words only gives the right order of bytes on a little-endian machine. */
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/** From this many bytes on, the word view that doubles the speed pays for its allocation. */
const WORD_VIEW_MIN_BYTES = 1024

/** A running CRC-64. Feed it with `update`, then compare or store it; it can go on afterwards. */
export class Crc64 {
  private low = 0
  private high = 0

  /** Back to the value of no bytes at all, which is 0. */
  reset(): void {
    this.low = 0
    this.high = 0
  }

  /** Adds `bytes[start, end)`. O(n); allocates nothing for short ranges and one view for long ones. */
  update(bytes: Uint8Array, start: number, end: number): void {
    let position = start
    if (LITTLE_ENDIAN && end - start >= WORD_VIEW_MIN_BYTES) {
      const aligned = start + (-(bytes.byteOffset + start) & 3)
      this.updateBytes(bytes, start, aligned)
      position = aligned + ((end - aligned) & ~7)
      this.updateWords(new Int32Array(bytes.buffer, bytes.byteOffset + aligned, (position - aligned) >>> 2))
    }
    this.updateBytes(bytes, position, end)
  }

  /** Stores the checksum as 8 bytes, little-endian, at `offset`. */
  writeTo(target: Uint8Array, offset: number): void {
    storeWord(target, offset, this.low)
    storeWord(target, offset + 4, this.high)
  }

  /** Whether the 8 little-endian bytes at `offset` are this checksum. */
  matches(bytes: Uint8Array, offset: number): boolean {
    return loadWord(bytes, offset) === this.low && loadWord(bytes, offset + 4) === this.high
  }

  /** Whether the checksum is 0: at the end of an RDB file that reads as "none computed" (see `isZeroCrc64`). */
  isZero(): boolean {
    return this.low === 0 && this.high === 0
  }

  /** The checksum as 16 hexadecimal digits, for logs. */
  toString(): string {
    return hexWord(this.high) + hexWord(this.low)
  }

  /** Bytes of an Int32Array with an even number of words, read in the machine's (little-endian) order. */
  private updateWords(words: Int32Array): void {
    let low = this.low
    let high = this.high
    for (let index = 0; index < words.length; index += 2) {
      low ^= words[index]
      high ^= words[index + 1]
      const i7 = 1792 + (low & 0xff)
      const i6 = 1536 + ((low >>> 8) & 0xff)
      const i5 = 1280 + ((low >>> 16) & 0xff)
      const i4 = 1024 + (low >>> 24)
      const i3 = 768 + (high & 0xff)
      const i2 = 512 + ((high >>> 8) & 0xff)
      const i1 = 256 + ((high >>> 16) & 0xff)
      const i0 = high >>> 24
      low = LOW[i7] ^ LOW[i6] ^ LOW[i5] ^ LOW[i4] ^ LOW[i3] ^ LOW[i2] ^ LOW[i1] ^ LOW[i0]
      high = HIGH[i7] ^ HIGH[i6] ^ HIGH[i5] ^ HIGH[i4] ^ HIGH[i3] ^ HIGH[i2] ^ HIGH[i1] ^ HIGH[i0]
    }
    this.low = low
    this.high = high
  }

  private updateBytes(bytes: Uint8Array, start: number, end: number): void {
    let low = this.low
    let high = this.high
    let position = start
    for (const last = end - 8; position <= last; position += 8) {
      low ^= loadWord(bytes, position)
      high ^= loadWord(bytes, position + 4)
      const i7 = 1792 + (low & 0xff)
      const i6 = 1536 + ((low >>> 8) & 0xff)
      const i5 = 1280 + ((low >>> 16) & 0xff)
      const i4 = 1024 + (low >>> 24)
      const i3 = 768 + (high & 0xff)
      const i2 = 512 + ((high >>> 8) & 0xff)
      const i1 = 256 + ((high >>> 16) & 0xff)
      const i0 = high >>> 24
      low = LOW[i7] ^ LOW[i6] ^ LOW[i5] ^ LOW[i4] ^ LOW[i3] ^ LOW[i2] ^ LOW[i1] ^ LOW[i0]
      high = HIGH[i7] ^ HIGH[i6] ^ HIGH[i5] ^ HIGH[i4] ^ HIGH[i3] ^ HIGH[i2] ^ HIGH[i1] ^ HIGH[i0]
    }
    for (; position < end; position++) {
      const index = (low ^ bytes[position]) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ LOW[index]
      high = (high >>> 8) ^ HIGH[index]
    }
    this.low = low
    this.high = high
  }
}

/**
 * Whether the stored checksum at `offset` is 0, which at the end of an RDB file means that the writer computed none
 * (redis.conf: rdbchecksum no) and the reader must not compare. DUMP payloads know no such exception.
 */
export function isZeroCrc64(bytes: Uint8Array, offset: number): boolean {
  return loadWord(bytes, offset) === 0 && loadWord(bytes, offset + 4) === 0
}

function loadWord(bytes: Uint8Array, offset: number): number {
  return bytes[offset] | (bytes[offset + 1] << 8) | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24)
}

function storeWord(target: Uint8Array, offset: number, word: number): void {
  target[offset] = word
  target[offset + 1] = word >>> 8
  target[offset + 2] = word >>> 16
  target[offset + 3] = word >>> 24
}

function hexWord(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
