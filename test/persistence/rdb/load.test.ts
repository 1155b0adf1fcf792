import { describe, expect, test } from 'vitest'
import { RdbError } from '../../../src/rdb/error.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { cat, expiryMs, file, length, lzf, str } from './bytes.js'
import { addresses, contents, load } from './keyspace.js'
import { hashListpack, ziplist, zipmap } from './old-forms.js'

const NOW = 1_700_000_000_000

function keyspaceNow(): Keyspace {
  const keyspace = new Keyspace(16)
  keyspace.setNow(NOW)
  return keyspace
}

describe('strings', () => {
  test('come into the encodings that SET would choose', () => {
    const long = 'x'.repeat(100_000)
    const { keyspace, target } = load(
      file(
        10,
        cat(0, str('int8'), 0xc0, 0x85),
        cat(0, str('digits'), str('1234567890123')),
        cat(0, str('int64'), str('-9223372036854775808')),
        cat(0, str('text'), str('hello')),
        cat(0, str('45'), str('y'.repeat(45))),
        cat(0, str('long'), str(long)),
        cat(0, str('packed'), lzf(long)),
        cat(expiryMs(NOW + 5), 0, str('expires'), str('v')),
        cat(0xfe, 3, 0, str('text'), str('other')),
      ),
    )
    expect(contents(keyspace.databases[0])).toEqual({
      int8: { encoding: 'int', value: '-123' },
      digits: { encoding: 'int', value: '1234567890123' },
      int64: { encoding: 'int', value: '-9223372036854775808' },
      text: { encoding: 'embstr', value: 'hello' },
      45: { encoding: 'raw', value: 'y'.repeat(45) },
      long: { encoding: 'raw', value: long },
      packed: { encoding: 'raw', value: long },
      expires: { encoding: 'embstr', value: 'v', expiryMs: NOW + 5 },
    })
    expect(contents(keyspace.databases[3])).toEqual({ text: { encoding: 'embstr', value: 'other' } })
    expect(target.keysLoaded).toBe(9)
    expect(keyspace.databases[0].expires.count).toBe(1)
  })
})

describe('hashes', () => {
  const pairs = (count: number, size = 1): string[] =>
    Array.from({ length: count }, (_, i) => [`f${i}`, 'v'.repeat(size)]).flat()
  const asObject = (elements: string[]): Record<string, string> =>
    Object.fromEntries(elements.flatMap((field, i) => (i % 2 === 0 ? [[field, elements[i + 1]]] : [])))
  const plain = (elements: string[]): Buffer => cat(length(elements.length / 2), ...elements.map(str))

  test.each([
    ['listpack', 16, (elements: string[]) => str(hashListpack(elements))],
    ['compressed listpack', 16, (elements: string[]) => lzf(hashListpack(elements))],
    ['ziplist', 13, (elements: string[]) => str(ziplist(elements))],
    ['zipmap', 9, (elements: string[]) => str(zipmap(elements, 2))],
    ['field by field', 4, plain],
  ])('%s: small ones become listpacks, large ones tables', (_name, type, value) => {
    const odd = ['', 'empty', 'n', '-1', '12', '13', '300', '-70000', '8388607', '1e5', '-9223372036854775808', '01']
    for (const [elements, encoding] of [
      [odd, 'listpack'],
      [pairs(128), 'listpack'],
      [pairs(129), 'hashtable'],
    ] as const) {
      const { keyspace } = load(file(10, type, str('h'), value([...elements])))
      expect(contents(keyspace.databases[0])).toEqual({ h: { encoding, value: asObject([...elements]) } })
    }
  })

  // Redis's rdb.c looks at the lengths of what it takes field by field, and of old zipmaps.
  test.each([
    ['listpack', 16, (elements: string[]) => str(hashListpack(elements)), 'listpack'],
    ['ziplist', 13, (elements: string[]) => str(ziplist(elements)), 'listpack'],
    ['zipmap', 9, (elements: string[]) => str(zipmap(elements)), 'hashtable'],
    ['field by field', 4, plain, 'hashtable'],
  ])('%s: what becomes of long values and fields', (_name, type, value, encoding) => {
    for (const size of [65, 300, 20_000, 70_000]) {
      for (const elements of [pairs(3, size), pairs(3, size).reverse()]) {
        elements[0] += '0'
        elements[2] += '2'
        const { keyspace } = load(file(10, type, str('h'), value(elements)))
        expect(contents(keyspace.databases[0])).toEqual({ h: { encoding, value: asObject(elements) } })
      }
    }
  })

  test('a large one keeps its expiry', () => {
    const elements = pairs(500)
    const { keyspace, target } = load(file(10, expiryMs(NOW), 4, str('h'), plain(elements)))
    expect(contents(keyspace.databases[0])).toEqual({
      h: { encoding: 'hashtable', value: asObject(elements), expiryMs: NOW },
    })
    expect(target.keysLoaded).toBe(1)
  })

  test.each([
    ['a listpack with a field twice', 16, str(hashListpack(['f', '1', 'f', '2']))],
    ['a listpack of an odd number of elements', 16, str(hashListpack(['f', '1', 'g']))],
    ['a ziplist with a field twice', 13, str(ziplist(['f', '1', 'f', '2']))],
    ['a ziplist of an odd number of elements', 13, str(ziplist(['f']))],
    ['a zipmap with a field twice', 9, str(zipmap(['f', '1', 'f', '2']))],
    ['a zipmap without an end', 9, str(zipmap(['f', '1']).subarray(0, -1))],
  ])('%s is refused by the name of the key', (_name, type, value) => {
    expect(() => load(file(10, type, str('bad'), value))).toThrow(/^RDB: at offset \d+ \(key "bad"\): expected/)
  })
})

