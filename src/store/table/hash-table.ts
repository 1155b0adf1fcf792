/**
 * Extendible hashing (Fagin et al., 1979; Dragonfly's dashtable is the model): a directory of segments that split one
 * at a time, so that no insert ever pays for more than one segment. Bits 31.. of the hash lead through the directory,
 * bits 13..8 choose the bucket, bits 7..0 are the tag.
 *
 * Order: walks go bucket by bucket (64), and inside a bucket by hash prefix. That position follows from the hash alone,
 * so splits, merges and the growth of a small table never move an entry past a cursor: what is there throughout a
 * SCAN is returned, exactly once.
 */
import { performance } from '../../clock/platform.js'
import type { Aggregate } from '../aggregate.js'
import type { Database } from '../database.js'
import type { Entries } from '../entries.js'
import { CHUNK_SHIFT, UNIT_MASK } from '../slabs/slabs.js'
import { AHEAD_MAX } from './look-ahead.js'
import {
  BUCKET_SLOTS,
  BUCKET_WORDS,
  MAX_BUCKET_BITS,
  NEXT_AT,
  SEGMENT_WORDS,
  Segment,
  SIZE_AT,
  TAGS_AT,
} from './segment.js'
import { GROUP_MASK, GROUP_SHIFT, SegmentMemory } from './segment-memory.js'

const BUCKETS = 1 << MAX_BUCKET_BITS
const TWO_32 = 4294967296
const MAX_DEPTH = 26
/** Two sibling segments merge when they fill less than this share of one. */
const MERGE_BELOW_COUNT = 180
/** Empty slots hit in a row after which random() goes another way; a table that is not sparse hits a dozen at worst. */
const RANDOM_TRIES = 200
/** Entries a segment gets when the table is made for a known number: it holds about 630 before it splits. */
const RESERVE_PER_SEGMENT = 560
/** JavaScript objects behind a segment and behind a table with its first one, as measured: for memory accounts. */
const SEGMENT_OBJECT_BYTES = 120
const TABLE_OBJECT_BYTES = 1280
/** A directory has an object and a number for each prefix. */
const DIRECTORY_SLOT_BYTES = 12

const touchedPlaces = new Int32Array(AHEAD_MAX)

/** Sees elements come and go, while somebody reads the table bit by bit (table-view.ts). */
export interface TableObserver {
  /** The element has come into the table, new or in the place of another. */
  came(address: number): void
  /** The element leaves the table. True: it is still needed, and the observer will free it. */
  goes(hash: number, address: number): boolean
  /** The table has left the keyspace. True: it is still needed, and the observer will discard it. */
  keepsTable(): boolean
}

/** When elements of the table expire (element-times.ts), as far as the table has to know. */
export interface ElementExpiries {
  readonly memoryBytes: number
  /** The element is about to leave the table, or to get another time. */
  forget(address: number): void
  movedTo(database: Database, key: Buffer): void
  /** The table has left the keyspace. */
  leave(): void
  freeSome(deadlineMs: number): boolean
  close(): void
  move(address: number, move: (address: number) => number): number
  rewrite(cursor: number): number
}

/** Cursors of rewrite() from here on are those of the times; the table's own are below. */
const TIMES_FROM = 2 ** 40

export class HashTable implements Aggregate {
  count = 0
  readonly segments: Segment[] = []
  /** Nothing but this table holds the addresses of its entries (compaction.ts). */
  holdsAlone = false
  /** When elements expire, if any do (element-times.ts). */
  times: ElementExpiries | null = null
  /** Set while a snapshot walks the table: merges would mix buckets that were saved with others that were not. */
  pinned = false
  /** Elements are not to be changed in place while there is one. */
  observer: TableObserver | null = null
  /** How many objects INFO lazyfreed_objects will count when the table has been freed. */
  lazyObjects = 0
  readonly entries: Entries
  private readonly memory: SegmentMemory
  /** What of this table is in the accounts of `entries`. */
  private accountedBytes = 0
  private accountedReservedBytes = 0
  /** Segment of each hash prefix of `depth` bits, and its place in memory: lookups use the place only. */
  private directory: Segment[]
  private places: Int32Array
  private depth = 0
  /** MAX_BUCKET_BITS less those of a small table's only segment; 0 once there are several. */
  private homeShift = MAX_BUCKET_BITS

