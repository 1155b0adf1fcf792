/** What HyperLogLog commands do besides: events, changes, what replicas get, who is told. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { Observed } from '../observed.js'
import { play } from '../play.js'
import { RawClient } from '../raw-client.js'
import { ReplicaMonitor } from '../replica-monitor.js'

const ARGUMENTS = ['--save', '', '--notify-keyspace-events', 'KEAmn', '--repl-diskless-sync-delay', '0']
const MANY = Array.from({ length: 100 }, (_, i) => `element ${i}`)

/** Commands one after another, some of which change nothing. */
const SCRIPT: readonly (readonly string[])[] = [
  ['PFADD', 'a'],
  ['PFADD', 'a'],
  ['PFADD', 'a', 'x', 'y', 'x'],
  ['PFADD', 'a', 'x', 'y'],
  ['PFCOUNT', 'a'],
  ['PFCOUNT', 'a'],
  ['PFADD', 'a', ...MANY],
  ['PFCOUNT', 'a', 'b'],
  ['PFCOUNT', 'missing'],
  ['PFCOUNT', 'missing', 'a'],
  ['PFMERGE', 'b', 'a', 'missing'],
  ['PFMERGE', 'b', 'a'],
  ['PFMERGE', 'b'],
  ['PFCOUNT', 'b'],
  ['PFDEBUG', 'ENCODING', 'b'],
  ['PFDEBUG', 'TODENSE', 'b'],
  ['PFDEBUG', 'TODENSE', 'b'],
  ['PFDEBUG', 'GETREG', 'a'],
  ['PFDEBUG', 'GETREG', 'a'],
  ['PFADD', 'b', 'x'],
  ['PFADD', 'b', 'new'],
  ['PFCOUNT', 'b'],
  ['SET', 'b', 'none'],
  ['PFADD', 'b', 'x'],
  ['PFMERGE', 'a', 'b'],
  ['APPEND', 'a', 'x'],
  ['PFADD', 'a', 'x'],
]

describe('beside stock Redis', requireStock('redis-server'), () => {
  let ours: Observed
  let stock: Observed

  beforeAll(async () => {
    ours = await Observed.connect((await startRedisTs(ARGUMENTS)).port)
    stock = await Observed.connect((await startRedisServer(ARGUMENTS)).port)
    return () => {
      ours.close()
      stock.close()
    }
  })

  test('the events are the same', async () => {
    await Promise.all([ours.reset(), stock.reset()])
    for (const command of SCRIPT) {
      const [mine, theirs] = await Promise.all([ours.events([command]), stock.events([command])])
      expect({ command, events: mine }).toEqual({ command, events: theirs })
    }
  })

  test('as many changes count for the next save', async () => {
    await Promise.all([ours.reset(), stock.reset()])
    const changes = async ({ client }: Observed): Promise<number> =>
      Number(/rdb_changes_since_last_save:(\d+)/.exec((await client.call('INFO', 'persistence')).text ?? '')?.[1])
    const [before, beforeTheirs] = await Promise.all([changes(ours), changes(stock)])
    for (const command of SCRIPT) {
      await Promise.all([ours.client.call(...command), stock.client.call(...command)])
      const [mine, theirs] = await Promise.all([changes(ours), changes(stock)])
      expect({ command, changes: mine - before }).toEqual({ command, changes: theirs - beforeTheirs })
    }
  })

  test('who tracks or watches is told the same', async () => {
    const scene = [
      'A HELLO 3; CLIENT TRACKING ON; PFADD k a; PFADD m b; PFCOUNT k; PFCOUNT k m; STRLEN k',
      'B PFCOUNT k',
      'B PFADD k a',
      'B PFADD k b',
      'A STRLEN k',
      'B PFCOUNT k',
      'A STRLEN k; PFCOUNT k; STRLEN k',
      'B PFDEBUG TODENSE k',
      'B PFMERGE k m',
      'A WATCH k; PFCOUNT k; MULTI; PING; EXEC',
      'A WATCH k',
      'B PFCOUNT k',
      'A MULTI; PING; EXEC',
      'B PFADD k c',
      'A WATCH k',
      'B PFCOUNT k',
      'A MULTI; PING; EXEC',
      'A WATCH k',
      'B PFDEBUG GETREG k',
      'A MULTI; PING; EXEC',
    ]
    // Integers, which are replies here, may be the ids of clients.
    const told = async (start: typeof startRedisTs): Promise<string[]> => {
      const { A, B } = await play((await start(['--save', ''])).port, scene)
      return [...A, ...B].filter(line => !/^[:$]|:0 :0/.test(line))
    }
    const mine = await told(startRedisTs)
    expect(mine).toEqual(await told(startRedisServer))
    expect(mine.filter(line => line.includes('invalidate')).length).toBeGreaterThan(2)
    expect(mine).toContain('_')
  })

  test('ACL: PFCOUNT needs to read and to write', async () => {
    const setup = ['ACL', 'SETUSER', 'reader', 'on', 'nopass', '+@all', '%R~r', '~rw']
    for (const command of [
      setup,
      ['PFADD', 'r', 'x'],
      ['ACL', 'DRYRUN', 'reader', 'PFCOUNT', 'r'],
      ['ACL', 'DRYRUN', 'reader', 'PFCOUNT', 'rw', 'r'],
      ['ACL', 'DRYRUN', 'reader', 'PFMERGE', 'rw', 'r'],
      ['ACL', 'DRYRUN', 'reader', 'PFMERGE', 'r', 'rw'],
      ['ACL', 'CAT', 'hyperloglog'],
    ]) {
      const [mine, theirs] = await Promise.all([ours.client.call(...command), stock.client.call(...command)])
      const plain = (text: string | null) => text?.replace(/^User reader/, 'This user')
      expect([command, plain(mine.text)]).toEqual([command, plain(theirs.text)])
      const names = (reply: typeof mine) => reply.elements?.map(({ text }) => text).sort()
      expect([command, names(mine)]).toEqual([command, names(theirs)])
    }
  })
})

