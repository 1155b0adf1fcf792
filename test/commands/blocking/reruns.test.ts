import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply } from '../raw-client.js'
import { playScene, shown, untilBlocked } from './scene.js'

/** What is so since Redis 7.2, where a client is served by running its command once more. */

let server: RunningServer
let control: RawClient
const clients: RawClient[] = []

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0'])
  control = await RawClient.connect(server.port)
})
beforeEach(() => control.pipeline([['FLUSHALL'], ['CONFIG', 'RESETSTAT'], ['SLOWLOG', 'RESET']]))
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await control.call('CLIENT', 'UNPAUSE')
  await untilBlocked(control, 0)
})

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(server.port)
  clients.push(client)
  return client
}

/** A client that waits for key k, and what it will be told. */
async function waiter(...command: string[]): Promise<{ client: RawClient; reply: Promise<RawReply>; id: string }> {
  const client = await connect()
  const id = (await client.call('CLIENT', 'ID')).text ?? ''
  const before = await blocked()
  const reply = client.call(...(command.length > 0 ? command : ['BLPOP', 'k', '0']))
  await untilBlocked(control, before + 1)
  return { client, reply, id }
}

async function field(section: string, name: string): Promise<string> {
  const info = (await control.call('INFO', section)).text ?? ''
  return new RegExp(`^${name}:(.*)\r$`, 'm').exec(info)?.[1] ?? ''
}

async function blocked(): Promise<number> {
  return Number(await field('clients', 'blocked_clients'))
}

async function clientField(id: string, name: string): Promise<string> {
  const line = (await control.call('CLIENT', 'LIST', 'ID', id)).text ?? ''
  return new RegExp(` ${name}=(\\S*)`).exec(line)?.[1] ?? ''
}

