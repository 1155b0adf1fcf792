import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyspaceTarget } from '../../../src/persistence/rdb/load.js'
import { RdbReader } from '../../../src/persistence/rdb/reader.js'
import { RdbError } from '../../../src/rdb/error.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { defaultLimits } from '../../../src/types/value-limits.js'
import { cat, cut, expiryMs, file, length, length64, lzf, RecordingTarget, read, readChunks, str } from './bytes.js'
import { hashListpack, ziplist, zipmap } from './old-forms.js'

const NONE = '(NaN,-1,-1)'
const LONG = 'abcdefgh'.repeat(1000)

/** A bit of everything. */
const sample = file(
  10,
  cat(0xfa, str('redis-ver'), str('7.2.5')),
  cat(0xf5, str('#!lua name=short'), 0xf5, lzf(LONG)),
  cat(0xfe, 2, 0xfb, 7, length(300)),
  cat(0, str('plain'), str('value')),
  cat(0, 0xc0, 0xfe, 0xc0, 0x80),
  cat(0, str('int16'), 0xc1, 0x00, 0x80),
  cat(expiryMs(1_900_000_000_123), 0, str('int32'), 0xc2, 0xff, 0xff, 0xff, 0x7f),
  cat(0xf8, length(500), 0, lzf(LONG), lzf(LONG)),
  cat(0xf9, 200, 0, str('freq'), str('')),
  cat(4, str('large'), 3, str('f'), str('v'), 0xc0, 5, lzf(LONG), str(''), str('empty')),
  cat(16, str('small'), str(hashListpack(['a', '1', 'b', 'two']))),
  cat(13, str('old'), str(ziplist(['x', 'y']))),
  cat(9, str('older'), str(zipmap(['x', 'y']))),
  cat(0xf4, 5, 6, 7),
  cat(0, str('last'), str('one')),
)
const sampleEvents = [
  'aux redis-ver=7.2.5',
  'library #!lua name=short',
  `library ${LONG}`,
  'select 2',
  'resize 7 300',
  `string plain ${NONE} value`,
  `integer -2 ${NONE} -128`,
  `integer int16 ${NONE} -32768`,
  'integer int32 (1900000000123,-1,-1) 2147483647',
  `string ${LONG} (NaN,500,-1) ${LONG}`,
  'string freq (NaN,-1,200) ',
  `hashtable large ${NONE} 5=${LONG} =empty f=v`,
  `listpack small ${NONE} a=1 b=two`,
  `listpack old ${NONE} x=y`,
  `listpack older ${NONE} x=y`,
  `string last ${NONE} one`,
]

describe('a sound file', () => {
  test('gives its keys with all that is said about them', () => {
    const { events, reader } = readChunks([sample])
    expect(events).toEqual(sampleEvents)
    expect(reader).toMatchObject({ done: true, version: 10, keysRead: 11, bytesRead: sample.length })
  })

  test('gives the same, however its bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(sample.length), { maxLength: 60 }), positions => {
        const { events, reader } = readChunks(cut(sample, positions))
        expect(events).toEqual(sampleEvents)
        expect(reader.bytesRead).toBe(sample.length)
      }),
    )
  })

  test('gives the same byte by byte', () => {
    expect(readChunks([...sample].map(byte => Buffer.of(byte))).events).toEqual(sampleEvents)
  })

  test('what stands behind its end is left over, wherever the cut', () => {
    const stream = cat(sample, '*1\r\n$4\r\nPING\r\n')
    for (let at = sample.length - 12; at <= sample.length; at++) {
      const reader = new RdbReader(new RecordingTarget())
      reader.push(stream.subarray(0, at))
      const rest = reader.done ? reader.leftover() : Buffer.alloc(0)
      if (!reader.done) reader.push(stream.subarray(at))
      expect(reader.leftover().toString()).toBe(at === sample.length ? '' : '*1\r\n$4\r\nPING\r\n')
      expect(rest.length).toBe(0)
    }
  })

  test('has no checksum before version 5', () => {
    expect(read(file(3, 0, str('k'), str('v')))).toEqual([`string k ${NONE} v`])
  })

  test.each([1, 9, 11, 12])('may be of version %i', version => {
    expect(read(file(version))).toEqual([])
  })

  test('may count expiry in seconds, or say that there is none', () => {
    const seconds = cat(0xfd, 0x00, 0xca, 0x9a, 0x3b, 0, str('a'), str(''))
    const none = cat(expiryMs(-1), 0, str('b'), str(''))
    expect(read(file(2, seconds, none))).toEqual(['string a (1000000000000,-1,-1) ', `string b ${NONE} `])
  })

  test('may hold empty hashes, which are no keys', () => {
    const events = read(file(10, cat(4, str('h'), 0), cat(16, str('l'), str(hashListpack([])))))
    expect(events).toEqual([`empty h ${NONE} `, `empty l ${NONE} `])
  })

  test('reads long strings in linear time and space, whatever the chunks', () => {
    const long = Buffer.alloc(40 << 20, 'x')
    const bytes = file(10, 0, str('k'), str(long))
    const keyspace = new Keyspace(1)
    const target = new KeyspaceTarget(keyspace, { limits: defaultLimits(), dropExpired: false })
    let same = false
    let own = false
    target.loaded = address => {
      const value = keyspace.entries.buffers.get(keyspace.entries.payload(address))
      same = value.equals(long)
      own = value.buffer.byteLength === long.length
    }
    const reader = new RdbReader(target)
    for (let at = 0; at < bytes.length; at += 1000) reader.push(bytes.subarray(at, at + 1000))
    expect({ same, own, done: reader.done }).toEqual({ same: true, own: true, done: true })
  })
})

