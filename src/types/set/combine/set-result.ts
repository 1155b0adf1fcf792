/**
 * The set that an operation puts together, for a key or for a reply: its order while it is small, and its encoding, are those that
 * Redis's would have. While it fits there it is in memory of its own; larger, in a draft (store/draft.ts).
 */
import { copyBytes } from '../../../bytes/copy.js'
import { type Database, KEEP_TTL, NEVER } from '../../../store/database.js'
import { Draft } from '../../../store/draft.js'
import { type ENCODING_AGGREGATE, ENCODING_INTSET, TYPE_SET } from '../../../store/entries.js'
import type { Keyspace } from '../../../store/keyspace.js'
import { ByteRange } from '../../byte-range.js'
import { createPacked, packedGap } from '../../packed-value.js'
import type { SetLimits } from '../../value-limits.js'
import { GATHERED, GatheredSet, type SmallEncoding, TOO_MUCH } from '../gathered-set.js'
import { MemberSet } from '../set.js'

/** One operation at a time puts a result together. */
const gathered = new GatheredSet()

export class SetResult {
  private readonly keyspace: Keyspace
  private readonly key: Buffer
  private readonly start: number
  private readonly end: number
  private readonly limits: SetLimits
  private draft: Draft | null = null
  /** null while the members are in `gathered`. */
  private set: MemberSet | null = null

  /**
   * Begins with an empty set, for key[start, end). close() has to follow, before anything else happens.
   * @param beginning the encoding of a set without members.
   */
  constructor(
    keyspace: Keyspace,
    key: Buffer,
    start: number,
    end: number,
    limits: SetLimits,
    beginning: SmallEncoding,
  ) {
    this.keyspace = keyspace
    this.key = key
    this.start = start
    this.end = end
    this.limits = limits
    gathered.begin(beginning)
  }

  get length(): number {
    return this.set === null ? gathered.length : this.set.length
  }

  /** Adds member[start, end), which does not lie in the result. `hash`: the member's. */
  add(member: Buffer, start: number, end: number, hash?: number): boolean {
    if (this.set === null) {
      const result = gathered.add(member, start, end, this.limits)
      if (result !== TOO_MUCH) return result === GATHERED
    }
    return this.large().add(member, start, end, this.limits, hash)
  }

  /** Adds an integer, if that is to be done without its text; else false, with nothing done. */
  addInteger(low: number, high: number): boolean {
    if (this.set !== null || gathered.encoding !== ENCODING_INTSET) return false
    return gathered.addInteger(low, high, this.limits) !== TOO_MUCH
  }

  /** Removes member[start, end). False: it is not there. */
  delete(member: Buffer, start: number, end: number, hash?: number): boolean {
    return this.set === null ? gathered.delete(member, start, end) : this.set.delete(member, start, end, hash)
  }

  /** Members with these hashes are going to be added or removed. */
  lookAhead(hashes: Int32Array, count: number): void {
    const { set } = this
    if (set !== null && set.address !== 0 && set.isTable) set.table.touch(hashes, count)
  }

  /** Whether add() and delete() look members up by their hashes. */
  get isTable(): boolean {
    return this.set !== null && this.set.address !== 0 && this.set.isTable
  }

  /** The result as a set in a draft. */
  private large(): MemberSet {
    if (this.set !== null) return this.set
    const { end, key, keyspace, start } = this
    const draft = new Draft(keyspace, key, start, end)
    const set = new MemberSet()
    set.openNew(draft.database, key, start, end, NEVER, gathered.encoding)
    if (gathered.length > 0) set.addGathered(gathered)
    this.draft = draft
    this.set = set
    return set
  }

  /** Makes an intset of nothing but integers, if there are not too many of them. */
  convertToIntset(): void {
    if (this.set === null && gathered.convertToIntset(this.limits)) return
    this.large().convertToIntset(this.limits)
  }

  /** The encoding, by its number inside an entry. */
  get encoding(): SmallEncoding | typeof ENCODING_AGGREGATE {
    return this.set === null ? gathered.encoding : this.set.encoding
  }

  /** Calls `visit` with every member; the range is reused. O(n). */
  iterate(visit: (member: ByteRange) => void): void {
    if (this.set !== null) {
      this.set.iterate(visit)
      return
    }
    const { members } = gathered
    const range = new ByteRange()
    for (let place = members.first; place >= 0; place = members.next(place)) {
      members.show(place, range)
      visit(range)
    }
  }

  /**
   * Puts the result, which is not empty, in its key's place in `db`, where `replaced` (0: nothing) is what findForWrite has just found.
   * `keepsExpiry`: with the expiry that the key has, if it has one. Returns the address.
   */
  moveTo(db: Database, replaced: number, keepsExpiry: boolean): number {
    const { draft, end, key, set, start } = this
    if (set === null || draft === null) {
      const { buffer, encoding, size } = gathered
      const expiryMs = keepsExpiry && replaced !== 0 ? KEEP_TTL : NEVER
      const address = createPacked(db, replaced, key, start, end, TYPE_SET, encoding, size, expiryMs)
      copyBytes(buffer, 0, size, packedGap.buffer, packedGap.at)
      return address
    }
    return draft.moveTo(db, set.address, replaced, keepsExpiry)
  }

  /** The result is where it has to be, or not wanted. */
  close(): void {
    this.draft?.close()
  }
}
