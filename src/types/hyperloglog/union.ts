/** The union of HyperLogLogs: each register is the highest of all of theirs. One byte a register, so that none has to be cut out of others. */
import { raiseToDense } from './dense.js'
import { estimate } from './estimate.js'
import { countWords, newHistogram } from './histogram.js'
import { DENSE, encodingOf, HEADER_BYTES, REGISTERS } from './layout.js'
import { raiseToSparse } from './sparse.js'

export class Union {
  readonly registers = new Uint8Array(REGISTERS)
  /** One of those that have been added is dense. */
  hasDense = false
  /** The same, four at a time. */
  private readonly words = new Int32Array(this.registers.buffer)
  private readonly histogram = newHistogram()

  clear(): void {
    this.registers.fill(0)
    this.hasDense = false
  }

  copy(): Union {
    const copy = new Union()
    copy.registers.set(this.registers)
    copy.hasDense = this.hasDense
    return copy
  }

  /** Adds the HyperLogLog bytes[start, end). False: it is damaged, and the union is worth nothing. */
  add(bytes: Buffer, start: number, end: number): boolean {
    const at = start + HEADER_BYTES
    if (encodingOf(bytes, start) !== DENSE) return raiseToSparse(this.registers, bytes, at, end)
    this.hasDense = true
    raiseToDense(this.words, bytes, at)
    return true
  }

  count(): number {
    const { histogram, words } = this
    histogram.fill(0)
    countWords(words, histogram)
    return estimate(histogram)
  }
}
