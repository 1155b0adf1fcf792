/** Strings and packed hashes that are read in pieces, wherever the cuts. */
import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyspaceTarget } from '../../../src/persistence/rdb/load.js'
import { RdbReader } from '../../../src/persistence/rdb/reader.js'
import { RdbError } from '../../../src/rdb/error.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { LP_COUNT_UNKNOWN } from '../../../src/store/listpack/listpack.js'
import { cat, cut, expiryMs, file, length, lzf, RecordingTarget, readChunks, str } from './bytes.js'
import { contents, LIMITS, limitsOf } from './keyspace.js'
import { hashListpack, ziplist, zipmap } from './old-forms.js'

const NONE = '(NaN,-1,-1)'
const PLAIN = randomFillSync(Buffer.alloc(200_000)).toString('latin1')
const TEXT = 'some text, again and again. '.repeat(12_000)
const KEY = `key ${'k'.repeat(70_000)}`
const pairs = (count: number, word: string): string[] =>
  Array.from({ length: count }, (_, i) => [`field ${i}`, i % 3 === 0 ? String(i) : `${word} ${i}`]).flat()
const many = pairs(3000, 'a value')
const long = pairs(1000, 'w'.repeat(70))
const shown = (all: string[]): string[] => all.flatMap((name, i) => (i % 2 ? [] : [`${name}=${all[i + 1]}`]))

/** Every place where a string may be long, with short ones before and behind; and what a target hears of each. */
const ITEMS: [Buffer, string[]][] = [
  [cat(0xfa, str('note'), lzf(TEXT)), [`aux note=${TEXT}`]],
  [cat(0, str('first'), str('v')), [`string first ${NONE} v`]],
  [cat(expiryMs(1_900_000_000_123), 0, str('plain'), str(PLAIN)), [`string plain (1900000000123,-1,-1) ${PLAIN}`]],
  [cat(0, str('packed'), lzf(TEXT)), [`string packed ${NONE} ${TEXT}`]],
  [cat(0, str(KEY), str('short')), [`string ${KEY} ${NONE} short`]],
  [cat(0, lzf(`${KEY}2`), str(PLAIN)), [`string ${KEY}2 ${NONE} ${PLAIN}`]],
  [cat(0xf9, 7, 0, str(`${KEY}3`), lzf(TEXT)), [`string ${KEY}3 (NaN,-1,7) ${TEXT}`]],
  [
    cat(4, str('hash'), 4, str('a'), str(PLAIN), str(PLAIN), str('b'), lzf(TEXT), lzf(KEY), str('c'), 0xc0, 5),
    [`hashtable hash ${NONE} ${[`a=${PLAIN}`, `${PLAIN}=b`, `${TEXT}=${KEY}`, 'c=5'].sort().join(' ')}`],
  ],
  [
    cat(0xf8, length(500), 16, str('listpack'), str(hashListpack(many))),
    [`listpack listpack (NaN,500,-1) ${shown(many).join(' ')}`],
  ],
  [
    cat(16, str('packed listpack'), lzf(hashListpack(many))),
    [`listpack packed listpack ${NONE} ${shown(many).join(' ')}`],
  ],
  [cat(13, str('ziplist'), str(ziplist(many))), [`listpack ziplist ${NONE} ${shown(many).join(' ')}`]],
  [cat(9, str('zipmap'), lzf(zipmap(long))), [`hashtable zipmap ${NONE} ${shown(long).sort().join(' ')}`]],
  [cat(0, str('last'), lzf('abc'.repeat(20))), [`string last ${NONE} ${'abc'.repeat(20)}`]],
]
const whole = file(10, ...ITEMS.map(([bytes]) => bytes))
const events = ITEMS.flatMap(([, heard]) => heard)

/** Beginnings and ends of items and of their parts: whatever is special about a position is near one of these. */
const borders = [9]
for (const [bytes] of ITEMS) borders.push(borders[borders.length - 1] + bytes.length)

/** As readChunks, but the reader stops as soon as it may, and what it has not taken comes again. */
function readSlowly(chunks: Buffer[], totalBytes = Number.POSITIVE_INFINITY): { events: string[]; calls: number } {
  const target = new RecordingTarget()
  const reader = new RdbReader(target, { totalBytes })
  let calls = 0
  for (const chunk of chunks) {
    let left = Buffer.from(chunk)
    while (!reader.done && (left.length > 0 || reader.isBusy)) {
      const passing = Buffer.from(left)
      const taken = reader.push(passing, 0)
      passing.fill(0xee)
      left = left.subarray(taken)
      calls++
    }
  }
  reader.end()
  expect(reader.bytesTaken).toBe(whole.length)
  return { events: target.events, calls }
}

