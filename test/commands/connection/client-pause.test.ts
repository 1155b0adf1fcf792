import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ask, askText, info, inStep, linkUp, until } from '../../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

let server: RunningServer
/** Pauses and unpauses; never waits itself. */
let admin: RawClient
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
})
beforeEach(async () => {
  await ask(server.port, 'FLUSHALL')
  ;[admin, client] = await Promise.all([RawClient.connect(server.port), RawClient.connect(server.port)])
})
afterEach(async () => {
  await admin.call('CLIENT', 'UNPAUSE')
  admin.close()
  client.close()
})
afterAll(async () => {
  await server.stop()
})

function waitFor(blocked: number): Promise<void> {
  return until(`${blocked} clients wait`, async () => {
    const text = (await admin.call('INFO', 'clients')).text ?? ''
    return text.includes(`blocked_clients:${blocked}\r\n`)
  })
}

test('arguments that are wrong, as stock Redis answers', requireStock('redis-server'), async () => {
  const stock = await startRedisServer(['--save', ''])
  const theirs = await RawClient.connect(stock.port)
  await expectSame(
    client,
    theirs,
    words(
      'client pause',
      'client pause x',
      'client pause -1',
      'client pause 9223372036854775808',
      'client pause 10 nonsense',
      'client pause x nonsense',
      'client pause 10 write more',
      'client PAUSE 10 write more',
      'client pause 0',
      'client pause 0 write',
      'client unpause',
      'client unpause x',
      'set k v',
      'client unblock',
      'client unblock x',
      'client unblock 1 nonsense',
      'client unblock x nonsense',
      'client unblock 1 timeout more',
      'client unblock 99999999',
      'client unblock -1 error',
      'client unblock 99999999999999999999',
    ),
  )
  expect((await client.call('CLIENT', 'PAUSE', '9223372036854775807')).text).toBe('ERR timeout is out of range')
  theirs.close()
  await stock.stop()
})

describe('CLIENT PAUSE WRITE', () => {
  beforeEach(async () => {
    await admin.call('SET', 'k', '1')
    expect((await admin.call('CLIENT', 'PAUSE', '60000', 'WRITE')).text).toBe('OK')
  })

  test('reads and refusals are answered, writes and messages wait and go on in their order', async () => {
    expect((await client.call('GET', 'k')).text).toBe('1')
    expect((await client.call('SET', 'k')).text).toMatch(/^ERR wrong number/)
    const others = await Promise.all([1, 2].map(() => RawClient.connect(server.port)))
    const first = client.call('APPEND', 'k', '2')
    await waitFor(1)
    const second = others[0].call('APPEND', 'k', '3')
    await waitFor(2)
    const published = others[1].call('PUBLISH', 'channel', 'message')
    await waitFor(3)
    expect((await admin.call('GET', 'k')).text).toBe('1')
    expect((await admin.call('CLIENT', 'LIST')).text).toMatch(/ flags=b .* cmd=append /)
    await admin.call('CLIENT', 'UNPAUSE')
    expect((await Promise.all([first, second, published])).map(({ text }) => text)).toEqual(['2', '3', '0'])
    expect((await admin.call('GET', 'k')).text).toBe('123')
    await waitFor(0)
    for (const other of others) other.close()
  })

  test('what a client sends behind a write waits with it', async () => {
    const replies = client.pipeline(words('GET k', 'INCR k', 'GET k', 'INCR k', 'PING'))
    await waitFor(1)
    const later = client.pipeline(words('INCR k', 'GET k'))
    await admin.call('PING')
    await admin.call('CLIENT', 'UNPAUSE')
    expect((await replies).map(({ text }) => text)).toEqual(['1', '2', '2', '3', 'PONG'])
    expect((await later).map(({ text }) => text)).toEqual(['4', '4'])
  })

  test('a transaction waits at its EXEC if it writes', async () => {
    await client.pipeline(words('MULTI', 'GET k'))
    expect(texts(await client.call('EXEC'))).toEqual(['1'])
    await admin.call('CLIENT', 'UNPAUSE')
    await client.pipeline(words('MULTI', 'GET k', 'SET k 2'))
    await admin.call('CLIENT', 'PAUSE', '60000', 'WRITE')
    const reply = client.call('EXEC')
    await waitFor(1)
    await admin.call('CLIENT', 'UNPAUSE')
    expect(texts(await reply)).toEqual(['1', 'OK'])
  })

  test('a request that has come in pieces waits as well', async () => {
    const value = 'x'.repeat(200_000)
    const replies = client.pipeline([
      ['SET', 'large', value],
      ['STRLEN', 'large'],
    ])
    await waitFor(1)
    await admin.call('CLIENT', 'UNPAUSE')
    expect((await replies).map(({ text }) => text)).toEqual(['OK', '200000'])
  })

  test('a client that goes away while it waits is forgotten, and its write with it', async () => {
    const reply = client.call('SET', 'k', '2')
    reply.catch(() => {})
    await waitFor(1)
    client.close()
    await waitFor(0)
    await admin.call('CLIENT', 'UNPAUSE')
    expect((await admin.call('GET', 'k')).text).toBe('1')
  })

  test('CLIENT UNBLOCK ends the wait with an error but without the command; a time-out it has none', async () => {
    const id = (await client.call('CLIENT', 'ID')).text ?? ''
    const replies = client.pipeline(words('SET k 2', 'GET k', 'SET k 3', 'GET k'))
    await waitFor(1)
    expect((await admin.call('CLIENT', 'UNBLOCK', id)).text).toBe('0')
    expect((await admin.call('CLIENT', 'UNBLOCK', id, 'ERROR')).text).toBe('1')
    await until('it waits at the next', async () => (await admin.call('CLIENT', 'UNBLOCK', id, 'ERROR')).text === '1')
    const unblocked = 'UNBLOCKED client unblocked via CLIENT UNBLOCK'
    expect((await replies).map(({ text }) => text)).toEqual([unblocked, '1', unblocked, '1'])
  })

  test('CLIENT KILL ends a client that waits', async () => {
    const id = (await client.call('CLIENT', 'ID')).text ?? ''
    client.call('SET', 'k', '2').catch(() => {})
    await waitFor(1)
    expect((await admin.call('CLIENT', 'KILL', 'ID', id)).text).toBe('1')
    await waitFor(0)
  })
})

