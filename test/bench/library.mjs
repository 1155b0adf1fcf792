// The library, in a process of its own (this one): what a test of an application waits for.
import { median, printTable } from './report.mjs'

const SERVERS = 50
const GETS = 100_000
const KEYS = 1000
const EXPIRING = 100_000
const HOUR_MS = 3_600_000

async function milliseconds(work) {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

async function medianOf(rounds, work) {
  const times = []
  for (let round = 0; round < rounds; round++) times.push(await milliseconds(work))
  return median(times)
}

const collected = () => {
  globalThis.gc?.()
  return process.memoryUsage()
}

async function serverFigures(createServer) {
  const first = await milliseconds(async () => (await createServer()).close())
  const servers = []
  const before = collected()
  const each = await medianOf(SERVERS, async () => servers.push(await createServer()))
  const after = collected()
  const bytes = (after.heapUsed + after.external - before.heapUsed - before.external) / SERVERS
  await Promise.all(servers.map(server => server.close()))
  return [
    ['createServer(), the first', `${first.toFixed(1)} ms`],
    [`createServer(), median of ${SERVERS} more`, `${each.toFixed(1)} ms`],
    ['memory of one that is empty', `${(bytes / 1024).toFixed(0)} KiB`],
  ]
}

async function commandFigures(createServer) {
  const server = await createServer()
  await server.command('SET', 'key', 'value')
  const gets = await medianOf(7, async () => {
    for (let i = 0; i < GETS; i++) await server.command('GET', 'key')
  })
  await server.flush()
  await server.seed(Object.fromEntries(Array.from({ length: KEYS }, (_, i) => [`key:${i}`, `value:${i}`])))
  let snapshot
  const taken = await medianOf(101, async () => {
    snapshot = await server.snapshot()
  })
  const restored = await medianOf(101, () => server.restore(snapshot))
  await server.close()
  return [
    [`command('GET'), awaited one by one`, `${((gets / GETS) * 1000).toFixed(2)} us`],
    [`snapshot() of ${KEYS} keys, median of 101`, `${taken.toFixed(2)} ms`],
    [`restore() of them, median of 101`, `${restored.toFixed(2)} ms`],
  ]
}

async function clockFigures(createServer) {
  const times = []
  for (let round = 0; round < 5; round++) {
    const server = await createServer({ clock: 'manual' })
    for (let i = 0; i < EXPIRING; i++) {
      server.command('SET', `key:${i}`, 'value', 'PX', 1 + Math.floor((i * HOUR_MS) / EXPIRING))
    }
    await server.command('PING')
    times.push(await milliseconds(() => server.clock.advance(HOUR_MS + 1)))
    if ((await server.command('DBSIZE')) !== 0) throw new Error('keys are left')
    await server.close()
  }
  return [
    [`clock.advance() over an hour in which ${EXPIRING} keys expire, median of 5`, `${median(times).toFixed(0)} ms`],
  ]
}

async function topologyFigures(createTopology) {
  const times = []
  for (let round = 0; round < 11; round++) {
    let topology
    times.push(
      await milliseconds(async () => {
        topology = await createTopology({ replicas: 2 })
      }),
    )
    await topology.close()
  }
  return [
    ['createTopology() of three, the first', `${times[0].toFixed(0)} ms`],
    ['the same, median of 11', `${median(times).toFixed(0)} ms`],
  ]
}

export async function measureLibrary() {
  const { createServer, createTopology } = await import('../../dist/index.js')
  const rows = [
    ...(await serverFigures(createServer)),
    ...(await commandFigures(createServer)),
    ...(await topologyFigures(createTopology)),
    ...(await clockFigures(createServer)),
  ]
  printTable(['Library', 'redis-ts'], rows)
}
