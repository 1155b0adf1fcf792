import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyspaceTarget } from '../../../src/persistence/rdb/load.js'
import { RdbReader } from '../../../src/persistence/rdb/reader.js'
import { type ByteSink, Snapshot } from '../../../src/persistence/snapshot.js'
import { RdbOutput } from '../../../src/rdb/output.js'
import type { Database } from '../../../src/store/database.js'
import { TYPE_SET } from '../../../src/store/entries.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { ByteRange } from '../../../src/types/byte-range.js'
import { Digest } from '../../../src/types/digest.js'
import type { FormTaker } from '../../../src/types/held-form.js'
import { copyValue, encodingName, kindOf, writeValue } from '../../../src/types/kinds.js'
import { isLarge } from '../../../src/types/large-value.js'
import { MemberSet } from '../../../src/types/set/set.js'
import { defaultLimits, type SetLimits, type ValueLimits } from '../../../src/types/value-limits.js'
import { cat, cut, expiryMs, file, length, lzf, type Part, str } from '../../persistence/rdb/bytes.js'

const TYPE_PLAIN = 2
const TYPE_INTSET = 11
const TYPE_LISTPACK = 20
const KEY = Buffer.from('k')
/** Small sets of any size. */
const ROOMY: SetLimits = { maxIntsetEntries: 1e7, maxListpackEntries: 1e7, maxListpackValueBytes: 1e6 }

function valueLimits(set: SetLimits = defaultLimits().set): ValueLimits {
  return { ...defaultLimits(), set }
}

/** Reads a file in chunks; a chunk's memory is overwritten once it has been taken. */
function load(bytes: Buffer, limits = valueLimits(), chunks = [bytes]): Database {
  const keyspace = new Keyspace(1)
  const reader = new RdbReader(new KeyspaceTarget(keyspace, { limits, dropExpired: false }))
  for (const chunk of chunks) {
    let at = 0
    while (at < chunk.length) {
      const passing = Buffer.from(chunk.subarray(at))
      at += reader.push(passing, performance.now() + 0.2)
      if (!reader.done) passing.fill(0xee)
    }
  }
  while (reader.isBusy) reader.push(Buffer.alloc(0))
  reader.end()
  return keyspace.databases[0]
}

/** A file of the one key. */
function ofValue(type: number, ...value: Part[]): Buffer {
  return file(11, type, str('k'), ...value)
}

function plain(members: readonly string[]): Part[] {
  return [length(members.length), ...members.map(member => str(member))]
}

function intset(width: number, ...integers: bigint[]): Buffer {
  const bytes = Buffer.alloc(8 + integers.length * width)
  bytes.writeUInt32LE(width, 0)
  bytes.writeUInt32LE(integers.length, 4)
  integers.forEach((value, i) => {
    if (width === 8) bytes.writeBigInt64LE(value, 8 + i * 8)
    else bytes.writeIntLE(Number(value), 8 + i * width, width)
  })
  return bytes
}

/** A listpack of short strings and of integers from 0 to 127. */
function listpack(...elements: (string | number)[]): Buffer {
  const entries = elements.map(element =>
    typeof element === 'number' ? Buffer.of(element, 1) : cat(0x80 | element.length, element, element.length + 1),
  )
  const body = Buffer.concat(entries)
  const head = Buffer.alloc(6)
  head.writeUInt32LE(7 + body.length, 0)
  head.writeUInt16LE(elements.length, 4)
  return cat(head, body, 0xff)
}

function open(db: Database, key = KEY): MemberSet {
  const set = new MemberSet()
  const address = db.findForWrite(key, 0, key.length)
  if (address === 0) set.openNew(db, key, 0, key.length)
  else set.open(db, address)
  return set
}

function members(db: Database, key = KEY): string[] {
  const found: string[] = []
  open(db, key).iterate(member => found.push(member.copy().toString('latin1')))
  return found
}

function encoding(db: Database, key = KEY): string {
  return encodingName(db.keyspace, open(db, key).address)
}

function add(db: Database, list: Iterable<string>, limits = defaultLimits().set, key = KEY): void {
  for (const member of list) {
    const bytes = Buffer.from(member, 'latin1')
    open(db, key).add(bytes, 0, bytes.length, limits)
  }
}

