import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { writeEntry, writeKeyTraits } from '../../../src/persistence/rdb/encode.js'
import { writeName } from '../../../src/rdb/entry-output.js'
import { COMPRESS_MAX_BYTES, RdbOutput } from '../../../src/rdb/output.js'
import { NEVER } from '../../../src/store/database.js'
import { ENCODING_AGGREGATE } from '../../../src/store/entries.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { Hash } from '../../../src/types/hash/hash.js'
import { writeValue } from '../../../src/types/kinds.js'
import { setString } from '../../../src/types/string/set-string.js'
import { cat, expiryMs, file, length64, lzf, str } from './bytes.js'
import { addresses, contents, LIMITS, load } from './keyspace.js'

/** What these calls write into a new output. */
function written(write: (out: RdbOutput) => void): Buffer {
  const out = new RdbOutput(1)
  write(out)
  return out.take()
}

describe('primitives', () => {
  test.each([
    [0, '00'],
    [63, '3f'],
    [64, '4040'],
    [16383, '7fff'],
    [16384, '8000004000'],
    [4294967295, '80ffffffff'],
    [4294967296, '810000000100000000'],
  ])('the length %d', (value, hex) => {
    expect(written(out => out.lengthCode(value)).toString('hex')).toBe(hex)
  })

  test.each([
    ['0', 'c000'],
    ['-128', 'c080'],
    ['128', 'c18000'],
    ['-32768', 'c10080'],
    ['32768', 'c200800000'],
    ['-2147483648', 'c200000080'],
    ['2147483647', 'c2ffffff7f'],
  ])('the string %s is an integer', (text, hex) => {
    const bytes = Buffer.from(text)
    expect(written(out => out.string(bytes, 0, bytes.length, true)).toString('hex')).toBe(hex)
    expect(written(out => out.integer(Number(text))).toString('hex')).toBe(hex)
    expect(written(out => out.int64(Number(text) | 0, Number(text) >> 31)).toString('hex')).toBe(hex)
  })

  test.each(['', '2147483648', '-2147483649', '01', '-0', '+1', ' 1', '1.5', '9007199254740993'])(
    'the string %s is not',
    text => {
      const bytes = Buffer.from(`<${text}>`)
      expect(written(out => out.string(bytes, 1, bytes.length - 1, true))).toEqual(str(text))
    },
  )

  test('integers beyond 32 bits are written as text', () => {
    expect(written(out => out.integer(2 ** 40))).toEqual(str('1099511627776'))
    expect(written(out => out.integer(-(2 ** 53)))).toEqual(str('-9007199254740992'))
    expect(written(out => out.int64(0, -0x80000000))).toEqual(str('-9223372036854775808'))
  })

  test('fixed numbers are little-endian', () => {
    expect(written(out => out.u32(0x01020304)).toString('hex')).toBe('04030201')
    expect(written(out => out.u64(1_700_000_000_123 >>> 0, Math.floor(1_700_000_000_123 / 2 ** 32)))).toEqual(
      expiryMs(1_700_000_000_123).subarray(1),
    )
    expect(written(out => out.u64(-5, -1))).toEqual(expiryMs(-5).subarray(1))
    expect(written(out => out.double(1.5)).toString('hex')).toBe('000000000000f83f')
  })

  test('strings are compressed where that is allowed, pays, and does not take too long', () => {
    const run = Buffer.alloc(5000, 'a')
    expect(written(out => out.string(run, 0, 21, true))).toEqual(lzf('a'.repeat(21)))
    expect(written(out => out.string(run, 0, 5000, true))).toEqual(lzf(run))
    expect(written(out => out.string(run, 0, 20, true))).toEqual(str('a'.repeat(20)))
    expect(written(out => out.string(run, 0, 5000, false))).toEqual(str(run))
    const noise = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * i * 7919) >> 3))
    expect(written(out => out.string(noise, 0, 40, true))).toEqual(str(noise.subarray(0, 40)))
    const huge = Buffer.alloc(COMPRESS_MAX_BYTES + 1, 'a')
    expect(written(out => out.string(huge, 0, huge.length, true)).length).toBe(huge.length + 5)
    expect(written(out => out.string(huge, 1, huge.length, true)).length).toBeLessThan(huge.length / 50)
  })

  test('take() hands over bytes that later writes leave alone, reset() forgets', () => {
    const out = new RdbOutput(4)
    out.text('first')
    const first = out.take()
    out.text('again')
    expect(first).toEqual(str('first'))
    out.reset()
    out.raw(cat('xyz'))
    expect(out.take()).toEqual(cat('xyz'))
    expect(length64(1n).length).toBe(9)
  })
})

