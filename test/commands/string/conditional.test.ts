/** SET with IFEQ, DELIFEQ, MSETEX: what Valkey 9 has and Redis 7.2 has not. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { Observed } from '../observed.js'
import { shown } from '../play.js'
import { RawClient, texts } from '../raw-client.js'
import { words } from '../side-by-side.js'

const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value'
const SYNTAX = '-ERR syntax error'
const NUMKEYS = '-ERR invalid numkeys value or out of range'
const NO_INTEGER = '-ERR value is not an integer or out of range'

let port: number
let client: RawClient

beforeAll(async () => {
  port = (await startRedisTs(['--save', '', '--enable-debug-command', 'yes'])).port
  client = await RawClient.connect(port)
})
afterAll(() => client.close())
beforeEach(async () => {
  await client.pipeline([['FLUSHALL'], ...words('mset a old int 12', 'hset hash f v')])
})

/** Replies of requests given as words. */
async function replies(...lines: string[]): Promise<string[]> {
  return (await client.pipeline(words(...lines))).map(shown)
}

async function changes(): Promise<number> {
  const { text } = await client.call('INFO', 'persistence')
  return Number(/rdb_changes_since_last_save:(\d+)/.exec(text ?? '')?.[1])
}

/** Requests, and what each is answered. */
async function expectReplies(script: readonly (readonly [request: string, reply: string])[]): Promise<void> {
  const seen = await replies(...script.map(([request]) => request))
  expect(script.map(([request], i) => [request, seen[i]])).toEqual(script)
}

describe('SET with IFEQ', () => {
  test('sets the key if it has the value', () =>
    expectReplies([
      ['set a new ifeq old', '+OK'],
      ['get a', 'new'],
      ['set a other IFEQ old', '$null'],
      ['get a', 'new'],
      ['set missing x ifeq ""', '$null'],
      ['exists missing', ':0'],
      ['set int 13 ifeq 12', '+OK'],
      ['set int 14 ifeq 013', '$null'],
    ]))

  test('with GET returns what was there, set or not', () =>
    expectReplies([
      ['set a new ifeq old get', 'old'],
      ['set a newer GET IFEQ old', 'new'],
      ['get a', 'new'],
      ['set missing x ifeq y get', '$null'],
      ['set a get ifeq new get', 'new'],
      ['set a last ifeq get', '+OK'],
    ]))

  test('refuses other types', () =>
    expectReplies([
      ['set hash x ifeq v', WRONG_TYPE],
      ['set hash x ifeq v get', WRONG_TYPE],
      ['type hash', '+hash'],
    ]))

  test('goes with expiries, not with NX and XX, nor twice', () =>
    expectReplies([
      ['set a x ifeq old xx', SYNTAX],
      ['set a x nx ifeq old', SYNTAX],
      ['set a x ifeq old ifeq old', SYNTAX],
      ['set a x ifeq', SYNTAX],
      ['set a x ifeq other ex 0', "-ERR invalid expire time in 'set' command"],
      ['set a x ifeq old pxat 4000000000000', '+OK'],
      ['pexpiretime a', ':4000000000000'],
      ['set a y keepttl ifeq x', '+OK'],
      ['pexpiretime a', ':4000000000000'],
      ['set a z ifeq y', '+OK'],
      ['ttl a', ':-1'],
    ]))

  test('wakes those who watch, and counts as a change, only when it sets', async () => {
    const before = await changes()
    await replies('watch a', 'set a x ifeq other', 'multi', 'ping')
    expect(texts(await client.call('EXEC'))).toEqual(['PONG'])
    expect(await changes()).toBe(before)
    await replies('watch a', 'set a x ifeq old', 'multi', 'ping')
    expect((await client.call('EXEC')).elements).toBe(null)
    expect(await changes()).toBe(before + 1)
  })

  test('compares large values', async () => {
    const value = 'v'.repeat(1_000_000)
    const [, other, same] = await client.pipeline([
      ['SET', 'large', value],
      ['SET', 'large', 'x', 'IFEQ', `${value.slice(1)}w`],
      ['SET', 'large', 'x', 'IFEQ', value],
    ])
    expect([other, same].map(shown)).toEqual(['$null', '+OK'])
  })
})

