// Replication: a full synchronization (disk and diskless) with its memory and the master's pings meanwhile, writes with a
// replica attached, and a partial resynchronization after a cut. Master and replica are of the same kind; the master runs on CPU 0,
// the replica with the load on CPU 1, but where it says otherwise.
import { execFile } from 'node:child_process'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connect, fill, infoField, startPinging } from './client.mjs'
import { startLoad } from './load.mjs'
import { geometricMean, median, printFigures } from './report.mjs'
import { AT_NORMAL_PRIORITY, cpuMicroseconds, proportionalBytes, startServer } from './server.mjs'

const run = promisify(execFile)

const KEY_DIGITS = 12
const POLL_MS = 2
const WEIGH_EVERY_MS = 20
const GIVE_UP_MS = 120_000
const CUT_MS = 1000
/** Where the replica of a master under writes runs: with two CPUs it shares one with the load or with its master. */
const PLACEMENTS = [
  { where: 'beside the load', cpu: 1 },
  { where: 'beside its master', cpu: 0 },
]
const PIPELINES = { 1: 100_000, 16: 500_000 }

export async function measureSync(servers, { quick }) {
  const keys = quick ? 200_000 : 1_000_000
  const rounds = quick ? 1 : 5
  const results = []
  for (const { command } of servers) results.push(await measureOne(command, keys, rounds))
  const figure = (name, unit, key, digits = 2) => ({
    name,
    unit,
    digits,
    values: results.map(result => result[key]),
  })
  printFigures(`Full synchronization of ${keys} keys, median of ${rounds}`, servers, [
    figure('diskless', 's', 'diskless'),
    figure('by way of disk', 's', 'disk'),
    figure('diskless, loaded from the socket (swapdb)', 's', 'swapdb'),
    figure("master's memory meanwhile, by what it was", 'x', 'masterPeak'),
    figure("replica's memory meanwhile, by the master's", 'x', 'replicaPeak'),
    figure('ping max of an idle master meanwhile', 'ms', 'idlePing'),
    figure('under load, diskless', 's', 'loaded'),
    figure('ping max under load, before', 'ms', 'pingBefore'),
    figure('ping p99 under load, meanwhile', 'ms', 'pingP99'),
    figure('ping max under load, meanwhile', 'ms', 'pingMax'),
    figure('the pinging process itself, late at most', 'ms', 'late'),
    figure(`partial resynchronization after a cut of ${CUT_MS} ms`, 'ms', 'partial', 0),
  ])
  for (const placement of PLACEMENTS) await measureWrites(servers, rounds, placement)
}

/** A master and its replica, started apart so that the master can be filled first. */
async function measureOne(command, keys, rounds) {
  const master = await startServer(`${command} --repl-diskless-sync-delay 0`)
  const replica = await startServer(command, { cpu: 1 })
  const client = await connect(master.port)
  const follower = await connect(replica.port)
  const pair = { master, replica, client, follower }
  try {
    await fill(client, 0, keys, KEY_DIGITS)
    const repeat = async settings => {
      await client.ask(`CONFIG SET repl-diskless-sync ${settings.diskless}`)
      await follower.ask(`CONFIG SET repl-diskless-load ${settings.load}`)
      const list = []
      while (list.length < rounds) list.push(await fullSync(pair, settings.load === 'swapdb'))
      return list
    }
    const diskless = await repeat({ diskless: 'yes', load: 'disabled' })
    const disk = await repeat({ diskless: 'no', load: 'disabled' })
    const swapdb = await repeat({ diskless: 'yes', load: 'swapdb' })
    await client.ask('CONFIG SET repl-diskless-sync yes')
    await follower.ask('CONFIG SET repl-diskless-load disabled')
    const partials = []
    while (partials.length < rounds) partials.push(await partialSync(pair))

    const load = startLoad(master.port, keys)
    await sleep(500)
    const before = await startPinging(master.port)
    await sleep(3000)
    const { max: pingBefore } = await before.stop()
    const loaded = []
    while (loaded.length < rounds) loaded.push(await fullSync(pair, false))
    await load.stop()
    const of = (list, key) => median(list.map(each => each[key]))
    return {
      diskless: of(diskless, 'seconds'),
      disk: of(disk, 'seconds'),
      swapdb: of(swapdb, 'seconds'),
      masterPeak: of(diskless, 'masterPeak'),
      replicaPeak: of(diskless, 'replicaPeak'),
      idlePing: of(diskless, 'max'),
      partial: median(partials),
      pingBefore,
      loaded: of(loaded, 'seconds'),
      pingP99: of(loaded, 'p99'),
      pingMax: of(loaded, 'max'),
      late: of(loaded, 'late'),
    }
  } finally {
    client.close()
    follower.close()
    await replica.stop()
    await master.stop()
  }
}

/** From REPLICAOF to a link that is up; the replica is empty before unless told to keep its data. As a master of its own it has another history. */
async function fullSync({ master, replica, client, follower }, keepData) {
  await follower.ask('REPLICAOF NO ONE')
  if (!keepData) await follower.ask('FLUSHALL')
  await poll(async () => (await infoField(client, 'replication', 'connected_slaves')) === '0')
  await sleep(200)
  const before = proportionalBytes(master)
  const weights = weigh([master, replica])
  const pings = await startPinging(master.port)
  const begun = performance.now()
  await follower.ask(`REPLICAOF 127.0.0.1 ${master.port}`)
  await poll(async () => (await infoField(follower, 'replication', 'master_link_status')) === 'up')
  const seconds = (performance.now() - begun) / 1000
  const times = await pings.stop()
  const [masterPeak, replicaPeak] = await weights.stop()
  return { seconds, ...times, masterPeak: masterPeak / before, replicaPeak: replicaPeak / before }
}