/** The error that reading these bytes ends in; whatever is no RdbError is thrown on. */
function errorOf(bytes: Buffer, totalBytes = Number.POSITIVE_INFINITY): RdbError {
  try {
    read(bytes, { totalBytes })
  } catch (error) {
    if (error instanceof RdbError) return error
    throw error
  }
  throw new Error('the bytes were read without an error')
}

describe('damage', () => {
  test('every truncation is an error that says where', () => {
    for (let at = 0; at < sample.length; at++) {
      const error = errorOf(sample.subarray(0, at))
      expect(error.offset).toBe(at)
      expect(error.message).toMatch(`RDB: at offset ${at}`)
      expect(error.message).toMatch('found the end of the data')
    }
  })

  test('no bit flip does anything but load or fail', () => {
    const small = file(
      10,
      cat(0, str('plain'), str('value')),
      cat(0, str('k2'), lzf('abcabcabcabcabcabcabcabcabc')),
      cat(4, str('large'), 2, str('f'), str('v'), 0xc0, 5, str('')),
      cat(16, str('small'), str(hashListpack(['a', '1', 'b', 'two', 'c', '70000']))),
      cat(13, str('old'), str(ziplist(['x', 'y', '1000', '-5']))),
      cat(9, str('older'), str(zipmap(['x', 'y', 'z', 'w']))),
    )
    let failed = 0
    for (let bit = 0; bit < small.length * 8; bit++) {
      const damaged = Buffer.from(small)
      damaged[bit >> 3] ^= 1 << (bit & 7)
      const inChecksum = bit >> 3 >= small.length - 8
      for (const checksum of [true, false]) {
        try {
          read(damaged, { checksum })
          expect(checksum && !inChecksum).toBe(false)
        } catch (error) {
          if (!(error instanceof RdbError)) throw error
          failed++
        }
      }
    }
    expect(failed).toBeGreaterThan(small.length * 8)
  })

  test('random bytes behind a header do not do anything else either', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), body => {
        const bytes = cat('REDIS0010', Buffer.from(body))
        expect(() => read(bytes)).toThrow(RdbError)
      }),
      { numRuns: 2000 },
    )
  })

  test('a wrong checksum is found, unless it is 0 or does not count', () => {
    const wrong = Buffer.from(file(10, 0, str('k'), str('v')))
    wrong[13] ^= 1
    expect(errorOf(wrong).message).toMatch(
      /at offset \d+: expected the CRC-64 [0-9a-f]{16} .*, found [0-9a-f]{16} \(RDB CRC error\)/,
    )
    expect(read(wrong, { checksum: false })).toHaveLength(1)
    wrong.fill(0, wrong.length - 8)
    expect(read(wrong)).toHaveLength(1)
  })

  test.each([
    ['what is no RDB, at the first byte', cat('x'), /offset 0: expected "REDIS".*found "x"/],
    ['a version to come', file(13), /offset 5: expected a version from 1 to 12, found "0013"/],
    ['no version', cat('REDISabcd'), /offset 5: expected a version/],
    ['an unknown opcode', file(10, 200), /offset 9: expected a key or an opcode, found byte 200/],
    ['an unknown type', file(10, 8), /offset 9: expected a key or an opcode, found byte 8/],
    ['a length that is none', file(10, 0, 0x82), /offset 10: expected a length, found byte 0x82/],
    [
      'a special encoding that is none',
      file(10, 0, str('foo'), 0xc4),
      /offset 14 \(key "foo"\): .* special encoding 4/,
    ],
    ['a type to come', file(10, 22, str('my\nkey'), 0), /\(key "my\\x0akey"\): .* found a .*\(type 22\)/],
    ['a key twice', file(10, 0, str('k'), str('1'), 0, str('k'), str('2')), /\(key "k"\): expected every key once/],
    [
      'a field twice',
      file(10, 4, str('h'), 2, str('f'), str(''), str('f'), str('')),
      /\(key "h"\): .*"f" a second time/,
    ],
    ['a zipmap of no fields', file(10, 9, str('h'), str('\0\xff')), /\(key "h"\): .*Zipmap integrity check failed/],
    ['a database too many', file(10, 0xfe, 16), /found database 16/],
    [
      'a library that is refused',
      file(10, 0xf5, str('refused')),
      /offset 10: expected a library of functions, found one that does not load: as asked for/,
    ],
    ['early functions', file(10, 0xf6), /offset 9: .*Pre-release function format not supported\./],
    ['compressed data that is none', file(10, 0, str('k'), 0xc3, 2, 9, 0x20, 0xff), /\(key "k"\): expected LZF data/],
    ['compression beyond the possible', file(10, 0, str('k'), 0xc3, 2, length(5000), 0, 0), /at most 176 bytes/],
  ])('%s', (_name, bytes, message) => {
    expect(errorOf(bytes).message).toMatch(message)
  })

  test('a length of gigabytes allocates nothing before bytes come', () => {
    const before = process.memoryUsage().arrayBuffers
    for (const size of [length64(2n ** 62n), length64(2n ** 32n), length(2 ** 31 - 5000)]) {
      expect(errorOf(cat('REDIS0010', 0, str('k'), size, 'abc')).offset).toBeGreaterThan(0)
      expect(errorOf(cat('REDIS0010', 0, str('k'), 0xc3, size, size, 'abc')).offset).toBeGreaterThan(0)
      expect(errorOf(cat('REDIS0010', 4, str('k'), size, 'abc')).offset).toBeGreaterThan(0)
      expect(errorOf(cat('REDIS0010', 0xfb, size, size, 'abc')).offset).toBeGreaterThan(0)
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 << 20)
  })

  test('a lie about a length is found out at once where the size of all is known', () => {
    const bytes = cat('REDIS0010', 0, str('k'), length(1000), 'abc')
    expect(errorOf(bytes, bytes.length).message).toMatch(/at offset 17: expected data up to offset 1014/)
  })
})

describe('data of modules', () => {
  const id = length64(
    ((): bigint => {
      const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      let bits = 0n
      for (const character of 'graphdata') bits = (bits << 6n) | BigInt(characters.indexOf(character))
      return (bits << 10n) | 3n
    })(),
  )
  const data = cat(1, 5, 2, length(300), 3, Buffer.alloc(4), 4, Buffer.alloc(8), 5, str('text'), 0)
  const aux = file(10, 0xf7, id, 2, 1, data, 0, str('k'), str('v'))
  const value = file(10, 7, str('g'), id, data, 0, str('k'), str('v'))

  test('is refused by the name of the module type', () => {
    expect(errorOf(aux).message).toMatch(/module type 'graphdata'/)
    expect(errorOf(value).message).toMatch(/\(key "g"\): .*module type 'graphdata'/)
  })

  test('is left out where that is asked for, however it is cut', () => {
    const bytes = [aux, value]
    for (const each of bytes) {
      const chunks = [...each].map(byte => Buffer.of(byte))
      const { events } = readChunks(chunks, { skipModuleData: true })
      expect(events).toEqual([expect.stringMatching(/^warn .*'graphdata'/), `string k ${NONE} v`])
    }
  })
})