describe('DELIFEQ', () => {
  test('deletes the key if it has the value', () =>
    expectReplies([
      ['delifeq a new', ':0'],
      ['delifeq a old', ':1'],
      ['exists a', ':0'],
      ['delifeq a old', ':0'],
      ['delifeq int 12', ':1'],
      ['delifeq hash v', WRONG_TYPE],
      ['delifeq a', "-ERR wrong number of arguments for 'delifeq' command"],
    ]))

  test('wakes those who watch', async () => {
    await replies('watch a', 'delifeq a old', 'multi', 'ping')
    expect((await client.call('EXEC')).elements).toBe(null)
  })
})

describe('MSETEX', () => {
  test('sets all keys', () =>
    expectReplies([
      ['msetex 2 a 1 b 2', ':1'],
      ['mget a b', '*[1 2]'],
      ['msetex 2 hash x hash y', ':1'],
      ['get hash', 'y'],
    ]))

  test('sets all or none', () =>
    expectReplies([
      ['msetex 2 b 1 a 2 nx', ':0'],
      ['mget a b', '*[old $null]'],
      ['msetex 2 a 1 b 2 XX', ':0'],
      ['mget a b', '*[old $null]'],
      ['msetex 3 b 1 c 2 b 3 NX', ':1'],
      ['mget b c', '*[3 2]'],
      ['msetex 2 a x b y xx', ':1'],
      ['mget a b', '*[x y]'],
    ]))

  test('gives all keys the same expiry', () =>
    expectReplies([
      ['msetex 2 a 1 b 2 pxat 4000000000000', ':1'],
      ['pexpiretime a', ':4000000000000'],
      ['pexpiretime b', ':4000000000000'],
      ['msetex 2 a 1 c 2 keepttl xx', ':0'],
      ['msetex 2 a 1 c 2 keepttl', ':1'],
      ['pexpiretime a', ':4000000000000'],
      ['pexpiretime c', ':-1'],
      ['msetex 2 a 1 b 2 nx exat 5000000000', ':0'],
      ['msetex 2 a 1 b 2 exat 5000000000 xx', ':1'],
      ['expiretime b', ':5000000000'],
      ['msetex 2 a 1 b 2', ':1'],
      ['ttl b', ':-1'],
      ['msetex 1 a 1 exat 1', ':1'],
      ['exists a', ':0'],
    ]))

  test('with EX and PX counts from now', async () => {
    await replies('msetex 2 a 1 b 2 ex 100', 'msetex 1 c 3 px 100000')
    for (const key of ['a', 'b', 'c']) {
      const left = Number((await client.call('PTTL', key)).text)
      expect(left).toBeGreaterThan(0)
      expect(left).toBeLessThanOrEqual(100_000)
    }
  })

  test('takes an expired key for a missing one', () =>
    expectReplies([
      ['debug set-active-expire 0', '+OK'],
      ['set a x pxat 1', '+OK'],
      ['msetex 1 a 1 xx', ':0'],
      ['set a x pxat 1', '+OK'],
      ['msetex 1 a 1 nx', ':1'],
      ['get a', '1'],
    ]))

  test('refuses what makes no sense, in this order', () =>
    expectReplies([
      ['msetex 1 a', "-ERR wrong number of arguments for 'msetex' command"],
      ['msetex 0 a 1', NUMKEYS],
      ['msetex -1 a 1 ex', NUMKEYS],
      ['msetex 1.5 a 1', NUMKEYS],
      ['msetex 2147483648 a 1', NUMKEYS],
      ['msetex 9223372036854775808 a 1', NUMKEYS],
      ['msetex 2147483647 a 1', SYNTAX],
      ['msetex 2 a 1', SYNTAX],
      ['msetex 2 a 1 b', SYNTAX],
      ['msetex 1 a 1 b', SYNTAX],
      ['msetex 1 a 1 b 2', SYNTAX],
      ['msetex 1 a 1 nx xx', SYNTAX],
      ['msetex 1 a 1 get', SYNTAX],
      ['msetex 1 a 1 ifeq old', SYNTAX],
      ['msetex 1 a 1 persist', SYNTAX],
      ['msetex 1 a 1 ex', SYNTAX],
      ['msetex 1 a 1 ex 1 px 1', SYNTAX],
      ['msetex 1 a 1 keepttl pxat 1', SYNTAX],
      ['msetex 1 a 1 ex 1 keepttl', SYNTAX],
      ['msetex 1 a 1 nx ex x', NO_INTEGER],
      ['msetex 1 a 1 nx ex 1.5', NO_INTEGER],
      ['msetex 1 a 1 nx ex 0', "-ERR invalid expire time in 'msetex' command"],
      ['msetex 1 a 1 nx exat 9223372036854775807', "-ERR invalid expire time in 'msetex' command"],
      ['get a', 'old'],
    ]))

  test('counts as a change for each key', async () => {
    const before = await changes()
    await replies('msetex 2 a 1 b 2', 'msetex 2 a 1 b 2 nx')
    expect(await changes()).toBe(before + 2)
  })

  test('takes any number of keys', async () => {
    const request = ['MSETEX', '200000']
    for (let i = 0; i < 200_000; i++) request.push(`key:${i}`, String(i))
    const [set, got] = await client.pipeline([request, ['GET', 'key:199999']])
    expect([set, got].map(shown)).toEqual([':1', '199999'])
  })

  test('has keys where its number of pairs says', () =>
    expectReplies([
      ['command getkeys msetex 2 a 1 b 2 nx', '*[a b]'],
      ['command getkeysandflags msetex 1 a 1', '*[*[a *[+OW +update]]]'],
      ['command getkeys msetex x a 1', '-ERR Invalid arguments specified for command'],
      ['command getkeys delifeq a 1', '*[a]'],
    ]))
})