describe('replicas get', requireStock('redis-server'), () => {
  let monitor: ReplicaMonitor

  beforeAll(async () => {
    const { port } = await startRedisTs(ARGUMENTS)
    monitor = await ReplicaMonitor.start(port)
  })
  beforeEach(() => monitor.sends(['FLUSHALL']))
  afterAll(() => monitor.close())

  const a = ['PFADD', 'a', 'x']

  test.each([
    ['a PFADD that changes something', [a], ['PFADD a x']],
    ['a PFADD of nothing to a new key', [['PFADD', 'a']], ['PFADD a']],
    ['no PFADD without a change', [a, a, ['PFADD', 'a']], ['PFADD a x']],
    ['a PFCOUNT that counts anew', [a, ['PFCOUNT', 'a'], ['PFCOUNT', 'a']], ['PFADD a x', 'PFCOUNT a']],
    ['no PFCOUNT of several keys', [a, ['PFCOUNT', 'a', 'b']], ['PFADD a x']],
    [
      'each PFMERGE',
      [
        ['PFMERGE', 'a'],
        ['PFMERGE', 'a', 'b'],
      ],
      ['PFMERGE a', 'PFMERGE a b'],
    ],
    [
      'a transaction of those',
      [a, ['MULTI'], ['PFCOUNT', 'a'], ['PFADD', 'a', 'y'], a, ['EXEC']],
      ['PFADD a x', 'MULTI', 'PFCOUNT a', 'PFADD a y', 'EXEC'],
    ],
  ])('%s', async (_, commands, received) => {
    expect(await monitor.sends(...commands)).toEqual(received)
  })
})

test('a save under way has what was there when it began', async () => {
  const { port } = await startRedisTs(['--save', '', '--enable-debug-command', 'yes'])
  const client = await RawClient.connect(port)
  await client.pipeline([
    ['PFADD', 'dense', ...MANY],
    ['PFDEBUG', 'TODENSE', 'dense'],
    ['PFADD', 'sparse', ...MANY],
  ])
  const [dense, sparse] = await client.pipeline([
    ['DUMP', 'dense'],
    ['DUMP', 'sparse'],
  ])
  await client.pipeline([['BGSAVE'], ['PFADD', 'dense', 'one'], ['PFADD', 'sparse', 'one'], ['PFCOUNT', 'dense']])
  for (let running = true; running; ) {
    running = (await client.call('INFO', 'persistence')).text?.includes('rdb_bgsave_in_progress:1') === true
  }
  await client.call('DEBUG', 'RELOAD', 'NOSAVE')
  const replies = await client.pipeline([
    ['DUMP', 'dense'],
    ['DUMP', 'sparse'],
  ])
  expect(replies.map(({ text }) => text)).toEqual([dense.text, sparse.text])
  client.close()
})
