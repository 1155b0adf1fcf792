import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, info, until } from '../../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { play, shown, type Transcripts } from '../play.js'
import { RawClient } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

let server: RunningServer

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--enable-debug-command', 'yes'])
})
afterAll(async () => {
  await server.stop()
})

/** Each test has keys of its own; what others left in the invalidation table goes first. */
async function scene(...lines: string[]): Promise<Transcripts> {
  await ask(server.port, 'FLUSHALL')
  return play(server.port, lines)
}

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RunningServer
  beforeAll(async () => {
    stock = await startRedisServer(['--save', '', '--enable-debug-command', 'yes'])
  })

  async function expectSameScene(...lines: string[]): Promise<Transcripts> {
    await ask(server.port, 'FLUSHALL')
    await ask(stock.port, 'FLUSHALL')
    const [ours, theirs] = await Promise.all([play(server.port, lines), play(stock.port, lines)])
    expect(ours).toEqual(theirs)
    return ours
  }

  test('options that do not go together', async () => {
    const ours = await RawClient.connect(server.port)
    const theirs = await RawClient.connect(stock.port)
    await expectSame(
      ours,
      theirs,
      words(
        'client tracking',
        'client tracking maybe',
        'client tracking on nonsense',
        'client tracking on redirect',
        'client tracking on redirect x',
        'client tracking on redirect 0',
        'client tracking on redirect -1',
        'client tracking on redirect 99999999',
        'client tracking on prefix a',
        'client tracking on bcast optin',
        'client tracking on bcast optout',
        'client tracking on optin optout',
        'client tracking maybe redirect x',
        'client tracking off nonsense',
        'client tracking off bcast optin',
        'client trackinginfo',
        'client getredir',
        'client caching yes',
        'client tracking on',
        'client getredir',
        'client caching yes',
        'client caching no',
        'client caching maybe',
        'client caching',
        'client caching yes no',
        'client tracking on bcast',
        'client tracking on optin noloop',
        'client trackinginfo',
        'client caching yes',
        'client trackinginfo',
        'client caching no',
        'client trackinginfo',
        'ping',
        'client trackinginfo',
        'client tracking on optout',
        'client tracking off',
        'client tracking on optout',
        'client tracking on optin',
        'client caching no',
        'client trackinginfo',
        'client tracking off',
        'client tracking on bcast prefix FOOBAR prefix FOO',
        'client tracking on bcast prefix FOO prefix FOOBAR',
        'client tracking on bcast prefix a prefix a',
        'client tracking on bcast prefix foo prefix bar',
        'client tracking on bcast prefix fo',
        'client tracking on bcast prefix barb',
        'client tracking on bcast prefix c noloop',
        'client trackinginfo',
        'client tracking on',
        'client tracking on bcast',
        'client trackinginfo',
        'client tracking off',
        'client trackinginfo extra',
        'client getredir extra',
      ),
    )
    ours.close()
    theirs.close()
  })

  test('a key is told once, to all who have read it since', () =>
    expectSameScene(
      'A HELLO 3',
      'B HELLO 3',
      'A CLIENT TRACKING ON',
      'B CLIENT TRACKING ON',
      'A GET k',
      'B MGET k l',
      'W SET k 1',
      'W SET k 2',
      'A GET k',
      'W DEL k',
      'W SET l 1',
      'W DEL nothing',
    ).then(({ A, B }) => {
      expect(A.filter(text => text.startsWith('>'))).toEqual(['>[invalidate *[k]]', '>[invalidate *[k]]'])
      expect(B.filter(text => text.startsWith('>'))).toEqual(['>[invalidate *[k]]', '>[invalidate *[l]]'])
    }))

  test('reads of every kind are remembered, writes are not', () =>
    expectSameScene(
      'A HELLO 3',
      'A CLIENT TRACKING ON',
      'A HSET h f 1',
      'A SET s 1',
      'A GET h',
      'W HSET h f 2',
      'A HGET h f',
      'A EXISTS s',
      'W SET s 2',
      'A STRLEN s',
      'W APPEND s x',
      'A TYPE s',
      'W EXPIRE s 100',
      'A TTL s',
      'W PERSIST s',
      'A GETSET s 5',
      'W SET s 6',
    ))

  test('what a client changes itself comes behind the reply', () =>
    expectSameScene(
      'A HELLO 3',
      'A CLIENT TRACKING ON',
      'A MGET a b',
      'A SET a 1',
      'A MULTI; GET a; SET b 1; GET b; EXEC',
      'A SET a 2',
      'A FLUSHDB',
      'A MULTI; FLUSHALL; GET a; EXEC',
    ))

  test('NOLOOP leaves out what a client changes itself', () =>
    expectSameScene(
      'A HELLO 3',
      'A CLIENT TRACKING ON NOLOOP',
      'A MGET a b',
      'A SET a 1',
      'W SET a 2',
      'W SET b 1',
      'A MGET a b',
      'A FLUSHALL',
      'W FLUSHALL',
    ))

  test('OPTIN and OPTOUT, for a command and for a transaction', () =>
    expectSameScene(
      'A HELLO 3',
      'A CLIENT TRACKING ON OPTIN',
      'A GET a',
      'A CLIENT CACHING YES; GET b; GET c',
      'A CLIENT CACHING YES; MULTI; GET d; GET e; EXEC; GET f',
      'A CLIENT CACHING YES; CLIENT ID; GET g; GET h',
      'A CLIENT CACHING YES; nonsense; GET i',
      'W MSET a 1 b 1 c 1 d 1 e 1 f 1 g 1 h 1 i 1',
      'A CLIENT TRACKING OFF',
      'A CLIENT TRACKING ON OPTOUT',
      'A GET a',
      'A CLIENT CACHING NO; GET b; GET c',
      'W MSET a 2 b 2 c 2',
    ))

  test('broadcasts by prefix come once a turn, the keys of a prefix together', () =>
    expectSameScene(
      'A HELLO 3',
      'A CLIENT TRACKING ON BCAST PREFIX user: PREFIX item:',
      'B HELLO 3',
      'B CLIENT TRACKING ON BCAST',
      'N HELLO 3',
      'N CLIENT TRACKING ON BCAST NOLOOP PREFIX item:',
      'W MSET user:2 a user:1 b item:1 c other d',
      'N MSET item:2 a item:3 b',
      'W FLUSHALL',
      'A SET user:1 1',
      'A CLIENT TRACKING OFF',
      'W SET user:1 2',
    ))

  test('expired keys are told, also to the one whose own command found them expired', () =>
    expectSameScene(
      'A HELLO 3',
      'W DEBUG SET-ACTIVE-EXPIRE 0',
      'W SET k v PX 1',
      'W SET l v PX 1',
      'A CLIENT TRACKING ON BCAST NOLOOP',
      'W DEBUG SLEEP 0.005',
      'A GET k',
      'A PING',
      'W GET l',
      'A PING',
      'W DEBUG SET-ACTIVE-EXPIRE 1',
    ))

  test('after a change of mode keys read before are not told', () =>
    expectSameScene(
      'A HELLO 3',
      'A CLIENT TRACKING ON',
      'A GET k',
      'A CLIENT TRACKING OFF',
      'A CLIENT TRACKING ON BCAST PREFIX x',
      'W SET k 1',
      'A CLIENT TRACKING OFF',
      'A CLIENT TRACKING ON',
      'A GET l',
      'A CLIENT TRACKING OFF',
      'W SET l 1',
    ))

  test('a RESP3 client that invalidations are redirected to gets them as pushes', () =>
    expectSameScene(
      'R HELLO 3',
      'A HELLO 3',
      'A CLIENT TRACKING ON REDIRECT $R',
      'A CLIENT GETREDIR',
      'A GET k',
      'W SET k 1',
      'A GET k',
      'A SET k 1',
    ))

  test('a RESP2 client that awaits messages, of whatever channel, gets them as messages of __redis__:invalidate', () =>
    expectSameScene(
      'S SUBSCRIBE __redis__:invalidate',
      'P PSUBSCRIBE nothing*',
      'N PING',
      'A CLIENT TRACKING ON REDIRECT $S',
      'B CLIENT TRACKING ON REDIRECT $P',
      'C CLIENT TRACKING ON REDIRECT $N',
      'D CLIENT TRACKING ON',
      'E CLIENT TRACKING ON BCAST PREFIX k REDIRECT $S',
      'A GET k',
      'B GET k',
      'C GET k',
      'D GET k',
      'W MSET k 1 k2 2',
      'A SET k 2',
      'A FLUSHALL',
      'S UNSUBSCRIBE',
      'W SET k 3',
    ))

  test('keys read in RESP2 are told in RESP3 once the client has changed over', () =>
    expectSameScene('A CLIENT TRACKING ON', 'A GET k', 'A GET l', 'W SET l 1', 'A HELLO 3', 'W SET k 1', 'A HELLO 2'))

  test('replies that are off do not hold back pushes', () =>
    expectSameScene(
      'A HELLO 3',
      'A CLIENT TRACKING ON',
      'A GET k',
      'A& CLIENT REPLY OFF',
      'W SET k 1',
      'A& GET k',
      'A& SET k 2',
      'A CLIENT REPLY ON',
      'A& CLIENT REPLY SKIP',
      'A& GET k',
      'A SET k 3',
    ))

  test('RESET ends tracking', () =>
    expectSameScene(
      'A HELLO 3',
      'A CLIENT TRACKING ON BCAST',
      'A RESET',
      'A HELLO 3',
      'W SET k 1',
      'A CLIENT TRACKINGINFO',
    ))
})

