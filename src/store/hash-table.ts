/**
 * Extendible hashing (Fagin et al., 1979; Dragonfly's dashtable is the model): a directory of segments that split one
 * at a time, so that no insert ever pays for more than one segment. Bits 31.. of the hash lead through the directory,
 * bits 13..8 choose the bucket, bits 7..0 are the tag.
 *
 * Order: walks go bucket by bucket (64), and inside a bucket by hash prefix. That position follows from the hash alone,
 * so splits, merges and the growth of a small table never move an entry past a cursor: what is there throughout a
 * SCAN is returned, exactly once.
 */
import type { Entries } from './entries.js'
import { BUCKET_SLOTS, MAX_BUCKET_BITS, Segment } from './segment.js'

const BUCKETS = 1 << MAX_BUCKET_BITS
const TWO_32 = 4294967296
const MAX_DEPTH = 26
/** Two sibling segments merge when they fill less than this share of one. */
const MERGE_BELOW_COUNT = 200

export class HashTable {
  count = 0
  readonly segments: Segment[] = []
  private directory: Segment[]
  private depth = 0
  private readonly entries: Entries
  /** Set while a snapshot walks the table: merges would mix buckets that were saved with others that were not. */
  pinned = false

  /** Where the last successful find() found its entry; valid until the table changes. */
  private foundSegment: Segment
  private foundHome = 0
  private foundBucket = 0
  private foundSlot = 0

  constructor(entries: Entries) {
    this.entries = entries
    const first = new Segment(0, 0, 0)
    this.segments.push(first)
    this.directory = [first]
    this.foundSegment = first
  }

  /** Bytes of memory behind the table's segments, without the entries. */
  get memoryBytes(): number {
    let bytes = this.directory.length * 8
    for (const segment of this.segments) bytes += segment.memoryBytes + 200
    return bytes
  }

  private segmentOf(hash: number): Segment {
    return this.directory[this.depth === 0 ? 0 : hash >>> (32 - this.depth)]
  }

  /** Address of the entry with this key, or 0. */
  find(hash: number, key: Uint8Array, start: number, end: number): number {
    const segment = this.directory[this.depth === 0 ? 0 : hash >>> (32 - this.depth)]
    const { bytes, sizesAt } = segment
    const home = ((hash >>> 8) & (BUCKETS - 1)) >>> (MAX_BUCKET_BITS - segment.bucketBits)
    const tag = hash & 0xff
    let bucket = home
    do {
      const first = bucket * BUCKET_SLOTS
      const behind = first + bytes[sizesAt + bucket]
      for (let i = first; i < behind; i++) {
        if (bytes[i] !== tag) continue
        const address = segment.words[i]
        if (this.entries.keyEquals(address, key, start, end)) {
          this.foundSegment = segment
          this.foundHome = home
          this.foundBucket = bucket
          this.foundSlot = i - first
          return address
        }
      }
      bucket = bytes[segment.nextAt + bucket]
    } while (bucket !== 0)
    return 0
  }

  /** Finds the very entry at `address`, known to be in the table (its slot, for replaceFound and removeFound). */
  locate(hash: number, address: number): boolean {
    const segment = this.segmentOf(hash)
    const home = segment.home((hash >>> 8) & (BUCKETS - 1))
    let bucket = home
    do {
      const size = segment.bytes[segment.sizesAt + bucket]
      for (let slot = 0; slot < size; slot++) {
        if (segment.words[bucket * BUCKET_SLOTS + slot] !== address) continue
        this.foundSegment = segment
        this.foundHome = home
        this.foundBucket = bucket
        this.foundSlot = slot
        return true
      }
      bucket = segment.bytes[segment.nextAt + bucket]
    } while (bucket !== 0)
    return false
  }

  /** Adds an entry whose key is not in the table. Splits at most a few segments. */
  insert(hash: number, address: number): void {
    let segment = this.segmentOf(hash)
    const bucket = (hash >>> 8) & (BUCKETS - 1)
    while (!segment.insert(segment.home(bucket), hash & 0xff, address)) {
      this.grow(segment)
      segment = this.segmentOf(hash)
    }
    this.count++
  }

