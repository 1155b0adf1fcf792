import { once } from 'node:events'
import { Redis } from 'ioredis'
import { beforeAll, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from './stock.js'

type Protocol = 2 | 3
/** What a program sees of a server through the library, step by step. */
type Scenario = (client: Redis, another: () => Redis) => Promise<unknown[]>

const ARGUMENTS = ['--save', '', '--notify-keyspace-events', 'KEA']

/** Answers and errors alike: a program sees both. */
async function seen(...calls: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(calls)
  return settled.map(result =>
    result.status === 'fulfilled' ? result.value : `${result.reason.name}: ${result.reason.message}`,
  )
}

async function messages(subscriber: Redis, event: string, count: number): Promise<unknown[]> {
  const received: unknown[] = []
  return new Promise(resolve => {
    subscriber.on(event, (...message: unknown[]) => {
      if (received.push(message) === count) resolve(received)
    })
  })
}

const scenarios: Record<string, Scenario> = {
  strings: async c =>
    seen(
      c.set('a', 'one'),
      c.set('a', 'two', 'NX'),
      c.set('a', 'two', 'XX', 'GET'),
      c.set('b', '1', 'EX', 1000),
      c.get('a'),
      c.get('missing'),
      c.getBuffer('a'),
      c.getset('a', 'three'),
      c.getdel('a'),
      c.getex('b', 'PERSIST'),
      c.ttl('b'),
      c.mset({ x: '1', y: '2', z: 'three' }),
      c.mget('x', 'y', 'missing', 'z'),
      c.msetnx('x', '1', 'w', '2'),
      c.incr('x'),
      c.incrby('x', 41),
      c.decrby('x', 2),
      c.incrbyfloat('x', 0.5),
      c.incr('z'),
      c.append('z', '!'),
      c.strlen('z'),
      c.setrange('z', 2, 'R'),
      c.getrange('z', 1, -2),
      c.lcs('z', 'y', 'LEN'),
      c.call('LCS', 'z', 'z', 'IDX', 'WITHMATCHLEN'),
      c.get('z', 'y' as never),
    ),
  'binary and large values': async c => {
    const large = Buffer.alloc(300_000, 'large value ')
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    return seen(
      c.set('large', large),
      c.getBuffer('large').then(value => value?.equals(large)),
      c.set(all, all),
      c.getBuffer(all).then(value => value?.equals(all)),
      c.append('large', 'tail'),
      c.getrange('large', -8, -1),
      c.mgetBuffer('large', all).then(values => values.map(value => value?.length)),
    )
  },
  bitmaps: async c =>
    seen(
      c.setbit('bits', 7, 1),
      c.setbit('bits', 100, 1),
      c.getbit('bits', 7),
      c.bitcount('bits'),
      c.bitcount('bits', 0, 0),
      c.bitcount('bits', 0, 20, 'BIT'),
      c.bitpos('bits', 1),
      c.bitpos('bits', 0, 0),
      c.bitop('NOT', 'not', 'bits'),
      c.bitop('AND', 'and', 'bits', 'not'),
      c.call('BITFIELD', 'fields', 'SET', 'u8', 0, 255, 'INCRBY', 'i5', 100, 1, 'GET', 'u4', 0),
      c.bitfield('fields', 'OVERFLOW', 'FAIL', 'INCRBY', 'u8', 0, 10),
      c.call('BITFIELD_RO', 'fields', 'GET', 'u8', '0'),
      c.setbit('bits', -1, 1),
    ),
  'keys and expiry': async c => {
    await c.mset('a', '1', 'b', '2', 'c', '3')
    await c.hset('hash', { f: 'v', g: 'w' })
    return seen(
      c.expire('a', 1000),
      c.expire('a', 10, 'GT'),
      c.ttl('a'),
      c.pexpireat('b', 4102444800000),
      c.expiretime('b'),
      c.pexpiretime('c'),
      c.persist('b'),
      c.type('hash'),
      c.exists('a', 'a', 'missing'),
      c.touch('a', 'b'),
      c.copy('a', 'd'),
      c.copy('a', 'd', 'REPLACE'),
      c.rename('c', 'e'),
      c.renamenx('e', 'a'),
      c.rename('missing', 'x'),
      c.move('d', 3),
      c.object('ENCODING', 'hash'),
      c.object('REFCOUNT', 'b'),
      c.dumpBuffer('b').then(payload => c.restore('restored', 0, payload)),
      c.get('restored'),
      c.restore('bad', 0, 'nonsense'),
      c.unlink('a', 'missing'),
      c.keys('*').then(keys => keys.sort()),
      c.dbsize(),
      c.randomkey().then(key => typeof key),
      c.flushdb('ASYNC'),
      c.dbsize(),
    )
  },
  scanning: async c => {
    const pipeline = c.pipeline()
    for (let i = 0; i < 500; i++) pipeline.set(`key:${i}`, i)
    pipeline.hset('hash', 'f', 'v')
    await pipeline.exec()
    const found = new Set<string>()
    for await (const keys of c.scanStream({ match: 'key:*5', count: 50 })) for (const key of keys) found.add(key)
    const hashes: string[] = []
    for await (const keys of c.scanStream({ type: 'hash' })) hashes.push(...keys)
    return [[...found].sort(), hashes, await c.scan(0, 'COUNT', 10000).then(([cursor, keys]) => [cursor, keys.length])]
  },
  'pipelines and transactions': async (c, another) => {
    const piped = await c.pipeline().set('a', 1).incr('a').get('a').call('NOSUCH').hget('a', 'f').exec()
    const multi = await c.multi().set('b', 1).incr('b').get('b').exec()
    const failing = await seen(c.multi().set('b', 'x').incr('b').exec())
    const refused = await seen(c.multi().call('SET', 'b').exec())
    await c.watch('b')
    await another().set('b', 'changed')
    const watched = await c.multi().set('b', 'mine').exec()
    const discarded = await seen(c.multi({ pipeline: false }), c.set('c', 1), c.discard(), c.get('c'))
    return [piped, multi, failing, refused, watched, discarded, await c.get('b')].map(part => JSON.stringify(part))
  },
  'pub/sub': async (c, another) => {
    const subscriber = another()
    const [plain, patterns, sharded] = [
      messages(subscriber, 'message', 2),
      messages(subscriber, 'pmessage', 2),
      messages(subscriber, 'smessage', 1),
    ]
    const counts = await seen(
      subscriber.subscribe('news', 'chat'),
      subscriber.psubscribe('n*'),
      subscriber.ssubscribe('shard'),
    )
    const published = await seen(
      c.publish('news', 'first'),
      c.publish('chat', 'second'),
      c.publish('nobody', 'third'),
      c.spublish('shard', 'fourth'),
    )
    const asked = await seen(
      c.pubsub('CHANNELS').then(channels => (channels as string[]).sort()),
      c.pubsub('NUMSUB', 'news', 'none'),
      c.pubsub('NUMPAT'),
      c.pubsub('SHARDCHANNELS'),
    )
    const received = [await plain, await patterns, await sharded]
    const left = await seen(subscriber.unsubscribe('news'), subscriber.punsubscribe('n*'))
    return [counts, published, asked, received, left]
  },
  'keyspace events': async (c, another) => {
    const subscriber = another()
    await subscriber.psubscribe('__key*__:*')
    const received = messages(subscriber, 'pmessage', 16)
    await c.set('a', '1')
    await c.expire('a', 100)
    await c.rename('a', 'b')
    await c.incr('b')
    await c.hset('h', 'f', 'v')
    await c.hdel('h', 'f')
    return received
  },
  'client and connection': async (c, another) => {
    const other = another()
    await other.client('SETNAME', 'other')
    const id = await other.client('ID')
    return seen(
      c.ping(),
      c.ping('hello'),
      c.echo('hello'),
      c.client('SETNAME', 'me'),
      c.client('GETNAME'),
      c.client('SETNAME', 'with space'),
      c.client('LIST').then(list => (list as string).includes('name=other')),
      c.client('INFO').then(info => /name=me .*cmd=client\|info/.test(info as string)),
      c.client('NO-EVICT', 'ON'),
      c.client('KILL', 'ID', id as number),
      c.client('UNBLOCK', 1234567),
      c.select(2),
      c.select(99),
      c.swapdb(0, 1),
      c.client('NOSUCH' as 'ID'),
    )
  },
  users: async (c, another) => {
    const set = await seen(c.acl('SETUSER', 'reader', 'on', '>secret', '~public:*', '+@read', '+ping', '+auth'))
    await c.set('public:a', 'visible')
    const reader = another()
    const tried = await seen(
      reader.auth('reader', 'wrong'),
      reader.auth('reader', 'secret'),
      reader.get('public:a'),
      reader.call('CONFIG', 'GET', 'port').catch(error => error.message.slice(0, 6)),
      reader.get('private').catch(error => error.message.slice(0, 6)),
      reader.set('public:a', '1').catch(error => error.message.slice(0, 6)),
    )
    const asked = await seen(c.acl('WHOAMI'), c.acl('USERS'), c.acl('DELUSER', 'reader'), c.acl('CAT', 'nosuch'))
    return [set, tried, asked]
  },
  'server questions': async c =>
    seen(
      c.info('server').then(info => /redis_version:/.test(info)),
      c
        .info('keyspace', 'cpu' as never)
        .then(info => [...info.matchAll(/^# (.*)$/gm)].map(([, title]) => title.trim())),
      c.config('GET', 'maxmemory'),
      c.config('SET', 'maxmemory-samples', '7'),
      c.config('GET', 'maxmemory-samples'),
      c.config('SET', 'nosuch', '1').catch((error: Error) => error.message.split(' ')[0]),
      c.command('COUNT').then(count => typeof count),
      c.command('GETKEYS', 'MSET', 'a', '1', 'b', '2'),
      c.time().then(time => time.length),
      c.lastsave().then(at => typeof at),
      c.memory('USAGE', 'missing'),
      c.slowlog('LEN').then(length => typeof length),
      c.slowlog('RESET'),
      c.latency('RESET').then(count => typeof count),
      c.role().then(role => role[0]),
      c.call('DEBUG', 'SLEEP', '0').catch((error: Error) => error.message.slice(0, 30)),
    ),
  monitor: async (c, another) => {
    const observer = another()
    // ioredis takes a command that is seen in the same packet as MONITOR's own reply for an error: those of connecting come first.
    await Promise.all([c.ping(), observer.ping()])
    const monitor = await observer.monitor()
    const received = messages(monitor, 'monitor', 2)
    await c.set('watched', 'with "quotes" and \n')
    await c.get('watched')
    const lines = (await received).map(line => (line as unknown[])[1])
    monitor.disconnect()
    return lines
  },
}

describe('ioredis sees the same of redis-ts as of redis-server', requireStock('redis-server'), () => {
  let ours = 0
  let stock = 0

  beforeAll(async () => {
    ours = (await startRedisTs(ARGUMENTS)).port
    stock = (await startRedisServer(ARGUMENTS)).port
  })

  async function run(port: number, protocol: Protocol, scenario: Scenario): Promise<unknown[]> {
    const open: Redis[] = []
    const another = (): Redis => {
      const client = new Redis(port, { protocol, retryStrategy: () => null })
      client.on('error', () => {})
      open.push(client)
      return client
    }
    const client = another()
    await client.flushall()
    try {
      return await scenario(client, another)
    } finally {
      for (const each of open) {
        const ended = each.status === 'end' ? null : once(each, 'end')
        each.disconnect()
        await ended
      }
    }
  }

  describe.each<Protocol>([2, 3])('in RESP%d', protocol => {
    test.each(Object.entries(scenarios))('%s', async (_, scenario) => {
      const [left, right] = [await run(ours, protocol, scenario), await run(stock, protocol, scenario)]
      expect(right.length).toBeGreaterThan(0)
      expect(left).toEqual(right)
    })
  })
})
