/** PFSELFTEST: registers keep what they are set to, the encodings agree, and the error stays within its bounds. Takes seconds. */
import { performance } from '../../clock/platform.js'
import { getRegister, setRegister } from './dense.js'
import { LooseHyperLogLog } from './hyperloglog.js'
import { DENSE, DENSE_BYTES, HEADER_BYTES, REGISTER_MAX, REGISTERS, SPARSE, writeHeader } from './layout.js'
import { writeZeros } from './sparse.js'

const REGISTER_ROUNDS = 1000
const ELEMENTS = 10_000_000
const ELEMENT_BYTES = 8
/** Standard errors that an estimate may be wrong by. */
const TOLERATED_ERRORS = 6
const STANDARD_ERROR = 1.04 / Math.sqrt(REGISTERS)
const ELEMENTS_BETWEEN_CLOCK_READS = 1000
/** Of so few elements two may share a register, which is one more than the bound allows. */
const FEW = 10

export class SelfTest {
  /** What is wrong, in Redis's words; '' when nothing is. */
  failure = ''
  private readonly dense = new LooseHyperLogLog()
  private readonly sparse = new LooseHyperLogLog()
  private readonly expected = new Uint8Array(REGISTERS)
  private readonly element = Buffer.alloc(ELEMENT_BYTES)
  private readonly seed = randomWord()
  private readonly sparseMaxBytes: number
  private round = 0
  private added = 0
  private checkpoint = 1

  constructor(sparseMaxBytes: number) {
    this.sparseMaxBytes = sparseMaxBytes
    this.dense.extend(DENSE_BYTES)
    this.sparse.extend(HEADER_BYTES + 2)
    writeHeader(this.sparse.bytes, 0, SPARSE)
    writeZeros(this.sparse.bytes, HEADER_BYTES, REGISTERS)
    this.element.writeUInt32LE(randomWord(), ELEMENT_BYTES / 2)
  }

  /** Goes on until `deadlineMs` (performance.now()); true when all is done. */
  run(deadlineMs: number): boolean {
    do {
      if (this.round < REGISTER_ROUNDS) this.testRegisters()
      else this.testEstimates()
      if (this.failure !== '' || this.added === ELEMENTS) return true
    } while (performance.now() < deadlineMs)
    return false
  }

  private testRegisters(): void {
    const { dense, expected } = this
    for (let i = 0; i < REGISTERS; i++) {
      expected[i] = Math.random() * (REGISTER_MAX + 1)
      setRegister(dense.bytes, HEADER_BYTES, i, expected[i])
    }
    for (let i = 0; i < REGISTERS; i++) {
      const value = getRegister(dense.bytes, HEADER_BYTES, i)
      if (value === expected[i]) continue
      this.failure = `TESTFAILED Register ${i} should be ${expected[i]} but is ${value}`
      return
    }
    if (++this.round < REGISTER_ROUNDS) return
    dense.bytes.fill(0)
    writeHeader(dense.bytes, 0, DENSE)
  }

  private testEstimates(): void {
    const { dense, element, sparse, sparseMaxBytes } = this
    for (let i = 0; i < ELEMENTS_BETWEEN_CLOCK_READS; i++) {
      element.writeUInt32LE((++this.added ^ this.seed) >>> 0)
      dense.add(element, 0, ELEMENT_BYTES, sparseMaxBytes)
      sparse.add(element, 0, ELEMENT_BYTES, sparseMaxBytes)
      if (this.added !== this.checkpoint) continue
      this.failure = this.check()
      if (this.failure !== '') return
      this.checkpoint *= 10
    }
  }

  private check(): string {
    const { added, dense, sparse } = this
    if (added < this.sparseMaxBytes / 2 && sparse.isDense) return 'TESTFAILED sparse encoding not used'
    const cardinality = dense.count()
    if (cardinality !== sparse.count()) return 'TESTFAILED dense/sparse disagree'
    const error = Math.abs(added - cardinality)
    const tolerated = added === FEW ? 1 : Math.ceil(STANDARD_ERROR * TOLERATED_ERRORS * added)
    return error > tolerated ? `TESTFAILED Too big error. card:${added} abserr:${error}` : ''
  }
}

function randomWord(): number {
  return Math.floor(Math.random() * 2 ** 32)
}
