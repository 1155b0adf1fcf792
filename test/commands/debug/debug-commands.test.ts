import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes', '--hash-max-listpack-entries', '3']

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(OPTIONS)
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  await client.call('FLUSHALL')
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

const DATA = [
  ...words(
    'set int 12345',
    'set negative -7',
    'set wide 1234567890123',
    'set text hello',
    'set empty ""',
    'append raw 12',
  ),
  ['set', 'big', 'x'.repeat(20_000)],
  ['set', 'bytes', '\x00\xff\r\n'],
  ...words(
    'hset small a 1 b text c -5',
    'hset large a 1 b 2 c 3 d 4 e five',
    'set expires x',
    'pexpireat expires 4000000000000',
  ),
  ...words('select 3', 'set elsewhere 1', 'hset h f v', 'expire h 1000', 'select 0'),
]

async function digest(of: RawClient = client): Promise<string | null> {
  return (await of.call('DEBUG', 'DIGEST')).text
}

describe('beside stock Redis', requireStock('redis-server'), () => {
  let theirs: RawClient
  beforeAll(async () => {
    theirs = await RawClient.connect((await startRedisServer(OPTIONS)).port)
  })
  beforeEach(async () => {
    await theirs.call('FLUSHALL')
  })

  test('digests of the same data are the same, whatever the order it came in', async () => {
    await expectSame(client, theirs, [...DATA, ['debug', 'digest']])
    const keys = [
      'int',
      'negative',
      'wide',
      'text',
      'empty',
      'raw',
      'big',
      'bytes',
      'small',
      'large',
      'expires',
      'none',
    ]
    await expectSame(client, theirs, [
      ['debug', 'digest-value', ...keys],
      ['debug', 'digest-value'],
    ])
    await client.call('FLUSHALL')
    await expectSame(client, theirs, [['echo', 'x']])
    await client.pipeline(DATA.slice(0, -5).reverse())
    await client.pipeline([...words('persist expires', 'pexpireat expires 4000000000000'), ...DATA.slice(-5)])
    expect(await digest()).toBe(await digest(theirs))
  })

  test('a digest changes with any value, name, database or expiry', async () => {
    const changes = words(
      'set k v',
      'set k w',
      'rename k l',
      'move l 4',
      'select 4',
      'expire l 100',
      'hset h f v',
      'hset h f w',
    )
    const seen = new Set<string | null>()
    for (const change of changes) {
      await client.call(...change)
      seen.add(await digest())
    }
    // SELECT changes nothing.
    expect(seen.size).toBe(changes.length - 1)
  })

  test('PROTOCOL, in both protocols', async () => {
    const kinds = 'string integer double bignum null array set map verbatim true false nonsense'.split(' ')
    for (const protocol of ['2', '3']) {
      await client.call('HELLO', protocol)
      await theirs.call('HELLO', protocol)
      await expectSame(
        client,
        theirs,
        kinds.map(kind => ['debug', 'protocol', kind]),
      )
    }
    await theirs.call('HELLO', '2')
    await client.call('HELLO', '2')
    await expectSame(client, theirs, words('debug protocol push', 'debug protocol attrib'))
  })

  test('POPULATE', async () => {
    const commands = words(
      'set pre:1 there',
      'debug populate 3 pre',
      'debug populate 2',
      'debug populate 2 long 20',
      'debug populate 2 short 3',
      'debug populate -1',
      'debug populate x',
      'debug populate 1 k x',
      'mget pre:0 pre:1 key:1 long:0 short:1',
      'dbsize',
      'debug digest',
    )
    await expectSame(client, theirs, commands)
  })

  test('serializedlength and encoding of OBJECT', async () => {
    await client.pipeline(DATA)
    await theirs.pipeline(DATA)
    const show = async (of: RawClient, key: string): Promise<string> => {
      const { text } = await of.call('DEBUG', 'OBJECT', key)
      return (text ?? '')
        .replace(/at:0x[0-9a-f]+/, 'at:')
        .replace(/refcount:\d+/, '')
        .replace(/lru:.*/, '')
    }
    for (const key of ['int', 'negative', 'wide', 'text', 'empty', 'raw', 'bytes', 'small', 'none']) {
      expect([key, await show(client, key)]).toEqual([key, await show(theirs, key)])
    }
  })

  test('what is wrong with DEBUG', () =>
    expectSame(
      client,
      theirs,
      words(
        'debug',
        'debug nonsense',
        'debug object',
        'debug object none',
        'debug listpack none',
        'debug reload nonsense',
        'debug htstats x',
        'debug htstats 99',
        'debug htstats-key none',
        'debug error My-own-error',
        'debug sleep 0',
        'debug set-active-expire 1',
        'debug change-repl-id',
        'debug stringmatch-test',
      ),
    ))
})