  /** The entry that find() or locate() found has moved to `address`. */
  replaceFound(address: number): void {
    this.foundSegment.words[this.foundBucket * BUCKET_SLOTS + this.foundSlot] = address
  }

  /** Takes the entry that find() or locate() found out of the table. */
  removeFound(): void {
    const segment = this.foundSegment
    segment.remove(this.foundHome, this.foundBucket, this.foundSlot)
    this.count--
    if (segment.count < MERGE_BELOW_COUNT / 2 && segment.depth > 0 && !this.pinned) this.mergeWithSibling(segment)
  }

  /** A fair random entry, or 0 when the table is empty. Expected O(1): segments never get nearly empty. */
  random(): number {
    if (this.count === 0) return 0
    const { segments } = this
    for (;;) {
      const segment = segments[(Math.random() * segments.length) | 0]
      const place = (Math.random() * segment.buckets * BUCKET_SLOTS) | 0
      const bucket = (place / BUCKET_SLOTS) | 0
      if (place - bucket * BUCKET_SLOTS < segment.bytes[segment.sizesAt + bucket]) return segment.words[place]
    }
  }

  /**
   * Visits the bucket at `cursor` (0 at first) and returns the next cursor (0 at the end). `visit` may change entries
   * but not the table's membership. Guarantee: whatever stays in the table from the first call to the last is visited.
   */
  scan(cursor: number, visit: (address: number) => void): number {
    const bucket64 = Math.floor(cursor / TWO_32) & (BUCKETS - 1)
    const prefix = (cursor % TWO_32) >>> 0
    const segment = this.segmentOf(prefix)
    const home = segment.home(bucket64)
    if (segment.prefix === prefix) this.visitBucket(segment, home, visit)
    else {
      // The segment has merged with one that was visited before: only what lies behind the cursor is still due.
      this.visitBucket(segment, home, address => {
        if (this.entries.hashOf(address) >= prefix) visit(address)
      })
    }
    return this.cursorBehind(segment, home)
  }

  /** Visits all entries of one home bucket. */
  visitBucket(segment: Segment, home: number, visit: (address: number) => void): void {
    let bucket = home
    do {
      const first = bucket * BUCKET_SLOTS
      const size = segment.bytes[segment.sizesAt + bucket]
      for (let slot = 0; slot < size; slot++) visit(segment.words[first + slot])
      bucket = segment.bytes[segment.nextAt + bucket]
    } while (bucket !== 0)
  }

  private cursorBehind(segment: Segment, home: number): number {
    const span = segment.depth === 0 ? TWO_32 : 2 ** (32 - segment.depth)
    const nextPrefix = segment.prefix + span
    const bucket64 = home << (MAX_BUCKET_BITS - segment.bucketBits)
    if (nextPrefix < TWO_32) return bucket64 * TWO_32 + nextPrefix
    const nextBucket = (home + 1) << (MAX_BUCKET_BITS - segment.bucketBits)
    return nextBucket < BUCKETS ? nextBucket * TWO_32 : 0
  }

  /** The segment that a cursor points into, and its home bucket there: for walks that stamp versions. */
  segmentAt(cursor: number): Segment {
    return this.segmentOf((cursor % TWO_32) >>> 0)
  }
  homeAt(cursor: number, segment: Segment): number {
    return segment.home(Math.floor(cursor / TWO_32) & (BUCKETS - 1))
  }
  nextCursor(segment: Segment, home: number): number {
    return this.cursorBehind(segment, home)
  }

  /** The segment and home bucket a hash belongs to. */
  segmentForHash(hash: number): Segment {
    return this.segmentOf(hash)
  }
  homeForHash(hash: number, segment: Segment): number {
    return segment.home((hash >>> 8) & (BUCKETS - 1))
  }

  private grow(segment: Segment): void {
    if (segment.bucketBits < MAX_BUCKET_BITS) this.widen(segment)
    else this.split(segment)
  }

  /** A small table: the only segment gets twice the buckets. */
  private widen(segment: Segment): void {
    let bits = segment.bucketBits
    let wider: Segment
    do {
      bits++
      wider = new Segment(0, 0, bits)
    } while (!this.refill(segment, wider))
    const shift = bits - segment.bucketBits
    for (let home = 0; home < 1 << bits; home++) {
      wider.words[wider.versionsAt + home] = segment.words[segment.versionsAt + (home >>> shift)]
    }
    this.segments[0] = wider
    this.directory[0] = wider
  }

