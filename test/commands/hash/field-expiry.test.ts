/** Fields of hashes that expire, as a user sees them. Source of behaviour: Redis 7.4's t_hash.c. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { Observed } from '../observed.js'
import { shown } from '../play.js'
import { RawClient } from '../raw-client.js'
import { words } from '../side-by-side.js'

const ARGUMENTS = ['--save', '', '--notify-keyspace-events', 'KEA', '--enable-debug-command', 'yes', '--hz', '100']
/** Far from now, and what fields may have at most. */
const FAR = 4_000_000_000_000
const MOST_MS = 2 ** 46 - 1

let server: RunningServer
let observed: Observed
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(ARGUMENTS)
  observed = await Observed.connect(server.port)
  client = await RawClient.connect(server.port)
})
beforeEach(async () => {
  await replies('debug set-active-expire 1', 'config set hash-max-listpack-entries 128', 'flushall')
  await observed.events([])
})
afterAll(async () => {
  observed.close()
  client.close()
  await server.stop()
})

async function replies(...lines: string[]): Promise<string[]> {
  return (await client.pipeline(words(...lines))).map(shown)
}

async function reply(line: string): Promise<string> {
  return (await replies(line))[0]
}

/** What the commands of the lines have others hear. */
async function events(...lines: string[]): Promise<string[]> {
  await observed.events([])
  const heard = await observed.events(words(...lines))
  return heard.filter(line => line.startsWith('__keyevent')).map(line => line.slice('__keyevent@0__:'.length))
}

/** Resolves once a command's reply is that. */
async function until(line: string, expected: string): Promise<void> {
  while ((await reply(line)) !== expected);
}

/** The fields have expired, and are there until somebody meets them. */
async function letExpire(key: string, ...fields: string[]): Promise<void> {
  await replies('debug set-active-expire 0', `hpexpire ${key} 1 fields ${fields.length} ${fields.join(' ')}`)
  await until(`hpttl ${key} fields 1 ${fields[0]}`, '*[:-2]')
}

