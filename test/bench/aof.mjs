// Append-only files: SET under each policy, BGREWRITEAOF under load with pings beside it, and the time to load a million commands.
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connect, fill, infoField, startPinging } from './client.mjs'
import { startLoad } from './load.mjs'
import { median, printFigures, printTable } from './report.mjs'
import { AT_NORMAL_PRIORITY, cpuMicroseconds, startServer } from './server.mjs'

const run = promisify(execFile)
const KEY_DIGITS = 12
const POLL_EVERY_MS = 10
/** Files that grow are not to be rewritten on their own account. */
const AOF = '--appendonly yes --auto-aof-rewrite-percentage 0'

const POLICIES = [
  { policy: 'everysec', clients: 50, pipeline: 1, requests: 200_000 },
  { policy: 'everysec', clients: 50, pipeline: 16, requests: 1_000_000 },
  { policy: 'always', clients: 1, pipeline: 1, requests: 5_000 },
  { policy: 'always', clients: 50, pipeline: 1, requests: 50_000 },
  { policy: 'always', clients: 500, pipeline: 1, requests: 100_000 },
]

export async function measureAof(servers, { quick }) {
  await measurePolicies(servers, quick)
  const keys = quick ? 200_000 : 1_000_000
  const results = []
  for (const { command } of servers) results.push(await measureFiles(command, keys, quick))
  const figure = (name, unit, key, digits) => ({ name, unit, digits, values: results.map(result => result[key]) })
  printFigures(`Rewriting ${keys} keys under load, and loading ${keys} commands`, servers, [
    figure('BGREWRITEAOF under load', 's', 'seconds', 2),
    figure('ping max under load, before it', 'ms', 'maxBefore', 2),
    figure('ping p99 meanwhile', 'ms', 'p99', 2),
    figure('ping max meanwhile', 'ms', 'max', 2),
    figure('the pinging process itself, late at most', 'ms', 'late', 2),
    figure('loading commands', 's', 'loadSeconds', 2),
  ])
}

async function measurePolicies(servers, quick) {
  const rounds = quick ? 1 : 5
  const rows = []
  for (const { policy, clients, pipeline, requests } of POLICIES) {
    const started = []
    try {
      for (const { command } of servers) started.push(await startServer(`${command} ${AOF} --appendfsync ${policy}`))
      const pairs = []
      for (let round = 0; round < rounds; round++) {
        const pair = []
        for (const turn of round % 2 === 0 ? [0, 1] : [1, 0]) {
          pair[turn] = await setOnce(started[turn], clients, pipeline, quick ? requests / 5 : requests)
        }
        pairs.push(pair)
      }
      const of = figure => median(pairs.map(([a, b]) => figure(a) / figure(b))).toFixed(2)
      rows.push([`SET, ${policy}`, clients, pipeline, of(({ rate }) => rate), of(({ cpu }) => cpu)])
    } finally {
      for (const server of started) await server.stop()
    }
  }
  console.log(`Append-only files: redis-benchmark SET, median of ${rounds} rounds\n`)
  printTable(['', 'clients', 'pipeline', 'throughput, ratio', 'CPU per operation, ratio'], rows)
}

async function setOnce(server, clients, pipeline, requests) {
  const [file, ...args] = [...AT_NORMAL_PRIORITY, 'redis-benchmark', '-p', server.port, '-c', clients, '-P', pipeline]
  const options = ['-n', requests, '-r', 100_000, '--csv', 'SET', 'key:__rand_int__', 'xxx']
  const before = cpuMicroseconds(server)
  const { stdout } = await run(file, [...args, ...options].map(String))
  const rate = Number(/"(\d+\.\d+)"/.exec(stdout.trim().split('\n').at(-1))?.[1])
  if (!(rate > 0)) throw new Error(`redis-benchmark said:\n${stdout}`)
  return { rate, cpu: (cpuMicroseconds(server) - before) / requests }
}

async function measureFiles(command, keys, quick) {
  const withAof = `${command} ${AOF}`
  let server = await startServer(withAof)
  try {
    const client = await connect(server.port)
    await fill(client, 0, keys, KEY_DIGITS)
    client.close()
    const loads = []
    for (let i = 0; i < (quick ? 1 : 3); i++) {
      await server.stop({ keep: true })
      server = await startServer(withAof, { dir: server.dir })
      loads.push(loadSecondsOf(server))
    }
    const load = startLoad(server.port, keys)
    await sleep(500)
    const before = await startPinging(server.port)
    await sleep(quick ? 1000 : 3000)
    const { max: maxBefore } = await before.stop()
    const rewrites = []
    for (let i = 0; i < (quick ? 1 : 3); i++) rewrites.push(await rewriteOnce(server))
    await load.stop()
    const of = key => median(rewrites.map(rewrite => rewrite[key]))
    const during = { seconds: of('seconds'), p99: of('p99'), max: of('max'), late: of('late') }
    return { maxBefore, ...during, loadSeconds: median(loads) }
  } finally {
    await server.stop()
  }
}

async function rewriteOnce(server) {
  const client = await connect(server.port)
  const pings = await startPinging(server.port)
  const begun = performance.now()
  await client.ask('BGREWRITEAOF')
  do await sleep(POLL_EVERY_MS)
  while ((await infoField(client, 'persistence', 'aof_rewrite_in_progress')) !== '0')
  const seconds = (performance.now() - begun) / 1000
  const times = await pings.stop()
  const status = await infoField(client, 'persistence', 'aof_last_bgrewrite_status')
  client.close()
  if (status !== 'ok') throw new Error(`${server.command}: the rewrite ended with status ${status}`)
  return { seconds, ...times }
}

function loadSecondsOf(server) {
  const logged = /DB loaded from append only file: ([\d.]+) seconds/.exec(server.log())
  if (!logged) throw new Error(`${server.command} did not log that it loaded its commands:\n${server.log()}`)
  return Number(logged[1])
}