test('OBJECT shows that an integer is counted up in its place', async () => {
  const place = async (): Promise<string | undefined> => (await client.call('DEBUG', 'OBJECT', 'n')).text?.split(' ')[1]
  await client.call('SET', 'n', '20000')
  const before = await place()
  await client.call('INCR', 'n')
  expect(await place()).toBe(before)
  await client.call('SET', 'n', 'x'.repeat(200))
  expect(await place()).not.toBe(before)
})

test('RELOAD brings all data back, MERGE leaves what the file does not have', async () => {
  await client.pipeline(DATA)
  const before = await digest()
  expect((await client.call('DEBUG', 'RELOAD')).text).toBe('OK')
  expect(await digest()).toBe(before)
  await client.pipeline(words('set text changed', 'set new x'))
  expect((await client.call('DEBUG', 'RELOAD', 'nosave', 'noflush', 'merge')).text).toBe('OK')
  expect((await client.call('GET', 'text')).text).toBe('hello')
  expect((await client.call('GET', 'new')).text).toBe('x')
  expect((await client.call('DEBUG', 'RELOAD', 'nosave', 'noflush')).text).toMatch(/^ERR Error trying to load the RDB/)
  expect((await client.call('DEBUG', 'RELOAD', 'nosave')).text).toBe('OK')
  expect(await digest()).toBe(before)
})

test('SLEEP stops the server for the time given', async () => {
  const started = performance.now()
  await client.call('DEBUG', 'SLEEP', '0.05')
  expect(performance.now() - started).toBeGreaterThanOrEqual(49)
})

test('an ERROR that was asked for is not counted as one', async () => {
  await client.call('CONFIG', 'RESETSTAT')
  expect(await client.call('DEBUG', 'ERROR', 'CODE of\r\nmine')).toMatchObject({ type: '-', text: 'CODE of  mine' })
  expect((await client.call('INFO', 'errorstats')).text).toBe('# Errorstats\r\n')
})

test('PAUSE-CRON stops the expiry of keys that nobody asks for, and resumes it', async () => {
  const expired = async (): Promise<string | undefined> =>
    /expired_keys:(\d+)/.exec((await client.call('INFO', 'stats')).text ?? '')?.[1]
  await client.pipeline([
    ['CONFIG', 'RESETSTAT'],
    ['DEBUG', 'PAUSE-CRON', '1'],
    ['SET', 'k', 'v', 'PX', '1'],
  ])
  await client.call('DEBUG', 'SLEEP', '0.15')
  await client.call('PING')
  expect(await expired()).toBe('0')
  await client.call('DEBUG', 'PAUSE-CRON', '0')
  while ((await expired()) === '0') await client.call('PING')
  expect(await expired()).toBe('1')
})

test('REPLYBUFFER sets how long a large reply counts in CLIENT LIST', async () => {
  const figures = async (): Promise<string | undefined> =>
    / rbs=\d+ rbp=\d+ /.exec((await client.call('CLIENT', 'LIST')).text ?? '')?.[0]
  await client.pipeline([
    ['DEBUG', 'REPLYBUFFER', 'PEAK-RESET-TIME', 'NEVER'],
    ['SET', 'big', 'x'.repeat(50_000)],
    ['GET', 'big'],
  ])
  expect(await figures()).toMatch(/ rbs=16384 rbp=5\d{4} /)
  await client.pipeline([
    ['DEBUG', 'REPLYBUFFER', 'PEAK-RESET-TIME', '0'],
    ['DEBUG', 'SLEEP', '0.005'],
  ])
  await client.call('DEBUG', 'SLEEP', '0.005')
  expect(await figures()).toBe(' rbs=1024 rbp=0 ')
  await client.call('DEBUG', 'REPLYBUFFER', 'RESIZING', '0')
  expect(await figures()).toContain(' rbs=16384 ')
  await client.pipeline([
    ['DEBUG', 'REPLYBUFFER', 'RESIZING', '1'],
    ['DEBUG', 'REPLYBUFFER', 'PEAK-RESET-TIME', 'RESET'],
  ])
  expect((await client.call('DEBUG', 'REPLYBUFFER', 'PEAK-RESET-TIME', 'x')).text).toContain('not an integer')
})

test('LOG writes into the log, HELP lists the subcommands', async () => {
  await client.call('DEBUG', 'LOG', 'a message')
  await server.waitForLog('# DEBUG LOG: a message')
  expect(texts(await client.call('DEBUG', 'HELP'))).toContain('OBJECT <key>')
})

test('without enable-debug-command DEBUG is refused', async () => {
  const closed = await startRedisTs(['--save', ''])
  const other = await RawClient.connect(closed.port)
  expect((await other.call('DEBUG', 'OBJECT', 'k')).text).toMatch(/^ERR DEBUG command not allowed/)
  other.close()
})

test('PANIC ends the server with a failure', async () => {
  const doomed = await startRedisTs(OPTIONS)
  const other = await RawClient.connect(doomed.port)
  other.call('DEBUG', 'PANIC')
  expect(await doomed.exited).not.toBe(0)
  expect(doomed.log()).toContain('DEBUG PANIC called at Unix time')
  other.close()
})
