/**
 * One segment of a hash table: up to 64 home buckets of 14 slots, and a quarter as many spare buckets that chain behind
 * whichever home bucket overflows. A bucket is dense: its first `size` slots are in use. A slot is a one-byte tag of the
 * hash and the entry's address.
 */

export const BUCKET_SLOTS = 14
export const MAX_BUCKET_BITS = 6

export class Segment {
  /** Hash bits that all entries share, aligned to bit 31; only the first `depth` bits count. */
  prefix: number
  depth: number
  /** log2 of the number of home buckets. */
  readonly bucketBits: number
  readonly buckets: number
  count = 0
  /** Place in the table's list of segments. */
  index = 0

  /** Addresses: bucket * BUCKET_SLOTS + slot; then a version for each home bucket at `versionsAt`. */
  readonly words: Uint32Array
  readonly versionsAt: number
  /** Tags: bucket * BUCKET_SLOTS + slot; then sizes and chain links (0: none) of each bucket. */
  readonly bytes: Uint8Array
  readonly sizesAt: number
  readonly nextAt: number
  private spareHead: number

  constructor(prefix: number, depth: number, bucketBits: number) {
    this.prefix = prefix
    this.depth = depth
    this.bucketBits = bucketBits
    const homes = 1 << bucketBits
    const spares = Math.max(1, homes >> 2)
    this.buckets = homes + spares
    const slots = this.buckets * BUCKET_SLOTS
    const wordCount = slots + homes
    const memory = new ArrayBuffer(wordCount * 4 + slots + this.buckets * 2)
    this.words = new Uint32Array(memory, 0, wordCount)
    this.versionsAt = slots
    this.bytes = new Uint8Array(memory, wordCount * 4)
    this.sizesAt = slots
    this.nextAt = slots + this.buckets
    this.spareHead = homes
    for (let i = homes; i < this.buckets - 1; i++) this.bytes[this.nextAt + i] = i + 1
  }

  /** Bytes of memory behind the segment. */
  get memoryBytes(): number {
    return this.words.buffer.byteLength
  }

  /** The home bucket here of a bucket number among 64: the upper bits, so that order survives growth. */
  home(bucket64: number): number {
    return bucket64 >>> (MAX_BUCKET_BITS - this.bucketBits)
  }

  /** Adds an entry; false when the bucket is full and no spare is left: the table has to grow first. */
  insert(home: number, tag: number, address: number): boolean {
    const { bytes, sizesAt, nextAt } = this
    let bucket = home
    while (bytes[sizesAt + bucket] === BUCKET_SLOTS) {
      const next = bytes[nextAt + bucket]
      if (next === 0) {
        const spare = this.spareHead
        if (spare === 0) return false
        this.spareHead = bytes[nextAt + spare]
        bytes[nextAt + spare] = 0
        bytes[nextAt + bucket] = spare
        bucket = spare
        break
      }
      bucket = next
    }
    const slot = bucket * BUCKET_SLOTS + bytes[sizesAt + bucket]++
    bytes[slot] = tag
    this.words[slot] = address
    this.count++
    return true
  }

  /** Removes slot `slot` of `bucket`, in the chain of `home`; the chain's last entry takes its place. */
  remove(home: number, bucket: number, slot: number): void {
    const { bytes, words, sizesAt, nextAt } = this
    let last = bucket
    let previous = -1
    if (last === home || bytes[nextAt + last] !== 0) {
      while (bytes[nextAt + last] !== 0) {
        previous = last
        last = bytes[nextAt + last]
      }
    }
    if (previous < 0 && last !== home) {
      previous = home
      while (bytes[nextAt + previous] !== last) previous = bytes[nextAt + previous]
    }
    const from = last * BUCKET_SLOTS + --bytes[sizesAt + last]
    const to = bucket * BUCKET_SLOTS + slot
    bytes[to] = bytes[from]
    words[to] = words[from]
    this.count--
    if (bytes[sizesAt + last] === 0 && previous >= 0) {
      bytes[nextAt + previous] = 0
      bytes[nextAt + last] = this.spareHead
      this.spareHead = last
    }
  }
}