describe.each([
  ['a small hash', '128'],
  ['a large hash', '1'],
])('%s', (_, entries) => {
  beforeEach(async () => {
    await replies(`config set hash-max-listpack-entries ${entries}`, 'hset h a 1 b 2 c 3')
  })

  test('a time is set, told in each unit, and taken away', async () => {
    expect(
      await replies(
        `hpexpireat h ${FAR + 1} fields 3 a b missing`,
        'hpexpiretime h fields 4 a b c missing',
        'hexpiretime h fields 1 a',
        `hexpireat h ${FAR / 1000} fields 1 a`,
        'hpexpiretime h fields 1 a',
        'hpersist h fields 4 a a c missing',
        'hpexpiretime h fields 2 a b',
      ),
    ).toEqual([
      '*[:1 :1 :-2]',
      `*[:${FAR + 1} :${FAR + 1} :-1 :-2]`,
      `*[:${FAR / 1000 + 1}]`,
      '*[:1]',
      `*[:${FAR}]`,
      '*[:1 :-1 :-1 :-2]',
      `*[:-1 :${FAR + 1}]`,
    ])
    await replies('hexpire h 100 fields 1 a', 'hpexpire h 100000 fields 1 b')
    expect(await reply('httl h fields 3 a b c')).toMatch(/^\*\[:(100|99) :(100|99) :-1\]$/)
    expect(await reply('hpttl h fields 2 a b')).toMatch(/^\*\[:(100000|99\d\d\d) :(100000|99\d\d\d)\]$/)
  })

  test('conditions', async () => {
    const at = (ms: number, condition: string) => reply(`hpexpireat h ${ms} ${condition} fields 2 a b`)
    await replies(`hpexpireat h ${FAR} fields 1 a`)
    expect(await at(FAR + 1, 'NX')).toBe('*[:0 :1]')
    expect(await at(FAR + 1, 'gt')).toBe('*[:1 :0]')
    expect(await at(FAR + 1, 'gt')).toBe('*[:0 :0]')
    expect(await at(FAR + 1, 'LT')).toBe('*[:0 :0]')
    expect(await at(FAR, 'lt')).toBe('*[:1 :1]')
    await replies('hpersist h fields 1 b')
    expect(await at(FAR, 'xx')).toBe('*[:1 :0]')
    expect(await at(FAR + 5, 'gt')).toBe('*[:1 :0]')
    expect(await at(FAR, 'lt')).toBe('*[:1 :1]')
  })

  test('a time that has passed deletes', async () => {
    expect(await replies('hexpire h 0 fields 2 a missing', 'hmget h a b c', 'hpexpireat h 1 nx fields 2 b c')).toEqual([
      '*[:2 :-2]',
      '*[$null 2 3]',
      '*[:2 :2]',
    ])
    expect(await reply('exists h')).toBe(':0')
    await replies('hset h a 1')
    expect(await replies('hexpireat h 1 fields 2 a a', 'type h')).toEqual(['*[:2 :-2]', '+none'])
  })

  test('HSET takes the time away, HINCRBY and HINCRBYFLOAT keep it', async () => {
    await replies(`hpexpireat h ${FAR} fields 3 a b c`)
    expect(
      await replies('hincrby h a 5', 'hincrbyfloat h b 0.5', 'hset h c 3', 'hpexpiretime h fields 3 a b c', 'hvals h'),
    ).toEqual([':6', '2.5', ':0', `*[:${FAR} :${FAR} :-1]`, '*[6 2.5 3]'])
    await replies(`hpexpireat h ${FAR} fields 1 c`, 'hmset h c 4', 'hincrby h a 9007199254740993')
    expect(await reply('hpexpiretime h fields 2 a c')).toBe(`*[:${FAR} :-1]`)
  })

  test('fields of long values have times too', async () => {
    const long = 'x'.repeat(5000)
    await replies(`hset h long ${long}`, `hpexpireat h ${FAR} fields 1 long`, `hpexpireat h ${FAR + 1} fields 1 long`)
    expect(
      await replies('hpexpiretime h fields 1 long', 'hget h long', 'hpersist h fields 1 long', 'hget h long'),
    ).toEqual([`*[:${FAR + 1}]`, long, '*[:1]', long])
    expect(
      await replies(`hpexpireat h ${FAR} fields 1 long`, 'hincrby h long 1', 'hset h long 1', 'hget h long'),
    ).toEqual(['*[:1]', '-ERR hash value is not an integer', ':0', '1'])
  })

  test('who reads sees no expired field', async () => {
    await letExpire('h', 'a', 'b')
    expect(
      (
        await replies('hgetall h', 'hkeys h', 'hvals h', 'hscan h 0', 'hscan h 0 novalues', 'httl h fields 2 a c')
      ).concat(await replies('hpersist h fields 1 a', 'hlen h')),
    ).toEqual(['*[c 3]', '*[c]', '*[3]', '*[0 *[c 3]]', '*[0 *[c]]', '*[:-2 :-1]', '*[:-2]', ':3'])
    expect(await replies('hget h a', 'hlen h', 'hmget h a b c', 'hlen h')).toEqual([
      '$null',
      ':2',
      '*[$null $null 3]',
      ':1',
    ])
  })

  test.each([
    ['hexists h a', ':0'],
    ['hstrlen h a', ':0'],
    ['hget h a', '$null'],
    ['hmget h a a', '*[$null $null]'],
    ['hsetnx h a 5', ':1'],
    ['hincrby h a 5', ':5'],
    ['hincrbyfloat h a 5', '5'],
    ['hgetdel h fields 1 a', '*[$null]'],
    ['hgetex h persist fields 1 a', '*[$null]'],
    ['hrandfield h', 'b'],
    ['hrandfield h 5', '*[b]'],
    ['hrandfield h -2 withvalues', '*[b 2 b 2]'],
    ['hsetex h fnx fields 1 a 5', ':1'],
  ])('%s takes an expired field for gone, and removes it', async (line, expected) => {
    await replies('hdel h c')
    await letExpire('h', 'a')
    expect(await events(line)).toContain('hexpired h')
    await replies('del h', 'hset h a 1 b 2')
    await letExpire('h', 'a')
    expect(await reply(line)).toBe(expected)
  })

  test('the key goes with its last field', async () => {
    await replies('hdel h b c')
    await letExpire('h', 'a')
    expect(await events('hget h a')).toEqual(['hexpired h', 'del h'])
    expect(await replies('exists h', 'hset h a 1 b 2')).toEqual([':0', ':2'])
    await letExpire('h', 'a', 'b')
    expect(await replies('hsetnx h x 1', 'hrandfield h', 'hlen h')).toEqual([':1', 'x', ':1'])
    await replies('del h', 'hset h a 1')
    await letExpire('h', 'a')
    expect(await replies('hincrby h a 2', 'hgetall h', 'httl h fields 1 a')).toEqual([':2', '*[a 2]', '*[:-1]'])
    await letExpire('h', 'a')
    expect(await replies('hrandfield h 2', 'exists h')).toEqual(['*[]', ':0'])
  })

  test('fields expire while nobody looks', async () => {
    await replies('hpexpire h 1 fields 2 a b')
    await until('hlen h', ':1')
    expect(await reply('hgetall h')).toBe('*[c 3]')
    await replies('hpexpire h 1 fields 1 c')
    await until('dbsize', ':0')
  })

  test('a field whose time is put off in time stays', async () => {
    await replies('hpexpire h 1000 fields 2 a b', `hpexpireat h ${FAR} fields 1 a`, 'hpersist h fields 1 b')
    await replies('hset other x 1', 'hpexpire other 20 fields 1 x')
    await until('exists other', ':0')
    expect(await reply('hlen h')).toBe(':3')
  })

  test('events', async () => {
    expect(await events('hexpire h 100 fields 2 a missing')).toEqual(['hexpire h'])
    expect(await events('hexpire h 100 nx fields 1 a', 'hexpire h 100 fields 1 missing')).toEqual([])
    expect(await events('httl h fields 1 a')).toEqual([])
    expect(await events('hpersist h fields 2 a b', 'hpersist h fields 1 a')).toEqual(['hpersist h'])
    expect(await events('hpexpireat h 1 fields 1 a')).toEqual(['hdel h'])
    expect(await events('hexpire h 0 fields 2 b c')).toEqual(['hdel h', 'del h'])
  })

  test('an HMGET that meets several expired fields is one event', async () => {
    await letExpire('h', 'a', 'b')
    expect(await events('hmget h a b c')).toEqual(['hexpired h'])
    await letExpire('h', 'c')
    expect(await events('hmget h c a b')).toEqual(['hexpired h', 'del h'])
  })

  test('COPY, RENAME, MOVE and SWAPDB take the times along, and the fields expire there', async () => {
    const times = 'fields 2 a b'
    await replies(
      `hpexpireat h ${FAR} fields 1 a`,
      'copy h copy',
      'copy h h db 1',
      'rename h renamed',
      'move renamed 2',
    )
    expect(await replies(`hpexpiretime copy ${times}`, 'select 1', `hpexpiretime h ${times}`, 'select 2')).toEqual([
      `*[:${FAR} :-1]`,
      '+OK',
      `*[:${FAR} :-1]`,
      '+OK',
    ])
    expect(
      await replies(`hpexpiretime renamed ${times}`, 'swapdb 2 3', 'select 3', `hpexpiretime renamed ${times}`),
    ).toEqual([`*[:${FAR} :-1]`, '+OK', '+OK', `*[:${FAR} :-1]`])
    await replies('hpexpire renamed 5 fields 3 a b c', 'select 1', 'hpexpire h 5 fields 3 a b c', 'swapdb 1 0')
    await replies('select 0')
    await until('exists h', ':0')
    expect(await replies('select 3')).toEqual(['+OK'])
    await until('dbsize', ':0')
    expect(await replies('select 1', 'hpexpiretime copy fields 1 a', 'select 0')).toEqual(['+OK', `*[:${FAR}]`, '+OK'])
  })

  test('DUMP and RESTORE keep them', async () => {
    await replies(`hpexpireat h ${FAR} fields 1 a`, `hpexpireat h ${FAR + 70000} fields 1 b`)
    const dump = (await client.call('DUMP', 'h')).text ?? ''
    expect(shown(await client.call('RESTORE', 'again', '0', dump))).toBe('+OK')
    expect(await replies('hpexpiretime again fields 3 a b c', 'object encoding again')).toEqual([
      `*[:${FAR} :${FAR + 70000} :-1]`,
      await reply('object encoding h'),
    ])
    expect((await reply('hgetall again')).split(/[ [\]]/).sort()).toEqual(
      (await reply('hgetall h')).split(/[ [\]]/).sort(),
    )
  })

  test('DEBUG RELOAD keeps them, and goes on letting fields expire', async () => {
    await replies(`hpexpireat h ${FAR} fields 1 a`, 'hset gone x 1 y 2', 'hpexpire gone 20 fields 1 x')
    const encoding = await reply('object encoding h')
    expect(await replies('debug reload', 'hpexpiretime h fields 3 a b c', 'object encoding h')).toEqual([
      '+OK',
      `*[:${FAR} :-1 :-1]`,
      encoding,
    ])
    await until('hlen gone', ':1')
    await replies('hpexpire h 1 fields 3 a b c')
    await until('exists h', ':0')
  })

  test('a hash that has lost all its times reloads, and gets others', async () => {
    await replies(`hpexpireat h ${FAR} fields 1 a`, 'hpersist h fields 1 a', 'debug reload')
    expect(await events('hpexpire h 100 fields 3 a b c')).toEqual(['hexpire h'])
    await until('exists h', ':0')
  })

  test('FLUSHALL, FLUSHDB, DEL and overwriting forget them', async () => {
    for (const line of ['flushall', 'flushdb', 'flushall async', 'del h', 'unlink h', 'set h 1']) {
      await replies('del h', 'hset h a 1 b 2', 'hpexpire h 20 fields 1 a', line, 'del h', 'hset h a 1 b 2')
      await replies('hset other x 1', 'hpexpire other 25 fields 1 x')
      await until('exists other', ':0')
      expect([line, await reply('hlen h')]).toEqual([line, ':2'])
    }
  })

  test('a WATCH fails for a field that expires', async () => {
    await replies('hpexpire h 20 fields 1 a', 'watch h')
    const other = await RawClient.connect(server.port)
    while ((await other.call('HLEN', 'h')).text !== '2');
    other.close()
    expect(await replies('multi', 'ping', 'exec')).toEqual(['+OK', '+QUEUED', '*null'])
  })

  test('who tracks the key is told', async () => {
    const tracking = await RawClient.connect(server.port)
    await tracking.call('HELLO', '3')
    await tracking.call('CLIENT', 'TRACKING', 'ON')
    for (const line of ['hexpire h 100 fields 1 a', 'hpersist h fields 1 a', 'hpexpire h 200 fields 1 a']) {
      await tracking.call('HGET', 'h', 'c')
      await reply(line)
      expect(shown(await tracking.next())).toBe('>[invalidate *[h]]')
    }
    await tracking.call('HGET', 'h', 'c')
    expect(shown(await tracking.next())).toBe('>[invalidate *[h]]')
    tracking.close()
  })

  test('INFO counts hashes with times, and fields that expired', async () => {
    const stat = async (section: string, pattern: RegExp): Promise<string | undefined> =>
      pattern.exec((await client.call('INFO', section)).text ?? '')?.[1]
    const expired = async (): Promise<number> => Number(await stat('stats', /expired_subkeys:(\d+)/))
    const before = await expired()
    await replies(`hpexpireat h ${FAR} fields 2 a b`)
    expect(await stat('keyspace', /db0:(.*)/)).toMatch(/subexpiry=1$/)
    await replies('hpexpire h 1 fields 2 a b')
    await until('hlen h', ':1')
    expect((await expired()) - before).toBe(2)
    expect(await stat('keyspace', /db0:(.*)/)).not.toContain('subexpiry')
  })
})

