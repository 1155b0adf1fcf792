/** What a bad master, a bad replica or a bad link may do to replication: a clear line in the log, and nothing lost. */
import { readdirSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ask, askText, info, inStep, linkUp, until } from '../interop/polling.js'
import { type RunningServer, type StartOptions, startRedisTs, tempDir } from '../interop/stock.js'
import { fill, fleetingGone, largeHash, sampleData, Traffic } from '../interop/traffic.js'
import { type Answer, FakeMaster, handshake } from './fake-master.js'
import { type Cut, cutAt, TcpProxy } from './proxy.js'

const BASE = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const start = (args: string[] = [], options?: StartOptions) => startRedisTs([...BASE, ...args], options)
const REPLID = '0123456789abcdef0123456789abcdef01234567'

async function follow(replica: RunningServer, port: number): Promise<void> {
  expect(await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(port))).toBe('OK')
}

async function expectSameData(master: RunningServer, replica: RunningServer): Promise<void> {
  await inStep(master.port, replica.port)
  const wanted = await askText(master.port, 'DEBUG', 'DIGEST')
  expect(wanted).not.toBe('0'.repeat(40))
  expect(await askText(replica.port, 'DEBUG', 'DIGEST')).toBe(wanted)
}

/** The same, for so many keys that a digest would take too long. */
async function expectSameKeys(master: RunningServer, replica: RunningServer): Promise<void> {
  await inStep(master.port, replica.port)
  const some = Array.from({ length: 100 }, (_, i) => `key:${i * 997}`)
  for (const command of [['DBSIZE'], ['MGET', ...some]]) {
    expect(await ask(replica.port, ...command)).toEqual(await ask(master.port, ...command))
  }
}

/** A replica with data of its own, which it had from no master. */
async function withOldData(args: string[] = [], options?: StartOptions): Promise<RunningServer> {
  const replica = await start(args, options)
  await fill(replica.port, [
    ['SET', 'old', 'data'],
    ['HSET', 'old hash', 'f', 'v'],
  ])
  return replica
}

const hasOldData = async (replica: RunningServer): Promise<void> => {
  expect(await askText(replica.port, 'GET', 'old')).toBe('data')
  expect(await askText(replica.port, 'DBSIZE')).toBe('2')
}

/** The RDB file of a server with some data. */
async function soundRdb(): Promise<Buffer> {
  const server = await start()
  await fill(server.port, largeHash('h', 2000))
  await fill(server.port, [['SET', 'k', 'v']])
  expect(await askText(server.port, 'SAVE')).toBe('OK')
  await server.stop()
  return readFileSync(join(server.dir, 'dump.rdb'))
}

const withFile = (rdb: Buffer): Answer =>
  handshake(() => Buffer.concat([Buffer.from(`+FULLRESYNC ${REPLID} 100\r\n`), Buffer.from(`$${rdb.length}\r\n`), rdb]))

/** Follows the fake, sees `line` in the log and another try, then follows a true master and converges. */
async function survives(answer: Answer | null, line: string | RegExp, args: string[] = []): Promise<void> {
  const fake = answer === null ? await closing() : await FakeMaster.start(answer)
  const [master, replica] = await Promise.all([start(), withOldData(args)])
  await follow(replica, fake.port)
  await replica.waitForLog(line)
  await until('it tries again', async () => fake.connections >= 2)
  await hasOldData(replica)
  await fill(master.port, [['SET', 'new', 'data']])
  await follow(replica, master.port)
  await linkUp(replica.port)
  await expectSameData(master, replica)
  expect(readdirSync(replica.dir)).toEqual(['dump.rdb'])
  await fake.close()
  await Promise.all([master.stop(), replica.stop()])
}

