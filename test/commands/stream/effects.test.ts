/** What stream commands do beside their replies: keyspace events, keys that WATCH sees changed, changes that are counted. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { Observed } from '../observed.js'
import { RawClient } from '../raw-client.js'
import { words } from '../side-by-side.js'

const OPTIONS = ['--save', '', '--notify-keyspace-events', 'KEA', '--stream-node-max-entries', '3']
const FILL = ['xadd s 1 a b', 'xadd s 2 a b', 'xadd s 3 a b', 'xadd s 4 a b']
const GROUP = [...FILL, 'xgroup create s g 0']
const READ = [...GROUP, 'xreadgroup group g alice count 2 streams s >']

describe('events of streams are those of stock Redis, in its order', requireStock('redis-server'), () => {
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
    ['XADD', ...FILL, 'xadd s 4 a b', 'xadd none nomkstream 1 a b', 'xadd s nomkstream 5-* a b'],
    ['XADD that trims', ...FILL, 'xadd s maxlen 9 5 a b', 'xadd s maxlen 2 6 a b', 'xadd s minid ~ 3 7 a b'],
    ['XADD to nothing', 'xadd s maxlen 0 1 a b', 'xadd s maxlen 0 2 a b'],
    ['XDEL', ...FILL, 'xdel s 9', 'xdel s 1 2 9', 'xdel s 3 4', 'xdel none 1'],
    [
      'XTRIM',
      ...FILL,
      'xtrim s maxlen 9',
      'xtrim s maxlen ~ 3',
      'xtrim s maxlen 3',
      'xtrim s minid 9',
      'xtrim none maxlen 1',
    ],
    ['XSETID', ...FILL, 'xsetid s 9', 'xsetid s 1', 'xsetid none 1'],
    ['XGROUP CREATE', ...GROUP, 'xgroup create s g 0', 'xgroup create t g $ mkstream', 'xgroup create t h $ mkstream'],
    ['XGROUP SETID', ...GROUP, 'xgroup setid s g 2', 'xgroup setid s none 2'],
    ['XGROUP DESTROY', ...GROUP, 'xgroup destroy s g', 'xgroup destroy s g'],
    ['XGROUP CREATECONSUMER', ...GROUP, 'xgroup createconsumer s g alice', 'xgroup createconsumer s g alice'],
    ['XGROUP DELCONSUMER', ...READ, 'xgroup delconsumer s g alice', 'xgroup delconsumer s g alice'],
    ['XREADGROUP', ...READ, 'xreadgroup group g bob streams s 0', 'xreadgroup group g carol noack streams s >'],
    ['XCLAIM', ...READ, 'xclaim s g bob 0 1', 'xclaim s g bob 0 9', 'xclaim s g bob 0 2 justid'],
    ['XAUTOCLAIM', ...READ, 'xautoclaim s g bob 0 -', 'xautoclaim s g bob 0 9'],
    [
      'reading',
      ...READ,
      'xread streams s 0',
      'xrange s - +',
      'xpending s g',
      'xinfo stream s full',
      'xlen s',
      'xack s g 1',
    ],
  ])('%s', async (_, ...lines) => {
    const commands = words(...lines)
    expect(await ours.events(commands)).toEqual(await stock.events(commands))
  })

  // 7.0 makes it only where there is something for it.
  test.each(['xclaim s g bob 0 9', 'xautoclaim s g bob 0 9', 'xreadgroup group g bob streams s >'])(
    '%s makes a consumer even where it gets nothing',
    async command => {
      const commands = words(...GROUP, 'xgroup setid s g $', command)
      expect((await ours.events(commands)).slice(-2)).toEqual([
        '__keyspace@0__:s xgroup-createconsumer',
        '__keyevent@0__:xgroup-createconsumer s',
      ])
    },
  )

  // 7.0 has XDEL and XTRIM for it.
  test.each([
    ['xdelex s delref ids 3 1 2 9', 'xdel s 1 2 9'],
    ['xdelex s acked ids 1 1', 'xlen s'],
    ['xackdel s g ids 2 1 9', 'xdel s 1'],
    ['xackdel s g acked ids 1 1', 'xdel s 1'],
    ['xackdel s g ids 1 3', 'xlen s'],
    ['xtrim s maxlen 1 delref', 'xtrim s maxlen 1'],
    ['xtrim s maxlen 1 acked', 'xlen s'],
    ['xadd s delref maxlen 1 9 a b', 'xadd s maxlen 1 9 a b'],
  ])('%s has the events of %s', async (command, older) => {
    await stock.events(words(...READ))
    const wanted = await stock.events(words(older))
    await ours.events(words(...READ))
    expect(await ours.events(words(command))).toEqual(wanted)
  })

  test('class t is that of streams', async () => {
    await ours.client.call('CONFIG', 'SET', 'notify-keyspace-events', 'Et')
    expect(await ours.events(words(...FILL.slice(0, 1), 'set key 1', 'xdel s 1', 'del s'))).toEqual([
      '__keyevent@0__:xadd s',
      '__keyevent@0__:xdel s',
    ])
    await ours.client.call('CONFIG', 'SET', 'notify-keyspace-events', 'KEA')
  })
})

describe('a command', () => {
  let client: RawClient
  let other: RawClient

  beforeAll(async () => {
    const { port } = await startRedisTs(OPTIONS)
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

  async function isSeenByWatch(command: string): Promise<boolean> {
    await client.pipeline(words(...READ, 'watch s'))
    await other.call(...words(command)[0])
    const replies = await client.pipeline(words('multi', 'ping', 'exec'))
    return replies[2].elements === null
  }

  test.each([
    'xadd s 9 a b',
    'xadd s maxlen 2 9 a b',
    'xdel s 1',
    'xdelex s ids 1 1',
    'xackdel s g ids 1 1',
    'xtrim s maxlen 1',
    'xtrim s maxlen ~ 1',
    'xtrim s maxlen 1 delref',
    'del s',
  ])('%s is seen by who watches the key', async command => {
    expect(await isSeenByWatch(command)).toBe(true)
  })

  // Redis marks keys as changed only where entries come and go.
  test.each([
    'xadd s 1 a b',
    'xdel s 9',
    'xdelex s acked ids 1 1',
    'xackdel s g ids 1 3',
    'xtrim s maxlen 9',
    'xtrim s maxlen 1 acked',
    'xsetid s 50',
    'xgroup create s h 0',
    'xgroup create s h 0 mkstream',
    'xgroup setid s g 0',
    'xgroup destroy s g',
    'xgroup createconsumer s g bob',
    'xgroup delconsumer s g alice',
    'xreadgroup group g alice streams s >',
    'xreadgroup group g bob claim 0 streams s >',
    'xack s g 1',
    'xclaim s g bob 0 1',
    'xautoclaim s g bob 0 -',
    'xread streams s 0',
  ])('%s is not', async command => {
    expect(await isSeenByWatch(command)).toBe(false)
  })

  test('XGROUP CREATE with MKSTREAM is seen where it makes the stream', async () => {
    await client.call('WATCH', 't')
    await other.call(...words('xgroup create t g $ mkstream')[0])
    expect((await client.pipeline(words('multi', 'ping', 'exec')))[2].elements).toBeNull()
  })

  async function changes(): Promise<number> {
    const info = await client.call('INFO', 'persistence')
    return Number(/rdb_changes_since_last_save:(\d+)/.exec(info.text ?? '')?.[1])
  }

  test.each([
    ['xadd s 9 a b', 1],
    ['xadd s maxlen 1 9 a b', 1],
    ['xadd s 1 a b', 0],
    ['xdel s 1 2 9', 2],
    ['xdelex s ids 3 1 2 9', 2],
    ['xdelex s delref ids 3 1 2 9', 2],
    ['xackdel s g ids 3 1 2 3', 2],
    ['xtrim s maxlen 1', 3],
    ['xtrim s maxlen 1 delref', 3],
    ['xtrim s maxlen 1 acked', 0],
    ['xtrim s maxlen ~ 9', 0],
    ['xsetid s 50', 1],
    ['xgroup create s h 0', 1],
    ['xgroup create t h 0 mkstream', 1],
    ['xgroup setid s g 0', 1],
    ['xgroup destroy s g', 1],
    ['xgroup destroy s h', 0],
    ['xgroup createconsumer s g bob', 1],
    ['xgroup createconsumer s g alice', 0],
    ['xgroup delconsumer s g alice', 1],
    ['xreadgroup group g alice streams s >', 1],
    ['xreadgroup group g bob streams s >', 2],
    ['xreadgroup group g alice streams s 0', 1],
    ['xreadgroup group g alice claim 0 streams s >', 1],
    ['xack s g 1 2 3', 2],
    ['xclaim s g alice 0 1 2 3', 2],
    ['xclaim s g alice 0 9 lastid 9', 1],
    ['xautoclaim s g bob 0 -', 3],
    ['xread streams s 0', 0],
  ])('%s counts as %d changes', async (command, count) => {
    await client.pipeline(words(...READ))
    const before = await changes()
    await client.call(...words(command)[0])
    expect((await changes()) - before).toBe(count)
  })
})
