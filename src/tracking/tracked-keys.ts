/**
 * The invalidation table: which clients have read which keys since the last time each key changed. Keys and readers are
 * bytes in slabs of the table's own, as large as a million keys may make it (tracking-table-max-keys).
 */
import { hashBytes } from '../bytes/hash.js'
import { ENCODING_AGGREGATE, ENCODING_PLAIN, ENCODING_SHIFT, Entries, Objects } from '../store/entries.js'
import { HashTable } from '../store/table/hash-table.js'

/** Ids of readers behind the key, as doubles: a client's id is any safe integer. */
const INLINE_META = ENCODING_PLAIN << ENCODING_SHIFT
/** A Set of ids. */
const SET_META = ENCODING_AGGREGATE << ENCODING_SHIFT
const ID_BYTES = 8
/** More readers than that have a Set, in which each is found at once. */
const INLINE_MAX_READERS = 16
const NO_EXPIRY = Number.NaN

export class TrackedKeys {
  /** Readers of all keys together (INFO tracking_total_items). */
  readers = 0
  private entries = new Entries()
  private sets = new Objects<Set<number>>()
  private table = new HashTable(this.entries)

  get size(): number {
    return this.table.count
  }

  /** Bytes in use by keys, their readers and the table. O(1). */
  get usedBytes(): number {
    return this.entries.totalUsedBytes
  }

  /** Notes that the client of this id has read key[start, end). O(1). */
  add(id: number, key: Uint8Array, start: number, end: number): void {
    const { entries, table } = this
    const hash = hashBytes(key, start, end)
    const address = table.find(hash, key, start, end)
    if (address === 0) {
      const created = entries.create(INLINE_META, key, start, end, ID_BYTES, NO_EXPIRY)
      entries.memory(created).writeDoubleLE(id, entries.valueStart(created))
      table.insert(hash, created)
      this.readers++
      return
    }
    if (entries.encoding(address) === ENCODING_AGGREGATE) {
      const set = this.sets.get(entries.payload(address))
      this.readers -= set.size
      this.readers += set.add(id).size
      return
    }
    const memory = entries.memory(address)
    const from = entries.valueStart(address)
    const length = entries.payload(address)
    for (let at = from; at < from + length; at += ID_BYTES) if (memory.readDoubleLE(at) === id) return
    this.readers++
    if (entries.fitsSlot(address, length + ID_BYTES)) {
      entries.setPayload(address, length + ID_BYTES)
      memory.writeDoubleLE(id, from + length)
    } else this.move(address, id, key, start, end)
  }

  /** Makes an entry with one reader more in the place of the one that the table has just found. */
  private move(address: number, id: number, key: Uint8Array, start: number, end: number): void {
    const { entries, table } = this
    const length = entries.payload(address)
    if (length < INLINE_MAX_READERS * ID_BYTES) {
      const moved = entries.create(INLINE_META, key, start, end, length + ID_BYTES, NO_EXPIRY)
      const from = entries.valueStart(address)
      const to = entries.valueStart(moved)
      entries.memory(address).copy(entries.memory(moved), to, from, from + length)
      entries.memory(moved).writeDoubleLE(id, to + length)
      table.replaceFound(moved)
    } else {
      const moved = entries.create(SET_META, key, start, end, 0, NO_EXPIRY)
      entries.setPayload(moved, this.sets.add(new Set(this.inlineReaders(address)).add(id)))
      table.replaceFound(moved)
    }
    entries.destroy(address)
  }

  private inlineReaders(address: number): number[] {
    const { entries } = this
    const memory = entries.memory(address)
    const from = entries.valueStart(address)
    return Array.from({ length: entries.payload(address) / ID_BYTES }, (_, i) =>
      memory.readDoubleLE(from + i * ID_BYTES),
    )
  }

  /** The ids of all who have read key[start, end), which is forgotten; null when nobody has. O(readers). */
  take(key: Uint8Array, start: number, end: number): Iterable<number> | null {
    const { entries, sets, table } = this
    if (table.count === 0) return null
    const address = table.find(hashBytes(key, start, end), key, start, end)
    if (address === 0) return null
    table.removeFound()
    let ids: Iterable<number>
    if (entries.encoding(address) === ENCODING_AGGREGATE) {
      const number = entries.payload(address)
      const set = sets.get(number)
      sets.remove(number)
      this.readers -= set.size
      ids = set
    } else {
      const list = this.inlineReaders(address)
      this.readers -= list.length
      ids = list
    }
    entries.destroy(address)
    return ids
  }

  /** A copy of a key picked at random, all with the same chance. The table must not be empty. O(1). */
  randomKey(): Buffer {
    return this.entries.keyCopy(this.table.random())
  }

  /** Forgets all keys; the old memory goes to the garbage collector as a whole. O(1). */
  clear(): void {
    if (this.size === 0) return
    this.entries = new Entries()
    this.sets = new Objects()
    this.table = new HashTable(this.entries)
    this.readers = 0
  }
}