function numbered(count: number, name = (i: number) => `member:${i}`): string[] {
  return Array.from({ length: count }, (_, i) => name(i))
}

describe('sets are read', () => {
  test.each([
    ['a plain one of integers', ofValue(TYPE_PLAIN, ...plain(['5', '-3', '70000'])), 'intset', ['-3', '5', '70000']],
    ['a plain one of strings', ofValue(TYPE_PLAIN, ...plain(['b', 'a', ''])), 'listpack', ['b', 'a', '']],
    ['a plain one of both', ofValue(TYPE_PLAIN, ...plain(['7', '5', 'x', '6'])), 'listpack', ['5', '7', 'x', '6']],
    ['integers in special encodings', ofValue(TYPE_PLAIN, 2, 0xc0, 5, 0xc1, 0, 1), 'intset', ['5', '256']],
    ['an intset', ofValue(TYPE_INTSET, str(intset(2, -3n, 5n))), 'intset', ['-3', '5']],
    ['a wide intset', ofValue(TYPE_INTSET, str(intset(8, -(1n << 63n), 0n))), 'intset', [`${-(1n << 63n)}`, '0']],
    ['a compressed intset', ofValue(TYPE_INTSET, lzf(intset(4, 1n, 2n, 3n, 4n, 5n, 6n))), 'intset', [...'123456']],
    ['a listpack', ofValue(TYPE_LISTPACK, str(listpack('b', 7, 'a'))), 'listpack', ['b', '7', 'a']],
    ['a listpack of integers', ofValue(TYPE_LISTPACK, str(listpack(7, 3))), 'listpack', ['7', '3']],
  ])('%s', (_, bytes, expected, list) => {
    for (const chunks of [[bytes], [...bytes].map(byte => Buffer.of(byte))]) {
      const db = load(bytes, valueLimits(), chunks)
      expect(encoding(db)).toBe(expected)
      expect(members(db)).toEqual(list)
    }
  })

  test.each([
    ['plain ones of too many integers', TYPE_PLAIN, numbered(513, String), 'hashtable'],
    ['plain ones of many integers', TYPE_PLAIN, numbered(512, String), 'intset'],
    ['plain ones of too many strings', TYPE_PLAIN, numbered(129), 'hashtable'],
    ['plain ones of many strings', TYPE_PLAIN, numbered(128), 'listpack'],
    ['plain ones of a long string', TYPE_PLAIN, ['a', 'b'.repeat(65), '1'], 'hashtable'],
    ['plain ones of a string that is just not too long', TYPE_PLAIN, ['1', 'b'.repeat(64)], 'listpack'],
    ['plain ones that do not fit a slot', TYPE_PLAIN, numbered(100, i => `${i}`.padStart(60, 'x')), 'listpack'],
  ])('%s, by the limits', (_, type, list, expected) => {
    const db = load(ofValue(type, ...plain(list)))
    expect(encoding(db)).toBe(expected)
    expect(members(db).sort()).toEqual([...list].sort())
  })

  test('packed ones of more members than the limits allow become tables', () => {
    const few = valueLimits({ maxIntsetEntries: 2, maxListpackEntries: 2, maxListpackValueBytes: 1 })
    for (const bytes of [
      ofValue(TYPE_INTSET, str(intset(2, 1n, 2n, 3n))),
      ofValue(TYPE_LISTPACK, str(listpack('1', '2', '3'))),
    ]) {
      const db = load(bytes, few)
      expect(encoding(db)).toBe('hashtable')
      expect(members(db).sort()).toEqual(['1', '2', '3'])
    }
    // Only their number counts.
    expect(encoding(load(ofValue(TYPE_LISTPACK, str(listpack('long', 'longer'))), few))).toBe('listpack')
  })

  test.each([
    ['kept', ROOMY, 'intset'],
    ['taken apart', defaultLimits().set, 'hashtable'],
  ])('an intset of 100 000 integers is %s in steps', (_, limits, expected) => {
    const integers = Array.from({ length: 100_000 }, (_, i) => BigInt(i) * 100_000_000_000n)
    const bytes = ofValue(TYPE_INTSET, str(intset(8, ...integers)))
    const chunks = cut(bytes, [10, 5000, 300_000])
    const db = load(bytes, valueLimits(limits), chunks)
    expect(encoding(db)).toBe(expected)
    expect(new Set(members(db))).toEqual(new Set(integers.map(String)))
    expect(encoding(load(ofValue(TYPE_INTSET, lzf(intset(8, ...integers))), valueLimits(limits)))).toBe(expected)
  })

  test('a listpack of 20 000 members is kept, or taken apart', () => {
    const list = numbered(20_000)
    const bytes = ofValue(TYPE_LISTPACK, str(listpack(...list)))
    const kept = load(bytes, valueLimits(ROOMY))
    expect(encoding(kept)).toBe('listpack')
    expect(members(kept)).toEqual(list)
    const apart = load(bytes)
    expect(encoding(apart)).toBe('hashtable')
    expect(members(apart).sort()).toEqual(list.sort())
  })

  test('the expiry comes along, whatever the form', () => {
    for (const [type, ...value] of [
      [TYPE_PLAIN, ...plain(['a', 'b'])],
      [TYPE_PLAIN, ...plain(numbered(600))],
      [TYPE_INTSET, str(intset(2, 1n))],
      [TYPE_LISTPACK, str(listpack('a'))],
    ] as [number, ...Part[]][]) {
      const db = load(file(11, expiryMs(5e12), type, str('k'), ...value, TYPE_PLAIN, str('j'), ...plain(['x'])))
      expect(db.entries.expiry(open(db).address)).toBe(5e12)
      expect(members(db, Buffer.from('j'))).toEqual(['x'])
      expect(db.expires.count).toBe(1)
    }
  })

  test('a set without members is no key', () => {
    for (const bytes of [ofValue(TYPE_PLAIN, 0), ofValue(TYPE_LISTPACK, str(listpack()))]) {
      expect(load(bytes).keys.count).toBe(0)
    }
  })

  const twice = intset(2, 1n, 2n, 2n)
  test.each([
    ['a plain one with an integer twice', ofValue(TYPE_PLAIN, ...plain(['5', '6', '5'])), '"5" a second time'],
    ['a plain one with a string twice', ofValue(TYPE_PLAIN, ...plain(['a', 'b', 'a'])), '"a" a second time'],
    ['a large one with a string twice', ofValue(TYPE_PLAIN, ...plain([...numbered(300), 'member:7'])), 'second time'],
    ['an intset with an integer twice', ofValue(TYPE_INTSET, str(twice)), 'integrity check failed'],
    ['an intset out of order', ofValue(TYPE_INTSET, str(intset(4, 2n, 1n))), 'integrity check failed'],
    ['an empty intset', ofValue(TYPE_INTSET, str(intset(2))), 'integrity check failed'],
    ['an intset that is cut', ofValue(TYPE_INTSET, str(intset(2, 1n, 2n).subarray(0, 11))), 'integrity check failed'],
    ['an intset of odd integers', ofValue(TYPE_INTSET, str(cat(3, intset(2, 1n).subarray(1)))), 'integrity check'],
    ['no intset at all', ofValue(TYPE_INTSET, str('abc')), 'integrity check failed'],
    ['a listpack with a member twice', ofValue(TYPE_LISTPACK, str(listpack('a', 3, 'a'))), 'with dup elements'],
    ['a listpack with 3 and "3"', ofValue(TYPE_LISTPACK, str(listpack('3', 3))), 'integrity check failed'],
    ['a listpack that is cut', ofValue(TYPE_LISTPACK, str(listpack('a', 'b').subarray(0, 9))), 'integrity check'],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => load(bytes)).toThrow(message)
  })

  test('damage far into a long intset is found', () => {
    const integers = Array.from({ length: 50_000 }, (_, i) => BigInt(i) * 3n)
    integers[49_000] = 1n
    expect(() => load(ofValue(TYPE_INTSET, str(intset(4, ...integers))), valueLimits(ROOMY))).toThrow('integrity check')
  })

  test('random damage ends in an error or in a set, never in anything else', () => {
    const bytes = [
      ofValue(TYPE_PLAIN, ...plain(['a', '5', 'member', '-70000'])),
      ofValue(TYPE_INTSET, str(intset(4, -9n, 70_000n, 80_000n))),
      ofValue(TYPE_LISTPACK, str(listpack('abc', 5, 'd'))),
    ]
    fc.assert(
      fc.property(fc.constantFrom(...bytes), fc.nat(), fc.nat(255), (sound, where, byte) => {
        const damaged = Buffer.from(sound)
        damaged[9 + (where % (damaged.length - 18))] = byte
        damaged.fill(0, damaged.length - 8)
        try {
          const db = load(damaged)
          const { address } = open(db)
          if (address === 0 || db.entries.type(address) !== TYPE_SET) return
          const list = members(db)
          expect(new Set(list).size).toBe(list.length)
        } catch (error) {
          expect((error as Error).name).toBe('RdbError')
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** The RDB form, behind its type; DUMP's without the footer. */
function written(db: Database): Buffer {
  const out = new RdbOutput(16)
  const { address } = open(db)
  out.byte(kindOf(db.entries, address).rdbType(db.keyspace, address))
  writeValue(out, db.keyspace, address, false)
  return out.take()
}

describe('sets are written as Redis 7.0 reads them', () => {
  test('an intset as it is, a listpack as a plain set in its order', () => {
    const db = load(ofValue(TYPE_PLAIN, ...plain(['3', '-70000'])))
    expect(written(db)).toEqual(cat(TYPE_INTSET, str(intset(4, -70000n, 3n))))
    add(db, ['b', '9223372036854775807', 'a'])
    const integers = cat(0xc2, Buffer.from([0x90, 0xee, 0xfe, 0xff]), 0xc0, 3)
    expect(written(db)).toEqual(cat(TYPE_PLAIN, 5, integers, str('b'), str('9223372036854775807'), str('a')))
  })

  test.each([
    ['an intset', numbered(300, i => String(i * 1e6)), ROOMY],
    ['an intset in a large Buffer', numbered(30_000, i => String(i * 1e6)), ROOMY],
    ['a listpack', [...numbered(100), '5', '-700000'], ROOMY],
    ['a listpack in a large Buffer', [...numbered(3000), '5', ...numbered(40, i => `${i}`.repeat(9000))], ROOMY],
    ['a table', [...numbered(3000), ''], defaultLimits().set],
    ['a table with large members', numbered(20, i => `${i}`.repeat(30_000)), defaultLimits().set],
  ])('%s comes back as it was', (_, list, limits) => {
    const db = new Keyspace(1).databases[0]
    add(db, list, limits)
    for (const compress of [false, true]) {
      const out = new RdbOutput(16)
      const { address } = open(db)
      out.byte(kindOf(db.entries, address).rdbType(db.keyspace, address))
      out.raw(str('k'))
      writeValue(out, db.keyspace, address, compress)
      const again = load(file(10, out.take()), valueLimits(limits))
      expect(encoding(again)).toBe(encoding(db))
      expect(members(again).sort()).toEqual([...list].sort())
    }
  })

  test('a large one is held as it is at that moment, and given in pieces', () => {
    for (const [list, limits] of [
      [numbered(5000), ROOMY],
      [numbered(5000, i => String(i * 1e12)), ROOMY],
      [numbered(5000), defaultLimits().set],
    ] as const) {
      const db = new Keyspace(1).databases[0]
      add(db, list, limits)
      const { address } = open(db)
      expect(isLarge(db.entries, address)).toBe(true)
      const type = kindOf(db.entries, address).rdbType(db.keyspace, address)
      const form = kindOf(db.entries, address).hold(db.keyspace, address, { compress: false, snapshot: null })
      const out = new RdbOutput(16)
      const taker: FormTaker = {
        out,
        append: () => {},
        string: held => {
          const bytes = Buffer.alloc(held.length)
          held.read(0, held.length, bytes, 0)
          held.release()
          out.string(bytes, 0, bytes.length, false)
        },
      }
      let pieces = 0
      while (form.next(taker)) {
        pieces++
        if (pieces === 3) db.remove(open(db).address)
        else if (pieces < 3) {
          add(
            db,
            numbered(50, i => `later:${pieces}:${i}`),
            limits,
          )
          const set = open(db)
          for (const member of list.slice(pieces * 100, pieces * 100 + 90)) {
            const bytes = Buffer.from(member)
            set.delete(bytes, 0, bytes.length)
          }
        }
      }
      form.close()
      if (list[0] !== '0') expect(pieces).toBeGreaterThan(2)
      const again = load(ofValue(type, out.take()), valueLimits(limits))
      expect(members(again).sort()).toEqual([...list].sort())
      expect(db.entries.held.active).toBe(false)
    }
  })
})

describe('a snapshot', () => {
  class Collected implements ByteSink {
    readonly chunks: Buffer[] = []
    readonly congested = false
    write(chunk: Buffer): void {
      this.chunks.push(Buffer.from(chunk))
    }
  }

  test('has all sets as they were when it began, while members come and go', () => {
    const action = fc.tuple(
      fc.constantFrom('add', 'delete', 'pop', 'drop', 'step'),
      fc.constantFrom('small', 'packed', 'integers', 'table'),
      fc.nat(800),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 150 }), script => {
        const db = new Keyspace(1).databases[0]
        const keys = ['small', 'packed', 'integers', 'table'].map(name => Buffer.from(name))
        const limits = (key: Buffer) => (key.toString() === 'table' ? defaultLimits().set : ROOMY)
        const name = (key: Buffer, i: number) => (key.toString() === 'integers' ? String(i * 1e11) : `member:${i}`)
        for (const key of keys) {
          const count = { small: 10, packed: 1500, integers: 2500, table: 400 }[key.toString()] ?? 0
          add(
            db,
            numbered(count, i => name(key, i)),
            limits(key),
            key,
          )
        }
        const before = keys.map(key => members(db, key).sort())
        const sink = new Collected()
        const snapshot = new Snapshot(db.keyspace, sink, { compress: true, checksum: true, access: null, aux: [] })
        const shown = new ByteRange()
        let done = false
        for (const [kind, which, n] of script) {
          const key = Buffer.from(which)
          const set = open(db, key)
          const member = Buffer.from(name(key, n))
          if (kind === 'add') set.add(member, 0, member.length, limits(key))
          else if (kind === 'delete') set.delete(member, 0, member.length)
          else if (kind === 'step') done ||= snapshot.step(0)
          else if (set.address !== 0 && kind === 'drop' && n % 7 === 0) db.remove(set.address)
          else if (set.address !== 0 && kind === 'pop') {
            set.random(shown)
            set.deleteDrawn()
          }
        }
        while (!done) done = snapshot.step(Number.POSITIVE_INFINITY)
        const again = load(Buffer.concat(sink.chunks), valueLimits(ROOMY))
        expect(keys.map(key => members(again, key).sort())).toEqual(before)
      }),
      { numRuns: 25 },
    )
  })
})

describe('copies', () => {
  test.each([
    ['an intset', numbered(20, String), 'intset'],
    ['a listpack', numbered(20), 'listpack'],
    ['a listpack in a Buffer', numbered(100, i => `${i}`.padStart(60, '-')), 'listpack'],
    ['a table', numbered(300), 'hashtable'],
  ])('of %s have the same encoding and a life of their own', (_, list, expected) => {
    const db = new Keyspace(1).databases[0]
    add(db, list)
    const copyKey = Buffer.from('copy')
    const { address } = open(db)
    expect(db.findForWrite(copyKey, 0, copyKey.length)).toBe(0)
    copyValue(db, address, db, copyKey, 0, copyKey.length)
    expect(encoding(db, copyKey)).toBe(expected)
    expect(members(db, copyKey).sort()).toEqual([...list].sort())
    add(db, ['31337'], defaultLimits().set, copyKey)
    const first = Buffer.from(list[0])
    open(db, copyKey).delete(first, 0, first.length)
    expect(members(db).sort()).toEqual([...list].sort())
  })
})

test('the digest depends on the members, not on the encoding or the order', () => {
  const digestOf = (list: string[], limits?: SetLimits): string => {
    const db = new Keyspace(1).databases[0]
    add(db, list, limits)
    const { address } = open(db)
    const digest = new Digest()
    kindOf(db.entries, address).digest(digest, db, address)
    return digest.hex
  }
  const table = { maxIntsetEntries: 0, maxListpackEntries: 0, maxListpackValueBytes: 0 }
  expect(digestOf(['1', '2', '3'], table)).toBe(digestOf(['3', '2', '1']))
  expect(digestOf(['a', '2', 'b'], table)).toBe(digestOf(['b', 'a', '2']))
  expect(digestOf(['a', '2'])).not.toBe(digestOf(['a', '3']))
})
