import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dial, everything, resp } from '../../fault/wire.js'
import { info, until } from '../../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

const OPTIONS = ['--save', '', '--repl-diskless-sync', 'no']

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(OPTIONS)
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  test('WAIT replies the same to the same arguments', async () => {
    const stock = await RawClient.connect((await startRedisServer(OPTIONS)).port)
    await expectSame(
      client,
      stock,
      words(
        'WAIT',
        'WAIT 0 0',
        'WAIT 1 1',
        'WAIT -1 0',
        'WAIT x 0',
        'WAIT 0 x',
        'WAIT 0 -1',
        'WAIT 9223372036854775807 1',
        'WAIT 0 9223372036854775808',
        'MULTI',
        'WAIT 1 0',
        'EXEC',
      ),
    )
    stock.close()
  })
})

// Redis has had it since 7.2: the words are those of its source.
test.each([
  ['2 0 0', 'ERR value is out of range, value must between 0 and 1'],
  ['-1 0 0', 'ERR value is out of range, value must between 0 and 1'],
  ['x 0 0', 'ERR value is not an integer or out of range'],
  ['0 -1 0', 'ERR value is out of range, must be positive'],
  ['0 x 0', 'ERR value is out of range, must be positive'],
  ['0 0 -1', 'ERR timeout is negative'],
  ['0 0 x', 'ERR timeout is not an integer or out of range'],
  ['0 0 9223372036854775807', 'ERR timeout is out of range'],
  ['1 0 0', 'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.'],
])('WAITAOF %s: %s', async (args, error) => {
  expect((await client.call('WAITAOF', ...args.split(' '))).text).toBe(error)
})

describe('with a replica that says how far it is', () => {
  /** Sends REPLCONF ACK with these words. */
  async function replica(): Promise<(...acknowledgement: string[]) => void> {
    const socket = await dial(server.port)
    socket.resume()
    socket.write(resp('PSYNC', '?', '-1'))
    await until('it is online', async () =>
      /state=online/.test((await info(server.port, 'replication')).get('slave0') ?? ''),
    )
    return (...acknowledgement) => {
      if (acknowledgement.length === 0) socket.destroy()
      else socket.write(resp('REPLCONF', 'ACK', ...acknowledgement))
    }
  }

  /** The offset behind this client's last write. */
  async function offset(): Promise<number> {
    return Number((await info(server.port, 'replication')).get('master_repl_offset'))
  }

  async function whenBlocked(): Promise<void> {
    await until('a client is blocked', async () => (await info(server.port, 'clients')).get('blocked_clients') === '1')
  }

  test('WAIT counts what it has received, WAITAOF what it has on disk', async () => {
    const acknowledge = await replica()
    await client.call('SET', 'key', 'value')
    const behind = await offset()
    const waitaof = client.call('WAITAOF', '0', '1', '0')
    await whenBlocked()
    acknowledge(String(behind))
    await until('it has acknowledged', async () =>
      ((await info(server.port, 'replication')).get('slave0') ?? '').includes(`offset=${behind}`),
    )
    expect((await info(server.port, 'clients')).get('blocked_clients')).toBe('1')
    acknowledge(String(behind), 'FACK', String(behind - 1))
    acknowledge(String(behind), 'FACK', String(behind))
    expect((await waitaof).elements?.map(each => each.text)).toEqual(['0', '1'])
    expect((await client.call('WAIT', '1', '0')).text).toBe('1')
    expect((await client.call('WAITAOF', '0', '1', '0')).elements?.map(each => each.text)).toEqual(['0', '1'])
    acknowledge()
  })

  test('both reply what there is when the time is up', async () => {
    await client.call('SET', 'key', 'value')
    expect((await client.call('WAIT', '3', '20')).text).toBe('0')
    expect((await client.call('WAITAOF', '0', '3', '20')).elements?.map(each => each.text)).toEqual(['0', '0'])
    const replies = await client.pipeline([['MULTI'], ['WAITAOF', '0', '3', '0'], ['EXEC']])
    expect(replies[2].elements?.[0].elements?.map(each => each.text)).toEqual(['0', '0'])
  })

  test('CLIENT UNBLOCK ends WAITAOF as the time-out does', async () => {
    const id = (await client.call('CLIENT', 'ID')).text ?? ''
    await client.call('SET', 'key', 'value')
    const waitaof = client.call('WAITAOF', '0', '3', '0')
    await whenBlocked()
    const other = await RawClient.connect(server.port)
    expect((await other.call('CLIENT', 'UNBLOCK', id)).text).toBe('1')
    other.close()
    expect((await waitaof).elements?.map(each => each.text)).toEqual(['0', '0'])
  })

  test('REPLICAOF ends every wait with an error, and disconnects who waited', async () => {
    const error = '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n'
    const saysUntilTheEnd = async (command: string): Promise<string> => {
      const socket = await dial(server.port)
      const said = everything(socket)
      socket.write(`SET key value\r\n${command}\r\nPING\r\n`)
      return said
    }
    const both = ['WAIT 3 0', 'WAITAOF 0 3 0'].map(saysUntilTheEnd)
    await until('both wait', async () => (await info(server.port, 'clients')).get('blocked_clients') === '2')
    await client.call('REPLICAOF', '127.0.0.1', '1')
    expect(await Promise.all(both)).toEqual([`+OK\r\n${error}`, `+OK\r\n${error}`])
    expect((await client.call('WAIT', '0', '0')).text).toMatch(/^ERR WAIT cannot be used with replica instances/)
    expect((await client.call('WAITAOF', '0', '0', '0')).text).toMatch(/^ERR WAITAOF cannot be used with replica/)
    expect((await info(server.port, 'errorstats')).get('errorstat_UNBLOCKED')).toBe('count=2')
    await client.call('REPLICAOF', 'NO', 'ONE')
  })
})
