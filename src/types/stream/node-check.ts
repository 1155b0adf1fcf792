/** Checks a stream's listpack from outside, a part at a time: a sound listpack, and entries as node-entries.ts has them. */
import {
  LP_EMPTY_SIZE,
  LP_HEADER_SIZE,
  lpEnd,
  lpEntrySize,
  lpInteger,
  lpIsInteger,
} from '../../store/listpack/listpack.js'
import { ListpackWalk, lpValidate, type Verdict } from '../../store/listpack/listpack-validate.js'
import { DELETED, SAME_FIELDS } from './node-entries.js'

/** So many elements are looked at in one step: a fraction of a millisecond. */
const STEP_ELEMENTS = 8192

export class NodeCheck {
  /** Entries that are there, once step() has returned 'sound'. */
  count = 0
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

  constructor(bytes: Buffer, start: number, end: number) {
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

  /** Goes behind an entry; returns its number of elements, 0 if it is none. */
  private readEntry(): number {
    const flags = this.number()
    if (flags < 0 || !this.pass(true) || !this.pass(true)) return 0
    if ((flags & DELETED) !== 0) this.seenDeleted++
    const shares = (flags & SAME_FIELDS) !== 0
    const fields = shares ? this.masterFields : this.number()
    if (fields < 0) return 0
    const elements = shares ? fields : 2 * fields
    for (let i = 0; i < elements; i++) if (!this.pass(false)) return 0
    const counted = shares ? fields + 3 : 2 * fields + 4
    return this.number() === counted ? counted + 1 : 0
  }
}
