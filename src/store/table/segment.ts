/**
 * One segment of a hash table: up to 64 home buckets of 12 slots, and a quarter as many spare buckets that chain behind
 * whichever home bucket overflows.
 *
 * A bucket is one cache line of 64 bytes, so that a lookup costs one miss for the table and one for the entry: 12 addresses
 * (words 0..11), 12 one-byte tags of the hash (bytes 48..59), the number of slots in use (byte 60; they come first), and the
 * number of the next bucket in the chain (byte 61; 0: none). Behind the buckets stands a version for each home bucket.
 */

export const BUCKET_SLOTS = 12
export const BUCKET_WORDS = 16
/** Byte offsets inside a bucket. */
export const TAGS_AT = 48
export const SIZE_AT = 60
export const NEXT_AT = 61

export const MAX_BUCKET_BITS = 6
/** Words of a segment with all buckets; a multiple of a cache line. */
export const SEGMENT_WORDS =
  ((1 << MAX_BUCKET_BITS) + (1 << (MAX_BUCKET_BITS - 2))) * BUCKET_WORDS + (1 << MAX_BUCKET_BITS)

function bucketsOf(bucketBits: number): number {
  return (1 << bucketBits) + Math.max(1, (1 << bucketBits) >> 2)
}

/** Words that a segment of 2^bucketBits home buckets takes. */
export function segmentWords(bucketBits: number): number {
  return bucketsOf(bucketBits) * BUCKET_WORDS + (1 << bucketBits)
}

export class Segment {
  /** Hash bits that all entries share, aligned to bit 31; only the first `depth` bits count. */
  readonly prefix: number
  readonly depth: number
  /** log2 of the number of home buckets. */
  readonly bucketBits: number
  readonly buckets: number
  count = 0
  /** Position in the table's list of segments. */
  index = 0
  /** Which piece of the table's memory it occupies. */
  readonly place: number
  /** Memory that it shares with other segments, from word `base` on, as words and as bytes. */
  readonly words: Uint32Array
  readonly bytes: Uint8Array
  readonly base: number
  /** Word of the first home bucket's version. */
  readonly versionsAt: number
  private spareHead: number

  /** The memory has to be zeroed. */
  constructor(
    prefix: number,
    depth: number,
    bucketBits: number,
    place: number,
    words: Uint32Array,
    bytes: Uint8Array,
    base: number,
  ) {
    this.prefix = prefix
    this.depth = depth
    this.bucketBits = bucketBits
    this.buckets = bucketsOf(bucketBits)
    this.place = place
    this.words = words
    this.bytes = bytes
    this.base = base
    this.versionsAt = base + this.buckets * BUCKET_WORDS
    this.spareHead = 1 << bucketBits
    for (let i = this.spareHead; i < this.buckets - 1; i++) this.setNext(i, i + 1)
  }

  /** Takes over all that another segment of the same size holds; this one has to be fresh. */
  takeOver(from: Segment): void {
    this.words.set(from.words.subarray(from.base, from.base + segmentWords(from.bucketBits)), this.base)
    this.count = from.count
    this.index = from.index
    this.spareHead = from.spareHead
  }

  /** Bytes of memory that it occupies. */
  get memoryBytes(): number {
    return segmentWords(this.bucketBits) * 4
  }

  /** The home bucket here of a bucket number among 64: the upper bits, so that order survives growth. */
  home(bucket64: number): number {
    return bucket64 >>> (MAX_BUCKET_BITS - this.bucketBits)
  }

  /** Word of the bucket's first address. */
  wordOf(bucket: number): number {
    return this.base + bucket * BUCKET_WORDS
  }
  size(bucket: number): number {
    return this.bytes[(this.wordOf(bucket) << 2) + SIZE_AT]
  }
  next(bucket: number): number {
    return this.bytes[(this.wordOf(bucket) << 2) + NEXT_AT]
  }
  tag(bucket: number, slot: number): number {
    return this.bytes[(this.wordOf(bucket) << 2) + TAGS_AT + slot]
  }
  address(bucket: number, slot: number): number {
    return this.words[this.wordOf(bucket) + slot]
  }
  private setNext(bucket: number, next: number): void {
    this.bytes[(this.wordOf(bucket) << 2) + NEXT_AT] = next
  }

  /** Adds an entry; false when the bucket is full and no spare is left: the table has to grow first. */
  insert(home: number, tag: number, address: number): boolean {
    let bucket = home
    while (this.size(bucket) === BUCKET_SLOTS) {
      const next = this.next(bucket)
      if (next !== 0) {
        bucket = next
        continue
      }
      const spare = this.spareHead
      if (spare === 0) return false
      this.spareHead = this.next(spare)
      this.setNext(spare, 0)
      this.setNext(bucket, spare)
      bucket = spare
    }
    const word = this.wordOf(bucket)
    const byte = word << 2
    const slot = this.bytes[byte + SIZE_AT]++
    this.bytes[byte + TAGS_AT + slot] = tag
    this.words[word + slot] = address
    this.count++
    return true
  }

  /** Removes slot `slot` of `bucket`, in the chain of `home`; the chain's last entry takes its place. */
  remove(home: number, bucket: number, slot: number): void {
    let previous = -1
    let last = home
    while (this.next(last) !== 0) {
      previous = last
      last = this.next(last)
    }
    const from = this.wordOf(last)
    const to = this.wordOf(bucket)
    const lastSlot = --this.bytes[(from << 2) + SIZE_AT]
    this.words[to + slot] = this.words[from + lastSlot]
    this.bytes[(to << 2) + TAGS_AT + slot] = this.bytes[(from << 2) + TAGS_AT + lastSlot]
    this.count--
    if (lastSlot === 0 && previous >= 0) {
      this.setNext(previous, 0)
      this.setNext(last, this.spareHead)
      this.spareHead = last
    }
  }
}