test('keyspace events', async () => {
  const observed = await Observed.connect(port)
  await observed.events(words('config set notify-keyspace-events KEA', 'flushall'))
  const events = (...lines: string[]) => observed.events(words(...lines))
  expect(await events('msetex 2 a 1 b 2 ex 100')).toEqual([
    '__keyspace@0__:a set',
    '__keyevent@0__:set a',
    '__keyspace@0__:a expire',
    '__keyevent@0__:expire a',
    '__keyspace@0__:b set',
    '__keyevent@0__:set b',
    '__keyspace@0__:b expire',
    '__keyevent@0__:expire b',
  ])
  expect(await events('msetex 1 a 1 nx', 'set a x ifeq y', 'delifeq a 2')).toEqual([])
  expect(await events('set a x ifeq 1', 'delifeq a x')).toEqual([
    '__keyspace@0__:a set',
    '__keyevent@0__:set a',
    '__keyspace@0__:a del',
    '__keyevent@0__:del a',
  ])
  await observed.events(words('config set notify-keyspace-events ""'))
  observed.close()
})

test('users need leave for every key of MSETEX', async () => {
  await client.call('ACL', 'SETUSER', 'limited', 'on', 'nopass', '+@all', '~mine:*')
  const limited = await RawClient.connect(port)
  await limited.call('AUTH', 'limited', '')
  expect(shown(await limited.call('MSETEX', '2', 'mine:1', 'x', 'theirs', 'y'))).toMatch(/^-NOPERM .* key/)
  expect(shown(await limited.call('MSETEX', '2', 'mine:1', 'x', 'mine:2', 'y', 'NX'))).toBe(':1')
  limited.close()
  await client.call('ACL', 'DELUSER', 'limited')
})