test('a key that is none, and one that is no hash', async () => {
  await replies('set s 1')
  for (const line of ['hexpire % 1 fields 2 a b', 'httl % fields 2 a b', 'hpersist % fields 2 a b']) {
    expect(await reply(line.replace('%', 'missing'))).toBe('*[:-2 :-2]')
    expect(await reply(line.replace('%', 's'))).toBe(
      '-WRONGTYPE Operation against a key holding the wrong kind of value',
    )
  }
  expect(await reply('exists missing')).toBe(':0')
})

test.each([
  ['hexpire h x fields 1 a', 'ERR value is not an integer or out of range'],
  ['hexpire h 99999999999999999999 fields 1 a', 'ERR value is not an integer or out of range'],
  ['hexpire h -1 fields 1 a', 'ERR invalid expire time, must be >= 0'],
  [`hexpire h ${Math.floor(MOST_MS / 1000) + 1} fields 1 a`, "ERR invalid expire time in 'hexpire' command"],
  [`hpexpire h ${MOST_MS} fields 1 a`, "ERR invalid expire time in 'hpexpire' command"],
  [`hexpireat h ${Math.floor(MOST_MS / 1000) + 1} fields 1 a`, "ERR invalid expire time in 'hexpireat' command"],
  [`hpexpireat h ${MOST_MS + 1} fields 1 a`, "ERR invalid expire time in 'hpexpireat' command"],
  ['hpexpireat h 9223372036854775807 fields 1 a', "ERR invalid expire time in 'hpexpireat' command"],
  ['hexpire h 1 x 1 a', 'ERR Mandatory argument FIELDS is missing or not at the right position'],
  ['hexpire h 1 nx x 1 a', 'ERR Mandatory argument FIELDS is missing or not at the right position'],
  ['hexpire h 1 nx gt fields 1 a', 'ERR Mandatory argument FIELDS is missing or not at the right position'],
  ['hexpire h 1 fields x a', 'ERR Parameter `numFields` should be greater than 0'],
  ['hexpire h 1 fields 0 a', 'ERR Parameter `numFields` should be greater than 0'],
  ['hexpire h 1 fields -1 a', 'ERR Parameter `numFields` should be greater than 0'],
  ['hexpire h 1 fields 2 a', 'ERR The `numfields` parameter must match the number of arguments'],
  ['hexpire h 1 fields 1 a b', 'ERR The `numfields` parameter must match the number of arguments'],
  ['hexpire h 1 nx fields 1', 'ERR The `numfields` parameter must match the number of arguments'],
  ['hexpire h 1 fields 1', "ERR wrong number of arguments for 'hexpire' command"],
  ['httl h x 1 a', 'ERR Mandatory argument FIELDS is missing or not at the right position'],
  ['httl h fields x a', 'ERR Number of fields must be a positive integer'],
  ['httl h fields 0 a', 'ERR Number of fields must be a positive integer'],
  ['httl h fields 2 a', 'ERR The `numfields` parameter must match the number of arguments'],
  ['hpersist h fields 2 a', 'ERR The `numfields` parameter must match the number of arguments'],
  ['hpersist h fields 1', "ERR wrong number of arguments for 'hpersist' command"],
  ['hscan h 0 novalues x', 'ERR syntax error'],
  ['sscan h 0 novalues', 'ERR syntax error'],
])('%s: %s', async (line, error) => {
  // One that scans looks for the key first.
  if (!line.includes('scan')) expect(await reply(line)).toBe(`-${error}`)
  await replies(line.startsWith('sscan') ? 'sadd h a' : 'hset h a 1')
  expect(await reply(line)).toBe(`-${error}`)
})

