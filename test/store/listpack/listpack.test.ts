import { describe, expect, test } from 'vitest'
import {
  lpBigInt,
  lpBytes,
  lpCompare,
  lpCopyText,
  lpEnd,
  lpFind,
  lpFirst,
  lpInteger,
  lpIntegerHigh,
  lpIntegerLow,
  lpIsInteger,
  lpLast,
  lpLength,
  lpNext,
  lpPrev,
  lpSeek,
  lpStringLength,
  lpStringStart,
  lpTextLength,
} from '../../../src/store/listpack/listpack.js'
import { referenceListpack } from './listpack-reference.js'

const START = 5

/** A listpack somewhere inside a slab: bytes that mean something else stand around it. */
function slabWith(elements: readonly string[]): Buffer {
  return Buffer.concat([Buffer.alloc(START, 0xaa), referenceListpack(elements), Buffer.alloc(9, 0xaa)])
}

function textAt(buf: Buffer, pos: number): string {
  const target = Buffer.alloc(lpTextLength(buf, pos) + 2, '#')
  expect(lpCopyText(buf, pos, target, 1)).toBe(target.length - 2)
  expect(target[0] === 35 && target[target.length - 1] === 35).toBe(true)
  return target.toString('latin1', 1, target.length - 1)
}

const INTEGERS = [
  ...[0, 1, 127, 128, -1, 4095, 4096, -4096, -4097, 32767, 32768, -32768, -32769, 8388607, 8388608, -8388608, -8388609],
  ...[2147483647, 2147483648, -2147483648, -2147483649, 4294967295, 4294967296, -4294967296],
  ...[Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
].map(String)
const BEYOND_SAFE = [
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
]
const STRING_LENGTHS = [
  0, 1, 62, 63, 64, 124, 125, 126, 127, 4094, 4095, 4096, 4097, 16376, 16377, 16378, 16379, 16380, 2097145, 2097146,
]

describe('reading a listpack', () => {
  test('an empty one has no first, last or indexed element', () => {
    const slab = slabWith([])
    expect(lpBytes(slab, START)).toBe(7)
    expect(lpLength(slab, START)).toBe(0)
    expect(lpFirst(slab, START)).toBe(-1)
    expect(lpLast(slab, START)).toBe(-1)
    for (const index of [0, 1, -1]) expect(lpSeek(slab, START, index)).toBe(-1)
    expect(lpFind(slab, START, lpFirst(slab, START), Buffer.from('a'), 0, 1, 0)).toBe(-1)
  })

  test('integers of every size read as number, halves, BigInt and text', () => {
    const all = [...INTEGERS, ...BEYOND_SAFE]
    const slab = slabWith(all)
    let pos = lpFirst(slab, START)
    for (const text of all) {
      const value = BigInt(text)
      expect(lpIsInteger(slab, pos)).toBe(true)
      expect(lpInteger(slab, pos)).toBe(Number(value))
      expect(Number.isSafeInteger(lpInteger(slab, pos))).toBe(!BEYOND_SAFE.includes(text))
      expect(lpBigInt(slab, pos)).toBe(value)
      expect(BigInt(lpIntegerLow(slab, pos))).toBe(BigInt.asIntN(32, value))
      expect(BigInt(lpIntegerHigh(slab, pos))).toBe(BigInt.asIntN(32, value >> 32n))
      expect(textAt(slab, pos)).toBe(text)
      pos = lpNext(slab, START, pos)
    }
    expect(pos).toBe(-1)
  })

  test('strings at every border of encoding and backlen read forwards and backwards', () => {
    const all = STRING_LENGTHS.map((length, i) => String.fromCharCode(97 + i).repeat(length))
    const slab = slabWith(all)
    const positions: number[] = []
    for (let pos = lpFirst(slab, START); pos >= 0; pos = lpNext(slab, START, pos)) {
      expect(lpIsInteger(slab, pos)).toBe(false)
      const from = lpStringStart(slab, pos)
      expect(slab.toString('latin1', from, from + lpStringLength(slab, pos)) === all[positions.length]).toBe(true)
      expect(textAt(slab, pos) === all[positions.length]).toBe(true)
      positions.push(pos)
    }
    expect(positions).toHaveLength(all.length)
    const backwards: number[] = []
    for (let pos = lpLast(slab, START); pos >= 0; pos = lpPrev(slab, START, pos)) backwards.push(pos)
    expect(backwards.reverse()).toEqual(positions)
    expect(lpPrev(slab, START, lpEnd(slab, START))).toBe(positions.at(-1))
  })

  test('seeking takes indexes from the head and from the tail', () => {
    const all = Array.from({ length: 11 }, (_, i) => `e${i}`)
    const slab = slabWith(all)
    for (let i = 0; i < all.length; i++) {
      expect(textAt(slab, lpSeek(slab, START, i))).toBe(all[i])
      expect(textAt(slab, lpSeek(slab, START, i - all.length))).toBe(all[i])
    }
    for (const index of [11, -12, 1e6, -1e6]) expect(lpSeek(slab, START, index)).toBe(-1)
  })

  test('with 65535 elements or more the header gives the count up, and reading still knows it', () => {
    for (const count of [65534, 65535, 65536, 70000]) {
      const slab = slabWith(Array.from({ length: count }, (_, i) => String(i % 100)))
      expect(slab.readUInt16LE(START + 4)).toBe(Math.min(count, 65535))
      expect(lpLength(slab, START)).toBe(count)
      expect(slab.readUInt16LE(START + 4)).toBe(Math.min(count, 65535))
      expect(textAt(slab, lpSeek(slab, START, count - 1))).toBe(String((count - 1) % 100))
      expect(textAt(slab, lpSeek(slab, START, -2))).toBe(String((count - 2) % 100))
      expect(lpSeek(slab, START, count)).toBe(-1)
      expect(lpSeek(slab, START, -count - 1)).toBe(-1)
    }
  })

  test('a count that fits again is put back into the header', () => {
    const slab = slabWith(['a', 'b', 'c'])
    slab.writeUInt16LE(65535, START + 4)
    expect(lpLength(slab, START)).toBe(3)
    expect(slab.readUInt16LE(START + 4)).toBe(3)
  })
})

describe('comparing and finding', () => {
  const needle = (text: string) => Buffer.from(`<${text}>`, 'latin1')
  const is = (slab: Buffer, pos: number, text: string) => lpCompare(slab, pos, needle(text), 1, 1 + text.length)
  const find = (slab: Buffer, from: number, text: string, skip: number) =>
    lpFind(slab, START, from, needle(text), 1, 1 + text.length, skip)

  test('an integer equals its canonical text and nothing else', () => {
    for (const text of [...INTEGERS, ...BEYOND_SAFE]) {
      const slab = slabWith([text])
      const pos = lpFirst(slab, START)
      expect(is(slab, pos, text), text).toBe(true)
      for (const other of [`0${text}`, `+${text}`, ` ${text}`, `${text} `, `${text}0`, `${text}.0`, 'x', '']) {
        expect(is(slab, pos, other), `${text} and ${other}`).toBe(false)
      }
      for (const delta of [1n, -1n, 1n << 32n, -(1n << 32n)]) {
        expect(is(slab, pos, String(BigInt(text) + delta)), text).toBe(false)
      }
    }
  })

  test('a string equals the same bytes, whichever byte differs', () => {
    for (const length of [0, 1, 2, 63, 64, 65, 200, 4096]) {
      const text = 'abcdefghij'.repeat(length / 10 + 1).slice(0, length)
      const slab = slabWith([text])
      const pos = lpFirst(slab, START)
      expect(is(slab, pos, text)).toBe(true)
      expect(is(slab, pos, `${text}x`)).toBe(false)
      for (const at of new Set([0, length >> 1, length - 1])) {
        if (at >= 0 && at < length) expect(is(slab, pos, `${text.slice(0, at)}#${text.slice(at + 1)}`)).toBe(false)
      }
    }
  })

  test('a string that looks like a number but is not canonical stays a string', () => {
    const all = ['007', '+7', '-0', '7.0', '9223372036854775808', '-9223372036854775809', '12345678901234567890123']
    const slab = slabWith(all)
    for (let i = 0; i < all.length; i++) {
      const pos = lpSeek(slab, START, i)
      expect(lpIsInteger(slab, pos)).toBe(false)
      expect(find(slab, lpFirst(slab, START), all[i], 0)).toBe(pos)
    }
    expect(find(slab, lpFirst(slab, START), '7', 0)).toBe(-1)
  })

  test('skip 1 sees fields and not values', () => {
    const slab = slabWith(['f1', 'v1', '2', 'f1', 'f3', '2', 'v1', '-9223372036854775808'])
    const first = lpFirst(slab, START)
    expect(find(slab, first, 'f3', 1)).toBe(lpSeek(slab, START, 4))
    expect(find(slab, first, '2', 1)).toBe(lpSeek(slab, START, 2))
    expect(find(slab, first, 'v1', 1)).toBe(lpSeek(slab, START, 6))
    expect(find(slab, first, '-9223372036854775808', 1)).toBe(-1)
    expect(find(slab, lpSeek(slab, START, 1), '-9223372036854775808', 1)).toBe(lpSeek(slab, START, 7))
  })

  test('searching begins at the given element, and a skip may lead past the end', () => {
    const slab = slabWith(['a', 'b', 'a', 'b', 'a'])
    expect(find(slab, lpSeek(slab, START, 1), 'a', 0)).toBe(lpSeek(slab, START, 2))
    expect(find(slab, lpFirst(slab, START), 'b', 1)).toBe(-1)
    expect(find(slab, lpFirst(slab, START), 'b', 100)).toBe(-1)
    expect(find(slab, -1, 'a', 0)).toBe(-1)
  })
})