describe('a client that waits for a key', () => {
  test('takes from the first of its keys that is there by then', async () => {
    const lines = ['A BLPOP k1 k2 0', 'B BLPOP k2 k1 0', 'P MULTI; RPUSH k2 from2; RPUSH k1 from1; EXEC']
    const { A, B } = await playScene(server.port, lines)
    expect([A, B]).toEqual([['[k1 from1]'], ['[k2 from2]']])
  })

  test('waits again, last of all, when there is nothing left for it', async () => {
    const lines = [
      'A BLMOVE k full LEFT LEFT 0',
      'B BLPOP k 0',
      'C BLPOP k 0',
      'P RPUSH k 1',
      'D BLPOP k 0',
      'P RPUSH k 2',
      'P RPUSH k 3',
      'P RPUSH k 4',
    ]
    const { A, B, C, D } = await playScene(server.port, lines)
    expect([A, B, C, D]).toEqual([['1'], ['[k 2]'], ['[k 3]'], ['[k 4]']])
  })

  test('finds a key expired by then, and goes on waiting', async () => {
    const { id, reply } = await waiter()
    await control.pipeline([
      ['MULTI'],
      ['RPUSH', 'k', '1'],
      ['PEXPIRE', 'k', '5'],
      ['DEBUG', 'SLEEP', '0.01'],
      ['EXEC'],
    ])
    expect(await clientField(id, 'flags')).toBe('b')
    await control.call('RPUSH', 'k', '2')
    expect(shown(await reply)).toBe('[k 2]')
  })

  test('is asked for its permissions again', async () => {
    await control.call('ACL', 'SETUSER', 'worker', 'on', 'nopass', '~*', '+@all')
    const client = await connect()
    await client.call('AUTH', 'worker', '')
    const reply = client.call('BLPOP', 'k', '0')
    await untilBlocked(control, 1)
    await control.pipeline([
      ['ACL', 'SETUSER', 'worker', '-blpop'],
      ['RPUSH', 'k', '1'],
    ])
    expect(shown(await reply)).toBe("-NOPERM User worker has no permissions to run the 'blpop' command")
    expect(shown(await control.call('LRANGE', 'k', '0', '-1'))).toBe('[1]')
    expect(await field('commandstats', 'cmdstat_blpop')).toMatch(/^calls=0,.*rejected_calls=1,failed_calls=0$/)
    await control.call('ACL', 'DELUSER', 'worker')
  })

  test('keeps its time-out while it is served in vain', async () => {
    const started = Date.now()
    const { reply } = await waiter('BLPOP', 'k', '0.2')
    await control.pipeline([
      ['MULTI'],
      ['RPUSH', 'k', '1'],
      ['PEXPIRE', 'k', '5'],
      ['DEBUG', 'SLEEP', '0.15'],
      ['EXEC'],
    ])
    expect(shown(await reply)).toBe('*nil')
    expect(Date.now() - started).toBeLessThan(340)
  })

  test('comes behind the pause that has begun with the push, ahead of what it has sent since', async () => {
    const { client, reply } = await waiter()
    const others = client.pipeline([['RPUSH', 'after', '1'], ['PING']])
    await control.pipeline([['MULTI'], ['RPUSH', 'k', '1'], ['CLIENT', 'PAUSE', '60000', 'WRITE'], ['EXEC']])
    expect(shown(await control.call('LRANGE', 'k', '0', '-1'))).toBe('[1]')
    expect(await blocked()).toBe(1)
    await control.call('CLIENT', 'UNPAUSE')
    expect(shown(await reply)).toBe('[k 1]')
    expect((await others).map(shown)).toEqual([':1', '+PONG'])
  })

  test('may be unblocked while a pause keeps it from running again', async () => {
    const { client, id, reply } = await waiter()
    await control.pipeline([['MULTI'], ['RPUSH', 'k', '1'], ['CLIENT', 'PAUSE', '60000', 'WRITE'], ['EXEC']])
    expect(shown(await control.call('CLIENT', 'UNBLOCK', id, 'ERROR'))).toBe(':1')
    expect(shown(await reply)).toBe('-UNBLOCKED client unblocked via CLIENT UNBLOCK')
    expect(shown(await client.call('PING'))).toBe('+PONG')
    await control.call('CLIENT', 'UNPAUSE')
    expect(shown(await control.call('LLEN', 'k'))).toBe(':1')
  })

  test('is told nothing when it does not want replies, and of what comes then', async () => {
    const client = await connect()
    client.write(['CLIENT', 'REPLY', 'SKIP'], ['BLPOP', 'k', '0'], ['PING'])
    await untilBlocked(control, 1)
    await control.call('RPUSH', 'k', '1')
    expect(shown(await client.next())).toBe('+PONG')
    expect(shown(await control.call('EXISTS', 'k'))).toBe(':0')
  })

  test('that has gone takes nothing', async () => {
    const first = await waiter()
    const second = await waiter()
    const third = await waiter()
    first.client.close()
    await untilBlocked(control, 2)
    await control.call('CLIENT', 'KILL', 'ID', second.id)
    await control.call('RPUSH', 'k', '1', '2')
    expect(shown(await third.reply)).toBe('[k 1]')
    expect(shown(await control.call('LRANGE', 'k', '0', '-1'))).toBe('[2]')
    expect(await field('clients', 'total_blocking_keys')).toBe('0')
  })

  test('has its reply in its own protocol', async () => {
    const client = await connect()
    await client.call('HELLO', '3')
    expect(shown(await client.call('BLPOP', 'k', '0.001'))).toBe('_')
    expect((await client.pipeline([['MULTI'], ['BLPOP', 'k', '0'], ['EXEC']])).map(shown)).toEqual([
      '+OK',
      '+QUEUED',
      '[_]',
    ])
    const reply = client.call('BLPOP', 'k', '0')
    await untilBlocked(control, 1)
    await control.call('RPUSH', 'k', '1')
    expect(shown(await reply)).toBe('[k 1]')
  })
})