test('the greatest times', async () => {
  await replies('hset h a 1 b 2')
  expect(
    await replies(
      `hpexpireat h ${MOST_MS} fields 1 a`,
      `hexpireat h ${Math.floor(MOST_MS / 1000)} fields 1 b`,
      'hpexpiretime h fields 2 a b',
      'debug reload',
      'hpexpiretime h fields 2 a b',
    ),
  ).toEqual([
    '*[:1]',
    '*[:1]',
    `*[:${MOST_MS} :${Math.floor(MOST_MS / 1000) * 1000}]`,
    '+OK',
    `*[:${MOST_MS} :${Math.floor(MOST_MS / 1000) * 1000}]`,
  ])
})

test('encodings: listpackex while it is small, hashtable from then on', async () => {
  const encoding = () => reply('object encoding h')
  await replies('config set hash-max-listpack-entries 3', 'hset h a 1', 'hexpire h 100 fields 1 a')
  expect(await encoding()).toBe('listpackex')
  await replies('hset h b 1 c 1')
  expect(await encoding()).toBe('listpackex')
  await replies('hset h d 1')
  expect(await encoding()).toBe('hashtable')
  await replies('hdel h d')
  expect(await encoding()).toBe('hashtable')
  await replies('del h', 'hset h a 1', 'hexpire h 100 fields 1 missing')
  expect(await encoding()).toBe('listpackex')
  await replies(`hset h a ${'x'.repeat(65)}`)
  expect(await encoding()).toBe('hashtable')
  await replies('del h', 'hset h a 1', 'hexpire h 100 fields 1 a', 'hpersist h fields 1 a', 'copy h c')
  expect(await replies('object encoding h', 'object encoding c')).toEqual(['listpackex', 'listpackex'])
})