test('CLIENT PAUSE lets everything wait until the time is up', async () => {
  const started = Date.now()
  expect((await client.call('CLIENT', 'PAUSE', '100')).text).toBe('OK')
  expect((await client.call('PING')).text).toBe('PONG')
  expect(Date.now() - started).toBeGreaterThanOrEqual(100)
})

test('of two pauses the later end and the more restrictive mode hold', async () => {
  const started = Date.now()
  await client.pipeline(words('CLIENT PAUSE 60 ALL'))
  const other = client.pipeline(words('CLIENT PAUSE 1 WRITE', 'GET k'))
  await other
  expect(Date.now() - started).toBeGreaterThanOrEqual(60)
  await admin.call('CLIENT', 'PAUSE', '60000', 'WRITE')
  await admin.call('CLIENT', 'PAUSE', '1', 'WRITE')
  const write = client.call('SET', 'k', '1')
  await waitFor(1)
  await admin.call('CLIENT', 'UNPAUSE')
  expect((await write).text).toBe('OK')
})

test('a pause begun in a transaction holds from its end', async () => {
  const replies = await admin.pipeline(words('MULTI', 'SET a 1', 'CLIENT PAUSE 60000 WRITE', 'SET b 1', 'EXEC'))
  expect(texts(replies[4])).toEqual(['OK', 'OK', 'OK'])
  const write = client.call('SET', 'c', '1')
  await waitFor(1)
  expect((await admin.call('EXISTS', 'a', 'b', 'c')).text).toBe('2')
  await admin.call('CLIENT', 'UNPAUSE')
  await write
})

test('nothing expires during a pause, though expired keys are not shown', async () => {
  const before = Number((await info(server.port, 'stats')).get('expired_keys'))
  await admin.pipeline(words('MULTI', 'SET k v PX 1', 'SET l v PX 1', 'CLIENT PAUSE 60000 WRITE', 'EXEC'))
  await until('the keys have expired', async () => (await admin.call('EXISTS', 'k', 'l')).text === '0')
  expect((await admin.call('GET', 'k')).text).toBe(null)
  expect(texts(await admin.call('KEYS', '*'))).toEqual([])
  expect((await info(server.port, 'stats')).get('expired_keys')).toBe(String(before))
  expect((await admin.call('DBSIZE')).text).toBe('2')
  await admin.call('CLIENT', 'UNPAUSE')
  await until('both are deleted', async () => (await admin.call('DBSIZE')).text === '0')
  expect((await info(server.port, 'stats')).get('expired_keys')).toBe(String(before + 2))
})

