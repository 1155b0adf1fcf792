import { once } from 'node:events'
import { BasicClientSideCache, createClient, RESP_TYPES } from 'redis'
import { beforeAll, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from './stock.js'

type Protocol = 2 | 3

function newClient(port: number, protocol: Protocol, cache?: BasicClientSideCache) {
  return createClient({
    socket: { port, host: '127.0.0.1', reconnectStrategy: false },
    RESP: protocol,
    ...(cache === undefined ? {} : { clientSideCache: cache }),
  })
}
type Client = ReturnType<typeof newClient>
/** What a program sees of a server through the library, step by step. */
type Scenario = (client: Client, another: () => Promise<Client>) => Promise<unknown[]>

/** Answers and errors alike: a program sees both. */
async function seen(...calls: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(calls)
  return settled.map(result =>
    result.status === 'fulfilled' ? result.value : `${result.reason.name}: ${result.reason.message}`,
  )
}

const scenarios: Record<string, Scenario> = {
  strings: async c =>
    seen(
      c.set('a', 'one', { expiration: { type: 'EX', value: 1000 } }),
      c.set('a', 'two', { condition: 'NX' }),
      c.set('a', 'two', { condition: 'XX', GET: true }),
      c.get('a'),
      c.get('missing'),
      c.getEx('a', { type: 'PXAT', value: 4102444800000 }),
      c.pExpireTime('a'),
      c.getDel('a'),
      c.mSet({ x: '1', y: '2' }),
      c.mGet(['x', 'y', 'z']),
      c.mSetNX({ x: '1', w: '2' }),
      c.incrBy('x', 41),
      c.decr('x'),
      c.incrByFloat('x', 0.25),
      c.append('s', 'hello'),
      c.setRange('s', 7, 'world'),
      c.getRange('s', 0, -3),
      c.strLen('s'),
      c.lcs('s', 'y'),
      c.lcsLen('s', 's'),
      c.lcsIdx('s', 's'),
      c.lcsIdxWithMatchLen('s', 's'),
      c.incr('s'),
    ),
  bitmaps: async c =>
    seen(
      c.setBit('bits', 9, 1),
      c.getBit('bits', 9),
      c.bitCount('bits'),
      c.bitCount('bits', { start: 0, end: 12, mode: 'BIT' }),
      c.bitPos('bits', 1),
      c.bitPos('bits', 0, 1, 2, 'BYTE'),
      c.bitOp('XOR', 'xor', ['bits', 'missing']),
      c.bitField('f', [
        { operation: 'SET', encoding: 'u8', offset: 0, value: 250 },
        { operation: 'OVERFLOW', behavior: 'SAT' },
        { operation: 'INCRBY', encoding: 'u8', offset: 0, increment: 10 },
        { operation: 'OVERFLOW', behavior: 'FAIL' },
        { operation: 'INCRBY', encoding: 'u8', offset: 0, increment: 1 },
      ]),
      c.bitFieldRo('f', [{ encoding: 'u8', offset: 0 }]),
    ),
  hashes: async c =>
    seen(
      c.hSet('h', { a: '1', b: 'two' }),
      c.hGetAll('h'),
      c.hGet('h', 'a'),
      c.hmGet('h', ['a', 'none']),
      c.hIncrBy('h', 'a', 2),
      c.hIncrByFloat('h', 'a', 0.5),
      c.hKeys('h'),
      c.hDel('h', ['a', 'none']),
      c.hLen('h'),
      c.hRandFieldCountWithValues('h', 2),
    ),
  'keys and expiry': async c => {
    await c.mSet({ a: '1', b: '2' })
    return seen(
      c.expire('a', 100),
      c.expire('a', 1000, 'LT'),
      c.ttl('a'),
      c.expireAt('b', 4102444800),
      c.expireTime('b'),
      c.persist('b'),
      c.copy('a', 'c', { DB: 2, REPLACE: true }),
      c.rename('b', 'd'),
      c.renameNX('d', 'a'),
      c.move('d', 4),
      c.objectEncoding('a'),
      c.objectRefCount('a'),
      c.objectFreq('a'),
      c.type('a'),
      c.exists(['a', 'a', 'none']),
      c.touch('a'),
      c.unlink(['a', 'none']),
      c.dbSize(),
      c.randomKey(),
    )
  },
  'dump and restore': async c => {
    await c.set('a', 'payload '.repeat(30))
    const payload = await c.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).dump('a')
    return seen(
      c.restore('b', 0, payload as Buffer),
      c.get('b'),
      c.restore('b', 0, payload as Buffer),
      c.restore('b', 4102444800000, payload as Buffer, { REPLACE: true, ABSTTL: true }),
      c.pExpireTime('b'),
      c.restore('c', 0, Buffer.from('nonsense')),
    )
  },
  scanning: async c => {
    await c.mSet(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key:${i}`, `${i}`])))
    const found = new Set<string>()
    for await (const keys of c.scanIterator({ MATCH: 'key:1*', COUNT: 20 })) for (const key of keys) found.add(key)
    return [...found].sort()
  },
  'transactions and watches': async (c, another) => {
    const done = await c.multi().set('a', '1').incr('a').get('a').exec()
    await c.watch('a')
    await (await another()).set('a', '10')
    const watched = await seen(c.multi().incr('a').exec())
    const failing = await seen(c.multi().set('a', 'x').incr('a').execAsPipeline())
    const refused = await seen(c.multi().addCommand(['SET', 'a']).exec())
    return [done, watched, failing, refused, await c.get('a')]
  },
  'pub/sub': async (c, another) => {
    const subscriber = await another()
    const received: unknown[] = []
    let enough = (): void => {}
    const all = new Promise<void>(resolve => {
      enough = resolve
    })
    const listener = (message: string, channel: string): void => {
      if (received.push([channel, message]) === 4) enough()
    }
    await subscriber.subscribe('news', listener)
    await subscriber.pSubscribe('n*', listener)
    await subscriber.sSubscribe('shard', listener)
    const counts = await seen(c.publish('news', 'one'), c.publish('none', 'two'), c.sPublish('shard', 'three'))
    await all
    const asked = await seen(
      c.pubSubChannels(),
      c.pubSubNumSub(['news', 'other']),
      c.pubSubNumPat(),
      c.pubSubShardChannels(),
    )
    await subscriber.unsubscribe('news')
    await subscriber.pUnsubscribe()
    await subscriber.sUnsubscribe()
    return [counts, received, asked, await c.pubSubChannels(), await subscriber.ping()]
  },
  'client and connection': async (c, another) => {
    const other = await another()
    const id = await other.clientId()
    const closed = once(other, 'error')
    const answers = await seen(
      c.ping('hello'),
      c.echo('hello'),
      c.clientSetName('me'),
      c.clientGetName(),
      c.clientList().then(list => list.map(({ db, name, user }) => [db, name, user])),
      c.clientInfo().then(({ cmd, flags, name, redir }) => [cmd, flags, name, redir]),
      c.clientTrackingInfo(),
      c.clientGetRedir(),
      c.clientNoEvict(true),
      c.clientPause(1, 'WRITE'),
      c.clientUnpause(),
      c.clientUnblock(123456),
      c.clientKill({ filter: 'ID', id }),
      c.select(3),
      c.select(77),
    )
    await closed
    return answers
  },
  users: async (c, another) => {
    const set = await seen(
      c.aclSetUser('writer', ['on', '>secret', '~w:*', '&news', '+@write', '+publish', '-@dangerous']),
    )
    const writer = await another()
    const tried = await seen(
      writer.auth({ username: 'writer', password: 'wrong' }),
      writer.auth({ username: 'writer', password: 'secret' }),
      writer.set('w:1', 'x'),
      writer.get('w:1').catch(error => error.message.slice(0, 6)),
      writer.set('other', 'x').catch(error => error.message.slice(0, 6)),
      writer.publish('news', 'x'),
      writer.publish('chat', 'x').catch(error => error.message.slice(0, 6)),
    )
    const asked = await seen(
      c
        .aclLog()
        .then(entries => entries.map(({ context, object, reason, username }) => [context, object, reason, username])),
      c.aclLogReset(),
      c.aclGetUser('nobody'),
      c.aclWhoAmI(),
      c.aclUsers(),
      c.aclDryRun('writer', ['SET', 'w:1', 'x']),
      c.aclDelUser('writer'),
      c.aclGenPass(128).then(digits => digits.length),
    )
    return [set, tried, asked]
  },
  'server questions': async c =>
    seen(
      c.configGet('maxmemory*'),
      c.configSet({ 'maxmemory-samples': '6', 'lfu-decay-time': '2' }),
      c.configGet('lfu-decay-time'),
      c.configResetStat(),
      c.commandGetKeys(['COPY', 'a', 'b']),
      c.commandGetKeysAndFlags(['SET', 'a', 'b', 'GET']),
      c.commandInfo(['get']).then(([info]) => [info?.name, info?.arity, [...(info?.flags ?? [])]]),
      c.commandList({ FILTERBY: { type: 'PATTERN', value: 'getr*' } }),
      c.memoryUsage('missing'),
      c.memoryDoctor().then(text => typeof text),
      c.latencyDoctor().then(text => typeof text),
      c.latencyLatest(),
      c.latencyHistogram('nosuch'),
      c.wait(0, 10),
      c.time().then(time => typeof time),
      c.role().then(role => (role as { role: string }).role),
      c.flushDb('SYNC'),
      c.swapDb(0, 1),
    ),
}

describe('node-redis sees the same of redis-ts as of redis-server', requireStock('redis-server'), () => {
  let ours = 0
  let stock = 0

  beforeAll(async () => {
    ours = (await startRedisTs(['--save', ''])).port
    stock = (await startRedisServer(['--save', ''])).port
  })

  async function run(port: number, protocol: Protocol, scenario: Scenario): Promise<unknown[]> {
    const open: Client[] = []
    const another = async (): Promise<Client> => {
      const client = newClient(port, protocol)
      client.on('error', () => {})
      open.push(client)
      await client.connect()
      return client
    }
    const client = await another()
    await client.flushAll()
    try {
      return await scenario(client, another)
    } finally {
      for (const each of open) if (each.isOpen) each.destroy()
    }
  }

  describe.each<Protocol>([2, 3])('in RESP%d', protocol => {
    test.each(Object.entries(scenarios))('%s', async (_, scenario) => {
      const [left, right] = [await run(ours, protocol, scenario), await run(stock, protocol, scenario)]
      expect(right.length).toBeGreaterThan(0)
      expect(left).toEqual(right)
    })
  })

  test('its client-side cache answers by itself until somebody changes the key', async () => {
    const cache = new BasicClientSideCache()
    const [reader, writer] = [newClient(ours, 3, cache), newClient(ours, 3)]
    await reader.connect()
    await writer.connect()
    await writer.set('cached', 'one')
    expect([await reader.get('cached'), await reader.get('cached')]).toEqual(['one', 'one'])
    expect(cache.stats()).toMatchObject({ hitCount: 1, missCount: 1 })
    const invalidated = once(cache, 'invalidate')
    await writer.set('cached', 'two')
    await invalidated
    expect(await reader.get('cached')).toBe('two')
    expect(cache.stats()).toMatchObject({ hitCount: 1, missCount: 2 })
    reader.destroy()
    writer.destroy()
  })
})