const NOW = 1_700_000_000_000

/** Database 0 as a file. */
function save(keyspace: Keyspace, compress: boolean, withAccess: boolean): Buffer {
  const { entries, clock } = keyspace
  const out = new RdbOutput(16)
  const access = withAccess ? clock : null
  for (const address of addresses(keyspace.databases[0])) {
    if (entries.encoding(address) !== ENCODING_AGGREGATE) {
      writeEntry(out, keyspace, address, compress, access)
      continue
    }
    writeKeyTraits(out, keyspace, address, access)
    writeName(out, entries, address, compress)
    writeValue(out, keyspace, address, compress)
  }
  return file(10, out.take())
}

function putString(keyspace: Keyspace, key: string, value: string, expiry: number): void {
  const database = keyspace.databases[0]
  const bytes = Buffer.from(key, 'latin1')
  const content = Buffer.from(value, 'latin1')
  const address = database.findForWrite(bytes, 0, bytes.length)
  setString(database, address, bytes, 0, bytes.length, content, 0, content.length, expiry)
}

function setHash(keyspace: Keyspace, key: string, fields: Record<string, string>): void {
  const database = keyspace.databases[0]
  const bytes = Buffer.from(key, 'latin1')
  if (database.findForWrite(bytes, 0, bytes.length) !== 0) return
  const hash = new Hash()
  hash.openNew(database, bytes, 0, bytes.length, NOW)
  for (const [name, value] of Object.entries(fields)) {
    const field = Buffer.from(name, 'latin1')
    const content = Buffer.from(value, 'latin1')
    hash.set(field, 0, field.length, content, 0, content.length, LIMITS.hash)
  }
}

const text = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('a', 'b', '\xff'), maxLength: 200 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.integer({ min: -70_000, max: 70_000 }).map(String),
  fc.nat(9000).map(size => 'long'.repeat(size)),
)

describe('a keyspace', () => {
  test('comes back from its bytes', () => {
    fc.assert(
      fc.property(
        fc.dictionary(text, fc.tuple(text, fc.option(fc.nat(2 ** 45), { nil: NEVER })), { maxKeys: 8 }),
        fc.dictionary(text, fc.dictionary(text, text, { minKeys: 1, maxKeys: 150 }), { maxKeys: 3 }),
        fc.boolean(),
        fc.boolean(),
        (strings, hashes, compress, access) => {
          const keyspace = new Keyspace(1)
          keyspace.loading = true
          for (const [key, [value, expiry]] of Object.entries(strings)) putString(keyspace, key, value, expiry)
          for (const [key, fields] of Object.entries(hashes)) setHash(keyspace, key, fields)
          const loaded = load(save(keyspace, compress, access)).keyspace
          expect(contents(loaded.databases[0])).toEqual(contents(keyspace.databases[0]))
        },
      ),
      { numRuns: 60 },
    )
  })

  test.each([false, true])('comes back with its access history (LFU: %s)', lfu => {
    const keyspace = new Keyspace(1)
    keyspace.clock.lfu = lfu
    keyspace.setNow(NOW)
    putString(keyspace, 'k', 'v', NEVER)
    const [address] = addresses(keyspace.databases[0])
    if (lfu) keyspace.entries.setClock(address, (keyspace.entries.clock(address) & ~255) | 99)
    else keyspace.setNow(NOW + 300_000)
    const bytes = save(keyspace, true, true)

    const later = new Keyspace(1)
    later.clock.lfu = lfu
    later.setNow(NOW + 900_000)
    load(bytes, {}, later)
    const clock = later.entries.clock(addresses(later.databases[0])[0])
    expect(lfu ? later.clock.frequency(clock) : later.clock.idleSeconds(clock)).toBe(lfu ? 99 : 300)
  })

  test('has values that can be written alone', () => {
    const keyspace = new Keyspace(1)
    keyspace.loading = true
    const fields = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${i}`, `v${i}`]))
    setHash(keyspace, 'h', fields)
    const [address] = addresses(keyspace.databases[0])
    const value = written(out => writeValue(out, keyspace, address, true))
    const loaded = load(file(10, 4, str('h'), value)).keyspace
    expect(contents(loaded.databases[0])).toEqual({ h: { encoding: 'hashtable', value: fields } })
  })
})