  /** Where the last successful find() or locate() found its entry; valid until the table changes. */
  private foundWords: Uint32Array
  private foundWord = 0
  private foundHash = 0
  private foundBucket = 0
  private foundSlot = 0
  private swept = 0
  /** Segments whose entries freeSome() has freed. */
  private freed = 0
  /** Something of what was read ahead, lest reading it is left out. */
  seen = 0

  constructor(entries: Entries) {
    this.entries = entries
    this.memory = new SegmentMemory(entries.released)
    const first = this.smallSegment(0)
    this.segments.push(first)
    this.directory = [first]
    this.places = Int32Array.of(0)
    this.foundWords = first.words
    this.account()
  }

  get table(): this {
    return this
  }
  get freeEffort(): number {
    return this.count
  }
  get entriesMayMove(): boolean {
    return this.holdsAlone && this.observer === null
  }
  keptByViews(): boolean {
    this.times?.leave()
    return this.observer?.keepsTable() ?? false
  }

  /** Frees the entries of a table that nobody else uses, a segment at least. */
  freeSome(deadlineMs: number, free: (address: number) => void): boolean {
    const { segments } = this
    while (this.freed < segments.length) {
      const segment = segments[this.freed++]
      for (let home = 0; home < 1 << segment.bucketBits; home++) this.visitBucket(segment, home, free)
      if (performance.now() >= deadlineMs) break
    }
    return this.freed === segments.length && (this.times === null || this.times.freeSome(deadlineMs))
  }

  /** Bytes that the table takes, without the entries. O(1). */
  get memoryBytes(): number {
    return this.memory.usedBytes + this.objectBytes + (this.times?.memoryBytes ?? 0)
  }

  movedTo(database: Database, key: Buffer): void {
    this.times?.movedTo(database, key)
  }

  private get objectBytes(): number {
    return (
      TABLE_OBJECT_BYTES +
      this.directory.length * DIRECTORY_SLOT_BYTES +
      (this.segments.length - 1) * SEGMENT_OBJECT_BYTES
    )
  }

  /** Brings the accounts of the slab memory's owner up to date; to be called when segments or the directory have changed. */
  private account(): void {
    const { objectBytes } = this
    this.settle(this.memory.usedBytes + objectBytes, this.memory.reservedBytes + objectBytes)
  }

  private settle(bytes: number, reservedBytes: number): void {
    this.entries.tableBytes += bytes - this.accountedBytes
    this.entries.tableReservedBytes += reservedBytes - this.accountedReservedBytes
    this.accountedBytes = bytes
    this.accountedReservedBytes = reservedBytes
  }

  /** Nobody will use the table any more, once the current turn is over: its memory goes. Its entries are somebody else's business. */
  close(): void {
    this.times?.close()
    this.settle(0, 0)
    this.memory.releaseAll()
  }

  private smallSegment(bucketBits: number): Segment {
    this.memory.allocateSmall(bucketBits)
    this.homeShift = MAX_BUCKET_BITS - bucketBits
    return new Segment(0, 0, bucketBits, 0, this.memory.words[0], this.memory.bytes[0], 0)
  }

  private fullSegment(prefix: number, depth: number): Segment {
    const place = this.memory.allocate()
    const group = place >>> GROUP_SHIFT
    const base = (place & GROUP_MASK) * SEGMENT_WORDS
    return new Segment(prefix, depth, MAX_BUCKET_BITS, place, this.memory.words[group], this.memory.bytes[group], base)
  }

  private segmentOf(hash: number): Segment {
    return this.directory[this.depth === 0 ? 0 : hash >>> (32 - this.depth)]
  }

  /** Makes an empty table as large as `count` entries will need (a file says how many it holds): no splits meanwhile. */
  reserve(count: number): void {
    const depth = Math.min(MAX_DEPTH, Math.ceil(Math.log2(count / RESERVE_PER_SEGMENT)))
    if (this.count > 0 || !(depth > 0)) return
    for (const segment of this.segments) this.memory.free(segment.place)
    this.segments.length = 0
    for (let i = 0; i < 2 ** depth; i++) {
      const segment = this.fullSegment(i * 2 ** (32 - depth), depth)
      segment.index = i
      this.segments.push(segment)
    }
    this.directory = this.segments.slice()
    this.places = placesOf(this.directory)
    this.depth = depth
    this.homeShift = 0
    this.account()
  }

