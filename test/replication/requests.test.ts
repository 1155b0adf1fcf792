/** What replication's commands answer to good, bad and misplaced requests: the same as stock Redis, byte for byte. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { expectSame, words } from '../commands/side-by-side.js'
import { dial, everything, resp } from '../fault/wire.js'
import { ask, askText, info, until } from '../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../interop/stock.js'

const OPTIONS = ['--save', '', '--repl-diskless-sync-delay', '1000']
const LONG_NAME = 'x'.repeat(256)

describe('beside stock Redis', requireStock('redis-server'), () => {
  let pair: RunningServer[]

  beforeAll(async () => {
    pair = await Promise.all([startRedisTs(OPTIONS), startRedisServer(OPTIONS)])
  })
  afterAll(async () => {
    await Promise.all(pair.map(server => server.stop()))
  })

  /** Each request on connections of its own, unless told otherwise. */
  async function same(...lines: string[]): Promise<void> {
    for (const line of lines) await sameTogether(line)
  }

  async function sameTogether(...lines: string[]): Promise<void> {
    const [mine, theirs] = await Promise.all(pair.map(({ port }) => RawClient.connect(port)))
    await expectSame(mine, theirs, words(...lines))
    mine.close()
    theirs.close()
  }

  /** All that comes for a request and the QUIT behind it: for requests that may have no reply. */
  async function sameBytes(...requests: string[]): Promise<void> {
    const bytes = requests.map(request => (request.endsWith('\n') ? request : resp(...request.split(' '))))
    const [mine, theirs] = await Promise.all(
      pair.map(async ({ port }) => {
        const socket = await dial(port)
        const answer = everything(socket)
        socket.write([...bytes, resp('QUIT')].join(''))
        return answer
      }),
    )
    expect({ requests, answer: mine }).toEqual({ requests, answer: theirs })
  }

  test('REPLCONF', async () => {
    await same(
      'replconf',
      'replconf listening-port',
      'replconf listening-port x',
      'replconf listening-port -1',
      'replconf listening-port 70000',
      'replconf listening-port 99999999999999999999',
      'replconf listening-port 6379 capa eof',
      'replconf ip-address somewhere',
      'replconf ip-address ""',
      `replconf ip-address ${LONG_NAME.slice(1)}`,
      `replconf ip-address ${LONG_NAME}`,
      'replconf CAPA EOF',
      'replconf capa nonsense',
      'replconf version 7.2.5',
      'replconf rdb-only 0',
      'replconf rdb-only 1',
      'replconf rdb-only 2',
      'replconf rdb-only -1',
      'replconf rdb-only x',
      'replconf rdb-filter-only ""',
      'replconf rdb-filter-only functions',
      'replconf rdb-filter-only FUNCTIONS',
      'replconf rdb-filter-only keys',
      'replconf rdb-filter-only "',
      'replconf listening-port 1 nonsense 1',
    )
    // What replicas and masters say to each other in the middle of a stream has no reply, whoever says it.
    for (const silent of ['ack 1', 'ack x', 'ack 1 fack 1', 'ack 1 fack x', 'getack *', 'listening-port 1 ack 5']) {
      await sameBytes(`replconf ${silent}`)
    }
  })

  test('PSYNC and SYNC that cannot be', async () => {
    await same('psync', 'psync ?', 'psync ? x', 'psync ? -1 failover', 'psync abc 99999999999999999999', 'sync now')
    await sameTogether('multi', 'psync ? -1', 'exec')
    await sameTogether('multi', 'sync', 'exec')
    await sameTogether('replconf rdb-filter-only functions', 'psync ? -1')
    await sameBytes('ping', 'psync ? -1')
    await sameBytes('PSYNC ? x\r\n')
  })

  test('a replica gets no answer and is sent away for asking, and cannot make its master a replica', async () => {
    for (const request of ['get k', 'psync ? -1', 'sync', 'replicaof 127.0.0.1 1', 'wait 0 0', 'subscribe c']) {
      await sameBytes('sync', request)
    }
    for (const { port } of pair) {
      await until('they are gone', async () => (await info(port)).get('connected_slaves') === '0')
      expect((await info(port)).get('role')).toBe('master')
    }
  })

  test('an id counts as the same in capitals', async () => {
    await Promise.all(
      pair.map(async ({ port }) => {
        const first = await RawClient.connect(port)
        first.write(['PSYNC', '?', '-1'])
        await until('it is a replica', async () => (await info(port)).get('connected_slaves') === '1')
        const replid = (await info(port)).get('master_replid') ?? ''
        expect(await askText(port, 'PSYNC', replid.toUpperCase(), '1')).toBe('CONTINUE')
        first.close()
      }),
    )
  })

  test('REPLICAOF and SLAVEOF', async () => {
    await same(
      'replicaof',
      'replicaof a',
      'replicaof a b',
      'replicaof a ""',
      'replicaof a -1',
      'replicaof a 65536',
      'replicaof a 1.5',
      'replicaof a 007',
      'replicaof a 99999999999999999999',
      'replicaof a 1 2',
      'replicaof no two',
      'replicaof NO ONE',
      'slaveof no one',
      'slaveof a x',
    )
    await sameTogether('multi', 'replicaof a x', 'replicaof no one', 'wait 1 0', 'exec')
  })

  test('WAIT and FAILOVER', async () => {
    await same(
      'wait -9223372036854775808 0',
      'wait 9223372036854775808 0',
      'wait x -1',
      'wait 1 -1',
      'wait 0 1.5',
      'wait 1 20',
      'failover to',
      'failover to a 70000',
      'failover to a 1',
      'failover to a 1 force timeout 0',
      'failover abort abort',
      'failover timeout 10 abort',
    )
    await sameTogether('multi', 'failover', 'wait 1 0', 'exec')
  })

  test('WAIT that CLIENT UNBLOCK ends', async () => {
    const answers = await Promise.all(
      pair.map(async ({ port }) => {
        const said: (string | null)[] = []
        for (const how of ['TIMEOUT', 'ERROR']) {
          const client = await RawClient.connect(port)
          const id = (await client.call('CLIENT', 'ID')).text ?? ''
          const waits = client.call('WAIT', '3', '0')
          await until('it waits', async () => (await info(port)).get('blocked_clients') === '1')
          said.push((await ask(port, 'CLIENT', 'UNBLOCK', id, how)).text, (await waits).text)
          client.close()
        }
        return said
      }),
    )
    expect(answers[0]).toEqual(answers[1])
  })

  test('on a replica without its master', async () => {
    await Promise.all(pair.map(({ port }) => ask(port, 'REPLICAOF', 'localhost', '1')))
    await same(
      'replicaof localhost 1',
      'replicaof LOCALHOST 1',
      'psync ? -1',
      'psync abc 1 failover',
      'sync',
      'wait 0 0',
      'wait x x',
      'failover',
      'failover abort',
      'role',
      'set a b',
      'replicaof localhost x',
      'replicaof no one',
    )
  })
})