test('what a redirection brings to the client that makes the change comes behind its reply', async () => {
  const { R } = await scene('R HELLO 3', 'A HELLO 3', 'A CLIENT TRACKING ON REDIRECT $R', 'A GET k', 'R SET k 1')
  expect(R).toEqual(['+OK', '>[invalidate *[k]]'])
})

test('who redirects to a client that has gone is told so, at every change', async () => {
  await ask(server.port, 'FLUSHALL')
  const [receiver, client] = await Promise.all([1, 2].map(() => RawClient.connect(server.port)))
  const id = (await receiver.call('CLIENT', 'ID')).text ?? ''
  await client.call('HELLO', '3')
  await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)
  await client.call('MGET', 'k', 'l')
  await receiver.call('QUIT')
  for (const key of ['k', 'l']) {
    await ask(server.port, 'SET', key, '1')
    expect(shown(await client.next())).toBe(`>[tracking-redir-broken :${id}]`)
  }
  expect(shown(await client.call('CLIENT', 'TRACKINGINFO'))).toBe(
    `%[flags ~[on broken_redirect] redirect :${id} prefixes *[]]`,
  )
  expect((await client.call('CLIENT', 'INFO')).text).toMatch(/ flags=tR /)
  client.close()
})

test('INFO counts clients, keys, readers and prefixes; CLIENT LIST shows who tracks and where to', async () => {
  await ask(server.port, 'FLUSHALL')
  const [a, b, c] = await Promise.all([1, 2, 3].map(() => RawClient.connect(server.port)))
  const id = (await c.call('CLIENT', 'ID')).text ?? ''
  await a.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)
  await a.call('MGET', 'k1', 'k2')
  await b.call('CLIENT', 'TRACKING', 'ON')
  await b.call('GET', 'k1')
  await c.call('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'x', 'PREFIX', 'y')
  const fields = await info(server.port)
  expect(fields.get('tracking_clients')).toBe('3')
  expect(fields.get('tracking_total_keys')).toBe('2')
  expect(fields.get('tracking_total_items')).toBe('3')
  expect(fields.get('tracking_total_prefixes')).toBe('2')
  expect((await a.call('CLIENT', 'INFO')).text).toMatch(new RegExp(` flags=t .* redir=${id} `))
  expect((await b.call('CLIENT', 'INFO')).text).toMatch(/ flags=t .* redir=0 /)
  expect((await c.call('CLIENT', 'INFO')).text).toMatch(/ flags=tB .* redir=0 /)
  for (const client of [a, b, c]) client.close()
  await until('closed clients are no longer counted', async () => {
    const now = await info(server.port)
    return now.get('tracking_clients') === '0' && now.get('tracking_total_prefixes') === '0'
  })
})