describe('what is counted of commands that wait', () => {
  test('is one call, when it is over', async () => {
    const served = await waiter()
    expect(await field('commandstats', 'cmdstat_blpop')).toBe('')
    await control.call('RPUSH', 'k', '1')
    await served.reply
    expect(await field('commandstats', 'cmdstat_blpop')).toMatch(/^calls=1,.*rejected_calls=0,failed_calls=0$/)
    const late = await connect()
    await late.call('BLPOP', 'k', '0.001')
    expect(await field('commandstats', 'cmdstat_blpop')).toMatch(/^calls=2,/)
    const refused = await waiter()
    await control.call('CLIENT', 'UNBLOCK', refused.id, 'ERROR')
    await refused.reply
    expect(await field('commandstats', 'cmdstat_blpop')).toMatch(/^calls=3,.*failed_calls=1$/)
    expect(await field('errorstats', 'errorstat_UNBLOCKED')).toBe('count=1')
    expect(await field('latencystats', 'latency_percentiles_usec_blpop')).toMatch(/^p50=/)
  })

  test('shows in INFO and CLIENT LIST', async () => {
    const { id, reply } = await waiter('BLPOP', 'k1', 'k2', 'k1', '100')
    const other = await waiter('BLPOP', 'k2', '0')
    expect(await field('clients', 'blocked_clients')).toBe('2')
    expect(await field('clients', 'clients_in_timeout_table')).toBe('1')
    expect(await field('clients', 'total_blocking_keys')).toBe('2')
    expect(await field('clients', 'total_blocking_keys_on_nokey')).toBe('0')
    expect(await clientField(id, 'flags')).toBe('b')
    expect(await clientField(id, 'cmd')).toBe('blpop')
    expect(await clientField(id, 'argv-mem')).toBe('14')
    await control.call('RPUSH', 'k2', '1', '2')
    await Promise.all([reply, other.reply])
    expect(await field('clients', 'total_blocking_keys')).toBe('0')
    expect(await field('clients', 'clients_in_timeout_table')).toBe('0')
    expect(await clientField(id, 'flags')).toBe('N')
    expect(await clientField(id, 'argv-mem')).toBe('0')
  })

  test('gets into MONITOR when it comes, into the slow log when it is over', async () => {
    await control.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
    const monitor = await connect()
    await monitor.call('MONITOR')
    const { reply } = await waiter('BLPOP', 'k', 'l', '0')
    const slowCommands = async (): Promise<string> => shown(await control.call('SLOWLOG', 'GET', '-1'))
    expect(await slowCommands()).not.toContain('BLPOP')
    await control.call('RPUSH', 'l', '1')
    await reply
    expect(await slowCommands()).toContain('[BLPOP k l 0]')
    await control.call('CONFIG', 'SET', 'slowlog-log-slower-than', '10000')
    await control.call('ECHO', 'end')
    let seen = ''
    while (!seen.includes('"end"')) seen += `${(await monitor.next()).text}\n`
    const commands = seen.match(/"(BLPOP|RPUSH|LPOP)".*/g)
    expect(commands).toEqual(['"BLPOP" "k" "l" "0"', '"RPUSH" "l" "1"'])
  })
})

describe('a key comes', () => {
  test.each([3, 50_000])('by RESTORE, with %i elements', async count => {
    await control.call('RPUSH', 'l', ...Array.from({ length: count }, (_, i) => `element ${i}`))
    const payload = (await control.call('DUMP', 'l')).text ?? ''
    const { reply } = await waiter()
    await control.call('RESTORE', 'k', '0', payload)
    expect(shown(await reply)).toBe('[k element 0]')
    expect(shown(await control.call('LLEN', 'k'))).toBe(`:${count - 1}`)
  })

  test('from the master of a writable replica', async () => {
    const replica = await startRedisTs([
      ...['--save', '', '--replica-read-only', 'no', '--replicaof', '127.0.0.1', String(server.port)],
    ])
    const there = await RawClient.connect(replica.port)
    const client = await RawClient.connect(replica.port)
    clients.push(there, client)
    await replica.waitForLog('Finished with success')
    const reply = client.call('BLPOP', 'k', '0')
    await untilBlocked(there, 1)
    await control.call('RPUSH', 'k', '1', '2')
    expect(shown(await reply)).toBe('[k 1]')
    expect(shown(await there.call('LRANGE', 'k', '0', '-1'))).toBe('[2]')
    expect(shown(await control.call('LRANGE', 'k', '0', '-1'))).toBe('[1 2]')
    await replica.stop()
  })
})

describe('a master that becomes a replica', () => {
  test('sends those who wait for keys away', async () => {
    const { client, reply } = await waiter()
    await control.call('REPLICAOF', '127.0.0.1', '1')
    expect(shown(await reply)).toBe(
      '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    )
    await client.closed()
    await control.call('REPLICAOF', 'NO', 'ONE')
  })
})