  /** Whether segments are so empty on average that sweep() would merge some. */
  get sparse(): boolean {
    return this.segments.length > 1 && !this.pinned && this.count < (this.segments.length * MERGE_BELOW_COUNT) / 4
  }

  /**
   * Merges nearly empty segments, looking at `limit` of them: for what removals could not merge while a snapshot had the table
   * pinned. To be called again while the table is sparse.
   */
  sweep(limit: number): void {
    for (let i = 0; i < limit && this.segments.length > 1 && !this.pinned; i++) {
      this.swept = this.swept + 1 < this.segments.length ? this.swept + 1 : 0
      const segment = this.segments[this.swept]
      if (segment.depth > 0 && segment.count < MERGE_BELOW_COUNT / 2) this.mergeWithSibling(segment)
    }
  }

  /** Moves segments together when merges have left most of their memory free, a group of 64 at a time. O(segments). */
  compact(): void {
    if (this.pinned) return
    const group = this.memory.evacuate()
    if (group === 0) return
    for (const segment of this.segments) {
      if (segment.place >>> GROUP_SHIFT !== group) continue
      const moved = this.fullSegment(segment.prefix, segment.depth)
      moved.takeOver(segment)
      this.segments[moved.index] = moved
      this.point(moved)
      this.memory.free(segment.place)
    }
    this.account()
  }

  /** Address of the entry with this key, or 0. */
  find(hash: number, key: Uint8Array, start: number, end: number): number {
    const place = this.places[this.depth === 0 ? 0 : hash >>> (32 - this.depth)]
    const words = this.memory.words[place >>> GROUP_SHIFT]
    const bytes = this.memory.bytes[place >>> GROUP_SHIFT]
    const base = (place & GROUP_MASK) * SEGMENT_WORDS
    const tag = hash & 0xff
    let bucket = ((hash >>> 8) & (BUCKETS - 1)) >>> this.homeShift
    do {
      const word = base + bucket * BUCKET_WORDS
      const byte = word << 2
      const size = bytes[byte + SIZE_AT]
      for (let slot = 0; slot < size; slot++) {
        if (bytes[byte + TAGS_AT + slot] !== tag) continue
        const address = words[word + slot]
        if (this.entries.keyEquals(address, key, start, end)) {
          this.foundWords = words
          this.foundWord = word + slot
          this.foundHash = hash
          this.foundBucket = bucket
          this.foundSlot = slot
          return address
        }
      }
      bucket = bytes[byte + NEXT_AT]
    } while (bucket !== 0)
    return 0
  }

  /**
   * Reads a word of the bucket of each of `count` hashes, then one of each entry that such a key may have: the look-ups that
   * follow find them in the cache. See look-ahead.ts.
   */
  touch(hashes: Int32Array, count: number): void {
    const { depth, homeShift, places } = this
    const { bytes, words } = this.memory
    const shift = 32 - depth
    let seen = 0
    for (let i = 0; i < count; i++) {
      const hash = hashes[i]
      const place = places[depth === 0 ? 0 : hash >>> shift]
      const bucket = ((hash >>> 8) & (BUCKETS - 1)) >>> homeShift
      touchedPlaces[i] = place
      seen ^= words[place >>> GROUP_SHIFT][(place & GROUP_MASK) * SEGMENT_WORDS + bucket * BUCKET_WORDS]
    }
    const slabs = this.entries.words
    for (let i = 0; i < count; i++) {
      const hash = hashes[i]
      const place = touchedPlaces[i]
      const bucket = ((hash >>> 8) & (BUCKETS - 1)) >>> homeShift
      const word = (place & GROUP_MASK) * SEGMENT_WORDS + bucket * BUCKET_WORDS
      const segment = bytes[place >>> GROUP_SHIFT]
      const tag = hash & 0xff
      const first = (word << 2) + TAGS_AT
      const size = segment[(word << 2) + SIZE_AT]
      for (let slot = 0; slot < size; slot++) {
        if (segment[first + slot] !== tag) continue
        const address = words[place >>> GROUP_SHIFT][word + slot]
        seen ^= slabs[address >>> CHUNK_SHIFT][(address & UNIT_MASK) << 1]
        break
      }
    }
    this.seen = seen
  }