describe('expired keys', () => {
  const bytes = file(
    10,
    cat(expiryMs(NOW - 1), 0, str('s'), str('v')),
    cat(expiryMs(NOW - 1), 0, str('i'), 0xc0, 1),
    cat(expiryMs(NOW - 1), 16, str('l'), str(hashListpack(['f', 'v']))),
    cat(expiryMs(NOW - 1), 4, str('h'), 1, str('f'), str('v')),
    cat(0, str('stays'), str('v')),
    cat(expiryMs(NOW), 0, str('not yet'), str('v')),
  )

  test('are left out and counted by a master', () => {
    const { keyspace, target } = load(bytes, { dropExpired: true }, keyspaceNow())
    expect(Object.keys(contents(keyspace.databases[0])).sort()).toEqual(['not yet', 'stays'])
    expect(target).toMatchObject({ keysLoaded: 2, keysExpired: 4 })
  })

  test('are kept by a replica, whose master deletes them', () => {
    const { keyspace, target } = load(bytes, { dropExpired: false }, keyspaceNow())
    expect(keyspace.databases[0].keys.count).toBe(6)
    expect(target).toMatchObject({ keysLoaded: 6, keysExpired: 0 })
  })
})

describe('keys that are there already', () => {
  const types: [string, Buffer][] = [
    ['string', cat(0, str('k'), str('new'))],
    ['integer', cat(0, str('k'), 0xc0, 1)],
    ['listpack', cat(16, str('k'), str(hashListpack(['f', 'v'])))],
    ['hash', cat(4, str('k'), 1, str('f'), str('v'))],
  ]

  test.each(types)('a second one (%s) is an error', (_name, item) => {
    expect(() => load(file(10, 0, str('k'), str('old'), item))).toThrow(RdbError)
    expect(load(file(10, 0, str('k'), str('old'), 0xfe, 1, item)).target.keysLoaded).toBe(2)
  })

  test.each(types)('a second one (%s) takes its place where that is asked for', (_name, item) => {
    const { keyspace } = load(file(10, expiryMs(NOW), 0, str('k'), str('old'), item), { allowDuplicates: true })
    const seen = contents(keyspace.databases[0])
    expect(Object.keys(seen)).toEqual(['k'])
    expect(seen.k.value).not.toBe('old')
    expect(keyspace.databases[0].expires.count).toBe(0)
  })
})

describe('access history', () => {
  const bytes = file(10, 0xf8, length(600), 0xf9, 77, 0, str('k'), str('v'))

  test('is an idle time under LRU policies', () => {
    const { keyspace } = load(bytes, {}, keyspaceNow())
    const [address] = addresses(keyspace.databases[0])
    expect(keyspace.clock.idleSeconds(keyspace.entries.clock(address))).toBe(600)
  })

  test('is a frequency under LFU policies', () => {
    const keyspace = keyspaceNow()
    keyspace.clock.lfu = true
    load(bytes, {}, keyspace)
    const [address] = addresses(keyspace.databases[0])
    expect(keyspace.clock.frequency(keyspace.entries.clock(address))).toBe(77)
  })
})

test('a database that is not there is an error', () => {
  expect(() => load(file(10, 0xfe, 2), {}, new Keyspace(2))).toThrow(/found database 2/)
})

test('empty keys are counted, and the first ones are logged', () => {
  const warnings: string[] = []
  const items = Array.from({ length: 12 }, (_, i) => cat(4, str(`e${i}`), 0))
  const { target, keyspace } = load(file(10, ...items), { warn: message => warnings.push(message) })
  expect(target.emptyKeysSkipped).toBe(12)
  expect(warnings).toHaveLength(10)
  expect(warnings[0]).toBe('RDB: skipping empty key: e0')
  expect(target.summary).toBe('Done loading RDB, keys loaded: 0, keys expired: 0, empty keys skipped: 12.')
  expect(keyspace.keyCount).toBe(0)
})
