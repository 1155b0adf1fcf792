/** A HyperLogLog, wherever its string lies: elements are added to it, and it is counted, whatever its encoding. */
import { countDense, getRegister, packRegisters, setRegister } from './dense.js'
import { estimate } from './estimate.js'
import { newHistogram } from './histogram.js'
import { copyHeader, DENSE, DENSE_BYTES, encodingOf, HEADER_BYTES, makeStale, REGISTERS } from './layout.js'
import { patternOf, rankOf, registerOf } from './pattern.js'
import { countSparse, raiseToSparse } from './sparse.js'
import { DAMAGED, type HyperLogLogString, NEEDS_DENSE, RAISED, SparseEdit, UNCHANGED } from './sparse-edit.js'

/** From so many elements on it pays to spread out sparse registers first. */
const SPREAD_FROM_ELEMENTS = 32
const NO_BYTES = Buffer.alloc(0)

const edit = new SparseEdit()
const histogram = newHistogram()
/** Registers that have been spread out, a byte each. */
const registers = new Uint8Array(REGISTERS)
const dense = Buffer.alloc(DENSE_BYTES)

export abstract class HyperLogLog implements HyperLogLogString {
  bytes: Buffer = NO_BYTES
  start = 0
  end = 0
  /** All bytes may be changed where they lie. */
  protected isOpen = false

  abstract extend(length: number): void
  abstract truncate(length: number): void
  /** Takes a copy of `bytes` in place of its own. */
  protected abstract assign(bytes: Buffer): void

  get isDense(): boolean {
    return encodingOf(this.bytes, this.start) === DENSE
  }

  /** Adds the element[start, end): UNCHANGED, RAISED or DAMAGED. A sparse one does not grow beyond `sparseMaxBytes`. */
  add(element: Uint8Array, start: number, end: number, sparseMaxBytes: number): number {
    const pattern = patternOf(element, start, end)
    return this.raise(registerOf(pattern), rankOf(pattern), sparseMaxBytes)
  }

  /**
   * Adds elements[starts[i], ends[i]) for each i from `from` to below `to`. Returns how many of them have changed something, or NaN:
   * it is damaged, and those ahead of the one that found that have been added.
   */
  addAll(
    elements: Uint8Array,
    starts: Int32Array,
    ends: Int32Array,
    from: number,
    to: number,
    sparseMaxBytes: number,
  ): number {
    const spread = to - from >= SPREAD_FROM_ELEMENTS && !this.isDense && this.spread()
    let raised = 0
    for (let i = from; i < to; i++) {
      const pattern = patternOf(elements, starts[i], ends[i])
      const index = registerOf(pattern)
      const rank = rankOf(pattern)
      if (spread && registers[index] >= rank) continue
      const outcome = this.raise(index, rank, sparseMaxBytes)
      if (outcome === DAMAGED) return Number.NaN
      if (outcome === UNCHANGED) continue
      raised++
      if (spread) registers[index] = rank
    }
    return raised
  }

  /** Raises a register to `rank`: UNCHANGED, RAISED or DAMAGED. */
  raise(index: number, rank: number, sparseMaxBytes: number): number {
    if (this.isDense) return this.raiseDense(index, rank)
    const outcome = edit.raise(this, index, rank, sparseMaxBytes)
    if (outcome !== NEEDS_DENSE) return outcome
    return this.toDense() ? this.raiseDense(index, rank) : DAMAGED
  }

  private raiseDense(index: number, rank: number): number {
    if (rank <= getRegister(this.bytes, this.start + HEADER_BYTES, index)) return UNCHANGED
    if (!this.isOpen) this.extend(DENSE_BYTES)
    setRegister(this.bytes, this.start + HEADER_BYTES, index, rank)
    return RAISED
  }

  /** How many different elements have been added, about; NaN when it is damaged. */
  count(): number {
    const at = this.start + HEADER_BYTES
    histogram.fill(0)
    if (this.isDense) countDense(this.bytes, at, histogram)
    else if (!countSparse(this.bytes, at, this.end, histogram)) return Number.NaN
    return estimate(histogram)
  }

  /** Changes a sparse one to the dense encoding. False: it is damaged, and stays as it is. */
  toDense(): boolean {
    if (!this.spread()) return false
    this.assignDense(registers)
    return true
  }

  /** Spreads out the registers of a sparse one. False: it is damaged. */
  private spread(): boolean {
    registers.fill(0)
    return raiseToSparse(registers, this.bytes, this.start + HEADER_BYTES, this.end)
  }

  /** Gets these registers, a byte each, in the dense encoding. */
  private assignDense(values: Uint8Array): void {
    if (this.isDense) {
      if (!this.isOpen) this.extend(DENSE_BYTES)
      packRegisters(values, this.bytes, this.start + HEADER_BYTES)
      return
    }
    copyHeader(this.bytes, this.start, dense, 0, DENSE)
    packRegisters(values, dense, HEADER_BYTES)
    this.assign(dense)
  }

  /**
   * Raises all registers to `values`, a byte each, among which its own are. A sparse one, which must be sound, stays so unless
   * `toDense` says otherwise or it would grow beyond `sparseMaxBytes`.
   */
  merge(values: Uint8Array, toDense: boolean, sparseMaxBytes: number): void {
    if (toDense || this.isDense || !this.mergeSparse(values, sparseMaxBytes)) this.assignDense(values)
    if (!this.isOpen) this.extend(this.end - this.start)
    makeStale(this.bytes, this.start)
  }

  /** False when it has to become dense. */
  private mergeSparse(values: Uint8Array, sparseMaxBytes: number): boolean {
    draft.assign(this.bytes.subarray(this.start, this.end))
    edit.rewind()
    for (let index = 0; index < REGISTERS; index++) {
      if (values[index] === 0) continue
      if (edit.raiseNext(draft, index, values[index], sparseMaxBytes) === NEEDS_DENSE) return false
    }
    this.assign(draft.bytes.subarray(0, draft.end))
    return true
  }
}

/** One in memory of its own. */
export class LooseHyperLogLog extends HyperLogLog {
  protected override isOpen = true

  extend(length: number): void {
    if (length > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(length, DENSE_BYTES, 2 * this.bytes.length))
      this.bytes.copy(larger)
      this.bytes = larger
    }
    this.end = length
  }

  truncate(length: number): void {
    this.end = length
  }

  override assign(bytes: Buffer): void {
    this.extend(bytes.length)
    bytes.copy(this.bytes)
  }
}

/** Where a sparse one is merged into, before it takes the old one's place in one go. */
const draft = new LooseHyperLogLog()