test('more keys than tracking-table-max-keys: clients are told to forget random ones', async () => {
  await ask(server.port, 'FLUSHALL')
  const client = await RawClient.connect(server.port)
  await client.call('HELLO', '3')
  await client.call('CLIENT', 'TRACKING', 'ON')
  const keys = Array.from({ length: 500 }, (_, i) => `key:${i}`)
  await client.call('MGET', ...keys)
  await ask(server.port, 'CONFIG', 'SET', 'tracking-table-max-keys', '20')
  const forgotten = new Set<string>()
  while (forgotten.size < 480) {
    const reply = shown(await client.next())
    forgotten.add(/^>\[invalidate \*\[(.*)\]\]$/.exec(reply)?.[1] ?? reply)
  }
  expect(keys).toEqual(expect.arrayContaining([...forgotten]))
  expect((await info(server.port)).get('tracking_total_keys')).toBe('20')
  await ask(server.port, 'CONFIG', 'SET', 'tracking-table-max-keys', '1000000')
  client.close()
})

test('a key forgotten for want of room is told ahead of the next reply', async () => {
  await ask(server.port, 'FLUSHALL')
  await ask(server.port, 'CONFIG', 'SET', 'tracking-table-max-keys', '1')
  const { A } = await scene('A HELLO 3', 'A CLIENT TRACKING ON', 'A GET k', 'A& GET l', 'A PING')
  await ask(server.port, 'CONFIG', 'SET', 'tracking-table-max-keys', '1000000')
  const pushed = A.findIndex(text => text.startsWith('>'))
  expect(A.slice(pushed)).toEqual([expect.stringMatching(/^>\[invalidate \*\[[kl]\]\]$/), '+PONG'])
})