describe('long strings', () => {
  test('are read like others', () => {
    const read = readChunks([whole])
    expect(read.events).toEqual(events)
    expect(read.reader.bytesRead).toBe(whole.length)
    expect(readChunks([whole], { totalBytes: whole.length }).events).toEqual(events)
  })

  test('give the same however they are cut, and wherever the reader stops', () => {
    const position = fc.oneof(
      fc.nat(whole.length),
      fc
        .tuple(fc.constantFrom(...borders), fc.integer({ min: -12, max: 12 }))
        .map(([border, off]) => Math.max(0, border + off)),
    )
    const known = fc.constantFrom(whole.length, Number.POSITIVE_INFINITY)
    fc.assert(
      fc.property(fc.array(position, { maxLength: 60 }), known, (positions, totalBytes) => {
        const chunks = cut(whole, positions)
        expect(readChunks(chunks, { totalBytes }).events).toEqual(events)
        expect(readSlowly(chunks, totalBytes).events).toEqual(events)
      }),
      { numRuns: 25 },
    )
  })

  test('take many calls that are each short', () => {
    const { calls } = readSlowly([whole])
    expect(calls).toBeGreaterThan(whole.length / 50_000)
  })

  test.each([100, 4096, 65_536])('give the same in chunks of %i bytes', size => {
    const chunks = cut(
      whole,
      Array.from({ length: Math.floor(whole.length / size) }, (_, i) => i * size),
    )
    expect(readChunks(chunks).events).toEqual(events)
  })

  test('end up in memory of their own that is neither copied nor larger than they are', () => {
    const big = Buffer.alloc(70 << 20, 'some bytes')
    for (const value of [str(big), lzf(big)]) {
      for (const totalBytes of [true, false]) {
        const bytes = file(10, 0, str('k'), value, 4, str('h'), 1, str('f'), value)
        const keyspace = new Keyspace(16)
        const target = new KeyspaceTarget(keyspace, { limits: LIMITS, dropExpired: false })
        const reader = new RdbReader(target, totalBytes ? { totalBytes: bytes.length } : {})
        for (let at = 0; at < bytes.length; at += 65_536) reader.push(bytes.subarray(at, at + 65_536))
        expect(reader.done).toBe(true)
        const { buffers } = keyspace.entries
        for (const number of [0, 1]) {
          expect(buffers.get(number).buffer.byteLength).toBe(big.length)
          expect(buffers.get(number).equals(big)).toBe(true)
        }
      }
    }
  })
})

