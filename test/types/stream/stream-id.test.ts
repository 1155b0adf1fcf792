import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ANY_SEQUENCE,
  ID_BYTES,
  ID_TEXT_BYTES,
  parseStreamId,
  StreamId,
  WHOLE,
  WITHOUT_SEQUENCE,
} from '../../../src/types/stream/stream-id.js'

const LAST = 2n ** 64n - 1n
const BORDERS = [0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n].flatMap(border =>
  [-2n, -1n, 0n, 1n].map(more => BigInt.asUintN(64, border + more)),
)
const number = fc.oneof(fc.constantFrom(...BORDERS), fc.bigInt({ min: 0n, max: LAST }), fc.bigInt({ min: 0n, max: 9n }))

type Pair = readonly [ms: bigint, seq: bigint]
const pair: fc.Arbitrary<Pair> = fc.tuple(number, number)

function idOf([ms, seq]: Pair): StreamId {
  const half = (value: bigint): number => Number(BigInt.asUintN(32, value))
  return new StreamId().setHalves(half(ms >> 32n), half(ms), half(seq >> 32n), half(seq))
}

function pairOf({ msHigh, msLow, seqHigh, seqLow }: StreamId): Pair {
  for (const half of [msHigh, msLow, seqHigh, seqLow]) expect(half).toBe(half >>> 0)
  return [(BigInt(msHigh) << 32n) | BigInt(msLow), (BigInt(seqHigh) << 32n) | BigInt(seqLow)]
}

/** An ID as one number. */
const whole = ([ms, seq]: Pair): bigint => (ms << 64n) | seq
const halves = (value: bigint): Pair => [BigInt.asUintN(64, value >> 64n), BigInt.asUintN(64, value)]
const MOST = 2n ** 128n - 1n

function parse(text: string): [number, string] {
  const bytes = Buffer.from(`<${text}>`, 'latin1')
  const id = new StreamId()
  const kind = parseStreamId(bytes, 1, bytes.length - 1, id)
  return [kind, kind === 0 ? '' : id.toString()]
}

describe('an ID', () => {
  test('is written, and read again', () => {
    fc.assert(
      fc.property(pair, ([ms, seq]) => {
        const id = idOf([ms, seq])
        expect(id.toString()).toBe(`${ms}-${seq}`)
        expect(parse(`${ms}-${seq}`)).toEqual([WHOLE, `${ms}-${seq}`])
        expect(parse(`${ms}`)).toEqual([WITHOUT_SEQUENCE, `${ms}-0`])
        expect(parse(`${ms}-*`)).toEqual([ANY_SEQUENCE, `${ms}-0`])
        const bytes = Buffer.alloc(ID_BYTES + 2)
        id.writeBytes(bytes, 1)
        expect(bytes.toString('hex', 1, ID_BYTES + 1)).toBe(whole([ms, seq]).toString(16).padStart(32, '0'))
        expect(pairOf(new StreamId().readBytes(bytes, 1))).toEqual([ms, seq])
      }),
    )
    expect(idOf([LAST, LAST]).toString()).toHaveLength(ID_TEXT_BYTES)
  })

  test('has an order', () => {
    fc.assert(
      fc.property(pair, pair, (a, b) => {
        const order = whole(a) < whole(b) ? -1 : whole(a) > whole(b) ? 1 : 0
        expect(Math.sign(idOf(a).compare(idOf(b)))).toBe(order)
        expect(idOf(a).compare(idOf(a).copy())).toBe(0)
        expect(idOf(a).hasTimeOf(idOf(b))).toBe(a[0] === b[0])
        expect(idOf(a).isZero).toBe(whole(a) === 0n)
        expect(idOf(a).isLast).toBe(whole(a) === MOST)
      }),
    )
  })

  test('has a next one and one before', () => {
    fc.assert(
      fc.property(pair, start => {
        const id = idOf(start)
        expect(id.increment()).toBe(whole(start) !== MOST)
        expect(pairOf(id)).toEqual(halves(BigInt.asUintN(128, whole(start) + 1n)))
        id.set(idOf(start))
        expect(id.decrement()).toBe(whole(start) !== 0n)
        expect(pairOf(id)).toEqual(halves(BigInt.asUintN(128, whole(start) - 1n)))
      }),
    )
  })

  test('has a next one of the same time, but for the last sequence number', () => {
    for (const seq of BORDERS) {
      const id = idOf([5n, seq])
      const isThere = id.incrementSequence()
      expect(isThere).toBe(seq !== LAST)
      if (isThere) expect(pairOf(id)).toEqual([5n, seq + 1n])
    }
  })

  test('lies behind another by differences that wrap', () => {
    fc.assert(
      fc.property(pair, pair, (base, id) => {
        const ms = BigInt.asIntN(64, id[0] - base[0])
        const seq = BigInt.asIntN(64, id[1] - base[1])
        const half = (value: bigint): number => Number(BigInt.asIntN(32, value))
        const found = new StreamId()
        found.setOffset(idOf(base), half(ms >> 32n), half(ms), half(seq >> 32n), half(seq))
        expect(pairOf(found)).toEqual(id)
      }),
    )
  })

  test.each([0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 1_700_000_000_000, Number.MAX_SAFE_INTEGER])(
    'begins the millisecond %d',
    ms => {
      expect(new StreamId().setLast().setTime(ms).toString()).toBe(`${ms}-0`)
    },
  )
})

describe('texts', () => {
  // What strtoull takes is taken, as long as it is no negative number; a C string ends with its first zero byte.
  test.each([
    ['007-08', '7-8'],
    ['+5-+6', '5-6'],
    [' 5-\t6', '5-6'],
    ['5--0', '5-0'],
    ['5--01', '5-18446744073709551615'],
    ['5--9223372036854775809', '5-9223372036854775807'],
    ['5- -2', '5-18446744073709551614'],
    ['000000000000000000000000000012-3', '12-3'],
    ['1-5\0x', '1-5'],
    ['1-*\0x', '1-0'],
    ['1\0-5', '1-0'],
    ['18446744073709551615-18446744073709551615', '18446744073709551615-18446744073709551615'],
  ])('%j is an ID', (text, id) => {
    expect(parse(text)[1]).toBe(id)
  })

  test.each([
    '',
    '-',
    '-1',
    '1-',
    '-*',
    '*',
    '*-1',
    '1-**',
    '1-1-1',
    'a',
    '1a-1',
    '1-1 ',
    '1.5',
    '0x10',
    '1--1',
    '1--9223372036854775808',
    '\0',
    '1-\0',
    '18446744073709551616-0',
    '0-18446744073709551616',
    '99999999999999999999999',
    `${'0'.repeat(126)}1-`,
    '0'.repeat(128),
  ])('%j is none', text => {
    expect(parse(text)[0]).toBe(0)
  })

  test('of up to 127 bytes', () => {
    expect(parse(`${'0'.repeat(124)}1-2`)).toEqual([WHOLE, '1-2'])
    expect(parse(`${'0'.repeat(125)}1-2`)[0]).toBe(0)
  })
})
