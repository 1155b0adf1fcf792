/**
 * When elements of a table expire: the fields of a hash. The time is in the element itself, as it is in a key's entry; an ordered tree by
 * time has those elements that have one, so that the next to expire is at hand.
 *
 * An expired element is there until somebody removes it: who reads has to ask. What leaves the table, or gets another time, is to be
 * said here first (forget).
 */
import { compareBytes } from '../../bytes/compare.js'
import type { Database } from '../database.js'
import { type Entries, HAS_EXPIRY } from '../entries.js'
import type { ExpiringValue, FieldExpiryQueue } from '../field-expiry-queue.js'
import { TreeCursor } from '../ordered-tree/cursor.js'
import { ORDERED, OrderedTree, type TreeOwner } from '../ordered-tree/ordered-tree.js'
import type { TreeRemains } from '../ordered-tree/remains.js'
import { halfOfUnsigned, unsignedHalf } from '../ordered-tree/sort-prefix.js'
import type { ElementExpiries, HashTable } from './hash-table.js'

const TWO_32 = 4294967296

/** The name that is looked for: buffer[start, end). */
interface Name {
  buffer: Buffer
  start: number
  end: number
}

const place = new TreeCursor()
const name: Name = { buffer: Buffer.alloc(0), start: 0, end: 0 }

/** Orders elements that expire at the same time by their names. It owns none. */
class NameOrder implements TreeOwner<Name> {
  private readonly entries: Entries

  constructor(entries: Entries) {
    this.entries = entries
  }

  compare(element: number, { buffer, end, start }: Name): number {
    const { entries } = this
    const from = entries.keyStart(element)
    return compareBytes(entries.memory(element), from, from + entries.keyLength(element), buffer, start, end)
  }

  free(): void {}
}

export class ElementTimes implements ExpiringValue, ElementExpiries {
  readonly table: HashTable
  queueIndex = -1
  /** OBJECT ENCODING calls the hash "listpackex": it is as small as Redis has it in one. */
  isCompact: boolean
  /** Whose value the table is, as far as it is known: to be made sure of. */
  database: Database
  key: Buffer
  private readonly entries: Entries
  private readonly queue: FieldExpiryQueue<ElementTimes>
  private readonly times: OrderedTree<Name>
  private remains: TreeRemains | null = null

  /** For the value at `key`, in the queue of its keyspace. `table.times` is to be set to it. */
  constructor(table: HashTable, database: Database, key: Buffer, isCompact: boolean) {
    const { entries } = table
    this.table = table
    this.entries = entries
    this.queue = database.keyspace.fieldExpiries
    this.database = database
    this.key = key
    this.isCompact = isCompact
    this.times = new OrderedTree(entries, ORDERED, new NameOrder(entries))
  }

  get nextExpiryMs(): number {
    return this.times.first(place) ? timeAt(place) : Number.POSITIVE_INFINITY
  }

  /** How many elements expire. */
  get expiringCount(): number {
    return this.times.count
  }

  /** How many elements have expired by then. O(log n). */
  expiredCount(nowMs: number): number {
    // An element is there in the millisecond at which it expires.
    this.times.lowerBound(place, high(nowMs), low(nowMs), null)
    return place.weightBefore()
  }

  /** Its key is another one now. It has left the queue if its time had come while nobody had the value: a payload on its way in. */
  movedTo(database: Database, key: Buffer): void {
    this.database = database
    this.key = key
    this.queue.update(this)
  }

  private find(element: number): boolean {
    const { entries } = this
    const expiryMs = entries.expiry(element)
    name.buffer = entries.memory(element)
    name.start = entries.keyStart(element)
    name.end = name.start + entries.keyLength(element)
    return this.times.find(place, high(expiryMs), low(expiryMs), name)
  }

  /** An element, with an expiry, has come into the table or has got another time. */
  noteExpiry(element: number): void {
    const { entries } = this
    const expiryMs = entries.expiry(element)
    name.buffer = entries.memory(element)
    name.start = entries.keyStart(element)
    name.end = name.start + entries.keyLength(element)
    this.times.insert(high(expiryMs), low(expiryMs), name, element)
    this.queue.update(this)
  }

  /** An element is about to leave the table, or to get another time: it is not to expire any more. */
  forget(element: number): void {
    if ((this.entries.meta(element) & HAS_EXPIRY) === 0) return
    if (this.find(element)) this.times.remove(place)
    this.queue.update(this)
  }

  /** The elements that expire first, up to `most` of those that have expired by then. */
  expired(nowMs: number, most: number): number[] {
    const found: number[] = []
    for (
      let more = this.times.first(place);
      more && found.length < most && timeAt(place) < nowMs;
      more = place.next()
    ) {
      found.push(place.address)
    }
    return found
  }

  // As the table sees it

  get memoryBytes(): number {
    return this.times.memoryBytes
  }

  /** The value has left the keyspace. */
  leave(): void {
    this.queue.remove(this)
  }

  freeSome(deadlineMs: number): boolean {
    this.remains ??= this.times.takeRemains()
    return this.remains.freeSome(deadlineMs)
  }

  close(): void {
    this.leave()
    if (this.remains === null) this.times.drop()
  }

  /** Moves an element of the table. */
  move(element: number, move: (address: number) => number): number {
    const isThere = (this.entries.meta(element) & HAS_EXPIRY) !== 0 && this.find(element)
    const moved = move(element)
    if (isThere && moved !== element) this.times.replace(place, moved)
    return moved
  }

  /** Moves what the times themselves take, from `cursor` on; 0 at the end. */
  rewrite(cursor: number): number {
    return this.times.rewrite(cursor, element => element)
  }
}

function high(ms: number): number {
  return halfOfUnsigned(Math.floor(ms / TWO_32))
}

function low(ms: number): number {
  return halfOfUnsigned(ms >>> 0)
}

function timeAt(cursor: TreeCursor): number {
  return unsignedHalf(cursor.high) * TWO_32 + unsignedHalf(cursor.low)
}
