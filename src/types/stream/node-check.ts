/**
 * Checks a stream's listpack from outside, a part at a time: a sound listpack, and entries as node-entries.ts has them, those that are
 * there with ascending IDs, by which they are sought. Deleted ones may lie anywhere: up to 7.0 XSETID could go back before them.
 */
import {
  LP_EMPTY_SIZE,
  LP_HEADER_SIZE,
  lpEnd,
  lpEntrySize,
  lpInteger,
  lpIntegerHigh,
  lpIntegerLow,
  lpIsInteger,
} from '../../store/listpack/listpack.js'
import { ListpackWalk, lpValidate, type Verdict } from '../../store/listpack/listpack-validate.js'
import { DELETED, SAME_FIELDS } from './node-entries.js'
import { StreamId } from './stream-id.js'

const id = new StreamId()

/** A number of 7 bits, and its length to walk backwards by. */
const FLAGS_BYTES = 2

/** So many elements are looked at in one step: a fraction of a millisecond. */
const STEP_ELEMENTS = 8192

export class NodeCheck {
  /** Entries that are there, once step() has returned 'sound'. */
  count = 0
  /** ID of the last entry it has seen that is there; the node's own, as long as there is none. */
  readonly lastId = new StreamId()
  private readonly nodeId: StreamId
  private readonly listpack: Buffer
  private readonly at: number
  private readonly end: number
  private readonly walk: ListpackWalk | null
  private isSound = false
  private pos = 0
  private masterFields = -1
  /** Entries that have not been seen, and of those that have been, how many are deleted. */
  private left = 0
  private deleted = 0
  private seenDeleted = 0
  private seenThere = 0

  constructor(nodeId: StreamId, bytes: Buffer, start: number, end: number) {
    this.nodeId = nodeId.copy()
    this.lastId.set(nodeId)
    this.listpack = bytes
    this.at = start
    this.end = end - 1
    const isFramed = end - start > LP_EMPTY_SIZE && lpValidate(bytes, start, end - start, false)
    this.walk = isFramed ? new ListpackWalk(bytes, start) : null
  }

  step(): Verdict {
    if (this.walk === null) return 'damaged'
    if (!this.isSound) {
      const verdict = this.walk.check(STEP_ELEMENTS)
      if (verdict !== 'sound') return verdict
      this.isSound = true
      this.pos = this.at + LP_HEADER_SIZE
      return this.readMaster() ? 'going on' : 'damaged'
    }
    for (let seen = 0; this.left > 0 && seen < STEP_ELEMENTS; this.left--) {
      const elements = this.readEntry()
      if (elements === 0) return 'damaged'
      seen += elements
    }
    if (this.left > 0) return 'going on'
    return this.pos === lpEnd(this.listpack, this.at) && this.seenDeleted === this.deleted ? 'sound' : 'damaged'
  }

  /** The number at `pos`, which it goes behind; -1: there is none, or it is below 0 or of a size that nothing has. */
  private number(): number {
    const { listpack, pos } = this
    if (pos >= this.end || !lpIsInteger(listpack, pos)) return -1
    this.pos = pos + lpEntrySize(listpack, pos)
    const value = lpInteger(listpack, pos)
    return value >= 0 && value < 2 ** 31 ? value : -1
  }

  /** Goes behind an element, an integer if it has to be; false when there is none. */
  private pass(isInteger: boolean): boolean {
    const { listpack, pos } = this
    if (pos >= this.end || (isInteger && !lpIsInteger(listpack, pos))) return false
    this.pos = pos + lpEntrySize(listpack, pos)
    return true
  }

  private readMaster(): boolean {
    this.count = this.number()
    if (this.count < 0) return false
    this.deleted = this.number()
    this.left = this.count + this.deleted
    if (this.deleted < 0) return false
    this.masterFields = this.number()
    if (this.masterFields < 0) return false
    for (let i = 0; i < this.masterFields; i++) if (!this.pass(false)) return false
    return this.number() === 0
  }

  /** Goes behind the two numbers of an ID; false when there are none, or it does not lie behind the one before. */
  private readId(isDeleted: boolean): boolean {
    const { lastId, listpack, nodeId, pos: msPos } = this
    if (!this.pass(true)) return false
    const seqPos = this.pos
    if (!this.pass(true)) return false
    if (isDeleted) return true
    id.setOffset(
      nodeId,
      lpIntegerHigh(listpack, msPos),
      lpIntegerLow(listpack, msPos),
      lpIntegerHigh(listpack, seqPos),
      lpIntegerLow(listpack, seqPos),
    )
    const order = id.compare(lastId)
    // The first entry has the node's ID.
    if (order < 0 || (order === 0 && this.seenThere > 0)) return false
    lastId.set(id)
    this.seenThere++
    return true
  }

  /** Goes behind an entry; returns its number of elements, 0 if it is none. */
  private readEntry(): number {
    const start = this.pos
    const flags = this.number()
    // Seeking reads flags as the byte that they are.
    if (flags < 0 || this.pos !== start + FLAGS_BYTES) return 0
    const isDeleted = (flags & DELETED) !== 0
    if (!this.readId(isDeleted)) return 0
    if (isDeleted) this.seenDeleted++
    const shares = (flags & SAME_FIELDS) !== 0
    const fields = shares ? this.masterFields : this.number()
    if (fields < 0) return 0
    const elements = shares ? fields : 2 * fields
    for (let i = 0; i < elements; i++) if (!this.pass(false)) return 0
    const counted = shares ? fields + 3 : 2 * fields + 4
    return this.number() === counted ? counted + 1 : 0
  }
}
