import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyspaceTarget } from '../../../src/persistence/rdb/load.js'
import { RdbReader } from '../../../src/persistence/rdb/reader.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { defaultLimits, type ListLimits } from '../../../src/types/value-limits.js'
import { cat, cut, file, length, lzf, type Part, str } from '../../persistence/rdb/bytes.js'
import { contents, load } from '../../persistence/rdb/keyspace.js'

const LIST = 1
const ZIPLIST = 10
const QUICKLIST = 14
const QUICKLIST_2 = 18
const PLAIN = 1
const PACKED = 2

function u16(value: number): Buffer {
  return Buffer.of(value & 255, value >> 8)
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** A listpack of strings of up to 63 bytes, and longer ones. */
function listpack(...values: (string | Buffer)[]): Buffer {
  const entries = values.map(value => {
    const bytes = Buffer.from(value)
    const head = bytes.length < 64 ? Buffer.of(0x80 | bytes.length) : cat(0xf0, u32(bytes.length))
    return cat(head, bytes, backlen(head.length + bytes.length))
  })
  const body = Buffer.concat(entries)
  return cat(u32(body.length + 7), u16(values.length), body, 0xff)
}

function backlen(size: number): Buffer {
  const digits: number[] = []
  for (let rest = size; rest > 0; rest >>= 7)
    digits.unshift((rest & 127) | (digits.length === 0 && rest < 128 ? 0 : 128))
  digits[0] &= 127
  for (let i = 1; i < digits.length; i++) digits[i] |= 128
  return Buffer.from(digits)
}

/** A ziplist of strings of up to 63 bytes, and of one small integer where a number is given. */
function ziplist(...values: (string | number)[]): Buffer {
  let previous = 0
  let last = 10
  let at = 10
  const entries = values.map(value => {
    const entry =
      typeof value === 'number'
        ? cat(previous, 0xf1 + value)
        : cat(previous, value.length, Buffer.from(value, 'latin1'))
    last = at
    at += entry.length
    previous = entry.length
    return entry
  })
  const body = Buffer.concat(entries)
  return cat(u32(body.length + 11), u32(last), u16(values.length), body, 0xff)
}

function listOf(limits: ListLimits, ...items: Part[]): { encoding: string; value: unknown } {
  const { keyspace } = load(file(10, ...items), { limits: { ...defaultLimits(), list: limits } })
  const { encoding, value } = contents(keyspace.databases[0]).k
  return { encoding, value }
}

const THREE: ListLimits = { maxListpackSize: 3, compressDepth: 0 }
const long = randomFillSync(Buffer.alloc(100_000)).toString('latin1')

describe('lists of all forms', () => {
  test.each<[string, Part[], string, string[]]>([
    ['elements', [LIST, str('k'), 3, str('a'), cat(0xc0, 5), str('')], 'listpack', ['a', '5', '']],
    ['more elements', [LIST, str('k'), 4, str('a'), str('b'), str('c'), str('d')], 'quicklist', ['a', 'b', 'c', 'd']],
    ['a ziplist, which stays a quicklist', [ZIPLIST, str('k'), str(ziplist('a', 7))], 'quicklist', ['a', '7']],
    ['one of ziplists', [QUICKLIST, str('k'), 1, str(ziplist('a', 'b'))], 'listpack', ['a', 'b']],
    [
      'several ziplists, one of them empty',
      [QUICKLIST, str('k'), 3, str(ziplist('a')), str(ziplist()), lzf(ziplist('b'.repeat(60), 12))],
      'quicklist',
      ['a', 'b'.repeat(60), '12'],
    ],
    ['a listpack', [QUICKLIST_2, str('k'), 1, PACKED, str(listpack('a', 'b'))], 'listpack', ['a', 'b']],
    [
      'a listpack that is too large for one',
      [QUICKLIST_2, str('k'), 1, PACKED, str(listpack('a', 'b', 'c', 'd'))],
      'quicklist',
      ['a', 'b', 'c', 'd'],
    ],
    [
      'a listpack beside an empty one',
      [QUICKLIST_2, str('k'), 2, PACKED, str(listpack()), PACKED, str(listpack('a'))],
      'listpack',
      ['a'],
    ],
    [
      'listpacks and an element as it is',
      [
        QUICKLIST_2,
        str('k'),
        3,
        PACKED,
        str(listpack('a')),
        PLAIN,
        str('plain'),
        PACKED,
        lzf(listpack('c'.repeat(63))),
      ],
      'quicklist',
      ['a', 'plain', 'c'.repeat(63)],
    ],
    ['an element that is a number', [QUICKLIST_2, str('k'), 1, PLAIN, cat(0xc0, 100)], 'quicklist', ['100']],
  ])('%s', (_, items, encoding, value) => {
    expect(listOf(THREE, ...items)).toEqual({ encoding, value })
  })

  test('long ones in between', () => {
    const items = [
      ...[QUICKLIST_2, str('k'), 5],
      ...[PACKED, str(listpack(Buffer.from(long, 'latin1'), 'a'))],
      ...[PLAIN, str(long)],
      ...[PACKED, lzf(listpack('x'.repeat(200_000), 'b'))],
      ...[PLAIN, lzf('y'.repeat(200_000))],
      ...[PACKED, str(listpack('c'))],
    ]
    const value = [long, 'a', long, 'x'.repeat(200_000), 'b', 'y'.repeat(200_000), 'c']
    expect(listOf(THREE, ...items)).toEqual({ encoding: 'quicklist', value })
    const old = [QUICKLIST, str('k'), 1, str(ziplist(...Array.from({ length: 20_000 }, (_, i) => `e${i}`)))]
    expect(listOf({ maxListpackSize: -2, compressDepth: 0 }, ...old).value).toHaveLength(20_000)
    expect(listOf(THREE, LIST, str('k'), 2, str(long), str('a')).value).toEqual([long, 'a'])
  })

  test('a list without elements is none', () => {
    for (const items of [
      [LIST, str('k'), 0],
      [ZIPLIST, str('k'), str(ziplist())],
      [QUICKLIST, str('k'), 0],
      [QUICKLIST_2, str('k'), 2, PACKED, str(listpack()), PACKED, str(listpack())],
    ]) {
      const { keyspace, target } = load(file(10, ...items, 0, str('other'), str('1')))
      expect(Object.keys(contents(keyspace.databases[0]))).toEqual(['other'])
      expect(target.emptyKeysSkipped).toBe(1)
    }
  })

  test('a key that has expired is left out, whatever its form', () => {
    const expired = cat(0xfc, Buffer.of(1, 0, 0, 0, 0, 0, 0, 0))
    for (const items of [
      [LIST, str('k'), 2, str('a'), str('b')],
      [ZIPLIST, str('k'), str(ziplist('a'))],
      [QUICKLIST, str('k'), 1, str(ziplist('a'))],
      [
        QUICKLIST_2,
        str('k'),
        3,
        PACKED,
        str(listpack('a')),
        PLAIN,
        str('b'),
        PACKED,
        lzf(listpack('x'.repeat(90_000))),
      ],
    ]) {
      const { keyspace } = load(file(10, expired, ...items, 0, str('other'), str('1')), { dropExpired: true })
      expect(Object.keys(contents(keyspace.databases[0]))).toEqual(['other'])
    }
  })

  test('however the bytes come', () => {
    const bytes = file(
      10,
      ...[
        QUICKLIST_2,
        str('a'),
        3,
        PACKED,
        str(listpack('1', '2')),
        PLAIN,
        str(long),
        PACKED,
        lzf(listpack('3'.repeat(70_000))),
      ],
      ...[LIST, str('b'), 2, str('x'), lzf('z'.repeat(100))],
      ...[QUICKLIST, str('c'), 2, str(ziplist('p', 3)), lzf(ziplist('q'.repeat(60)))],
    )
    const expected = contents(load(bytes).keyspace.databases[0])
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), positions => {
        const keyspace = new Keyspace(16)
        const reader = new RdbReader(new KeyspaceTarget(keyspace, { limits: defaultLimits(), dropExpired: false }))
        for (const chunk of cut(bytes, positions)) {
          if (reader.done) break
          const passing = Buffer.from(chunk)
          reader.push(passing)
          if (!reader.done) passing.fill(0xee)
        }
        reader.end()
        expect(contents(keyspace.databases[0])).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })
})

describe('damage', () => {
  const bad = listpack('a', 'b')
  bad[8] = 0x85
  const truncated = Buffer.from(listpack('x'.repeat(63), 'y'.repeat(90_000)))
  truncated[6] = 0x81

  test.each<[string, Part[], RegExp]>([
    [
      'a listpack that is none',
      [QUICKLIST_2, str('k'), 1, PACKED, str(bad)],
      /\(key "k"\): expected a listpack of elem/,
    ],
    ['a long one', [QUICKLIST_2, str('k'), 1, PACKED, str(truncated)], /\(key "k"\): expected a listpack of elements/],
    [
      'the second one',
      [QUICKLIST_2, str('k'), 2, PACKED, str(listpack('a')), PACKED, str('x')],
      /a listpack of elements/,
    ],
    [
      'a node of a third kind',
      [QUICKLIST_2, str('k'), 1, 3, str(listpack('a'))],
      /expected a node of a list, found .* 3/,
    ],
    ['a plain node without bytes', [QUICKLIST_2, str('k'), 1, PLAIN, str('')], /\(key "k"\): expected an element/],
    ['a ziplist that is none', [ZIPLIST, str('k'), str('ziplist')], /\(key "k"\): expected a ziplist of elements/],
    ['a ziplist among others', [QUICKLIST, str('k'), 2, str(ziplist('a')), str('z')], /expected a ziplist of elements/],
    ['elements that are missing', [LIST, str('k'), 3, str('a')], /\(key "k"\)/],
  ])('%s', (_, items, message) => {
    expect(() => load(file(10, ...items))).toThrow(message)
  })

  test('says what is missing where the data ends', () => {
    const bytes = cat('REDIS0010', QUICKLIST_2, str('k'), 3, PACKED, str(listpack('a')))
    expect(() => load(bytes)).toThrow(/2 more nodes/)
    expect(() => load(cat('REDIS0010', LIST, str('k'), length(100), str('a')))).toThrow(/99 more elements/)
  })
})