  /** Finds the very entry at `address`, known to be in the table (its slot, for replaceFound and removeFound). */
  locate(hash: number, address: number): boolean {
    const segment = this.segmentOf(hash)
    let bucket = segment.home((hash >>> 8) & (BUCKETS - 1))
    do {
      const size = segment.size(bucket)
      for (let slot = 0; slot < size; slot++) {
        if (segment.address(bucket, slot) !== address) continue
        this.foundWords = segment.words
        this.foundWord = segment.wordOf(bucket) + slot
        this.foundHash = hash
        this.foundBucket = bucket
        this.foundSlot = slot
        return true
      }
      bucket = segment.next(bucket)
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
    this.foundWords[this.foundWord] = address
  }

  /** Takes the entry that find() or locate() found out of the table. */
  removeFound(): void {
    const segment = this.segmentOf(this.foundHash)
    segment.remove(segment.home((this.foundHash >>> 8) & (BUCKETS - 1)), this.foundBucket, this.foundSlot)
    this.count--
    if (segment.count < MERGE_BELOW_COUNT / 2 && segment.depth > 0 && !this.pinned) this.mergeWithSibling(segment)
  }

  /** A fair random entry, or 0 when the table is empty. Expected O(1) unless the table is sparse. */
  random(): number {
    if (this.count === 0) return 0
    const { segments } = this
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const segment = segments[(Math.random() * segments.length) | 0]
      const place = (Math.random() * segment.buckets * BUCKET_SLOTS) | 0
      const bucket = (place / BUCKET_SLOTS) | 0
      const slot = place - bucket * BUCKET_SLOTS
      if (slot < segment.size(bucket)) return segment.address(bucket, slot)
    }
    return this.randomOfSparse()
  }