  private refill(from: Segment, to: Segment): boolean {
    for (let bucket = 0; bucket < from.buckets; bucket++) {
      const size = from.bytes[from.sizesAt + bucket]
      for (let slot = 0; slot < size; slot++) {
        const address = from.words[bucket * BUCKET_SLOTS + slot]
        const hash = this.entries.hashOf(address)
        if (!to.insert(to.home((hash >>> 8) & (BUCKETS - 1)), hash & 0xff, address)) {
          // A few hundred entries fill no 64 buckets unless their hashes are equal, which a keyed hash rules out.
          if (to.bucketBits === MAX_BUCKET_BITS) throw new RangeError('hash table: too many equal hashes')
          return false
        }
      }
    }
    return true
  }

  private split(segment: Segment): void {
    if (segment.depth === MAX_DEPTH) throw new RangeError('hash table: too many equal hashes')
    if (segment.depth === this.depth) this.doubleDirectory()
    const depth = segment.depth + 1
    const bit = 2 ** (32 - depth)
    const lower = new Segment(segment.prefix, depth, MAX_BUCKET_BITS)
    const upper = new Segment(segment.prefix + bit, depth, MAX_BUCKET_BITS)
    for (let home = 0; home < BUCKETS; home++) {
      const version = segment.words[segment.versionsAt + home]
      lower.words[lower.versionsAt + home] = version
      upper.words[upper.versionsAt + home] = version
      let bucket = home
      do {
        const size = segment.bytes[segment.sizesAt + bucket]
        for (let slot = 0; slot < size; slot++) {
          const place = bucket * BUCKET_SLOTS + slot
          const address = segment.words[place]
          const target = this.entries.hashOf(address) & bit ? upper : lower
          target.insert(home, segment.bytes[place], address)
        }
        bucket = segment.bytes[segment.nextAt + bucket]
      } while (bucket !== 0)
    }
    lower.index = segment.index
    this.segments[lower.index] = lower
    upper.index = this.segments.length
    this.segments.push(upper)
    this.point(lower)
    this.point(upper)
  }

  private doubleDirectory(): void {
    const wider = new Array<Segment>(this.directory.length * 2)
    for (let i = 0; i < this.directory.length; i++) {
      wider[i * 2] = this.directory[i]
      wider[i * 2 + 1] = this.directory[i]
    }
    this.directory = wider
    this.depth++
  }

  private point(segment: Segment): void {
    const shift = 32 - this.depth
    const first = this.depth === 0 ? 0 : segment.prefix >>> shift
    const slots = 1 << (this.depth - segment.depth)
    for (let i = 0; i < slots; i++) this.directory[first + i] = segment
  }

  private mergeWithSibling(segment: Segment): void {
    const bit = 2 ** (32 - segment.depth)
    const sibling = this.segmentOf((segment.prefix ^ bit) >>> 0)
    if (sibling.depth !== segment.depth || sibling.count + segment.count > MERGE_BELOW_COUNT) return
    const prefix = (segment.prefix & ~bit) >>> 0
    const merged = new Segment(prefix, segment.depth - 1, MAX_BUCKET_BITS)
    for (const from of [segment, sibling]) if (!this.refillSameBuckets(from, merged)) return
    merged.index = segment.index
    this.segments[merged.index] = merged
    const last = this.segments[this.segments.length - 1]
    last.index = sibling.index
    this.segments[last.index] = last
    this.segments.pop()
    this.point(merged)
  }

  private refillSameBuckets(from: Segment, to: Segment): boolean {
    for (let home = 0; home < BUCKETS; home++) {
      let bucket = home
      do {
        const size = from.bytes[from.sizesAt + bucket]
        for (let slot = 0; slot < size; slot++) {
          const place = bucket * BUCKET_SLOTS + slot
          if (!to.insert(home, from.bytes[place], from.words[place])) return false
        }
        bucket = from.bytes[from.nextAt + bucket]
      } while (bucket !== 0)
    }
    return true
  }
}
