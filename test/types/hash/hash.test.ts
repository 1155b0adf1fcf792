import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashBytes } from '../../../src/bytes/hash.js'
import { RdbKey } from '../../../src/rdb/key.js'
import { type Database, NEVER } from '../../../src/store/database.js'
import { ENCODING_LISTPACK, ENCODING_LISTPACK_EXTERNAL, TYPE_HASH } from '../../../src/store/entries.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { lpBytes, lpLength } from '../../../src/store/listpack/listpack.js'
import { lpValidate } from '../../../src/store/listpack/listpack-validate.js'
import type { HashTable } from '../../../src/store/table/hash-table.js'
import { ByteRange } from '../../../src/types/byte-range.js'
import { tableBytes } from '../../../src/types/element-table.js'
import { Hash } from '../../../src/types/hash/hash.js'
import { copyHash } from '../../../src/types/hash/hash-copy.js'
import { hashKind } from '../../../src/types/hash/hash-kind.js'
import { listpackFlaw } from '../../../src/types/listpack-check.js'
import {
  isListpack,
  listpackBuffer,
  listpackBytes,
  listpackStart,
  loadListpack,
} from '../../../src/types/listpack-value.js'
import type { HashLimits } from '../../../src/types/value-limits.js'

const DEFAULTS: HashLimits = { maxEntries: 512, maxValueBytes: 64 }
const KEY = Buffer.from('the key')

function newDatabase(): Database {
  return new Keyspace(1).databases[0]
}

/** Opens KEY's hash as a command does: by looking the key up. */
function openKey(db: Database, key = KEY): Hash {
  const hash = new Hash()
  const address = db.findForWrite(key, 0, key.length)
  if (address === 0) hash.openNew(db, key, 0, key.length)
  else hash.open(db, address)
  return hash
}

function set(hash: Hash, field: string, value: string, limits = DEFAULTS): boolean {
  const fieldBytes = Buffer.from(field, 'latin1')
  const valueBytes = Buffer.from(value, 'latin1')
  return hash.set(fieldBytes, 0, fieldBytes.length, valueBytes, 0, valueBytes.length, limits)
}

function remove(hash: Hash, field: string): boolean {
  const bytes = Buffer.from(field, 'latin1')
  return hash.delete(bytes, 0, bytes.length)
}

const value = new ByteRange()

function get(hash: Hash, field: string): string | null {
  const bytes = Buffer.from(field, 'latin1')
  return hash.get(bytes, 0, bytes.length, value) ? value.copy().toString('latin1') : null
}

function pairs(hash: Hash): Map<string, string> {
  const found = new Map<string, string>()
  let visits = 0
  hash.iterate((field, content) => {
    visits++
    found.set(field.copy().toString('latin1'), content.copy().toString('latin1'))
  })
  expect(visits).toBe(found.size)
  return found
}

function encoding(hash: Hash, db: Database): string {
  return hashKind.encodingName(db.keyspace, hash.address)
}

type Step = { kind: 'set' | 'delete' | 'get'; field: string; value: string } | { kind: 'expire' | 'persist' }

const names = fc.oneof(
  fc.integer({ min: -3, max: 12 }).map(String),
  fc.constantFrom('', 'a', 'ab', '9223372036854775807', '-9223372036854775808', '9223372036854775808', '007', '\0\xff'),
  fc.integer({ min: 0, max: 40 }).map(n => `field:${n}`),
)
const values = fc.oneof(
  fc.constantFrom('', '0', '-1', '127', '128', '-4096', '32768', '2147483648', '-9223372036854775808', '1.5', '\r\n'),
  fc.integer({ min: 0, max: 200 }).map(n => 'v'.repeat(n)),
  fc.constantFrom(4095, 4096, 4097, 9000, 70_000).map(n => 'L'.repeat(n)),
)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), field: names, value: values }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constantFrom('delete' as const, 'get' as const), field: names, value: values }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('expire' as const, 'persist' as const) }) },
  ),
  { maxLength: 120 },
)

/** What a hash's listpack has to be. */
const HASHES = { distinct: true, stride: 2, isValid: (): boolean => true } as const

