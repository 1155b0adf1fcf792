/** INFO replication, INFO stats' counters of synchronizations and ROLE, beside stock Redis in every phase of a synchronization. */
import { isDeepStrictEqual } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { FakeMaster, handshake } from '../fault/fake-master.js'
import { dial, resp } from '../fault/wire.js'
import { ask, askText, until } from '../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../interop/stock.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const REPLID = 'a'.repeat(40)
const OTHER_REPLID = 'b'.repeat(40)
/** A snapshot of version 9 with nothing in it, and no checksum. */
const EMPTY_SNAPSHOT = Buffer.concat([Buffer.from('REDIS0009\xff', 'latin1'), Buffer.alloc(8)])

let pair: RunningServer[] = []
const atEnd: (() => unknown)[] = []

afterEach(async () => {
  for (const end of atEnd.splice(0).reverse()) await end()
})

async function start(...args: string[]): Promise<void> {
  pair = await Promise.all([startRedisTs([...OPTIONS, ...args]), startRedisServer([...OPTIONS, ...args])])
  for (const server of pair) atEnd.push(() => server.kill('SIGKILL'))
}

function both<T>(act: (server: RunningServer) => Promise<T>): Promise<T[]> {
  return Promise.all(pair.map(act))
}

/** What it shows, without what no two servers have in common: ids that are not the test's, ports, seconds. */
async function shown({ port }: RunningServer): Promise<string[]> {
  const lines = (await askText(port, 'INFO', 'replication')).split('\r\n')
  const stats = (await askText(port, 'INFO', 'stats')).split('\r\n').filter(line => line.startsWith('sync_'))
  const role = JSON.stringify(await ask(port, 'ROLE'))
  return [...lines, ...stats, role.replace(/"\d{4,5}"/, '"port"')].map(line =>
    line
      .replace(/[0-9a-f]{40}/, id => (/^(0+|a+|b+)$/.test(id) ? id : 'an id'))
      .replace(/^master_port:\d+/, 'master_port')
      .replace(/(seconds|seconds_ago):\d+$/, '$1')
      // Stock Redis shows a minus before nothing.
      .replace(/:-0\.00$/, ':0.00')
      .replace(/lag=\d+/, 'lag'),
  )
}

/** Waits until both show a line that begins so, and compares all: once what still moves has come to rest. */
async function expectSame(line: string): Promise<void> {
  for (const server of pair) {
    await until(`it shows ${line}`, async () => (await shown(server)).some(each => each.startsWith(line)))
  }
  let last: string[][] = []
  const same = async (): Promise<boolean> => {
    last = await both(shown)
    return isDeepStrictEqual(last[0], last[1])
  }
  await until('they show the same', same, 3000).catch(() => expect(last[0]).toEqual(last[1]))
}

describe('a master shows the same as stock Redis', requireStock('redis-server'), () => {
  /** A replica that only listens: says this much of itself, one after another, then asks. */
  async function replica(...requests: string[][]): Promise<void> {
    const sockets = await both(async ({ port }) => {
      const socket = await dial(port)
      for (const request of requests.slice(0, -1)) {
        socket.write(resp(...request))
        await new Promise(resolve => socket.once('data', resolve))
      }
      socket.write(resp(...(requests.at(-1) ?? [])))
      socket.on('data', () => {})
      atEnd.push(() => socket.destroy())
      return socket
    })
    acknowledge = offset => {
      for (const socket of sockets) socket.write(resp('REPLCONF', 'ACK', offset))
    }
    leave = () => {
      for (const socket of sockets) socket.destroy()
    }
  }
  let acknowledge: (offset: string) => void
  let leave: () => void

  const configure = (...settings: string[]): Promise<string[]> =>
    both(({ port }) => askText(port, 'CONFIG', 'SET', ...settings))

  test('without replicas, before and behind writes, with min-replicas-to-write', async () => {
    await start()
    await expectSame('role:master')
    await both(({ port }) => ask(port, 'SET', 'a', 'b'))
    await expectSame('master_repl_offset:0')
    await configure('min-replicas-to-write', '1')
    await expectSame('min_slaves_good_slaves:0')
    await configure('min-replicas-max-lag', '0')
    await expectSame('connected_slaves:0')
  })

  test('while a replica waits for others, gets the copy, acknowledges and leaves', async () => {
    await start('--repl-diskless-sync-delay', '1000')
    await replica(
      ['REPLCONF', 'listening-port', '7777', 'ip-address', '10.0.0.9'],
      ['REPLCONF', 'capa', 'eof', 'capa', 'psync2'],
      ['PSYNC', '?', '-1'],
    )
    await expectSame('slave0:ip=10.0.0.9,port=7777,state=wait_bgsave')
    await both(({ port }) => ask(port, 'SET', 'a', 'b'))
    await expectSame('master_repl_offset:50')
    await configure('repl-diskless-sync-delay', '0', 'min-replicas-to-write', '1')
    await expectSame('slave0:ip=10.0.0.9,port=7777,state=online')
    acknowledge('50')
    await expectSame('slave0:ip=10.0.0.9,port=7777,state=online,offset=50')
    await expectSame('min_slaves_good_slaves:1')
    leave()
    await expectSame('connected_slaves:0')
  })

  test('while one waits for a save to disk, one that sent SYNC joins, and one that wants nothing else', async () => {
    await start('--repl-diskless-sync', 'no', '--rdb-key-save-delay', '1000000')
    await both(({ port }) => ask(port, 'SET', 'a', 'b'))
    await replica(['PSYNC', '?', '-1'])
    await expectSame('slave0:ip=127.0.0.1,port=0,state=wait_bgsave')
    await replica(['SYNC'])
    await expectSame('slave1:ip=127.0.0.1,port=0,state=wait_bgsave')
    await replica(['REPLCONF', 'rdb-only', '1'], ['PSYNC', '?', '-1'])
    await expectSame('connected_slaves:3')
    // The last one is sent away once it has the file.
    await expectSame('connected_slaves:2')
    await expectSame('slave1:ip=127.0.0.1,port=0,state=online')
  })

  test('while a replica takes the file slowly', async () => {
    await start('--repl-diskless-sync', 'no', '--rdbcompression', 'no')
    await both(({ port }) => ask(port, 'DEBUG', 'POPULATE', '300', 'key', '100000'))
    for (const { port } of pair) {
      const socket = await dial(port)
      atEnd.push(() => socket.destroy())
      socket.pause().write(resp('PSYNC', '?', '-1'))
    }
    await expectSame('slave0:ip=127.0.0.1,port=0,state=send_bulk')
  })
})

