import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../interop/polling.js'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes']

describe('a replica of stock Redis', requireStock('redis-server'), () => {
  let master: RawClient
  let replica: RawClient

  beforeAll(async () => {
    const stock = await startRedisServer([...OPTIONS, '--repl-diskless-sync-delay', '0'])
    const ours = await startRedisTs([...OPTIONS, '--replicaof', '127.0.0.1', String(stock.port)])
    await ours.waitForLog('Finished with success')
    master = await RawClient.connect(stock.port)
    replica = await RawClient.connect(ours.port)
    await master.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
  })
  afterAll(() => {
    master.close()
    replica.close()
  })
  beforeEach(async () => {
    await master.pipeline([['SELECT', '0'], ['FLUSHALL']])
    await replica.pipeline([
      ['SELECT', '0'],
      ['CONFIG', 'SET', 'replica-read-only', 'yes'],
    ])
    await untilReplicated()
  })

  async function untilReplicated(): Promise<void> {
    expect((await master.call('WAIT', '1', '10000')).text).toBe('1')
  }

  async function text(...command: string[]): Promise<string | null> {
    return (await replica.call(...command)).text
  }

  function replies(wanted: string, ...command: string[]): Promise<void> {
    return until(`${command.join(' ')} replies ${wanted}`, async () => (await text(...command)) === wanted)
  }

  function tracks(keys: number): Promise<void> {
    const field = `slave_expires_tracked_keys:${keys}\r\n`
    return until(field, async () => ((await text('INFO', 'stats')) ?? '').includes(field))
  }

  test("WATCH of a key whose time had come already: the master's deletion of it does not make EXEC fail", async () => {
    await master.call('SET', 'key', 'value', 'PX', '1')
    await untilReplicated()
    await replies('0', 'EXISTS', 'key')
    expect(await text('DBSIZE')).toBe('1')
    await replica.call('WATCH', 'key')
    await master.call('GET', 'key')
    await replies('0', 'DBSIZE')
    const [, , reply] = await replica.pipeline([['MULTI'], ['PING'], ['EXEC']])
    expect(reply.elements).toHaveLength(1)
  })

  test('WATCH of a key whose time had come already: another value for it makes EXEC fail', async () => {
    await master.call('SET', 'key', 'value', 'PX', '1')
    await untilReplicated()
    await replies('0', 'EXISTS', 'key')
    await replica.call('WATCH', 'key')
    await master.call('SET', 'key', 'new')
    await untilReplicated()
    const [, , reply] = await replica.pipeline([['MULTI'], ['PING'], ['EXEC']])
    expect(reply).toEqual({ type: '*', text: null, elements: null })
  })

  test('deletes, when it is writable, what its own clients let expire, and nothing of the master', async () => {
    await master.call('SET', 'theirs', 'value', 'PX', '1')
    await untilReplicated()
    await replica.pipeline([
      ['CONFIG', 'SET', 'replica-read-only', 'no'],
      ['SET', 'mine', 'value', 'PX', '1'],
      ['HSET', 'later', 'f', 'v'],
      ['EXPIRE', 'later', '1000'],
    ])
    await replies('2', 'DBSIZE')
    expect(await text('EXISTS', 'theirs')).toBe('0')
    await tracks(1)
    await replica.call('PERSIST', 'later')
    await tracks(0)
  })

  test('follows SWAPDB', async () => {
    await master.pipeline([
      ['SET', 'key', '0'],
      ['SELECT', '5'],
      ['SET', 'key', '5'],
      ['SWAPDB', '0', '5'],
      ['SET', 'other', 'x'],
    ])
    await untilReplicated()
    expect(await text('GET', 'key')).toBe('5')
    await replica.call('SELECT', '5')
    expect(await text('GET', 'key')).toBe('0')
    expect(await text('GET', 'other')).toBe('x')
  })
})
