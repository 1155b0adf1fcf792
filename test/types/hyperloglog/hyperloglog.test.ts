import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { getRegister } from '../../../src/types/hyperloglog/dense.js'
import { LooseHyperLogLog } from '../../../src/types/hyperloglog/hyperloglog.js'
import { HEADER_BYTES, REGISTERS, SPARSE, writeHeader } from '../../../src/types/hyperloglog/layout.js'
import { raiseToSparse, writeZeros } from '../../../src/types/hyperloglog/sparse.js'
import { DAMAGED, RAISED, UNCHANGED } from '../../../src/types/hyperloglog/sparse-edit.js'

const LIMIT = 3000

function empty(): LooseHyperLogLog {
  const made = new LooseHyperLogLog()
  made.extend(HEADER_BYTES + 2)
  writeHeader(made.bytes, 0, SPARSE)
  writeZeros(made.bytes, HEADER_BYTES, REGISTERS)
  return made
}

function registersOf(of: LooseHyperLogLog): Uint8Array {
  const registers = new Uint8Array(REGISTERS)
  if (of.isDense) return registers.map((_, i) => getRegister(of.bytes, HEADER_BYTES, i))
  expect(raiseToSparse(registers, of.bytes, HEADER_BYTES, of.end)).toBe(true)
  return registers
}

/** Quicker than a comparison that could show all of them. */
function firstDifference(registers: Uint8Array, expected: Uint8Array): number {
  return registers.findIndex((value, i) => value !== expected[i])
}

/** Registers near each other, so that runs are split and joined, and some that do not go into the sparse encoding. */
const changes = fc.array(
  fc.tuple(
    fc.oneof({ weight: 4, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.nat(REGISTERS - 1) }),
    fc.oneof(
      { weight: 200, arbitrary: fc.integer({ min: 1, max: 6 }) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 51 }) },
    ),
  ),
  { maxLength: 120 },
)

test('registers are as high as the highest rank they were raised to, in both encodings', () => {
  fc.assert(
    fc.property(changes, fc.constantFrom(20, 40, LIMIT), (list, limit) => {
      const tested = empty()
      const expected = new Uint8Array(REGISTERS)
      for (const [index, rank] of list) {
        const outcome = tested.raise(index, rank, limit)
        expect(outcome).toBe(rank > expected[index] ? RAISED : UNCHANGED)
        expected[index] = Math.max(expected[index], rank)
      }
      expect(firstDifference(registersOf(tested), expected)).toBe(-1)
      if (!tested.isDense) expect(tested.end).toBeLessThanOrEqual(Math.max(limit, HEADER_BYTES + 2))
    }),
    { numRuns: 300 },
  )
})

test('merging gives the bytes that raising register by register gives', () => {
  fc.assert(
    fc.property(changes, changes, fc.constantFrom(40, LIMIT), (own, others, limit) => {
      const merged = empty()
      const raised = empty()
      for (const [index, rank] of own) {
        merged.raise(index, rank, limit)
        raised.raise(index, rank, limit)
      }
      const values = registersOf(merged)
      for (const [index, rank] of others) values[index] = Math.max(values[index], rank)
      merged.merge(values, false, limit)
      for (let i = 0; i < REGISTERS; i++) if (values[i] > 0) raised.raise(i, values[i], limit)
      expect(merged.bytes.subarray(HEADER_BYTES, merged.end)).toEqual(raised.bytes.subarray(HEADER_BYTES, raised.end))
    }),
    { numRuns: 300 },
  )
})

test('many elements at once do what they do one by one', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { maxLength: 200 }), fc.constantFrom(60, LIMIT), (numbers, limit) => {
      const texts = numbers.map(number => Buffer.from(`element ${number}`))
      const ends = Int32Array.from(
        texts,
        (
          (end: number) => (text: Buffer) =>
            (end += text.length)
        )(0),
      )
      const starts = ends.map((end, i) => end - texts[i].length)
      const together = empty()
      const alone = empty()
      const changed = together.addAll(Buffer.concat(texts), starts, ends, 0, texts.length, limit)
      expect(texts.filter(text => alone.add(text, 0, text.length, limit) === RAISED).length).toBe(changed)
      expect(together.bytes.subarray(HEADER_BYTES, together.end)).toEqual(alone.bytes.subarray(HEADER_BYTES, alone.end))
    }),
  )
})

describe('the count', () => {
  test.each([0, 1, 2, 10, 100, 1000, 10_000, 100_000])('of %d elements is right by some percent', elements => {
    const tested = empty()
    const element = Buffer.alloc(8)
    for (let i = 0; i < elements; i++) {
      element.writeUInt32LE(i)
      tested.add(element, 0, 8, LIMIT)
    }
    expect(Math.abs(tested.count() - elements)).toBeLessThanOrEqual(elements * 0.05)
    const sparseCount = tested.count()
    if (!tested.isDense) tested.toDense()
    expect(tested.count()).toBe(sparseCount)
  })

  test('of registers that no element can set does not fit 64 bits', () => {
    const tested = empty()
    tested.toDense()
    tested.bytes.fill(0xff, HEADER_BYTES, tested.end)
    expect(tested.count()).toBe(-(2 ** 63))
  })
})

describe('a damaged sparse one', () => {
  const damaged = (bytes: number[]): LooseHyperLogLog => {
    const made = empty()
    made.extend(HEADER_BYTES + bytes.length)
    Buffer.from(bytes).copy(made.bytes, HEADER_BYTES)
    return made
  }

  test('says so when it is counted, changed to dense, or has no such register', () => {
    const short = damaged([0x7f, 0xfe])
    expect(short.count()).toBeNaN()
    expect(short.toDense()).toBe(false)
    expect(short.raise(REGISTERS - 1, 3, LIMIT)).toBe(DAMAGED)
    expect(short.raise(5, 33, LIMIT)).toBe(DAMAGED)
    expect(short.end).toBe(HEADER_BYTES + 2)
  })

  test('has its sound registers raised as Redis does', () => {
    const long = damaged([0x7f, 0xff, 0x00])
    expect(long.raise(5, 3, LIMIT)).toBe(RAISED)
    expect([...long.bytes.subarray(HEADER_BYTES, long.end)]).toEqual([0x04, 0x88, 0x7f, 0xf9, 0x00])
  })

  test('may hold anything', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(255), { maxLength: 60 }),
        fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 1, max: 40 })), { maxLength: 20 }),
        fc.constantFrom(30, LIMIT),
        (bytes, list, limit) => {
          const tested = damaged(bytes)
          for (const [index, rank] of list)
            expect([UNCHANGED, RAISED, DAMAGED]).toContain(tested.raise(index, rank, limit))
          tested.count()
        },
      ),
    )
  })
})
