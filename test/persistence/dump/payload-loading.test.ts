/** A payload that is loaded in slices. */
import { expect, test } from 'vitest'
import { PayloadLoading } from '../../../src/persistence/dump/payload-loading.js'
import { ExpiryTime } from '../../../src/store/expiry-time.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { cat, length, lzf, str } from '../rdb/bytes.js'
import { contents, LIMITS, limitsOf } from '../rdb/keyspace.js'
import { hashListpack } from '../rdb/old-forms.js'
import { payload } from '../rdb/payload.js'

const KEY = Buffer.from('key')
const TEXT = 'some text, again and again. '.repeat(40_000)
const PAIRS = Array.from({ length: 20_000 }, (_, i) => [`field ${i}`, `value ${i}`]).flat()

/** Loads in the smallest steps there are; `meanwhile` is called behind each. */
function load(keyspace: Keyspace, bytes: Buffer, meanwhile: (loading: PayloadLoading) => void): PayloadLoading {
  const limits = limitsOf({ ...LIMITS.hash, maxEntries: 100_000 })
  const loading = new PayloadLoading(keyspace, limits, bytes, 0, bytes.length, true)
  while (!loading.step(0)) meanwhile(loading)
  return loading
}

test.each([
  ['a string', cat(0, str(TEXT))],
  ['a compressed string', cat(0, lzf(TEXT))],
  ['a field of a hash', cat(4, length(2), str('f'), lzf(TEXT), str('g'), str(TEXT))],
])('%s on its way is accounted for', (_what, value) => {
  const keyspace = new Keyspace(16)
  const bytes = Buffer.from(payload(value[0], value.subarray(1)), 'latin1')
  const before = keyspace.usedBytes
  let most = 0
  const loading = load(keyspace, bytes, ({ memoryBytes }) => {
    most = Math.max(most, memoryBytes)
  })
  expect(most).toBe(TEXT.length)
  expect(loading.memoryBytes).toBe(0)
  expect(keyspace.usedBytes).toBeGreaterThan(before + TEXT.length - 1000)
  loading.close()
  // A table goes in slices.
  if (value[0] === 0) expect(keyspace.usedBytes).toBeLessThan(before + 10_000)
})

test('a listpack is checked where it lies, and copied once', () => {
  const keyspace = new Keyspace(16)
  const listpack = hashListpack(PAIRS.slice(0, 8000))
  const bytes = Buffer.from(payload(16, str(listpack)), 'latin1')
  const loading = load(keyspace, bytes, ({ memoryBytes }) => expect(memoryBytes).toBe(0))
  const [database] = keyspace.databases
  expect(loading.moveTo(database, KEY, 0, KEY.length, new ExpiryTime())).not.toBe(0)
  expect(contents(database).key.encoding).toBe('listpack')
  bytes.fill(0)
  expect(keyspace.entries.buffers.get(0).equals(listpack)).toBe(true)
})

test('after FLUSHALL it is loaded anew, whatever had been loaded', () => {
  const value = cat(length(PAIRS.length / 2), ...PAIRS.map(each => str(each)))
  const bytes = Buffer.from(payload(4, value), 'latin1')
  for (const flushedAt of [1, 20, 60]) {
    const keyspace = new Keyspace(16)
    let steps = 0
    const loading = load(keyspace, bytes, () => {
      if (++steps === flushedAt) keyspace.flushAll(true)
    })
    expect(steps).toBeGreaterThan(60)
    keyspace.flushAll(true)
    expect(loading.ready).toBe(false)
    expect(loading.moveTo(keyspace.databases[0], KEY, 0, KEY.length, new ExpiryTime())).toBe(0)
    while (!loading.step(0)) {}
    expect(loading.moveTo(keyspace.databases[0], KEY, 0, KEY.length, new ExpiryTime())).not.toBe(0)
    expect(Object.keys(contents(keyspace.databases[0]).key.value).length).toBe(PAIRS.length / 2)
  }
})
