import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  countDense,
  getRegister,
  packRegisters,
  raiseToDense,
  setRegister,
} from '../../../src/types/hyperloglog/dense.js'
import { countOf, countWords, type Histogram, newHistogram } from '../../../src/types/hyperloglog/histogram.js'
import { DENSE_BYTES, HEADER_BYTES, REGISTERS } from '../../../src/types/hyperloglog/layout.js'
import {
  countSparse,
  describeSparse,
  raiseToSparse,
  shortRun,
  shortRuns,
  valueCode,
  writeZeros,
} from '../../../src/types/hyperloglog/sparse.js'

const AT = HEADER_BYTES
const registers = fc.uint8Array({ minLength: REGISTERS, maxLength: REGISTERS, max: 63 })

function dense(values: Uint8Array): Buffer {
  const bytes = Buffer.alloc(DENSE_BYTES)
  packRegisters(values, bytes, AT)
  return bytes
}

function counts(values: Uint8Array): number[] {
  const found = new Array<number>(64).fill(0)
  for (const value of values) found[value]++
  return found
}

function countsIn(histogram: Histogram): number[] {
  return Array.from({ length: 64 }, (_, value) => countOf(histogram, value))
}

describe('dense registers', () => {
  test('are what they have been set to, and leave their neighbours alone', () => {
    fc.assert(
      fc.property(
        registers,
        fc.array(fc.tuple(fc.nat(REGISTERS - 1), fc.nat(63)), { minLength: 1, maxLength: 200 }),
        (values, changes) => {
          const bytes = dense(values)
          for (const [index, value] of changes) {
            values[index] = value
            setRegister(bytes, AT, index, value)
          }
          expect(values.findIndex((value, i) => getRegister(bytes, AT, i) !== value)).toBe(-1)
          expect(bytes.length).toBe(DENSE_BYTES)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('are counted by their values', () => {
    fc.assert(
      fc.property(registers, values => {
        const histogram = newHistogram()
        countDense(dense(values), AT, histogram)
        expect(countsIn(histogram)).toEqual(counts(values))
      }),
      { numRuns: 30 },
    )
  })

  test('are counted as those of one byte each', () => {
    fc.assert(
      fc.property(registers, values => {
        values.fill(0, 100, 200)
        const histogram = newHistogram()
        countWords(new Int32Array(values.slice().buffer), histogram)
        expect(countsIn(histogram)).toEqual(counts(values))
      }),
      { numRuns: 30 },
    )
  })

  test('raise others to the higher ones', () => {
    fc.assert(
      fc.property(registers, registers, (values, others) => {
        const raised = Int32Array.from(new Int32Array(values.slice().buffer))
        raiseToDense(raised, dense(others), AT)
        const bytes = new Uint8Array(raised.buffer)
        expect(values.findIndex((value, i) => bytes[i] !== Math.max(value, others[i]))).toBe(-1)
      }),
      { numRuns: 30 },
    )
  })
})

describe('sparse runs', () => {
  const run = fc.oneof(
    fc.tuple(fc.constant(0), fc.integer({ min: 1, max: 400 })),
    fc.tuple(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 1, max: 4 })),
  )
  /** Runs that make up all registers, as bytes and one by one. */
  const runs = fc.array(run, { maxLength: 300 }).map(list => {
    const values = new Uint8Array(REGISTERS)
    const bytes = Buffer.alloc(2 * REGISTERS)
    let index = 0
    let at = 0
    for (const [value, length] of list) {
      const whole = Math.min(length, REGISTERS - index)
      if (whole === 0) break
      if (value === 0) at = writeZeros(bytes, at, whole)
      else bytes[at++] = valueCode(value, whole)
      values.fill(value, index, index + whole)
      index += whole
    }
    if (index < REGISTERS) at = writeZeros(bytes, at, REGISTERS - index)
    return { bytes: bytes.subarray(0, at), values }
  })

  test('are counted, and raise others, as the registers that they stand for', () => {
    fc.assert(
      fc.property(runs, ({ bytes, values }) => {
        const histogram = newHistogram()
        const raised = new Uint8Array(REGISTERS).fill(2)
        expect(countSparse(bytes, 0, bytes.length, histogram)).toBe(true)
        expect(countsIn(histogram)).toEqual(counts(values))
        expect(raiseToSparse(raised, bytes, 0, bytes.length)).toBe(true)
        expect(values.findIndex((value, i) => raised[i] !== Math.max(value, 2))).toBe(-1)
      }),
    )
  })

  test('are damaged when they are more or fewer registers than there are', () => {
    fc.assert(
      fc.property(runs, fc.nat(63), fc.boolean(), ({ bytes }, extra, cut) => {
        const damaged = cut ? bytes.subarray(1) : Buffer.concat([bytes, Buffer.from([extra])])
        const registers = new Uint8Array(REGISTERS)
        const isSound = cut && raiseToSparse(registers, damaged, 0, damaged.length)
        expect(countSparse(damaged, 0, damaged.length, newHistogram())).toBe(isSound)
        expect(raiseToSparse(new Uint8Array(REGISTERS), damaged, 0, damaged.length)).toBe(isSound)
        if (!cut) expect(isSound).toBe(false)
      }),
    )
  })

  test('that end within an XZERO have a zero behind', () => {
    const bytes = Buffer.from([0x7f])
    expect(describeSparse(bytes, 0, 1)).toBe('Z:16129')
    expect(countSparse(bytes, 0, 1, newHistogram())).toBe(false)
  })

  test('of one byte have the same length four at a time', () => {
    const short = fc.oneof(fc.nat(0x3f), fc.integer({ min: 0x80, max: 0xff }))
    fc.assert(
      fc.property(fc.tuple(short, short, short, short), codes => {
        const word = Buffer.from(codes).readInt32LE(0)
        expect(shortRuns(word)).toBe(codes.reduce((sum, code) => sum + shortRun(code), 0))
      }),
    )
  })
})