describe('a hash behaves as a map', () => {
  const forms: [string, HashLimits][] = [
    ['as a listpack of any size', { maxEntries: 100_000, maxValueBytes: 1_000_000 }],
    ['as a table from the start', { maxEntries: 0, maxValueBytes: 64 }],
    ['turning into a table on the way', { maxEntries: 12, maxValueBytes: 150 }],
    ['with the default limits', DEFAULTS],
  ]
  test.each(forms)('%s', (_, limits) => {
    fc.assert(
      fc.property(steps, script => {
        const db = newDatabase()
        const { keyspace } = db
        const model = new Map<string, string>()
        let expiry = NEVER
        let table = false
        for (const step of script) {
          const hash = openKey(db)
          if (step.kind === 'set') {
            expect(set(hash, step.field, step.value, limits)).toBe(!model.has(step.field))
            if (model.size === 0) expiry = NEVER
            model.set(step.field, step.value)
            const long = Math.max(step.field.length, step.value.length) > limits.maxValueBytes
            table ||= long || model.size > limits.maxEntries
          } else if (step.kind === 'delete') {
            expect(remove(hash, step.field)).toBe(model.delete(step.field))
            if (model.size === 0) table = false
          } else if (step.kind === 'get') {
            expect(get(hash, step.field)).toBe(model.get(step.field) ?? null)
          } else if (hash.address !== 0) {
            expiry = step.kind === 'expire' ? keyspace.nowMs + 1e6 : NEVER
            hash.address = db.setExpiry(hash.address, expiry)
          }
          expect(hash.address === 0).toBe(model.size === 0)
          expect(db.keys.count).toBe(model.size === 0 ? 0 : 1)
          expect(hash.length).toBe(model.size)
          if (model.size === 0) continue
          expect(hash.address).toBe(db.peek(KEY, 0, KEY.length))
          expect(db.entries.type(hash.address)).toBe(TYPE_HASH)
          expect(db.entries.expiry(hash.address)).toBe(expiry)
          expect(encoding(hash, db)).toBe(table ? 'hashtable' : 'listpack')
          if (!table) expectSoundListpack(db, hash.address)
        }
        expect(pairs(openKey(db))).toEqual(model)
        db.flush(false)
        keyspace.collectGarbage(Number.POSITIVE_INFINITY)
        while (!keyspace.collectGarbage(Number.POSITIVE_INFINITY));
        expect(db.entries.usedBytes).toBe(0)
        expect(db.entries.externalBytes).toBe(0)
      }),
      { numRuns: 60 },
    )
  })
})

function expectSoundListpack(db: Database, address: number): void {
  const { entries } = db
  const buffer = listpackBuffer(entries, address)
  const start = listpackStart(entries, address)
  const size = listpackBytes(entries, address)
  expect(isListpack(entries, address)).toBe(true)
  expect(lpValidate(buffer, start, size, true)).toBe(true)
  if (entries.encoding(address) === ENCODING_LISTPACK) expect(entries.payload(address)).toBe(size)
  else expect(buffer.length).toBe(size)
}

describe('a small hash', () => {
  test('moves into a Buffer of its own as it grows, keeps its order there, and moves back as it shrinks', () => {
    const db = newDatabase()
    const hash = openKey(db)
    for (let i = 0; i < 300; i++) set(hash, `field:${i}`, 'v'.repeat(i % 60))
    expect(db.entries.encoding(hash.address)).toBe(ENCODING_LISTPACK_EXTERNAL)
    expect([...pairs(hash).keys()]).toEqual(Array.from({ length: 300 }, (_, i) => `field:${i}`))
    for (let i = 10; i < 300; i++) expect(remove(hash, `field:${i}`)).toBe(true)
    expect(db.entries.encoding(hash.address)).toBe(ENCODING_LISTPACK)
    expect([...pairs(hash).values()]).toEqual(Array.from({ length: 10 }, (_, i) => 'v'.repeat(i)))
    expect(db.entries.externalBytes).toBe(0)
  })

  test('never writes outside its own bytes when its Buffer is a part of a larger one', () => {
    const db = newDatabase()
    const hash = openKey(db)
    for (let i = 0; i < 100; i++) set(hash, `f${i}`, 'x'.repeat(60))
    const { entries } = db
    const shared = Buffer.alloc(100_000, 7)
    const size = listpackBytes(entries, hash.address)
    listpackBuffer(entries, hash.address).copy(shared)
    entries.replaceBuffer(entries.payload(hash.address), shared.subarray(0, size))
    set(hash, 'one more', 'y'.repeat(60))
    expect(shared.subarray(size).every(byte => byte === 7)).toBe(true)
    expect(hash.length).toBe(101)
  })

  test('neighbours in the slab keep their bytes while hashes grow and shrink beside them', () => {
    const db = newDatabase()
    const keys = Array.from({ length: 50 }, (_, i) => Buffer.from(`key:${i}`))
    for (let round = 0; round < 40; round++) {
      for (const key of keys) set(openKey(db, key), `f${round % 25}`, `${key}-${'z'.repeat(round)}`)
    }
    for (const key of keys) {
      const hash = openKey(db, key)
      expect(hash.length).toBe(25)
      for (let round = 15; round < 40; round++) {
        expect(get(hash, `f${round % 25}`)).toBe(`${key}-${'z'.repeat(round)}`)
      }
    }
  })
})