describe('packed hashes', () => {
  const fields = Object.fromEntries(many.flatMap((name, i) => (i % 2 ? [] : [[name, many[i + 1]]])))
  test.each([
    ['listpack', 16, hashListpack(many)],
    ['ziplist', 13, ziplist(many)],
    ['zipmap', 9, zipmap(many)],
  ])('a long %s becomes a table, or a listpack where that is allowed', (name, type, value) => {
    for (const maxEntries of [512, 3000]) {
      const keyspace = new Keyspace(16)
      const target = new KeyspaceTarget(keyspace, {
        limits: limitsOf({ maxEntries, maxValueBytes: 64 }),
        dropExpired: false,
      })
      const bytes = file(10, expiryMs(4_000_000_000_123), type, str('h'), str(value), 0, str('k'), str('v'))
      new RdbReader(target, { totalBytes: bytes.length }).push(bytes)
      const encoding = maxEntries === 512 ? 'hashtable' : 'listpack'
      const { h, k } = contents(keyspace.databases[0])
      expect(h, name).toEqual({ encoding, value: fields, expiryMs: 4_000_000_000_123 })
      expect(k.value).toBe('v')
      expect(target.keysLoaded).toBe(2)
    }
  })

  test('a long ziplist becomes the listpack that its elements make, whatever their length', () => {
    const long = [...many, 'noise', PLAIN, 'text', TEXT, '12', '-70000']
    const keyspace = new Keyspace(16)
    const hashLimits = { maxEntries: 3003, maxValueBytes: 64 }
    const target = new KeyspaceTarget(keyspace, { limits: limitsOf(hashLimits), dropExpired: false })
    const reader = new RdbReader(target)
    const bytes = file(10, 13, str('h'), str(ziplist(long)))
    for (let at = 0; at < bytes.length; at += 10_000) reader.push(bytes.subarray(at, at + 10_000))
    expect(reader.done).toBe(true)
    expect(contents(keyspace.databases[0]).h.encoding).toBe('listpack')
    expect(keyspace.entries.buffers.get(0).equals(hashListpack(long))).toBe(true)
  })

  test('limits may change while one is taken apart', () => {
    for (const [type, value] of [
      [16, hashListpack(many)],
      [13, ziplist(many)],
      [9, zipmap(many)],
    ] as const) {
      const bytes = file(10, type, str('h'), str(value))
      let steps = 0
      for (let changeAt = 1; changeAt === 1 || changeAt <= steps; changeAt++) {
        const keyspace = new Keyspace(16)
        const hashLimits = { maxEntries: 3000, maxValueBytes: 64 }
        const reader = new RdbReader(new KeyspaceTarget(keyspace, { limits: limitsOf(hashLimits), dropExpired: false }))
        let at = 0
        for (steps = 0; !reader.done && steps < 1000; steps++) {
          if (steps === changeAt) hashLimits.maxEntries = 128
          at += reader.push(bytes.subarray(at), 0)
        }
        expect(reader.done).toBe(true)
        expect(contents(keyspace.databases[0]).h.value).toEqual(fields)
      }
    }
  })

  test('an expired one, and one that is there already, end as short ones do', () => {
    for (const value of [cat(16, str('h'), str(hashListpack(many))), cat(13, str('h'), str(ziplist(many)))]) {
      const keyspace = new Keyspace(16)
      const target = new KeyspaceTarget(keyspace, { limits: LIMITS, dropExpired: true })
      new RdbReader(target).push(file(10, expiryMs(1), value, expiryMs(1), value, value))
      expect(target).toMatchObject({ keysLoaded: 1, keysExpired: 2 })
      expect(errorOf(file(10, value, value)).message).toMatch(
        /\(key "h"\): expected every key once, found a key that the database holds already/,
      )
    }
  })

  test('of a hundred thousand fields in a listpack that stays one', () => {
    const all = pairs(100_000, 'v')
    const listpack = listpackOfStrings(all)
    expect(listpack.readUInt16LE(4)).toBe(LP_COUNT_UNKNOWN)
    const hashLimits = { maxEntries: 200_000, maxValueBytes: 64 }
    const load = (value: Buffer): KeyspaceTarget => {
      const target = new KeyspaceTarget(new Keyspace(16), { limits: limitsOf(hashLimits), dropExpired: false })
      new RdbReader(target).push(file(10, 16, str('h'), str(value)))
      return target
    }
    expect(load(listpack).keysLoaded).toBe(1)
    const twice = listpackOfStrings([...all, 'field 77', 'again'])
    expect(() => load(twice)).toThrow(/integrity check failed/)
  })
})

/** Of strings of under 64 bytes, none stored as an integer. */
function listpackOfStrings(elements: string[]): Buffer {
  const entries = elements.map(each => cat(0x80 | each.length, each, each.length + 1))
  const bytes = Buffer.concat([Buffer.alloc(6, 0xff), ...entries, Buffer.of(0xff)])
  bytes.writeUInt32LE(bytes.length, 0)
  return bytes
}

function errorOf(bytes: Buffer, totalBytes = Number.POSITIVE_INFINITY, chunkBytes = 65_536): RdbError {
  const target = new KeyspaceTarget(new Keyspace(16), { limits: LIMITS, dropExpired: false })
  const reader = new RdbReader(target, { totalBytes })
  try {
    for (let at = 0; at < bytes.length; at += chunkBytes) reader.push(bytes.subarray(at, at + chunkBytes))
    reader.end()
  } catch (error) {
    if (error instanceof RdbError) return error
    throw error
  }
  throw new Error('the bytes were read without an error')
}