test('CLIENT PAUSE WRITE: fields that expire are hidden, and stay until it is over', async () => {
  await replies('hset h a 1 b 2 c 3', 'debug set-active-expire 0', 'hpexpire h 1 fields 2 a b')
  await until('hpttl h fields 1 a', '*[:-2]')
  // HRANDFIELD shows what is there, as it does on a replica of Redis, if it is not to show all.
  await replies('debug set-active-expire 1', 'client pause 100000 write')
  expect(await replies('hget h a', 'hgetall h', 'hlen h')).toEqual(['$null', '*[c 3]', ':3'])
  expect(await replies('hrandfield h 5', 'hrandfield h 1 withvalues', 'ping')).toEqual(['*[c]', '*[c 3]', '+PONG'])
  for (const line of ['hrandfield h -3', 'hrandfield h -3 withvalues']) {
    expect([line, (await reply(line)).split(' ').length]).toEqual([line, line.endsWith('s') ? 6 : 3])
  }
  expect(['a', 'b', 'c']).toContain(await reply('hrandfield h'))
  await replies('client unpause')
  await until('hlen h', ':1')
})

describe('a hash of 20,000 fields', () => {
  const COUNT = 20_000

  beforeEach(async () => {
    for (let i = 0; i < COUNT; i += 1000) {
      const pairs = Array.from({ length: 1000 }, (_, j) => [`field:${i + j}`, `value:${i + j}`])
      await client.call('HSET', 'h', ...pairs.flat())
    }
  })

  function names(from: number, to: number): string[] {
    return Array.from({ length: to - from }, (_, i) => `field:${from + i}`)
  }

  test('HGETALL, HKEYS and HSCAN while half of it expires', async () => {
    const others = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(server.port)))
    const fields = names(0, COUNT / 2)
    await client.call('HPEXPIRE', 'h', '40', 'FIELDS', String(fields.length), ...fields)
    const staying = new Set(names(COUNT / 2, COUNT))
    await Promise.all(
      others.map(async (other, i) => {
        for (let length = COUNT; length > COUNT / 2; ) {
          const { elements } = i % 2 === 0 ? await other.call('HKEYS', 'h') : await other.call('HGETALL', 'h')
          const seen = new Set((elements ?? []).map(({ text }) => text).filter(text => text?.startsWith('field')))
          length = seen.size
          expect([...staying].every(name => seen.has(name))).toBe(true)
          expect((elements ?? []).length).toBe(length * (i % 2 === 0 ? 1 : 2))
          const scanned = new Set<string | null>()
          for (let cursor: string | null = '0'; ; ) {
            const [next, found]: readonly {
              text: string | null
              elements: readonly { text: string | null }[] | null
            }[] = (await other.call('HSCAN', 'h', cursor ?? '0', 'COUNT', '500', 'NOVALUES')).elements ?? []
            for (const { text } of found.elements ?? []) scanned.add(text)
            cursor = next.text
            if (cursor === '0') break
          }
          expect([...staying].every(name => scanned.has(name))).toBe(true)
        }
      }),
    )
    await until('hlen h', `:${COUNT / 2}`)
    for (const other of others) other.close()
  })

  test('HRANDFIELD of it after most of it has expired', async () => {
    await replies('debug set-active-expire 0')
    for (let i = 0; i < COUNT - 3; i += 1000) {
      const fields = names(i, Math.min(i + 1000, COUNT - 3))
      await client.call('HPEXPIRE', 'h', '1', 'FIELDS', String(fields.length), ...fields)
    }
    await until(`hpttl h fields 1 field:${COUNT - 4}`, '*[:-2]')
    const staying = names(COUNT - 3, COUNT)
    expect(staying).toContain(await reply('hrandfield h'))
    const { elements } = await client.call('HRANDFIELD', 'h', '50')
    expect((elements ?? []).map(({ text }) => text).sort()).toEqual(staying)
  })

  test('all of it is in a payload, and in a file', async () => {
    const fields = names(0, 5000)
    await client.call('HPEXPIREAT', 'h', String(FAR), 'FIELDS', '5000', ...fields)
    const dump = (await client.call('DUMP', 'h')).text ?? ''
    expect(shown(await client.call('RESTORE', 'again', '0', dump))).toBe('+OK')
    for (const key of ['again', 'h']) {
      const times = (await client.call('HPEXPIRETIME', key, 'FIELDS', '5001', ...fields, 'field:5000')).elements ?? []
      expect(new Set(times.slice(0, 5000).map(({ text }) => text))).toEqual(new Set([String(FAR)]))
      expect(times[5000].text).toBe('-1')
      await replies('debug reload')
    }
  })
})
