import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeEntry } from '../../../src/persistence/rdb/encode.js'
import { RdbOutput } from '../../../src/rdb/output.js'
import { ENCODING_AGGREGATE, type Entries, HAS_EXPIRY } from '../../../src/store/entries.js'
import type { Keyspace } from '../../../src/store/keyspace.js'
import { writeValue } from '../../../src/types/kinds.js'
import { cli, type RunningServer, requireStock, startRedisServer, tempDir } from '../../interop/stock.js'
import { expiryMs, file, str } from './bytes.js'
import { addresses, contents, load } from './keyspace.js'

const EXPIRY = 4_000_000_000_123
const LONG = 'a long, long text that compresses well '.repeat(300)
const BINARY = '\\0\\255\\r\\n'

async function fill(port: number): Promise<void> {
  const large = Array.from({ length: 300 }, (_, i) => [`field:${i}`, `value ${i}`]).flat()
  const commands = [
    ['SET', 'text', 'hello'],
    ['SET', 'empty', ''],
    ['SET', 'int8', '-100'],
    ['SET', 'int16', '-30000'],
    ['SET', 'int32', '2000000000'],
    ['SET', 'int64', '-9000000000000000000'],
    ['SET', 'noint', '007'],
    ['SET', 'long', LONG],
    ['SET', '12345', 'a key that looks like a number'],
    ['SET', 'expires', 'v', 'PXAT', String(EXPIRY)],
    ['HSET', 'small', 'a', '1', 'b', 'two', 'c', '-70000', '', 'x'.repeat(64)],
    ['HSET', 'large', ...large],
    ['HSET', 'wide', 'f', LONG],
    ['PEXPIREAT', 'large', String(EXPIRY)],
  ]
  for (const command of commands) await cli(port, ...command)
  await cli(port, 'EVAL', `return redis.call('SET', '${BINARY}', '${BINARY}')`, '0')
}

const expected = {
  text: { encoding: 'embstr', value: 'hello' },
  empty: { encoding: 'embstr', value: '' },
  int8: { encoding: 'int', value: '-100' },
  int16: { encoding: 'int', value: '-30000' },
  int32: { encoding: 'int', value: '2000000000' },
  int64: { encoding: 'int', value: '-9000000000000000000' },
  noint: { encoding: 'embstr', value: '007' },
  long: { encoding: 'raw', value: LONG },
  12345: { encoding: 'embstr', value: 'a key that looks like a number' },
  expires: { encoding: 'embstr', value: 'v', expiryMs: EXPIRY },
  small: { encoding: 'listpack', value: { a: '1', b: 'two', c: '-70000', '': 'x'.repeat(64) } },
  large: {
    encoding: 'hashtable',
    value: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`field:${i}`, `value ${i}`])),
    expiryMs: EXPIRY,
  },
  wide: { encoding: 'hashtable', value: { f: LONG } },
  '\x00\xff\r\n': { encoding: 'embstr', value: '\x00\xff\r\n' },
}

function keyOf(entries: Entries, address: number): Buffer {
  return str(entries.keyCopy(address))
}

/** The keys of database 0 as a file. */
function saved(keyspace: Keyspace, compress: boolean): Buffer {
  const { entries } = keyspace
  const out = new RdbOutput()
  for (const address of addresses(keyspace.databases[0])) {
    if (entries.encoding(address) === ENCODING_AGGREGATE) {
      if (entries.meta(address) & HAS_EXPIRY) out.raw(expiryMs(entries.expiry(address)))
      out.byte(4)
      out.raw(keyOf(entries, address))
      writeValue(out, keyspace, address, compress)
    } else writeEntry(out, keyspace, address, compress, keyspace.clock)
  }
  return file(10, out.take())
}

describe('stock redis-server', requireStock('redis-server', 'redis-cli'), () => {
  let file0: Buffer

  test.each(['yes', 'no'])('its files are read (rdbcompression %s)', async compression => {
    const server = await startRedisServer(['--save', '', '--rdbcompression', compression])
    await fill(server.port)
    await cli(server.port, '-n', '5', 'SET', 'elsewhere', 'v')
    await cli(server.port, 'SAVE')
    await server.stop()
    file0 = readFileSync(join(server.dir, 'dump.rdb'))
    const aux = new Map<string, string>()
    const { keyspace, target } = load(file0, { aux: (name, value) => aux.set(name, value) })
    expect(contents(keyspace.databases[0])).toEqual(expected)
    expect(contents(keyspace.databases[5])).toEqual({ elsewhere: { encoding: 'embstr', value: 'v' } })
    expect(target.keysLoaded).toBe(15)
    expect(aux.get('redis-ver')).toMatch(/^\d+\.\d+\.\d+$/)
  })

  test.each([true, false])('it reads what is written here (compressed: %s)', async compress => {
    const { keyspace } = load(file0)
    const dir = tempDir()
    writeFileSync(join(dir, 'dump.rdb'), saved(keyspace, compress))
    const server: RunningServer = await startRedisServer(['--save', '', '--enable-debug-command', 'yes'], { dir })
    expect(await cli(server.port, 'DBSIZE')).toBe(String(Object.keys(expected).length))
    expect(await cli(server.port, 'GET', 'int64')).toBe('-9000000000000000000')
    expect(await cli(server.port, 'GET', 'long')).toBe(LONG)
    expect(await cli(server.port, 'GET', '12345')).toBe('a key that looks like a number')
    expect(await cli(server.port, 'PEXPIRETIME', 'large')).toBe(String(EXPIRY))
    const digest = await cli(server.port, 'DEBUG', 'DIGEST')
    await cli(server.port, 'FLUSHALL')
    await fill(server.port)
    expect(await cli(server.port, 'DEBUG', 'DIGEST')).toBe(digest)
    await server.stop()
  })
})
