/** What sorted set commands do beside their replies: events, what replicas get, changes that are counted, clients that wait. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { info, until } from '../../interop/polling.js'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { Observed } from '../observed.js'
import { RawClient, texts } from '../raw-client.js'
import { ReplicaMonitor } from '../replica-monitor.js'
import { words } from '../side-by-side.js'

const OPTIONS = ['--save', '', '--notify-keyspace-events', 'KEAmn', '--zset-max-listpack-entries', '4']

describe('events of sorted sets are those of stock Redis, in its order', requireStock('redis-server'), () => {
  let ours: Observed
  let stock: Observed

  beforeAll(async () => {
    ours = await Observed.connect((await startRedisTs(OPTIONS)).port)
    stock = await Observed.connect((await startRedisServer(OPTIONS)).port)
    return () => {
      ours.close()
      stock.close()
    }
  })
  beforeEach(() => Promise.all([ours.reset(), stock.reset()]))

  const FILL = 'zadd z 1 a 2 b 3 c'

  test.each<[string, ...string[]]>([
    [
      'ZADD',
      FILL,
      'zadd z 1 a',
      'zadd z nx 5 a',
      'zadd z xx 5 x',
      'zadd z ch 5 a 6 x',
      'zadd new xx 1 a',
      'zadd new x a',
    ],
    ['ZINCRBY', 'zincrby z 1 a', 'zincrby z 0 a', 'zadd z incr 2 a', 'zadd z nx incr 2 a', 'zadd z incr 0 b'],
    ['ZREM', FILL, 'zrem z x', 'zrem z a x b', 'zrem z c', 'zrem z c'],
    ['ZREMRANGEBYRANK', FILL, 'zremrangebyrank z 5 6', 'zremrangebyrank z 0 0', 'zremrangebyrank z 0 -1'],
    ['ZREMRANGEBYSCORE', FILL, 'zremrangebyscore z 9 10', 'zremrangebyscore z 1 1', 'zremrangebyscore z -inf inf'],
    ['ZREMRANGEBYLEX', 'zadd z 0 a 0 b', 'zremrangebylex z [x [y', 'zremrangebylex z [a [a', 'zremrangebylex z - +'],
    ['ZPOPMIN', FILL, 'zpopmin z', 'zpopmax z', 'zpopmin z 5', 'zpopmin z', 'zpopmin z 0'],
    ['ZMPOP', FILL, 'zmpop 2 none z min', 'zmpop 1 z max count 5', 'zmpop 1 z max'],
    ['BZPOPMIN', FILL, 'bzpopmin none z 0', 'bzpopmax z 0', 'bzmpop 0 1 z min count 3'],
    [
      'ZRANGESTORE',
      FILL,
      'zrangestore d z 0 1',
      'zrangestore d z 0 0',
      'zrangestore d z 5 6',
      'zrangestore d none 0 1',
    ],
    [
      'ZUNIONSTORE',
      FILL,
      'zunionstore d 2 z none',
      'zunionstore d 1 none',
      'zunionstore d 1 none',
      'set s 1',
      'zunionstore s 1 z',
    ],
    ['ZINTERSTORE', FILL, 'sadd s a b', 'zinterstore d 2 z s', 'zinterstore d 2 z none', 'zinterstore z 2 z s'],
    ['ZDIFFSTORE', FILL, 'sadd s a b', 'zdiffstore d 2 z s', 'zdiffstore d 2 z z', 'zdiffstore z 1 z'],
    [
      'reading',
      'zrange z 0 -1',
      'zscore z a',
      'zrank z a',
      'zcard z',
      'zunion 2 z y',
      'zintercard 1 z',
      'zrandmember z',
      'zscan z 0',
    ],
    ['a large one', 'zadd z 1 a 2 b 3 c 4 d 5 e', 'zadd z 9 a', 'zrem z b', 'zpopmin z 2', 'zremrangebyrank z 0 -1'],
  ])('%s', async (_, ...lines) => {
    const commands = words(...lines)
    expect(await ours.events(commands)).toEqual(await stock.events(commands))
  })
})

describe('replicas get', requireStock('redis-server'), () => {
  let replica: ReplicaMonitor

  beforeAll(async () => {
    replica = await ReplicaMonitor.start((await startRedisTs(['--save', ''])).port)
    return () => replica.close()
  })
  beforeEach(async () => {
    await replica.client.call('FLUSHALL')
    await replica.received()
  })

  test.each<[string, string[], string[]]>([
    [
      'changes as they were asked for',
      ['ZADD z 1 a 2 b', 'ZADD z INCR 1.5 a', 'ZINCRBY z 2 b', 'ZREM z a', 'ZPOPMAX z'],
      ['ZADD z 1 a 2 b', 'ZADD z INCR 1.5 a', 'ZINCRBY z 2 b', 'ZREM z a', 'ZPOPMAX z'],
    ],
    [
      'nothing of what changes nothing',
      [
        'ZADD z 1 a',
        'ZADD z 1 a',
        'ZADD z NX 2 a',
        'ZREM z x',
        'ZPOPMIN none',
        'ZRANGESTORE d none 0 1',
        'ZMPOP 1 none MIN',
      ],
      ['ZADD z 1 a'],
    ],
    [
      'pops from the key that had something',
      ['ZADD z 1 a 2 b 3 c 4 d', 'ZMPOP 2 none z MAX', 'BZPOPMIN none z 0', 'BZMPOP 0 2 none z MIN COUNT 9'],
      ['ZADD z 1 a 2 b 3 c 4 d', 'ZPOPMAX z 1', 'ZPOPMIN z', 'ZPOPMIN z 2'],
    ],
    [
      'what is stored as the command that stores it',
      ['ZADD z 1 a 2 b', 'ZRANGESTORE d z 0 0', 'ZUNIONSTORE d 1 z', 'ZINTERSTORE d 2 z none', 'ZDIFFSTORE d 1 z'],
      ['ZADD z 1 a 2 b', 'ZRANGESTORE d z 0 0', 'ZUNIONSTORE d 1 z', 'ZINTERSTORE d 2 z none', 'ZDIFFSTORE d 1 z'],
    ],
  ])('%s', async (_, commands, sent) => {
    expect(await replica.sends(...words(...commands))).toEqual(sent)
  })
})

describe('a command', () => {
  let port: number
  let client: RawClient
  let other: RawClient

  beforeAll(async () => {
    ;({ port } = await startRedisTs(['--save', '']))
    client = await RawClient.connect(port)
    other = await RawClient.connect(port)
  })
  afterAll(() => {
    client.close()
    other.close()
  })
  beforeEach(async () => {
    await client.call('FLUSHALL')
  })

  test.each([
    ['ZADD z 1 a 5 b 6 c', 2],
    ['ZADD z 1 a', 0],
    ['ZINCRBY z 0 a', 0],
    ['ZREM z a x', 1],
    ['ZPOPMIN z 2', 2],
    ['ZREMRANGEBYRANK z 0 -1', 2],
    ['ZMPOP 1 z MIN COUNT 9', 2],
    ['ZUNIONSTORE d 1 z', 1],
    ['ZRANGESTORE d z 0 0', 1],
  ])('%s makes %d changes', async (command, expected) => {
    await client.call('ZADD', 'z', '1', 'a', '2', 'b')
    const changes = async (): Promise<number> => Number((await info(port)).get('rdb_changes_since_last_save'))
    const before = await changes()
    await client.call(...command.split(' '))
    expect((await changes()) - before).toBe(expected)
  })

  test('that waits is served when somebody adds a member', async () => {
    for (const [command, reply] of [
      ['BZPOPMIN none z 0', 'z a 1'],
      ['BZPOPMAX none z 0', 'z b 2'],
      ['BZMPOP 0 2 none z MAX COUNT 5', 'z b,2,a,1'],
    ]) {
      const served = other.call(...command.split(' '))
      await until('it waits', async () => (await info(port)).get('blocked_clients') === '1')
      await client.call('ZADD', 'z', '1', 'a', '2', 'b')
      const { elements } = await served
      const shown = (elements ?? []).map(each => each.text ?? (each.elements ?? []).flatMap(texts).join(','))
      expect(shown.join(' ')).toBe(reply)
      await client.call('DEL', 'z')
    }
  })

  test('that waits is served by what is stored, too', async () => {
    await client.call('ZADD', 'source', '1', 'a')
    const served = other.call('BZPOPMIN', 'z', '0')
    await until('it waits', async () => (await info(port)).get('blocked_clients') === '1')
    await client.call('ZUNIONSTORE', 'z', '1', 'source')
    expect(texts(await served)).toEqual(['z', 'a', '1'])
  })
})