  /** A random entry, fair inside its segment, of a table that a snapshot kept from shrinking. O(segments). */
  private randomOfSparse(): number {
    const { segments } = this
    let i = (Math.random() * segments.length) | 0
    while (segments[i].count === 0) i = i + 1 < segments.length ? i + 1 : 0
    const segment = segments[i]
    let left = (Math.random() * segment.count) | 0
    let bucket = 0
    while (left >= segment.size(bucket)) left -= segment.size(bucket++)
    return segment.address(bucket, left)
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
        if (this.entries.hashOf(address) >>> 0 >= prefix) visit(address)
      })
    }
    return this.cursorBehind(segment, home)
  }

  /** Whether a walk by scan() that has come to `cursor` has passed the place of `hash`. */
  isBehind(hash: number, cursor: number): boolean {
    return ((hash >>> 8) & (BUCKETS - 1)) * TWO_32 + (hash >>> 0) < cursor
  }

  /** Visits all entries of one home bucket. */
  visitBucket(segment: Segment, home: number, visit: (address: number) => void): void {
    let bucket = home
    do {
      const first = segment.wordOf(bucket)
      const size = segment.size(bucket)
      for (let slot = 0; slot < size; slot++) visit(segment.words[first + slot])
      bucket = segment.next(bucket)
    } while (bucket !== 0)
  }

  /** Visits the bucket at `cursor` as scan() does, and puts in each entry's place what `move` returns for its address. */
  rewrite(cursor: number, move: (address: number) => number): number {
    const { times } = this
    if (times === null) return this.rewriteBucket(cursor, move)
    if (cursor < TIMES_FROM) {
      const next = this.rewriteBucket(cursor, address => times.move(address, move))
      return next === 0 ? TIMES_FROM : next
    }
    const next = times.rewrite(cursor - TIMES_FROM)
    return next === 0 ? 0 : TIMES_FROM + next
  }

  private rewriteBucket(cursor: number, move: (address: number) => number): number {
    const segment = this.segmentAt(cursor)
    const home = this.homeAt(cursor, segment)
    let bucket = home
    do {
      const first = segment.wordOf(bucket)
      const size = segment.size(bucket)
      for (let word = first; word < first + size; word++) segment.words[word] = move(segment.words[word])
      bucket = segment.next(bucket)
    } while (bucket !== 0)
    return this.cursorBehind(segment, home)
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
    this.account()
  }

  /** A small table: the only segment gets twice the buckets. */
  private widen(segment: Segment): void {
    let bits = segment.bucketBits
    let wider: Segment
    do {
      bits++
      wider = this.smallSegment(bits)
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
      const size = from.size(bucket)
      for (let slot = 0; slot < size; slot++) {
        const address = from.address(bucket, slot)
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
    const lower = this.fullSegment(segment.prefix, depth)
    const upper = this.fullSegment(segment.prefix + bit, depth)
    this.touchEntries(segment)
    for (let home = 0; home < BUCKETS; home++) {
      const version = segment.words[segment.versionsAt + home]
      lower.words[lower.versionsAt + home] = version
      upper.words[upper.versionsAt + home] = version
      let bucket = home
      do {
        const size = segment.size(bucket)
        for (let slot = 0; slot < size; slot++) {
          const address = segment.address(bucket, slot)
          const target = this.entries.hashOf(address) & bit ? upper : lower
          target.insert(home, segment.tag(bucket, slot), address)
        }
        bucket = segment.next(bucket)
      } while (bucket !== 0)
    }
    lower.index = segment.index
    this.segments[lower.index] = lower
    upper.index = this.segments.length
    this.segments.push(upper)
    this.homeShift = 0
    this.point(lower)
    this.point(upper)
    this.memory.free(segment.place)
  }

  /** Reads a word of every entry: hashing them one by one would wait for memory each time (look-ahead.ts). */
  private touchEntries(segment: Segment): void {
    const slabs = this.entries.words
    for (let bucket = 0; bucket < segment.buckets; bucket++) {
      const first = segment.wordOf(bucket)
      const size = segment.size(bucket)
      for (let word = first; word < first + size; word++) {
        const address = segment.words[word]
        this.seen ^= slabs[address >>> CHUNK_SHIFT][(address & UNIT_MASK) << 1]
      }
    }
  }

  private doubleDirectory(): void {
    const wider = new Array<Segment>(this.directory.length * 2)
    for (let i = 0; i < this.directory.length; i++) {
      wider[i * 2] = this.directory[i]
      wider[i * 2 + 1] = this.directory[i]
    }
    this.directory = wider
    this.places = placesOf(wider)
    this.depth++
  }

  private point(segment: Segment): void {
    const shift = 32 - this.depth
    const first = this.depth === 0 ? 0 : segment.prefix >>> shift
    const slots = 1 << (this.depth - segment.depth)
    for (let i = first; i < first + slots; i++) {
      this.directory[i] = segment
      this.places[i] = segment.place
    }
  }

  private mergeWithSibling(segment: Segment): void {
    const bit = 2 ** (32 - segment.depth)
    const sibling = this.segmentOf((segment.prefix ^ bit) >>> 0)
    if (sibling.depth !== segment.depth || sibling.count + segment.count > MERGE_BELOW_COUNT) return
    const prefix = (segment.prefix & ~bit) >>> 0
    const merged = this.fullSegment(prefix, segment.depth - 1)
    for (const from of [segment, sibling]) {
      if (this.refillSameBuckets(from, merged)) continue
      this.memory.free(merged.place)
      return
    }
    merged.index = segment.index
    this.segments[merged.index] = merged
    const last = this.segments[this.segments.length - 1]
    last.index = sibling.index
    this.segments[last.index] = last
    this.segments.pop()
    this.point(merged)
    this.memory.free(segment.place)
    this.memory.free(sibling.place)
    this.account()
  }

  private refillSameBuckets(from: Segment, to: Segment): boolean {
    for (let home = 0; home < BUCKETS; home++) {
      let bucket = home
      do {
        const size = from.size(bucket)
        for (let slot = 0; slot < size; slot++) {
          if (!to.insert(home, from.tag(bucket, slot), from.address(bucket, slot))) return false
        }
        bucket = from.next(bucket)
      } while (bucket !== 0)
    }
    return true
  }
}

function placesOf(directory: readonly Segment[]): Int32Array {
  const places = new Int32Array(directory.length)
  for (let i = 0; i < directory.length; i++) places[i] = directory[i].place
  return places
}