/** Notes the most memory that each server has had, until stop(). */
function weigh(servers) {
  const peaks = servers.map(() => 0)
  let stopped = false
  const loop = (async () => {
    while (!stopped) {
      for (const [i, server] of servers.entries()) peaks[i] = Math.max(peaks[i], proportionalBytes(server))
      await sleep(WEIGH_EVERY_MS)
    }
  })()
  return {
    async stop() {
      stopped = true
      await loop
      return peaks
    },
  }
}

/** Milliseconds from the end of a cut, in which the master was written to, to the replica's having all of it. */
async function partialSync({ master, replica, client, follower }) {
  const proxy = await startProxy(master.port)
  await follower.ask(`REPLICAOF 127.0.0.1 ${proxy.port}`)
  await poll(async () => (await infoField(follower, 'replication', 'master_link_status')) === 'up')
  const done = await infoField(client, 'stats', 'sync_partial_ok')
  await proxy.cut()
  const cut = performance.now()
  await fill(client, 0, 10_000, KEY_DIGITS)
  await client.ask('SET last write')
  const offset = await infoField(client, 'replication', 'master_repl_offset')
  await sleep(CUT_MS - (performance.now() - cut))
  await proxy.mend()
  const begun = performance.now()
  await poll(async () => Number(await infoField(follower, 'replication', 'slave_repl_offset')) >= Number(offset))
  const ms = performance.now() - begun
  if ((await infoField(client, 'stats', 'sync_partial_ok')) === done) throw new Error(`${replica.command}: a full one`)
  await follower.ask(`REPLICAOF 127.0.0.1 ${master.port}`)
  await poll(async () => (await infoField(follower, 'replication', 'master_link_status')) === 'up')
  await proxy.cut()
  return ms
}

/** Relays to `target` until cut(), which refuses new connections, and again from mend() on. */
async function startProxy(target) {
  const sockets = new Set()
  const relay = client => {
    const server = net.connect(target, '127.0.0.1')
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.setNoDelay().on('error', () => {})
    }
    client.pipe(server).pipe(client)
  }
  let listener
  const listen = port =>
    new Promise(resolve => {
      listener = net.createServer(relay).listen(port, '127.0.0.1', resolve)
    })
  await listen(0)
  const { port } = listener.address()
  return {
    port,
    mend: () => listen(port),
    async cut() {
      const closed = new Promise(resolve => listener.close(resolve))
      for (const socket of sockets) socket.destroy()
      sockets.clear()
      await closed
    },
  }
}

/** redis-benchmark's SET against masters with a replica each; both servers in each round. */
async function measureWrites(servers, rounds, { where, cpu }) {
  const pairs = []
  try {
    for (const { command } of servers) {
      const master = await startServer(`${command} --repl-diskless-sync-delay 0`)
      const replica = await startServer(`${command} --replicaof 127.0.0.1 ${master.port}`, { cpu })
      const client = await connect(replica.port)
      await poll(async () => (await infoField(client, 'replication', 'master_link_status')) === 'up')
      client.close()
      pairs.push({ master, replica })
    }
    const figures = []
    for (const [pipeline, requests] of Object.entries(PIPELINES)) {
      const results = pairs.map(() => [])
      for (let round = 0; round < rounds; round++) {
        for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) results[i].push(await write(pairs[i], pipeline, requests))
      }
      const middle = (i, key) => median(results[i].map(result => result[key]))
      const values = key => [middle(0, key), middle(1, key)]
      const ratio = key => geometricMean(results[0].map((result, round) => result[key] / results[1][round][key]))
      figures.push(
        { name: `SET, -P ${pipeline}`, unit: 'req/s', digits: 0, values: values('rate') },
        { name: `SET, -P ${pipeline}, master's CPU`, unit: 'us/op', digits: 2, values: values('cpu') },
        { name: `SET, -P ${pipeline}, replica's CPU`, unit: 'us/op', digits: 2, values: values('replicaCpu') },
        {
          name: `ratio of throughput within a round, geometric mean, -P ${pipeline}`,
          unit: 'x',
          digits: 2,
          values: [ratio('rate'), 1],
        },
      )
    }
    printFigures(`Writes with one replica (${where}), median of ${rounds}`, servers, figures)
  } finally {
    for (const { master, replica } of pairs) {
      await replica.stop()
      await master.stop()
    }
  }
}

async function write({ master, replica }, pipeline, requests) {
  const options = ['-p', master.port, '-t', 'set', '-n', requests, '-c', 50, '-P', pipeline, '-r', 100_000, '--csv']
  const [file, ...args] = [...AT_NORMAL_PRIORITY, 'redis-benchmark', ...options]
  const before = [master, replica].map(cpuMicroseconds)
  const { stdout } = await run(file, args.map(String))
  const rate = Number(stdout.trim().split('\n').at(-1).split(',')[1].replaceAll('"', ''))
  await caughtUp(master, replica)
  const [cpu, replicaCpu] = [master, replica].map((server, i) => (cpuMicroseconds(server) - before[i]) / requests)
  return { rate, cpu, replicaCpu }
}

async function caughtUp(master, replica) {
  const client = await connect(master.port)
  const follower = await connect(replica.port)
  const offset = Number(await infoField(client, 'replication', 'master_repl_offset'))
  await poll(async () => Number(await infoField(follower, 'replication', 'slave_repl_offset')) >= offset)
  client.close()
  follower.close()
}

async function poll(probe) {
  const deadline = Date.now() + GIVE_UP_MS
  while (!(await probe())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${probe}`)
    await sleep(POLL_MS)
  }
}