test('nothing is evicted during a pause, nor refused for want of memory', async () => {
  await admin.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random')
  await admin.call('SET', 'k', 'v')
  const before = (await info(server.port, 'stats')).get('evicted_keys')
  await admin.pipeline(words('MULTI', 'CLIENT PAUSE 60000 WRITE', 'CONFIG SET maxmemory 1', 'SET l v', 'EXEC'))
  expect((await admin.call('EXISTS', 'k', 'l')).text).toBe('2')
  expect((await info(server.port, 'stats')).get('evicted_keys')).toBe(before)
  await admin.call('CLIENT', 'UNPAUSE')
  await until('both keys are evicted', async () => (await admin.call('DBSIZE')).text === '0')
  await admin.call('CONFIG', 'SET', 'maxmemory', '0')
})

test('500 clients that have waited are all answered', async () => {
  const clients = await Promise.all(Array.from({ length: 500 }, () => RawClient.connect(server.port)))
  await admin.call('CLIENT', 'PAUSE', '60000', 'WRITE')
  const replies = clients.map(each => each.call('INCR', 'counter'))
  await waitFor(500)
  await admin.call('CLIENT', 'UNPAUSE')
  const numbers = (await Promise.all(replies)).map(({ text }) => Number(text))
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
  for (const each of clients) each.close()
})

describe('with a replica', () => {
  let replica: RunningServer
  beforeAll(async () => {
    replica = await startRedisTs(['--save', '', '--replicaof', `127.0.0.1 ${server.port}`])
    await linkUp(replica.port)
  })
  afterAll(async () => {
    await replica.stop()
  })

  test('a paused replica takes the stream in and applies it when the pause is over', async () => {
    await client.call('SET', 'k', '1')
    await inStep(server.port, replica.port)
    const offset = async (port: number, name: string) => Number((await info(port, 'replication')).get(name))
    const before = await offset(server.port, 'master_repl_offset')
    await ask(replica.port, 'CLIENT', 'PAUSE', '60000', 'WRITE')
    await client.pipeline(words('SET k 2', 'MULTI', 'SET l 1', 'INCR l', 'EXEC', 'SET k 3'))
    const target = await offset(server.port, 'master_repl_offset')
    await until('the replica has read it all', async () => {
      return (await offset(replica.port, 'slave_read_repl_offset')) >= target
    })
    expect(await offset(replica.port, 'slave_repl_offset')).toBe(before)
    expect(await askText(replica.port, 'GET', 'k')).toBe('1')
    expect(await askText(replica.port, 'CLIENT', 'LIST', 'TYPE', 'master')).toMatch(
      / flags=Mb .* cmd=set user=\(superuser\) /,
    )
    await ask(replica.port, 'CLIENT', 'UNPAUSE')
    await inStep(server.port, replica.port)
    expect(await askText(replica.port, 'GET', 'k')).toBe('3')
    expect(await askText(replica.port, 'GET', 'l')).toBe('2')
  })

  test('WAIT asks replicas only when the pause is over', async () => {
    await client.call('SET', 'k', '1')
    const before = (await info(server.port, 'replication')).get('master_repl_offset')
    await admin.call('CLIENT', 'PAUSE', '60000', 'WRITE')
    const reply = client.call('WAIT', '2', '0')
    await waitFor(1)
    expect((await info(server.port, 'replication')).get('master_repl_offset')).toBe(before)
    await admin.call('CLIENT', 'UNPAUSE')
    const id = /id=(\d+) [^\n]* cmd=wait /.exec((await admin.call('CLIENT', 'LIST')).text ?? '')?.[1] ?? ''
    await until('the replica has answered', async () => {
      const fields = await info(server.port, 'replication')
      return fields.get('slave0')?.includes(`offset=${fields.get('master_repl_offset')}`) === true
    })
    expect((await info(server.port, 'replication')).get('master_repl_offset')).not.toBe(before)
    expect((await admin.call('CLIENT', 'UNBLOCK', id)).text).toBe('1')
    expect((await reply).text).toBe('1')
  })

  test('CLIENT UNBLOCK ends a WAIT as its time-out would, or with an error', async () => {
    await admin.call('CONFIG', 'RESETSTAT')
    const id = (await client.call('CLIENT', 'ID')).text ?? ''
    expect((await admin.call('CLIENT', 'UNBLOCK', id)).text).toBe('0')
    for (const [reason, reply] of [
      ['timeout', ':1'],
      ['ERROR', '-UNBLOCKED client unblocked via CLIENT UNBLOCK'],
    ]) {
      const [answer, behind] = [client.call('WAIT', '5', '0'), client.call('ECHO', 'behind')]
      await waitFor(1)
      expect((await admin.call('CLIENT', 'UNBLOCK', id, reason)).text).toBe('1')
      const { type, text } = await answer
      expect(`${type}${text}`).toBe(reply)
      expect((await behind).text).toBe('behind')
    }
    expect(await askText(server.port, 'INFO', 'errorstats')).toContain('errorstat_UNBLOCKED:count=1')
  })

  test('a client in WAIT is turned away when the server becomes a replica', async () => {
    const reply = client.call('WAIT', '5', '0')
    await waitFor(1)
    await admin.call('REPLICAOF', '127.0.0.1', '1')
    expect((await reply).text).toMatch(/^UNBLOCKED force unblock from blocking operation, instance state changed/)
    await client.closed()
    await admin.call('REPLICAOF', 'NO', 'ONE')
    await linkUp(replica.port)
  })
})

