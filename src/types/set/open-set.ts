/** A set that is there, to be read; set.ts says what it is made of. */
import type { Database } from '../../store/database.js'
import {
  ENCODING_AGGREGATE,
  ENCODING_INTSET,
  ENCODING_INTSET_EXTERNAL,
  ENCODING_LISTPACK,
  isExternal,
} from '../../store/entries.js'
import { intsetLength } from '../../store/intset.js'
import { lpLength, lpSeek } from '../../store/listpack/listpack.js'
import type { HashTable } from '../../store/table/hash-table.js'
import { ByteRange } from '../byte-range.js'
import { findElement, forEachElement, tableOf } from '../element-table.js'
import { packedBuffer, packedBytes, packedStart } from '../packed-value.js'
import type { SmallEncoding } from './gathered-set.js'
import { findInIntset, findInListpack, KeptMembers, PackedMembers } from './packed-members.js'

export class OpenSet {
  /** Address of the key's entry; 0 when there is no such key (yet, or any more). */
  address = 0
  protected db!: Database
  /** What random() has shown last: the address of an element, an index in an intset, or an offset in a listpack. */
  protected drawn = 0
  protected readonly range = new ByteRange()

  /** Works on the set at `address` from here on. */
  open(db: Database, address: number): void {
    this.db = db
    this.address = address
  }

  get isTable(): boolean {
    return this.db.entries.encoding(this.address) === ENCODING_AGGREGATE
  }

  get isIntset(): boolean {
    const encoding = this.db.entries.encoding(this.address)
    return encoding === ENCODING_INTSET || encoding === ENCODING_INTSET_EXTERNAL
  }

  /** The encoding, by its number inside an entry. */
  get encoding(): SmallEncoding | typeof ENCODING_AGGREGATE {
    if (this.isTable) return ENCODING_AGGREGATE
    return this.isIntset ? ENCODING_INTSET : ENCODING_LISTPACK
  }

  /** The table of a large set. */
  get table(): HashTable {
    return tableOf(this.db.keyspace, this.address)
  }

  /** The members of a small set, where they lie: valid until it changes. */
  get packed(): PackedMembers {
    return new PackedMembers(this.bytes, this.at, this.isIntset)
  }

  protected get bytes(): Buffer {
    return packedBuffer(this.db.entries, this.address)
  }

  protected get at(): number {
    return packedStart(this.db.entries, this.address)
  }

  /** Number of members. O(1), unless somebody allows listpacks of over 65 000. */
  get length(): number {
    if (this.address === 0) return 0
    if (this.isTable) return this.table.count
    return this.isIntset ? intsetLength(this.bytes, this.at) : lpLength(this.bytes, this.at)
  }

  /** Whether member[start, end) is there. `hash`: the member's, for a large set, if it is known; here and below. */
  has(member: Buffer, start: number, end: number, hash?: number): boolean {
    if (this.address === 0) return false
    if (this.isTable) return findElement(this.table, member, start, end, hash) !== 0
    const { at, bytes } = this
    if (this.isIntset) return findInIntset(bytes, at, member, start, end) >= 0
    return findInListpack(bytes, at, member, start, end) >= 0
  }

  /** Shows a fair random member. O(1); O(n) in a listpack. */
  random(member: ByteRange): void {
    const { entries } = this.db
    if (this.isTable) {
      this.drawn = this.table.random()
      member.readElement(entries, this.drawn)
      return
    }
    const { at, bytes } = this
    const index = Math.floor(Math.random() * this.length)
    if (this.isIntset) {
      this.drawn = index
      member.readIntset(bytes, at, index)
      return
    }
    const pos = lpSeek(bytes, at, index)
    this.drawn = pos - at
    member.readListpack(bytes, pos)
  }

  /** Calls `visit` with every member; the range is reused. `visit` must not change the set. O(n). */
  iterate(visit: (member: ByteRange) => void): void {
    if (this.address === 0) return
    const { range } = this
    const { entries } = this.db
    if (this.isTable) {
      forEachElement(this.table, element => {
        range.readElement(entries, element)
        visit(range)
      })
      return
    }
    const { packed } = this
    for (let place = packed.first; place >= 0; place = packed.next(place)) {
      packed.show(place, range)
      visit(range)
    }
  }

  /** The members of a small set as they are now, whatever becomes of it. release() has to follow. */
  keep(): KeptMembers {
    const { at, bytes, isIntset } = this
    const { entries } = this.db
    if (isExternal(entries.encoding(this.address))) {
      // Edits of a Buffer that is held go to another one.
      return new KeptMembers(bytes, isIntset, entries.held.hold(bytes))
    }
    return new KeptMembers(Buffer.from(bytes.subarray(at, at + packedBytes(entries, this.address))), isIntset, null)
  }
}
