import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Snapshot } from '../../../src/persistence/snapshot.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { kindOf } from '../../../src/types/kinds.js'
import { List } from '../../../src/types/list/list.js'
import { RawClient } from '../../commands/raw-client.js'
import { requireStock, startRedisServer, startRedisTs, tempDir } from '../../interop/stock.js'
import { contents, load } from '../../persistence/rdb/keyspace.js'

const LIMITS = { maxListpackSize: 10, compressDepth: 1 }
const KEY = Buffer.from('l')

const element = (i: number): string => (i % 3 === 0 ? String(i * 1000) : `element number ${i}`)
const long = 'long, long text '.repeat(20_000)

function pushOne(list: List, atHead: boolean, value: string, limits = LIMITS): void {
  const bytes = Buffer.from(value, 'latin1')
  list.push(atHead, bytes, Int32Array.of(0), Int32Array.of(bytes.length), 0, 1, limits)
}

function newList(): { keyspace: Keyspace; list: List } {
  const keyspace = new Keyspace(1)
  const list = new List()
  keyspace.databases[0].findForWrite(KEY, 0, KEY.length)
  list.openNew(keyspace.databases[0], KEY, 0, KEY.length)
  return { keyspace, list }
}

describe('a snapshot', () => {
  test.each([true, false])('has a long list as it was, whatever becomes of it (compressed: %s)', compress => {
    const { keyspace, list } = newList()
    const [db] = keyspace.databases
    const expected = Array.from({ length: 3000 }, (_, i) => element(i))
    expected[1500] = long
    for (const value of expected) pushOne(list, false, value)
    const chunks: Buffer[] = []
    const sink = { congested: false, write: (chunk: Buffer) => void chunks.push(Buffer.from(chunk)) }
    const snapshot = new Snapshot(keyspace, sink, { compress, checksum: true, access: null, aux: [] })
    let whole = false
    for (let i = 0; !whole; i++) {
      whole = snapshot.step(0)
      const address = db.findForWrite(KEY, 0, KEY.length)
      if (i > 30 || address === 0) {
        if (address !== 0) db.remove(address)
        keyspace.collectGarbage(0)
        continue
      }
      list.open(db, address)
      pushOne(list, i % 2 === 0, 'new')
      list.deleteRange((i * 37) % 1000, 40)
      list.replace((i * 101) % 1000, KEY, 0, KEY.length)
      list.insert(700, true, KEY, 0, KEY.length)
    }
    while (!keyspace.collectGarbage(0)) {}
    expect(keyspace.entries.usedBytes).toBe(0)
    const loaded = load(Buffer.concat(chunks)).keyspace
    expect(contents(loaded.databases[0]).l.value).toEqual(expected)
  })
})

test('MEMORY USAGE follows the nodes', () => {
  const { keyspace, list } = newList()
  const limits = { maxListpackSize: 10, compressDepth: 0 }
  for (let i = 0; i < 2000; i++) pushOne(list, false, `${i}`.padEnd(100, 'x'), limits)
  const kind = kindOf(keyspace.entries, list.address)
  const all = kind.elementBytes(keyspace, list.address, 1_000_000)
  expect(all).toBeGreaterThan(keyspace.entries.usedBytes * 0.95)
  expect(all).toBeLessThan(keyspace.entries.usedBytes * 1.05)
  const estimate = kind.elementBytes(keyspace, list.address, 5)
  expect(Math.abs(estimate - all) / all).toBeLessThan(0.05)
})

describe('files of lists', requireStock('redis-server'), () => {
  const options = [
    '--save',
    '',
    '--list-max-listpack-size',
    '10',
    '--list-compress-depth',
    '1',
    '--enable-debug-command',
    'yes',
  ]

  async function fill(client: RawClient): Promise<void> {
    await client.pipeline([
      ['RPUSH', 'small', 'a', '1', ''],
      ['RPUSH', 'nodes', ...Array.from({ length: 300 }, (_, i) => element(i))],
      ['RPUSH', 'long', 'a', long, 'b', 'x'.repeat(70_000), '-5'],
      ['RPUSH', 'expires', 'v'],
      ['PEXPIREAT', 'expires', '4000000000123'],
    ])
  }

  test.each<[string, typeof startRedisTs, typeof startRedisServer]>([
    ['redis-server reads ours', startRedisTs, startRedisServer],
    ['ours reads those of redis-server', startRedisServer, startRedisTs],
  ])('%s', async (_, from, to) => {
    const source = await from(options)
    const writer = await RawClient.connect(source.port)
    await fill(writer)
    const digest = await writer.call('DEBUG', 'DIGEST')
    expect((await writer.call('SAVE')).text).toBe('OK')
    writer.close()
    const dir = tempDir()
    copyFileSync(join(source.dir, 'dump.rdb'), join(dir, 'dump.rdb'))
    const reader = await RawClient.connect((await to(options, { dir })).port)
    expect(await reader.call('DEBUG', 'DIGEST')).toEqual(digest)
    expect((await reader.call('LINDEX', 'long', '1')).text === long).toBe(true)
    reader.close()
    const { keyspace } = load(readFileSync(join(dir, 'dump.rdb')))
    expect(Object.keys(contents(keyspace.databases[0])).sort()).toEqual(['expires', 'long', 'nodes', 'small'])
  })
})