describe('with a replica that acknowledges nothing', () => {
  let replica: RawClient
  beforeEach(async () => {
    await admin.call('CONFIG', 'SET', 'repl-diskless-sync', 'no')
    replica = await RawClient.connect(server.port)
    await replica.call('REPLCONF', 'listening-port', '1')
    const [resync] = await replica.pipeline([['PSYNC', '?', '-1']])
    expect(resync.text).toMatch(/^FULLRESYNC /)
    await until('the replica is online', async () => {
      return (await askText(server.port, 'INFO', 'replication')).includes('port=1,state=online')
    })
  })

  test('SHUTDOWN lets writes wait until it has ended', async () => {
    await admin.call('CONFIG', 'SET', 'shutdown-timeout', '60')
    const down = admin.call('SHUTDOWN', 'NOSAVE')
    await server.waitForLog('Waiting for replicas before shutting down')
    const [impatient, unblocked] = await Promise.all([1, 2].map(() => RawClient.connect(server.port)))
    const id = (await unblocked.call('CLIENT', 'ID')).text ?? ''
    const error = unblocked.call('SHUTDOWN')
    await until('it waits', async () => (await impatient.call('CLIENT', 'UNBLOCK', id, 'ERROR')).text === '1')
    expect((await error).text).toMatch(/^UNBLOCKED /)
    const again = impatient.call('SHUTDOWN', 'NOW')
    expect((await client.call('GET', 'k')).text).toBe(null)
    const write = client.call('SET', 'k', '1')
    const other = await RawClient.connect(server.port)
    await until('the write waits', async () => ((await other.call('CLIENT', 'LIST')).text ?? '').includes(' flags=b '))
    expect((await other.call('CLIENT', 'UNPAUSE')).text).toBe('OK')
    expect((await other.call('GET', 'k')).text).toBe(null)
    expect((await other.call('SHUTDOWN', 'ABORT')).text).toBe('OK')
    for (const reply of [down, again]) expect((await reply).text).toMatch(/^ERR Errors trying to SHUTDOWN/)
    expect((await unblocked.call('PING')).text).toBe('PONG')
    impatient.close()
    unblocked.close()
    expect((await write).text).toBe('OK')
    other.close()
    replica.close()
  })

  test('a replica may not read or write keys: its link ends', async () => {
    replica.write(['GET', 'k'])
    await server.waitForLog(/Replica generated a reply to command 'get', disconnecting it: id=.* flags=S /)
    await until('it is gone', async () => (await info(server.port, 'replication')).get('connected_slaves') === '0')
    expect(await askText(server.port, 'INFO', 'commandstats')).toMatch(/cmdstat_get:.*rejected_calls=1,/)
  })
})