/** A master that closes every connection at once. */
async function closing(): Promise<{ port: number; connections: number; close(): Promise<void> }> {
  const listener = net.createServer(socket => {
    fake.connections++
    socket.on('error', () => {}).resume()
    socket.end()
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const fake = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    connections: 0,
    close: () => new Promise<void>(resolve => listener.close(() => resolve())),
  }
  return fake
}

describe.concurrent('a master that is no Redis: the replica says so, keeps its data and tries again', () => {
  const http: Answer = (_, socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    return null
  }
  test('an HTTP server', () => survives(http, "# Error reply to PING from master: 'HTTP/1.1 400 Bad Request'"))

  test('one that closes at once', () => survives(null, /# Master closed the connection during synchronization/))

  test('one that sends bytes without a line end', () =>
    survives(() => Buffer.alloc(5000, 0xa5), /# Bad protocol from MASTER: a line of the handshake is too long/))

  test('one that sends garbage in lines', () =>
    survives(() => '\x00\x01\x02 what?\r\n', /# Error reply to PING from master: /))

  test('one that never answers', () =>
    survives(() => null, /# Timeout connecting to the MASTER\.\.\./, ['--repl-timeout', '1']))

  test('one that answers PSYNC with nonsense', () =>
    survives(
      handshake(() => '+FULLRESYNC soon\r\n'),
      /# Master replied with wrong \+FULLRESYNC syntax/,
    ))

  test('one that takes PSYNC for an unknown command, and SYNC as well', () =>
    survives(
      handshake(() => "-ERR unknown command 'PSYNC'\r\n"),
      /# MASTER aborted replication with an error: ERR unknown command/,
    ))

  test('one that cannot say how long its file is', () =>
    survives(
      handshake(() => `+FULLRESYNC ${REPLID} 1\r\n$many\r\n`),
      /# Bad protocol from MASTER: expected the size of the RDB file, found '\$many'/,
    ))

  test('one that promises a file and goes silent', () =>
    survives(
      handshake(() => `+FULLRESYNC ${REPLID} 1\r\n$1000000\r\nREDIS0010`),
      /# Timeout receiving bulk data from MASTER/,
      ['--repl-timeout', '1'],
    ))
})

describe.concurrent('an RDB file that is not whole is refused before the old data is given up for it', () => {
  const refused = (text: string): RegExp =>
    new RegExp(`# Failed trying to load the MASTER synchronization DB from disk: RDB: at offset ${text}`)

  test('garbage', () => survives(withFile(Buffer.alloc(1000, 'garbage')), refused('0: expected "REDIS"')))

  test('truncated', async () => {
    const rdb = await soundRdb()
    await survives(withFile(rdb.subarray(0, rdb.length - 100)), refused('\\d+: expected checksum [0-9a-f]+, found '))
  })

  test('with one bit changed, sent without a size', async () => {
    const rdb = Buffer.from(await soundRdb())
    rdb[rdb.length >> 1] ^= 4
    const mark = 'm'.repeat(40)
    const bytes = Buffer.concat([Buffer.from(`+FULLRESYNC ${REPLID} 1\r\n$EOF:${mark}\r\n`), rdb, Buffer.from(mark)])
    await survives(
      handshake(() => bytes),
      refused(`${rdb.length - 8}: expected checksum .* \\(RDB CRC error\\)`),
    )
  })

  test('a damaged one without a checksum: the data is gone, the replica lives and its file is the old one', async () => {
    const rdb = Buffer.from(await soundRdb())
    rdb.fill(0, rdb.length - 8)
    rdb.fill(0xff, rdb.length >> 1, rdb.length - 8)
    const fake = await FakeMaster.start(withFile(rdb))
    const [master, replica] = await Promise.all([start(), withOldData()])
    expect(await askText(replica.port, 'SAVE')).toBe('OK')
    const before = readFileSync(join(replica.dir, 'dump.rdb'))
    await follow(replica, fake.port)
    await replica.waitForLog(/# Failed trying to load the MASTER synchronization DB from disk: RDB: at offset \d+/)
    await until('it tries again', async () => fake.connections >= 2)
    expect(readFileSync(join(replica.dir, 'dump.rdb')).equals(before)).toBe(true)
    await fill(master.port, [['SET', 'new', 'data']])
    await follow(replica, master.port)
    await linkUp(replica.port)
    await expectSameData(master, replica)
    await fake.close()
  })
})

describe.concurrent('a stream that makes no sense', () => {
  test('ends in another full synchronization', async () => {
    const rdb = await soundRdb()
    const asked: string[] = []
    const fake = await FakeMaster.start((words, socket) => {
      if (words[0] === 'PSYNC') asked.push(words.slice(1).join(' '))
      // The acknowledgement says that the file is loaded: now the stream.
      if (words[0] === 'REPLCONF' && words[1] === 'ACK') return '*1\r\n!what\r\n'
      return withFile(rdb)(words, socket)
    })
    const replica = await start()
    await follow(replica, fake.port)
    await replica.waitForLog(/# Protocol error .* from master/)
    await until('it asks again', async () => asked.length >= 2)
    expect(asked[1]).toBe('? -1')
    await fake.close()
  })
})

describe.concurrent('a link that breaks at any step of a synchronization', () => {
  /** Cuts so many bytes behind the beginning of the file (negative: before its end). */
  const inFile =
    (offset: number): Cut =>
    seen => {
      const header = /\$(\d+)\r\n/.exec(seen.subarray(0, 4096).toString('latin1'))
      if (header === null) return -1
      const begin = header.index + header[0].length
      const at = begin + (offset < 0 ? Number(header[1]) + offset : offset)
      return seen.length >= at ? at : -1
    }
  /** Cuts inside the mark that ends a diskless transfer, so many bytes before its end. */
  const inMark =
    (left: number): Cut =>
    seen => {
      const mark = /\$EOF:(.{40})\r\n/.exec(seen.subarray(0, 4096).toString('latin1'))
      if (mark === null) return -1
      const at = seen.lastIndexOf(mark[1], undefined, 'latin1')
      return at <= mark.index + 5 ? -1 : at + 40 - left
    }
  const early: Cut[] = [
    () => 0,
    cutAt('+PONG', 0),
    cutAt('+PONG\r\n', 0),
    cutAt('+OK\r\n', 0),
    cutAt('+OK\r\n+OK\r\n', 0),
    cutAt('+FULLRESYNC ', 20),
    cutAt('+FULLRESYNC ', 44),
  ]

  test.each([
    ['disk', 'no', [...early, inFile(0), inFile(5), inFile(300_000), inFile(-1)]],
    [
      'socket',
      'yes',
      [...early, cutAt('$EOF:', 10), cutAt('$EOF:', 42), cutAt('REDIS0010', 300_000), inMark(40), inMark(1)],
    ],
  ] as const)(
    'leaves the old data in service until the new is whole: target %s',
    async (_, diskless, cuts) => {
      const [master, replica] = await Promise.all([start(['--repl-diskless-sync', diskless]), withOldData()])
      await fill(master.port, sampleData())
      const proxy = await TcpProxy.start(master.port)
      proxy.cuts.push(...cuts)
      await follow(replica, proxy.port)
      for (let n = 1; n <= cuts.length; n++) {
        await proxy.cutCount(n)
        await hasOldData(replica)
      }
      await linkUp(replica.port)
      expect(proxy.connections).toBe(cuts.length + 1)
      await fleetingGone(master.port)
      await expectSameData(master, replica)
      await until('one replica is left', async () => (await info(master.port)).get('connected_slaves') === '1')
      await proxy.close()
    },
    60_000,
  )

  test('in the middle of the stream costs a partial resync', async () => {
    const [master, replica] = await Promise.all([start(['--repl-backlog-size', '64mb']), start()])
    await fill(master.port, sampleData())
    const proxy = await TcpProxy.start(master.port)
    await follow(replica, proxy.port)
    await linkUp(replica.port)
    const traffic = new Traffic(master.port)
    const big = 'z'.repeat(400_000)
    for (let n = 0; n < 5; n++) {
      const { batches } = traffic
      await until('writes go on', async () => traffic.batches > batches + 3)
      proxy.cuts.push(cutAt('MULTI', 20 * n), cutAt('zzz', 100_000 * n))
      proxy.cutAll()
      await proxy.cutCount(3 * n + 2)
      await askText(master.port, 'SET', `big:${n}`, big)
      await proxy.cutCount(3 * n + 3)
      await until('the replica has noticed', async () => proxy.connections === 3 * n + 4)
      await linkUp(replica.port)
    }
    await traffic.stop()
    await fleetingGone(master.port)
    await expectSameData(master, replica)
    const stats = await info(master.port)
    expect(stats.get('sync_full')).toBe('1')
    expect(Number(stats.get('sync_partial_ok'))).toBe(15)
    await proxy.close()
  })

  test('while the replica loads costs a partial resync', async () => {
    const [master, replica] = await Promise.all([start(), start()])
    await askText(master.port, 'DEBUG', 'POPULATE', '300000', 'key', '60')
    const proxy = await TcpProxy.start(master.port)
    await follow(replica, proxy.port)
    await replica.waitForLog('Loading DB in memory')
    proxy.cutAll()
    expect(await askText(replica.port, 'GET', 'key:1')).toMatch(/^LOADING /)
    await fill(master.port, [['SET', 'meanwhile', 'written']])
    await replica.waitForLog('Successful partial resynchronization with master.')
    await expectSameKeys(master, replica)
    expect((await info(master.port)).get('sync_full')).toBe('1')
    await proxy.close()
  })

  test('or is slow, ends with the same data', async () => {
    const [master, replica] = await Promise.all([start(), start()])
    await fill(master.port, sampleData())
    const proxy = await TcpProxy.start(master.port)
    proxy.bytesPerSecond = 2_000_000
    await follow(replica, proxy.port)
    const traffic = new Traffic(master.port)
    await linkUp(replica.port)
    await traffic.stop()
    await fleetingGone(master.port)
    await expectSameData(master, replica)
    await proxy.close()
  })
})

describe.concurrent('a server that is killed', () => {
  test('while it loads what its master sent comes back with its old file and synchronizes', async () => {
    const dir = tempDir()
    const [master, first] = await Promise.all([start(), withOldData([], { dir })])
    expect(await askText(first.port, 'SAVE')).toBe('OK')
    await askText(master.port, 'DEBUG', 'POPULATE', '300000', 'key', '60')
    await follow(first, master.port)
    await first.waitForLog('Loading DB in memory')
    first.kill('SIGKILL')
    await first.exited
    expect(first.log()).not.toContain('Finished with success')
    const replica = await start([], { dir })
    await hasOldData(replica)
    await follow(replica, master.port)
    await linkUp(replica.port)
    await expectSameKeys(master, replica)
  })
})

describe.concurrent('a replica that stops reading in the middle of a diskless synchronization', () => {
  /** A replica that sends PSYNC and reads no more. */
  async function stuck(master: RunningServer): Promise<net.Socket> {
    const socket = net.connect(master.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('REPLCONF capa eof capa psync2\r\n')
    await new Promise(resolve => socket.once('data', resolve))
    socket.pause()
    socket.write('PSYNC ? -1\r\n')
    await master.waitForLog('Starting BGSAVE for SYNC with target: replicas sockets')
    return socket
  }
  /** A master with more data than sockets and buffers take. */
  const bigMaster = async (...args: string[]): Promise<RunningServer> => {
    const master = await start(['--rdbcompression', 'no', ...args])
    await askText(master.port, 'DEBUG', 'POPULATE', '100000', 'key', '300')
    return master
  }

  test('is given up after repl-timeout, and the next one synchronizes', async () => {
    const [master, replica] = await Promise.all([bigMaster('--repl-timeout', '2'), start()])
    const socket = await stuck(master)
    await follow(replica, master.port)
    await master.waitForLog(/# Disconnecting timedout replica \(full sync\)/)
    await linkUp(replica.port)
    await expectSameKeys(master, replica)
    socket.destroy()
  })

  test('and dies does not keep the next one waiting', async () => {
    const [master, replica] = await Promise.all([bigMaster(), start()])
    const socket = await stuck(master)
    let saved = '0'
    await until('the transfer is stuck', async () => {
      const before = saved
      saved = (await info(master.port)).get('current_save_keys_processed') ?? '0'
      return saved !== '0' && saved === before
    })
    await follow(replica, master.port)
    await master.waitForLog('Waiting for next BGSAVE for SYNC')
    socket.destroy()
    await linkUp(replica.port)
    await expectSameKeys(master, replica)
    expect(master.log()).not.toContain('Disconnecting timedout replica')
  })
})
