/** What geo commands do beside their replies: events, what replicas get, changes that are counted, keys that ACL looks at. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { info } from '../../interop/polling.js'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { Observed } from '../observed.js'
import { play } from '../play.js'
import { RawClient } from '../raw-client.js'
import { ReplicaMonitor } from '../replica-monitor.js'
import { words } from '../side-by-side.js'

const OPTIONS = ['--save', '', '--notify-keyspace-events', 'KEAmn']
const FILL = 'geoadd g 1 1 a 2 2 b 3 3 c'
const ALL = 'fromlonlat 2 2 byradius 900 km'

describe('events of geo commands are those of stock Redis, in its order', requireStock('redis-server'), () => {
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

  test.each<[string, ...string[]]>([
    ['GEOADD', FILL, 'geoadd g 1 1 a', 'geoadd g nx 5 5 a', 'geoadd g xx 5 5 x', 'geoadd g ch 5 5 a', 'geoadd g x 1 a'],
    [
      'GEOSEARCHSTORE',
      FILL,
      `geosearchstore d g ${ALL}`,
      `geosearchstore d g ${ALL} storedist count 1`,
      'geosearchstore d g fromlonlat 50 50 byradius 1 m',
      'geosearchstore d g fromlonlat 50 50 byradius 1 m',
      'set s x',
      'geosearchstore s none frommember a byradius 1 m',
    ],
    [
      'GEORADIUS',
      FILL,
      'georadius g 2 2 900 km store d',
      'georadiusbymember g a 900 km storedist d',
      'georadius g 50 50 1 m store d',
      'georadius none 50 50 1 m store d',
    ],
    [
      'reading',
      FILL,
      `geosearch g ${ALL}`,
      'geopos none a',
      'geohash none',
      'geodist none a b',
      `geosearch none ${ALL}`,
    ],
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
      'GEOADD as a ZADD',
      ['GEOADD g 13.361389 38.115556 a', 'GEOADD g Ch nx 0 0 b 1 1 a', 'GEOADD g 180 0.00001 east'],
      [
        'zadd g 3479099956230698 a',
        'zadd g Ch nx 3377699720527872 b 3377822707026402 a',
        'zadd g 10133099161583621 east',
      ],
    ],
    [
      'nothing of what changes nothing',
      ['GEOADD g 1 1 a', 'GEOADD g 1 1 a', 'GEOADD g XX 1 1 b', 'GEOSEARCHSTORE d none FROMMEMBER a BYRADIUS 1 m'],
      ['zadd g 3377822707026402 a'],
    ],
    [
      'what is stored as the command that stores it',
      [
        'GEOADD g 0 0 a',
        'GEOSEARCHSTORE d g FROMMEMBER a BYRADIUS 1 m',
        'GEORADIUS g 0 0 1 m STORE e',
        'GEORADIUS g 0 0 1 m',
      ],
      ['zadd g 3377699720527872 a', 'GEOSEARCHSTORE d g FROMMEMBER a BYRADIUS 1 m', 'GEORADIUS g 0 0 1 m STORE e'],
    ],
  ])('%s', async (_, commands, sent) => {
    expect(await replica.sends(...words(...commands))).toEqual(sent)
  })

  test('GEOADD as a ZADD inside a transaction', async () => {
    const sent = await replica.sends(...words('MULTI', 'GEOADD g 0 0 a', 'GEOADD g 0 0 b', 'EXEC'))
    expect(sent.map(line => line.toLowerCase())).toEqual([
      'multi',
      'zadd g 3377699720527872 a',
      'zadd g 3377699720527872 b',
      'exec',
    ])
  })

  test('a GEOADD of very many members', async () => {
    const members = Array.from({ length: 150_000 }, (_, i) => ['0', '0', String(i)]).flat()
    const [sent] = await replica.sends(['GEOADD', 'g', ...members])
    expect(sent.startsWith('zadd g 3377699720527872 0 3377699720527872 1 ')).toBe(true)
    expect(sent.split(' ').length).toBe(300_002)
  })
})

describe('a command', () => {
  let port: number
  let client: RawClient

  beforeAll(async () => {
    ;({ port } = await startRedisTs(['--save', '']))
    client = await RawClient.connect(port)
  })
  afterAll(() => client.close())
  beforeEach(async () => {
    await client.call('FLUSHALL')
  })

  test.each([
    ['GEOADD g 1 1 a 5 5 b 6 6 x', 2],
    ['GEOADD g 1 1 a', 0],
    ['GEOSEARCHSTORE d g FROMLONLAT 2 2 BYRADIUS 900 km', 3],
    ['GEOSEARCHSTORE d none FROMLONLAT 2 2 BYRADIUS 900 km', 0],
    ['GEOSEARCHSTORE g g FROMLONLAT 50 50 BYRADIUS 1 m', 1],
    ['GEORADIUS g 2 2 900 km STORE d COUNT 2', 2],
    ['GEORADIUS g 2 2 900 km', 0],
  ])('%s makes %d changes', async (command, expected) => {
    await client.call(...FILL.split(' '))
    const changes = async (): Promise<number> => Number((await info(port)).get('rdb_changes_since_last_save'))
    const before = await changes()
    await client.call(...command.split(' '))
    expect((await changes()) - before).toBe(expected)
  })

  test.each([
    ['GEORADIUS g 2 2 900 km STORE d', 'd'],
    ['GEORADIUS g 2 2 900 km COUNT 1 STOREDIST d', 'd'],
    ['GEORADIUSBYMEMBER g a 900 km STORE d', 'd'],
    ['GEOSEARCHSTORE d g FROMMEMBER a BYRADIUS 1 m', 'd'],
    ['GEOSEARCHSTORE g d FROMMEMBER a BYRADIUS 1 m', 'd'],
  ])('%s is refused to who may not use %s', async (command, key) => {
    await client.call('ACL', 'SETUSER', 'guest', 'on', 'nopass', '+@all', 'resetkeys', '~g')
    const reply = await client.call('ACL', 'DRYRUN', 'guest', ...command.split(' '))
    expect(reply.text).toBe(`User guest has no permissions to access the '${key}' key`)
  })

  test('that searches makes its key tracked, and one that stores tells who tracks the destination', async () => {
    const heard = await play(port, [
      `B ${FILL}`,
      'A HELLO 3; CLIENT TRACKING ON',
      `A GEOSEARCH g ${ALL} COUNT 1`,
      'A ZCARD d',
      `B GEOSEARCHSTORE d g ${ALL}`,
      'B GEOADD g 9 9 z',
    ])
    expect(heard.A.filter(line => line.startsWith('>'))).toEqual(['>[invalidate *[d]]', '>[invalidate *[g]]'])
  })
})