describe('a replica shows the same as stock Redis', requireStock('redis-server'), () => {
  let masters: FakeMaster[] = []
  /** What the masters send to their replicas. */
  let say: ((bytes: string | Buffer) => void)[] = []

  /** Both become replicas of a master that answers PSYNC so, or says nothing at all. */
  async function follow(answer: string | null): Promise<void> {
    say = []
    masters = await both(async ({ port }) => {
      const introduced = handshake((_, socket) => {
        say.push(bytes => socket.write(bytes))
        return answer
      })
      const master = await FakeMaster.start((words, socket) =>
        answer === null || words[0] === 'SYNC' ? null : introduced(words, socket),
      )
      atEnd.push(() => master.close())
      expect(await askText(port, 'REPLICAOF', '127.0.0.1', String(master.port))).toBe('OK')
      return master
    })
  }
  const send = (bytes: string | Buffer): void => {
    for (const each of say) each(bytes)
  }

  test('from the start of the search for a master to its end', async () => {
    await start('--replicaof', '127.0.0.1', '1')
    await expectSame('master_link_down_since_seconds:-1')
    await both(({ port }) => ask(port, 'REPLICAOF', 'NO', 'ONE'))
    await expectSame('role:master')
    await both(({ port }) => ask(port, 'SET', 'a', 'b'))
    await follow(null)
    await expectSame('{"type":"*","text":null,"elements":[{"type":"$","text":"slave"')
    for (const master of masters) await until('it has connected', async () => master.connections === 1)
    await expectSame('master_link_status:down')
  })

  test('through a full synchronization, a break, a promotion and a return', async () => {
    await start()
    await follow(`+FULLRESYNC ${REPLID} 1000\r\n`)
    await expectSame('master_sync_total_bytes:-1')
    send(`$${EMPTY_SNAPSHOT.length}\r\nREDIS`)
    await expectSame('master_sync_read_bytes:5')
    send(EMPTY_SNAPSHOT.subarray(5))
    await expectSame('master_link_status:up')
    send(resp('PING').slice(0, 10))
    await expectSame('slave_read_repl_offset:1010')
    send(resp('PING').slice(10))
    await expectSame('slave_repl_offset:1014')
    // A replica of its own, which leaves when the history changes.
    for (const { port } of pair) {
      const socket = await dial(port)
      atEnd.push(() => socket.destroy())
      socket.resume().write(resp('PSYNC', '?', '-1'))
    }
    await expectSame('slave0:ip=127.0.0.1,port=0,state=online')

    await follow(`+CONTINUE ${OTHER_REPLID}\r\n`)
    await expectSame(`master_replid:${OTHER_REPLID}`)
    await expectSame('connected_slaves:0')
    await expectSame('master_link_status:up')
    for (const master of masters) await master.close()
    await expectSame('master_link_down_since_seconds')
    await both(({ port }) =>
      ask(port, 'CONFIG', 'SET', 'replica-priority', '5', 'replica-read-only', 'no', 'replica-announced', 'no'),
    )
    await expectSame('slave_priority:5')
    await both(({ port }) => ask(port, 'REPLICAOF', 'NO', 'ONE'))
    await expectSame(`master_replid2:${OTHER_REPLID}`)
    await both(({ port }) => ask(port, 'SET', 'a', 'b'))
    await expectSame('second_repl_offset:1015')
  })

  test('of a master that does not know the size, and one of old', async () => {
    await start()
    await follow(`+FULLRESYNC ${REPLID} 1000\r\n$EOF:${'e'.repeat(40)}\r\nREDIS`)
    await expectSame('master_sync_left_bytes:-5')
    await follow('-ERR unknown command PSYNC\r\n')
    await expectSame('master_sync_total_bytes:-1')
  })
})
