/**
 * What a broken, slow or silent link costs: a partial resync wherever the backlog allows it, a full one only where it does not,
 * and never a write. REDIS_TS_LONG_FAULTS=1 for more rounds.
 */
import { readdirSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { askText, info, inStep, linkUp, until } from '../interop/polling.js'
import { hasStock, type RunningServer, type StartOptions, startRedisServer, startRedisTs } from '../interop/stock.js'
import { fill, fleetingGone, sampleData, Traffic } from '../interop/traffic.js'
import { type Cut, cutAt, TcpProxy } from './proxy.js'

// A dozen servers at a time: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 150_000 })

const LONG = process.env.REDIS_TS_LONG_FAULTS === '1'
const BASE = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const ours = (args: string[] = [], options?: StartOptions) => startRedisTs([...BASE, ...args], options)
const stock = (args: string[] = [], options?: StartOptions) => startRedisServer([...BASE, ...args], options)
/** A replica of the other kind, where there is one. */
const either = hasStock('redis-server') ? stock : ours

async function follow(replica: RunningServer, port: number): Promise<void> {
  expect(await askText(replica.port, 'REPLICAOF', '127.0.0.1', String(port))).toBe('OK')
}

async function expectSameData(master: RunningServer, ...replicas: RunningServer[]): Promise<void> {
  await inStep(master.port, ...replicas.map(replica => replica.port))
  const wanted = await askText(master.port, 'DEBUG', 'DIGEST')
  expect(wanted).not.toBe('0'.repeat(40))
  for (const replica of replicas) expect(await askText(replica.port, 'DEBUG', 'DIGEST')).toBe(wanted)
}

/**
 * How many synchronizations of each kind the master has begun, and how many partial ones it has refused: a server that follows
 * its first master asks for its own history, until it has loaded another.
 */
async function syncs(master: RunningServer): Promise<{ full: number; partial: number; refused: number }> {
  const fields = await info(master.port, 'stats')
  const count = (name: string): number => Number(fields.get(name))
  return { full: count('sync_full'), partial: count('sync_partial_ok'), refused: count('sync_partial_err') }
}

/** SET commands of so many bytes together. */
function bytesOfWrites(bytes: number): string[][] {
  return Array.from({ length: Math.ceil(bytes / 10_000) }, (_, i) => [
    'SET',
    `filler:${i % 50}`,
    `${i} `.padEnd(10_000, 'x'),
  ])
}

/** A master with sample data, and replicas that follow it through the proxy. */
async function topology(masterArgs: string[], starts: (typeof ours)[], replicaArgs: string[] = []) {
  const [master, ...replicas] = await Promise.all([ours(masterArgs), ...starts.map(start => start(replicaArgs))])
  await fill(master.port, sampleData())
  const proxy = await TcpProxy.start(master.port)
  return { master, replicas, proxy }
}

/** Cuts behind the whole of a PSYNC. */
const cutBehindPsync: Cut = seen => {
  const psync = /PSYNC\r\n\$40\r\n\w{40}\r\n\$\d+\r\n\d+\r\n/.exec(seen.toString('latin1'))
  return psync === null ? -1 : psync.index + psync[0].length
}

async function allUp(replicas: RunningServer[]): Promise<void> {
  await Promise.all(replicas.map(replica => linkUp(replica.port, 30_000)))
}

async function stopAll(proxy: TcpProxy, ...servers: RunningServer[]): Promise<void> {
  await proxy.close()
  await Promise.all(servers.map(server => server.stop()))
}

describe.concurrent('a cut link', () => {
  test.each([
    ['before the backlog is passed costs a partial resync', 300_000, { full: 0, partial: 2, refused: 0 }],
    ['after the backlog is passed costs a full one', 4_000_000, { full: 2, partial: 0, refused: 2 }],
  ])('that comes back %s', async (_, written, expected) => {
    const { master, replicas, proxy } = await topology(['--repl-backlog-size', '1mb'], [ours, either])
    for (const replica of replicas) await follow(replica, proxy.port)
    await allUp(replicas)
    await inStep(master.port, ...replicas.map(replica => replica.port))
    const before = await syncs(master)
    proxy.hold()
    proxy.cutAll()
    await fill(master.port, bytesOfWrites(written))
    proxy.release()
    await allUp(replicas)
    await fleetingGone(master.port)
    await expectSameData(master, ...replicas)
    const { full, partial, refused } = await syncs(master)
    const after = { full: full - before.full, partial: partial - before.partial, refused: refused - before.refused }
    expect(after).toEqual(expected)
    await stopAll(proxy, master, ...replicas)
  })

  test('in the middle of what the replica says in the handshake is tried again', async () => {
    const { master, replicas, proxy } = await topology([], [ours])
    const cuts = [
      cutAt('PI'),
      cutAt('listening-port'),
      cutAt('capa\r\n$3\r\neo'),
      cutAt('PSYNC\r\n', 3),
      cutBehindPsync,
    ]
    proxy.requestCuts.push(...cuts)
    await follow(replicas[0], proxy.port)
    await proxy.cutCount(cuts.length)
    await allUp(replicas)
    await fleetingGone(master.port)
    await expectSameData(master, ...replicas)
    // The last cut came behind a whole PSYNC.
    expect(await syncs(master)).toEqual({ full: 2, partial: 0, refused: 2 })
    await until('one replica is left', async () => (await info(master.port)).get('connected_slaves') === '1')
    await stopAll(proxy, master, ...replicas)
  })

  test('right behind a snapshot from the socket costs a partial resync', async () => {
    const { master, replicas, proxy } = await topology(['--repl-diskless-sync', 'yes'], [ours])
    proxy.cuts.push(seen => {
      const mark = /\$EOF:(.{40})\r\n/.exec(seen.subarray(0, 4096).toString('latin1'))
      const at = mark === null ? -1 : seen.lastIndexOf(mark[1], undefined, 'latin1')
      return mark === null || at <= mark.index + 5 ? -1 : at + 40
    })
    await follow(replicas[0], proxy.port)
    await proxy.cutCount(1)
    await fill(master.port, [['SET', 'meanwhile', 'written']])
    await allUp(replicas)
    await fleetingGone(master.port)
    await expectSameData(master, ...replicas)
    expect(await syncs(master)).toEqual({ full: 1, partial: 1, refused: 1 })
    await stopAll(proxy, master, ...replicas)
  })
})

describe.concurrent('a link that goes silent', () => {
  const inFile: Cut = seen => (seen.length > 500_000 ? 0 : -1)
  test.each([
    ['in the handshake', cutAt('+PONG'), 'Timeout connecting to the MASTER', { full: 1, partial: 0, refused: 1 }],
    ['in the answer to PSYNC', cutAt('+FULLRESYNC'), 'Timeout ', { full: 2, partial: 0, refused: 2 }],
    ['in the snapshot', inFile, 'Timeout receiving bulk data from MASTER', { full: 2, partial: 0, refused: 2 }],
    ['in the stream', cutAt('from here on'), 'MASTER timeout: no data nor PING', { full: 1, partial: 1, refused: 1 }],
  ])('%s is given up and tried again', async (_, reached, line, expected) => {
    const args = ['--repl-timeout', '3', '--repl-ping-replica-period', '1']
    const { master, replicas, proxy } = await topology(['--repl-ping-replica-period', '1'], [ours], args)
    let wasHeld = false
    proxy.cuts.push(seen => {
      if (!wasHeld && reached(seen) >= 0) {
        wasHeld = true
        proxy.hold()
      }
      return -1
    })
    proxy.bytesPerSecond = 20_000_000
    await follow(replicas[0], proxy.port)
    if (line.startsWith('MASTER')) {
      await allUp(replicas)
      await fill(master.port, [['SET', 'silent', 'from here on']])
    }
    await replicas[0].waitForLog(line, 20_000)
    proxy.cutAll()
    proxy.release()
    await allUp(replicas)
    await fill(master.port, [['SET', 'behind', 'the silence']])
    await fleetingGone(master.port)
    await expectSameData(master, ...replicas)
    expect(await syncs(master)).toEqual(expected)
    await stopAll(proxy, master, ...replicas)
  })
})

describe.concurrent('a link that is slow all the way', () => {
  test.each([
    ['disk', 'no'],
    ['socket', 'yes'],
  ])('(target %s, 10 ms and 3 MB a second) costs no second synchronization', async (_, diskless) => {
    const { master, replicas, proxy } = await topology(
      ['--repl-diskless-sync', diskless, '--repl-backlog-size', '64mb'],
      [ours, either],
    )
    proxy.delayMs = 10
    proxy.bytesPerSecond = 3_000_000
    const traffic = new Traffic(master.port)
    for (const replica of replicas) await follow(replica, proxy.port)
    await allUp(replicas)
    await traffic.stop()
    await fleetingGone(master.port)
    await expectSameData(master, ...replicas)
    expect(await syncs(master)).toEqual({ full: 2, partial: 0, refused: 2 })
    await stopAll(proxy, master, ...replicas)
  })
})

test.concurrent(
  'a replica slower than its output limit is dropped, and comes back with a full synchronization',
  async () => {
    const limits = ['--client-output-buffer-limit', 'replica 2mb 0 0', '--repl-backlog-size', '1mb']
    const { master, replicas, proxy } = await topology(limits, [ours])
    await follow(replicas[0], proxy.port)
    await allUp(replicas)
    proxy.hold()
    // What the sockets on the way no longer take waits in the master's memory, up to the limit.
    let waiting = 0
    await until('it is dropped', async () => {
      await fill(master.port, bytesOfWrites(200_000))
      const fields = await info(master.port)
      waiting = Math.max(waiting, Number(fields.get('mem_clients_slaves')))
      return fields.get('connected_slaves') === '0'
    })
    expect(waiting).toBeGreaterThan(500_000)
    expect(waiting).toBeLessThan(3 << 20)
    expect(master.log()).toMatch(/# Client .* scheduled to be closed ASAP for overcoming of output buffer limits/)
    expect((await info(master.port)).get('mem_clients_slaves')).toBe('0')
    proxy.release()
    await until('it has asked again', async () => (await syncs(master)).full === 2)
    await allUp(replicas)
    await fleetingGone(master.port)
    await expectSameData(master, ...replicas)
    expect(await syncs(master)).toEqual({ full: 2, partial: 0, refused: 2 })
    await stopAll(proxy, master, ...replicas)
  },
)

test.concurrent.each([
  ['disk', 'no'],
  ['socket', 'yes'],
])('replicas that reconnect all at once share one snapshot (target %s)', async (_, diskless) => {
  const args = ['--repl-diskless-sync', diskless, '--repl-backlog-size', '16kb', '--repl-diskless-sync-delay', '1']
  const { master, replicas, proxy } = await topology(args, [ours, ours, either])
  for (const replica of replicas) await follow(replica, proxy.port)
  await allUp(replicas)
  proxy.hold()
  proxy.cutAll()
  await fill(master.port, bytesOfWrites(500_000))
  await fleetingGone(master.port)
  // So long that the last one comes before the end.
  await askText(master.port, 'CONFIG', 'SET', 'rdb-key-save-delay', '200')
  const before = await syncs(master)
  const from = master.log().length
  await until('all have connected again', async () => proxy.connections >= 2 * replicas.length)
  proxy.release()
  await until('all have asked', async () => (await syncs(master)).full === before.full + replicas.length)
  await allUp(replicas)
  await expectSameData(master, ...replicas)
  expect(
    master
      .log()
      .slice(from)
      .match(/Starting BGSAVE for SYNC with target/g),
  ).toHaveLength(1)
  await stopAll(proxy, master, ...replicas)
})

test.concurrent.each([
  ['disk', 'no', 'disabled', ['dump.rdb']],
  ['socket', 'yes', 'disabled', ['dump.rdb']],
  ['socket', 'yes', 'swapdb', []],
])(
  'a master that is killed in the middle of a full synchronization (target %s, repl-diskless-sync %s, repl-diskless-load %s) leaves the replica its old data',
  async (_, diskless, load, files) => {
    const { master, replicas, proxy } = await topology(
      ['--repl-diskless-sync', diskless],
      [ours],
      ['--repl-diskless-load', load],
    )
    const [replica] = replicas
    await fill(replica.port, [['SET', 'old', 'data']])
    await fleetingGone(master.port)
    expect(await askText(master.port, 'SAVE')).toBe('OK')
    proxy.bytesPerSecond = 1_000_000
    await follow(replica, proxy.port)
    await until('the transfer has begun', async () => {
      return Number((await info(replica.port)).get('master_sync_read_bytes')) > 100_000
    })
    master.kill('SIGKILL')
    await master.exited
    await until('it has noticed', async () => (await info(replica.port)).get('master_sync_in_progress') === '0')
    expect(await askText(replica.port, 'GET', 'old')).toBe('data')
    expect(await askText(replica.port, 'DBSIZE')).toBe('1')
    proxy.bytesPerSecond = 0
    const again = await ours([], { port: master.port, dir: master.dir })
    await allUp(replicas)
    await expectSameData(again, replica)
    expect(await syncs(again)).toEqual({ full: 1, partial: 0, refused: 1 })
    expect(readdirSync(replica.dir)).toEqual(files)
    await stopAll(proxy, again, replica)
  },
)

describe.concurrent('what WAIT has confirmed is on the promoted replica when the master is killed under load', () => {
  /** Writes and waits, until the master is gone; the keys that so many replicas have confirmed. */
  async function writer(port: number, name: string, wanted: string, confirmed: string[]): Promise<void> {
    const client = await RawClient.connect(port)
    let over = false
    const closed = client.closed().then(() => {
      over = true
    })
    for (let n = 0; !over; n++) {
      const key = `${name}:${n}`
      const write = client
        .pipeline([
          ['SET', key, key.repeat(50)],
          ['WAIT', wanted, '1000'],
        ])
        .then(([, wait]) => {
          if (Number(wait.text) >= Number(wanted)) confirmed.push(key)
        })
      await Promise.race([write, closed])
    }
  }

  const rounds = Array.from({ length: LONG ? 20 : 2 }, (_, round) => [round] as const)
  test.each(rounds)('(round %i)', async round => {
    const master = await ours(['--repl-backlog-size', '64mb'])
    const replicas = await Promise.all([ours(['--repl-backlog-size', '64mb']), either(['--repl-backlog-size', '64mb'])])
    for (const replica of replicas) await follow(replica, master.port)
    await allUp(replicas)
    const confirmed: string[] = []
    const writers = Array.from({ length: 8 }, (_, i) =>
      writer(master.port, `w${i}`, i % 2 === 0 ? '1' : '2', confirmed),
    )
    await until('writes are confirmed', async () => confirmed.length > 500 + 200 * round)
    master.kill('SIGKILL')
    await Promise.all([master.exited, ...writers])
    const states = await Promise.all(
      replicas.map(async replica => {
        await until('the replica knows', async () => (await info(replica.port)).get('master_link_status') === 'down')
        return { replica, offset: Number((await info(replica.port)).get('slave_repl_offset')) }
      }),
    )
    // As Sentinel does: the one that has got furthest.
    const [{ replica: promoted }, { replica: other }] = states.sort((a, b) => b.offset - a.offset)
    expect(await askText(promoted.port, 'REPLICAOF', 'NO', 'ONE')).toBe('OK')
    await follow(other, promoted.port)
    await linkUp(other.port)
    await expectSameData(promoted, other)
    expect(await syncs(promoted)).toEqual({ full: 0, partial: 1, refused: 0 })
    const client = await RawClient.connect(promoted.port)
    const found = await client.pipeline(confirmed.map(key => ['GET', key]))
    client.close()
    expect(confirmed.filter((key, i) => found[i].text !== key.repeat(50))).toEqual([])
    await Promise.all([promoted.stop(), other.stop()])
  })
})
