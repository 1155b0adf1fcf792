/** HGETEX, HGETDEL and HSETEX of Redis 8.0, and what replicas get of all that has to do with fields that expire. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisTs } from '../../interop/stock.js'
import { Observed } from '../observed.js'
import { shown } from '../play.js'
import { RawClient } from '../raw-client.js'
import { words } from '../side-by-side.js'

const ARGUMENTS = ['--save', '', '--notify-keyspace-events', 'KEA', '--enable-debug-command', 'yes', '--hz', '100']
const FAR = 4_000_000_000_000

let server: RunningServer
let observed: Observed
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs([...ARGUMENTS, '--repl-diskless-sync-delay', '0'])
  observed = await Observed.connect(server.port)
  client = await RawClient.connect(server.port)
})
beforeEach(async () => {
  await replies('debug set-active-expire 1', 'flushall')
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

async function events(...lines: string[]): Promise<string[]> {
  await observed.events([])
  const heard = await observed.events(words(...lines))
  return heard.filter(line => line.startsWith('__keyevent')).map(line => line.slice('__keyevent@0__:'.length))
}

describe('HGETEX', () => {
  test('gives values, and leaves times as they are', async () => {
    await replies('hset h a 1 b 2', `hpexpireat h ${FAR} fields 1 a`)
    expect(await replies('hgetex h fields 3 a missing b', 'hpexpiretime h fields 2 a b')).toEqual([
      '*[1 $null 2]',
      `*[:${FAR} :-1]`,
    ])
    expect(await events('hgetex h fields 1 a')).toEqual([])
    expect(await reply('hgetex missing fields 2 a b')).toBe('*[$null $null]')
  })

  test.each([
    [`exat ${FAR / 1000}`, `*[:${FAR} :-1]`],
    [`PXAT ${FAR + 1}`, `*[:${FAR + 1} :-1]`],
    ['persist', '*[:-1 :-1]'],
  ])('with %s', async (option, times) => {
    await replies('hset h a 1 b 2', `hpexpireat h ${FAR - 7000} fields 1 a`)
    expect(await replies(`hgetex h ${option} fields 1 a`, 'hpexpiretime h fields 2 a b')).toEqual(['*[1]', times])
  })

  test('with EX and PX', async () => {
    await replies('hset h a 1 b 2')
    expect(await replies('hgetex h ex 100 fields 1 a', 'hgetex h px 100000 fields 2 b b')).toEqual(['*[1]', '*[2 2]'])
    expect(await reply('httl h fields 2 a b')).toMatch(/^\*\[:(100|99) :(100|99)\]$/)
  })

  test('a time that has passed deletes', async () => {
    await replies('hset h a 1 b 2 c 3')
    expect(await replies('hgetex h pxat 1 fields 2 a a', 'hkeys h')).toEqual(['*[1 1]', expect.not.stringMatching('a')])
    expect(await events('hgetex h exat 1 fields 2 b c')).toEqual(['hdel h', 'del h'])
    expect(await reply('exists h')).toBe(':0')
  })

  test('events', async () => {
    await replies('hset h a 1 b 2')
    expect(await events('hgetex h ex 100 fields 2 a missing')).toEqual(['hexpire h'])
    expect(await events('hgetex h persist fields 2 a b', 'hgetex h persist fields 2 a b')).toEqual(['hpersist h'])
  })
})

describe('HGETDEL', () => {
  test('gives values and deletes them, and the key with the last one', async () => {
    await replies('hset h a 1 b 2 c 3')
    expect(await events('hgetdel h fields 2 a missing')).toEqual(['hdel h'])
    expect(await replies('hgetdel h fields 2 b b', 'hgetall h', 'hgetdel missing fields 1 a')).toEqual([
      '*[2 $null]',
      '*[c 3]',
      '*[$null]',
    ])
    expect(await events('hgetdel h fields 1 missing')).toEqual([])
    expect(await events('hgetdel h fields 1 c')).toEqual(['hdel h', 'del h'])
    expect(await reply('exists h')).toBe(':0')
  })

  test('takes times away with their fields', async () => {
    await replies('hset h a 1 b 2', 'hpexpire h 20 fields 2 a b', 'hgetdel h fields 2 a b', 'hset h a 1')
    await replies('hset other x 1', 'hpexpire other 25 fields 1 x')
    while ((await reply('exists other')) !== ':0');
    expect(await reply('hgetall h')).toBe('*[a 1]')
  })
})

describe('HSETEX', () => {
  test('sets fields, with a time, without, and keeping it', async () => {
    expect(
      await replies(
        `hsetex h pxat ${FAR} fields 2 a 1 b 2`,
        'hsetex h fields 1 a 3',
        'hsetex h keepttl fields 2 b 4 c 5',
        'hpexpiretime h fields 3 a b c',
        'hmget h a b c',
      ),
    ).toEqual([':1', ':1', ':1', `*[:-1 :${FAR} :-1]`, '*[3 4 5]'])
    await replies(
      'hsetex h ex 100 fields 1 a 1',
      'hsetex h px 100000 fields 1 b 1',
      `hsetex h exat ${FAR / 1000} fields 1 c 1`,
    )
    expect(await reply('httl h fields 2 a b')).toMatch(/^\*\[:(100|99) :(100|99)\]$/)
    expect(await reply('hpexpiretime h fields 1 c')).toBe(`*[:${FAR}]`)
  })

  test('FNX and FXX: all of them, or nothing happens', async () => {
    expect(
      await replies(
        'hsetex h fxx fields 1 a 1',
        'exists h',
        'hsetex h fnx fields 2 a 1 b 2',
        'hsetex h FNX fields 2 b 3 c 4',
        'hsetex h fxx fields 2 b 3 c 4',
        'hsetex h FXX ex 100 fields 2 a 5 b 6',
        'hmget h a b c',
      ),
    ).toEqual([':0', ':0', ':1', ':0', ':0', ':1', '*[5 6 $null]'])
  })

  test('a time that has passed deletes', async () => {
    await replies('hset h a 1 b 2')
    expect(
      await replies('hsetex h pxat 1 fields 2 a 1 c 3', 'hgetall h', 'hsetex h exat 1 fields 1 b 1', 'exists h'),
    ).toEqual([':1', '*[b 2]', ':1', ':0'])
    expect(await replies('hsetex h pxat 1 fields 1 a 1', 'exists h')).toEqual([':1', ':0'])
  })

  test('events', async () => {
    expect(await events('hsetex h fields 1 a 1')).toEqual(['hset h'])
    expect(await events('hsetex h ex 100 fields 2 a 1 b 2')).toEqual(['hset h', 'hexpire h'])
    expect(await events('hsetex h keepttl fields 1 a 1', 'hsetex h fnx fields 1 a 1')).toEqual(['hset h'])
  })

  test('a request of 150,000 fields is nothing special', async () => {
    const count = 150_000
    const names = Array.from({ length: count }, (_, i) => `field:${i}`)
    const some = ['FIELDS', String(count), ...names]
    const [set, given, kept] = await client.pipeline([
      ['HSETEX', 'h', 'EX', '1000', 'FIELDS', String(count), ...names.flatMap(name => [name, 'v'])],
      ['HPEXPIRE', 'h', '1000000', ...some],
      ['HGETEX', 'h', 'PERSIST', ...some],
    ])
    expect([set.text, given.elements?.length, kept.elements?.length]).toEqual(['1', count, count])
    await client.pipeline([['HGETDEL', 'h', ...some]])
    expect(await reply('exists h')).toBe(':0')
  })
})

test('a value that is no hash', async () => {
  await replies('set s 1')
  for (const line of ['hgetex s fields 1 a', 'hgetdel s fields 1 a', 'hsetex s fields 1 a 1']) {
    expect(await reply(line)).toBe('-WRONGTYPE Operation against a key holding the wrong kind of value')
  }
})

test.each([
  'hgetex h fields 0 a',
  'hgetex h fields x a',
  'hgetex h fields 2 a',
  'hgetex h ex fields 1 a',
  'hgetex h ex 0x fields 1 a',
  'hgetex h ex -1 fields 1 a',
  'hgetex h ex 1 px 1 fields 1 a',
  'hgetex h ex 1 persist fields 1 a',
  'hgetex h persist persist fields 1 a',
  'hgetex h keepttl fields 1 a',
  'hgetex h pxat 99999999999999999 fields 1 a',
  'hgetex h x x x',
  'hgetdel h x 1 a',
  'hgetdel h fields 2 a',
  'hgetdel h fields 0 a',
  'hsetex h fields 1 a',
  'hsetex h fields 2 a 1',
  'hsetex h fields 1 a 1 b',
  'hsetex h fields 0 a 1',
  'hsetex h fnx fxx fields 1 a 1',
  'hsetex h fnx fnx fields 1 a 1',
  'hsetex h ex 1 keepttl fields 1 a 1',
  'hsetex h ex',
  'hsetex h ex 1 fields 9223372036854775807 a 1',
  'hsetex h persist fields 1 a 1',
  'hsetex h a b c d',
])('%s is an error and changes nothing', async line => {
  await replies('hset h a 1')
  expect(await reply(line)).toMatch(/^-ERR /)
  expect(await replies('hgetall h', 'httl h fields 1 a', 'ping')).toEqual(['*[a 1]', '*[:-1]', '+PONG'])
})

describe('a replica', requireStock('redis-server'), () => {
  let replica: RunningServer
  let asking: RawClient

  beforeAll(async () => {
    replica = await startRedisTs([...ARGUMENTS, '--replicaof', `127.0.0.1 ${server.port}`])
    asking = await RawClient.connect(replica.port)
    while (!(await asking.call('INFO', 'replication')).text?.includes('master_link_status:up'));
    return async () => {
      asking.close()
      await replica.stop()
    }
  })

  async function asked(...lines: string[]): Promise<string[]> {
    await replies('wait 1 0')
    return (await asking.pipeline(words(...lines))).map(shown)
  }

  /** The commands that the replica gets of these. */
  async function received(...lines: string[]): Promise<string[]> {
    await replies('wait 1 0')
    const monitor = await RawClient.connect(replica.port)
    await monitor.call('MONITOR')
    await replies(...lines, 'set end 1', 'wait 1 0')
    const seen: string[] = []
    for (;;) {
      const line = /^\d+\.\d+ \[[^\]]*\] (.*)$/.exec((await monitor.next()).text ?? '')?.[1]?.replaceAll('"', '') ?? ''
      if (/^set end 1$/i.test(line)) break
      if (!/^(select|ping|replconf|info)/i.test(line)) seen.push(line)
    }
    monitor.close()
    return seen
  }

  test.each([
    ['hpexpireat h 4000000000000 nx fields 2 a missing', ['HPEXPIREAT h 4000000000000 NX FIELDS 1 a']],
    ['hexpireat h 4000000000 fields 2 a b', ['HPEXPIREAT h 4000000000000 FIELDS 2 a b']],
    ['hexpire h 0 fields 2 a b', ['HDEL h a', 'HDEL h b']],
    ['hexpire h 100 xx fields 2 a b', []],
    ['hgetex h pxat 4000000000000 fields 1 a', ['HPEXPIREAT h 4000000000000 FIELDS 1 a']],
    ['hgetex h pxat 1 fields 2 a b', ['HDEL h a b']],
    ['hgetex h fields 1 a', []],
    ['hgetex h persist fields 1 a', []],
    ['hgetdel h fields 2 a missing', ['HDEL h a']],
    ['hsetex h pxat 4000000000000 fields 2 a 1 n 2', ['HSET h a 1 n 2', 'HPEXPIREAT h 4000000000000 FIELDS 2 a n']],
    ['hsetex h fnx fields 1 a 1', []],
    ['hpersist h fields 1 a', []],
  ])('gets of %s', async (line, expected) => {
    await replies('hset h a 1 b 2 c 3')
    const lines = await received(line)
    // Several commands are a transaction.
    expect(lines.filter(each => !/^(multi|exec)$/i.test(each))).toEqual(expected)
  })

  test('gets a time for HINCRBYFLOAT, HPERSIST as it is, and HDEL for what expires', async () => {
    await replies('hset h a 1 b 2', 'hpexpireat h 4000000000000 fields 1 a')
    expect((await received('hincrbyfloat h a 0.5')).filter(each => !/^(multi|exec)$/i.test(each))).toEqual([
      'HSET h a 1.5',
      'HPEXPIREAT h 4000000000000 FIELDS 1 a',
    ])
    expect(await received('hpersist h fields 1 a')).toEqual(['hpersist h fields 1 a'])
    await replies('debug set-active-expire 0', 'hpexpire h 1 fields 1 a')
    while ((await reply('hpttl h fields 1 a')) !== '*[:-2]');
    expect(await received('hget h a')).toEqual(['HDEL h a'])
  })

  test('has what its master has, and hides what has expired until it is told', async () => {
    await replies('hset h a 1 b 2 c 3', `hpexpireat h ${FAR} fields 1 c`, 'debug set-active-expire 0')
    expect(await asked('hpexpiretime h fields 2 a c')).toEqual([`*[:-1 :${FAR}]`])
    await replies('hpexpire h 1 fields 1 a')
    while ((await reply('hpttl h fields 1 a')) !== '*[:-2]');
    await replies('wait 1 0')
    while ((await asked('hget h a'))[0] !== '$null');
    expect(
      (await asked('hgetall h'))[0]
        .split(/[ [\]]/)
        .filter(word => /^[a-c]$/.test(word))
        .sort(),
    ).toEqual(['b', 'c'])
    expect(await asked('hlen h', 'hexists h a', 'httl h fields 1 a', 'hmget h a b')).toEqual([
      ':3',
      ':0',
      '*[:-2]',
      '*[$null 2]',
    ])
    expect((await asked('hrandfield h 10'))[0].split(' ').length).toBe(2)
    expect((await asked('hrandfield h -4 withvalues', 'ping'))[1]).toBe('+PONG')
    await replies('hget h a')
    expect(await asked('hlen h')).toEqual([':2'])
  })

  test('gets the times with a full sync', async () => {
    await replies('hset h a 1 b 2 c 3', `hpexpireat h ${FAR} fields 1 c`, 'hset large x 1')
    await asking.call('REPLICAOF', 'NO', 'ONE')
    await asking.call('FLUSHALL')
    await asking.call('REPLICAOF', '127.0.0.1', String(server.port))
    while (!(await asking.call('INFO', 'replication')).text?.includes('master_link_status:up'));
    expect(await asked('hpexpiretime h fields 2 a c', 'object encoding h')).toEqual([`*[:-1 :${FAR}]`, 'listpackex'])
    await replies('hpexpire h 1 fields 3 a b c')
    while ((await asked('exists h'))[0] !== ':0');
  })

  test('that is promoted lets fields expire itself', async () => {
    await replies('debug set-active-expire 0', 'hset h a 1 b 2', 'hpexpire h 1 fields 1 a')
    expect(await asked('hlen h')).toEqual([':2'])
    await asking.call('REPLICAOF', 'NO', 'ONE')
    while (shown(await asking.call('HLEN', 'h')) !== ':1');
  })
})