describe('damage', () => {
  test('every truncation is an error that says where', () => {
    const places = new Set<number>()
    for (const border of borders) for (let off = -6; off <= 6; off++) places.add(border + off)
    for (let at = 0; at < whole.length; at += 29_989) places.add(at)
    for (const at of places) {
      if (at < 0 || at >= whole.length) continue
      const error = errorOf(whole.subarray(0, at), Number.POSITIVE_INFINITY, 20_000)
      expect(error.offset).toBe(at)
      expect(error.message).toMatch(`RDB: at offset ${at}`)
      expect(error.message).toMatch('found the end of the data')
    }
  })

  test('a lie about a length is found out at once where the size of all is known', () => {
    const bytes = cat('REDIS0010', 0, str('k'), length(1_000_000_000), 'abc')
    expect(errorOf(bytes, bytes.length).message).toMatch(/at offset 20: expected data up to offset 1000000017/)
    const packed = cat('REDIS0010', 0, str('k'), 0xc3, length(1_000_000), length(2_000_000), 'abc')
    expect(errorOf(packed, packed.length).message).toMatch(/at offset 26: expected data up to offset 1000023/)
  })

  test('a lie takes no more than a few times the memory of what comes', () => {
    const before = process.memoryUsage().arrayBuffers
    const bytes = cat('REDIS0010', 0, str('k'), length(2 ** 31 - 5000), Buffer.alloc(17 << 20))
    expect(errorOf(bytes).offset).toBe(bytes.length)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150 << 20)
  })

  const bad = Buffer.concat([lzf(TEXT).subarray(0, -300), Buffer.alloc(300, 0xff)])
  const head = lzf(TEXT).length - lzf(TEXT).subarray(11).length
  test.each([
    ['a value', cat(0, str('k'), bad), 12 + head - 2, '"k"'],
    ['a field', cat(4, str('h'), 2, str('f'), str('v'), bad, str('v')), 17 + head - 2, '"h"'],
    ['the value of a long field', cat(4, str('h'), 1, str(PLAIN), bad), 13 + 5 + PLAIN.length + head - 2, '"h"'],
    ['a listpack', cat(16, str('h'), bad), 12 + head - 2, null],
  ])('compressed bytes that are none in %s are found where they are', (_, item, offset, key) => {
    const error = errorOf(file(10, item))
    expect(error.message).toMatch(/expected LZF data for 336000 bytes, found damaged data/)
    expect(error.offset).toBeGreaterThanOrEqual(offset - 1)
    expect(error.offset).toBeLessThanOrEqual(offset + 2)
    if (key !== null) expect(error.message).toContain(`(key ${key})`)
  })

  test('what stands behind a long string is placed right', () => {
    const value = cat('REDIS0010', 0, str('k'), str(PLAIN), 200)
    expect(errorOf(value).message).toMatch(`at offset ${value.length - 1}: expected a key or an opcode, found byte 200`)
    const field = cat('REDIS0010', 4, str('h'), 1, str(PLAIN), 0xc4)
    expect(errorOf(field).message).toMatch(`at offset ${field.length - 1} (key "h")`)
    const second = cat('REDIS0010', 0, str(KEY), 0xc4)
    expect(errorOf(second).offset).toBe(second.length - 1)
  })

  test.each([
    ['a listpack', 16, hashListpack(many), /"h"\): expected a listpack .*, found \d+ bytes \(Hash listpack integrity/],
    ['a ziplist', 13, ziplist(many), /"h"\): expected a ziplist .*, found \d+ bytes \(Hash ziplist integrity/],
    ['a zipmap', 9, zipmap(many), /"h"\): expected a zipmap, found \d+ bytes \(Zipmap integrity check failed\)/],
  ])('%s that is none is refused as a whole, by the offset of the value', (_, type, value, message) => {
    const damaged = Buffer.from(value)
    damaged.writeUInt32LE(0xffffffff, damaged.length - 40)
    damaged[damaged.length - 41] = 0xfe
    const error = errorOf(file(10, type, str('h'), str(damaged)))
    expect(error.message).toMatch(message)
    expect(error.offset).toBe(12)
  })

  test.each([
    ['a listpack', 16, hashListpack([...many, 'field 7', 'x']), /\d+ bytes \(Hash listpack .*with dup elements\)/],
    ['a ziplist', 13, ziplist([...many, 'field 7', 'x']), /expected distinct fields, found "field 7" a second time/],
    ['a zipmap', 9, zipmap([...many, 'field 7', 'x']), /expected distinct fields, found "field 7" a second time/],
    ['a table', 4, null, /expected distinct fields, found "sss.* a second time/],
  ])('a field twice in %s', (_, type, value, message) => {
    const long = str('s'.repeat(100_000))
    const item = value === null ? cat(2, long, str('v'), long, str(PLAIN)) : str(value)
    const error = errorOf(file(10, type, str('h'), item))
    expect(error.message).toMatch(message)
    expect(error.message).toContain('(key "h")')
  })

  test('no bit flip does anything but load or fail', () => {
    const value = hashListpack(pairs(2000, 'v'))
    const sound = file(
      10,
      16,
      str('h'),
      lzf(value),
      0,
      str('k'),
      lzf(TEXT),
      13,
      str('z'),
      str(ziplist(pairs(2000, 'v'))),
    )
    let failed = 0
    fc.assert(
      fc.property(fc.nat(sound.length * 8 - 1), bit => {
        const damaged = Buffer.from(sound)
        damaged[bit >> 3] ^= 1 << (bit & 7)
        const target = new KeyspaceTarget(new Keyspace(16), { limits: LIMITS, dropExpired: false })
        try {
          const reader = new RdbReader(target, { checksum: false, totalBytes: damaged.length })
          for (let at = 0; at < damaged.length && !reader.done; at += 30_000) {
            reader.push(damaged.subarray(at, at + 30_000))
          }
          reader.end()
        } catch (error) {
          if (!(error instanceof RdbError)) throw error
          failed++
        }
      }),
      { numRuns: 400 },
    )
    expect(failed).toBeGreaterThan(40)
  })
})