describe('a large hash', () => {
  function large(db: Database, fields: number): Hash {
    const hash = openKey(db)
    for (let i = 0; i < fields; i++) set(hash, `field:${i}`, `value:${i}`)
    return hash
  }

  test('grows to 100 000 fields and goes away again without a step that stalls', () => {
    // The machine may pause any step of one run; a stall of the table's own would come at the same step of every run.
    const fields = 100_000
    const fastest = new Float64Array(fields + 1).fill(Number.POSITIVE_INFINITY)
    for (let run = 0; run < 3; run++) {
      const db = newDatabase()
      const hash = openKey(db)
      for (let i = 0; i <= fields; i++) {
        const before = performance.now()
        if (i < fields) set(hash, `field:${i}`, `value:${i}`)
        else db.remove(hash.address)
        fastest[i] = Math.min(fastest[i], performance.now() - before)
      }
      expect(db.entries.usedBytes).toBeGreaterThan(1_000_000)
      while (!db.keyspace.collectGarbage(Number.POSITIVE_INFINITY));
      expect(db.entries.usedBytes).toBe(0)
    }
    expect(fastest.reduce((worst, step) => Math.max(worst, step))).toBeLessThan(10)
  })

  test('a scan of its table returns every field that stays, while others come and go', () => {
    const db = newDatabase()
    const hash = large(db, 3000)
    const seen = new Set<string>()
    let cursor = 0
    let turn = 0
    do {
      cursor = hash.table.scan(cursor, element => seen.add(db.entries.keyCopy(element).toString()))
      for (let i = 0; i < 40; i++) set(hash, `new:${turn}:${i}`, 'x')
      remove(hash, `field:${2000 + (turn % 1000)}`)
      turn++
    } while (cursor !== 0)
    for (let i = 0; i < 2000; i++) expect(seen.has(`field:${i}`)).toBe(true)
  })

  test('every field is about as likely to be the random one', () => {
    const db = newDatabase()
    const hash = large(db, 600)
    const counts = new Map<string, number>()
    const field = new ByteRange()
    for (let i = 0; i < 60_000; i++) {
      hash.random(field, value)
      const name = field.copy().toString()
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    expect(counts.size).toBe(600)
    // 100 each on average; six standard deviations either way.
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(60)
  })

  test('tells a snapshot which field is about to change, before it does', () => {
    const db = newDatabase()
    const hash = large(db, 600)
    const { table } = hash
    const announced: string[] = []
    const field = Buffer.from('field:7')
    db.keyspace.snapshot = {
      beforeWrite: () => {},
      beforeElementWrite: (announcedTable: HashTable, announcedHash: number) => {
        expect(announcedTable).toBe(table)
        expect(announcedHash).toBe(hashBytes(field, 0, field.length))
        announced.push(get(hash, 'field:7') ?? 'none')
      },
      keeps: () => false,
    }
    set(hash, 'field:7', 'next')
    remove(hash, 'field:7')
    set(hash, 'field:7', 'again')
    expect(announced).toEqual(['value:7', 'next', 'none'])
  })

  test('counts the memory of fields and values', () => {
    const db = newDatabase()
    const hash = large(db, 1000)
    const all = Number.POSITIVE_INFINITY
    const bytes = tableBytes(db.entries, hash.table, all)
    const estimate = tableBytes(db.entries, hash.table, 20)
    expect(Math.abs(estimate - bytes)).toBeLessThan(bytes * 0.1)
    set(hash, 'big', 'b'.repeat(50_000))
    expect(tableBytes(db.entries, hash.table, all) - bytes).toBeGreaterThanOrEqual(50_000)
  })
})

describe('whole hashes', () => {
  function listpackOf(hash: Hash, db: Database): Buffer {
    const start = listpackStart(db.entries, hash.address)
    const size = listpackBytes(db.entries, hash.address)
    return Buffer.from(listpackBuffer(db.entries, hash.address).subarray(start, start + size))
  }

  test.each([3, 200, 512])('listpack bytes of %i fields become a key and come out as they were', fields => {
    const db = newDatabase()
    const source = openKey(db)
    for (let i = 0; i < fields; i++) set(source, `f${i}`, `${i * 1000}`)
    const bytes = listpackOf(source, db)
    const other = newDatabase()
    other.hash = hashBytes(KEY, 0, KEY.length)
    const key = new RdbKey()
    key.bytes = KEY
    key.end = KEY.length
    key.expiry.setNumber(5e12)
    const address = loadListpack(other, key, TYPE_HASH, bytes, 0, false)
    const hash = openKey(other)
    expect(hash.address).toBe(address)
    expect(listpackOf(hash, other)).toEqual(bytes)
    expect(other.entries.expiry(address)).toBe(5e12)
    expect(pairs(hash)).toEqual(pairs(source))
  })

  test.each([4, 400, 700])('a copy of %i fields has the same encoding and a life of its own', fields => {
    const db = newDatabase()
    const hash = openKey(db)
    for (let i = 0; i < fields; i++) set(hash, `f${i}`, `v${i}`)
    const copyKey = Buffer.from('copy')
    expect(db.findForWrite(copyKey, 0, copyKey.length)).toBe(0)
    copyHash(db, hash.address, db, copyKey, 0, copyKey.length, NEVER)
    const copy = openKey(db, copyKey)
    expect(encoding(copy, db)).toBe(encoding(hash, db))
    expect(pairs(copy)).toEqual(pairs(hash))
    set(copy, 'f0', 'changed')
    remove(copy, 'f1')
    expect(get(hash, 'f0')).toBe('v0')
    expect(get(hash, 'f1')).toBe('v1')
  })

  test.each([1, 2, 30, 100, 600])('%i pairs at once make the hash that one by one they would make', count => {
    const words = Array.from({ length: count * 2 }, (_, i) => (i % 2 === 0 ? `f${i % 150}` : `v${i}`.repeat(i % 8)))
    const bytes = Buffer.from(words.join(''))
    const ends = Int32Array.from(words.map((_, i) => words.slice(0, i + 1).join('').length))
    const starts = Int32Array.from(words.map((word, i) => ends[i] - word.length))
    const db = newDatabase()
    const hash = openKey(db)
    const oneByOne = openKey(newDatabase())
    let added = 0
    for (let i = 0; i < words.length; i += 2) if (set(oneByOne, words[i], words[i + 1])) added++
    expect(hash.setPairs(bytes, starts, ends, 0, words.length, DEFAULTS)).toBe(added)
    expect(pairs(hash)).toEqual(pairs(oneByOne))
    expect(encoding(hash, db)).toBe(count > 512 ? 'hashtable' : 'listpack')
    expect(db.peek(KEY, 0, KEY.length)).toBe(hash.address)
    // Once more, each field with the next one's value: in order, so that every field is found behind the one before.
    const last = words.length - 2
    expect(hash.setPairs(bytes, starts, ends, 0, last, DEFAULTS)).toBe(0)
    for (let i = 0; i < last; i += 2) set(oneByOne, words[i], words[i + 3])
    for (let i = 0; i < last; i += 2) {
      hash.set(bytes, starts[i], ends[i], bytes, starts[i + 3], ends[i + 3], DEFAULTS)
      expect(get(hash, words[i])).toBe(words[i + 3])
    }
    expect(pairs(hash)).toEqual(pairs(oneByOne))
  })

  test('expect() makes a table at once for more fields than a listpack may have', () => {
    const db = newDatabase()
    const hash = openKey(db)
    hash.expect(513, DEFAULTS)
    set(hash, 'f', 'v')
    expect(encoding(hash, db)).toBe('hashtable')
    const small = openKey(db, Buffer.from('small'))
    small.expect(512, DEFAULTS)
    set(small, 'f', 'v')
    expect(encoding(small, db)).toBe('listpack')
    small.expect(513, DEFAULTS)
    expect(encoding(small, db)).toBe('hashtable')
    expect(get(small, 'f')).toBe('v')
  })

  test('bytes with a field twice, or a field without a value, are no hash', () => {
    const db = newDatabase()
    const hash = openKey(db)
    set(hash, 'aa', '1')
    set(hash, 'bb', '2')
    const sound = listpackOf(hash, db)
    const isSound = (bytes: Buffer): boolean => listpackFlaw(HASHES, bytes, 0, bytes.length) === null
    expect(isSound(sound)).toBe(true)
    const twice = Buffer.from(sound)
    twice.write('aa', twice.indexOf('bb'))
    expect(isSound(twice)).toBe(false)
    // Cut the last entry, a one-byte integer with its backlen, and say so in the header.
    const odd = Buffer.concat([sound.subarray(0, sound.length - 3), Buffer.from([0xff])])
    odd.writeUInt32LE(odd.length, 0)
    odd.writeUInt16LE(3, 4)
    expect(lpLength(odd, 0)).toBe(3)
    expect(lpBytes(odd, 0)).toBe(odd.length)
    expect(isSound(odd)).toBe(false)
  })
})
