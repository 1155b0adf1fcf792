// Throughput and server CPU per operation with redis-benchmark. Each round runs both servers, in alternating order; ratios are
// taken within a round and their median is printed, since the machine drifts more between rounds than within one.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { connect } from './client.mjs'
import { geometricMean, median, printTable } from './report.mjs'
import { cpuMicroseconds, startServer } from './server.mjs'

const run = promisify(execFile)

const SMALL = ['ping_mbulk', 'set', 'get', 'incr', 'mset', 'hset']
const AGGREGATES = ['lpush', 'rpush', 'lpop', 'rpop', 'sadd', 'spop', 'zadd', 'zpopmin']
const OTHERS = ['xadd', 'xrange_100', 'pfadd', 'pfcount', 'geodist', 'geosearch']
const RANGES = ['lrange_100', 'lrange_300', 'lrange_600']
/** Tests that redis-benchmark does not have of its own. */
const COMMANDS = {
  mget_100: ['mget', ...Array.from({ length: 100 }, () => 'key:__rand_int__')],
  xadd: ['xadd', 'stream', '*', 'sensor', '__rand_int__', 'temperature', '20.5'],
  xrange_100: ['xrange', 'hundred', '-', '+'],
  pfadd: ['pfadd', 'hll', 'element:__rand_int__'],
  pfcount: ['pfcount', 'hll'],
  geodist: ['geodist', 'places', 'a', 'b', 'km'],
  geosearch: ['geosearch', 'places', 'fromlonlat', '15', '37', 'byradius', '200', 'km', 'asc'],
}
/** What they find there. */
const FOUND = [
  ...Array.from({ length: 100 }, (_, i) => `XADD hundred ${i + 1}-1 sensor ${i} temperature 20.5`),
  'GEOADD places 13.361389 38.115556 a 15.087269 37.502669 b 14.5 37.3 c',
]
/**
 * Series: value size in bytes, requests in a pipeline, tests, keys (large values: fewer, to stay in memory), and with `fill` SETs
 * ahead of all, so that most keys are there.
 */
const SERIES = [
  { size: 3, pipeline: 1, tests: SMALL, keys: 100_000, requests: 100_000 },
  { size: 3, pipeline: 16, tests: SMALL, keys: 100_000, requests: 500_000 },
  { size: 3, pipeline: 1, tests: AGGREGATES, keys: 100_000, requests: 100_000 },
  { size: 3, pipeline: 16, tests: AGGREGATES, keys: 100_000, requests: 500_000 },
  { size: 3, pipeline: 1, tests: OTHERS, keys: 100_000, requests: 100_000, found: FOUND },
  { size: 3, pipeline: 16, tests: OTHERS, keys: 100_000, requests: 200_000, found: FOUND },
  { size: 3, pipeline: 1, tests: RANGES, keys: 100_000, requests: 20_000 },
  { size: 3, pipeline: 16, tests: RANGES, keys: 100_000, requests: 100_000 },
  {
    size: 3,
    pipeline: 16,
    tests: ['set', 'get', 'incr', 'mset'],
    keys: 3_000_000,
    requests: 1_000_000,
    fill: 6_000_000,
  },
  { size: 3, pipeline: 1, tests: ['mget_100'], keys: 3_000_000, requests: 20_000, fill: 6_000_000 },
  { size: 10_000, pipeline: 1, tests: ['set', 'get'], keys: 10_000, requests: 100_000 },
]

export async function measureSpeed(servers, { quick }) {
  const rounds = quick ? 1 : 5
  const started = []
  try {
    for (const { command } of servers) started.push(await startServer(command))
    const rows = []
    for (const series of SERIES) {
      await Promise.all(started.map(flush))
      for (const server of started) await fill(server, series)
      const ratios = []
      for (const test of series.tests) {
        const pairs = []
        for (let round = 0; round < rounds; round++) pairs.push(await runRound(started, test, series, round, quick))
        const of = figure => [
          median(pairs.map(([a]) => figure(a))),
          median(pairs.map(([, b]) => figure(b))),
          median(pairs.map(([a, b]) => figure(a) / figure(b))),
        ]
        const [rateA, rateB, rate] = of(result => result.rate)
        const [cpuA, cpuB, cpu] = of(result => result.cpu)
        ratios.push({ rate, cpu })
        const figures = [
          rateA.toFixed(0),
          rateB.toFixed(0),
          rate.toFixed(2),
          cpuA.toFixed(2),
          cpuB.toFixed(2),
          cpu.toFixed(2),
        ]
        rows.push([test, series.pipeline, series.size, ...figures])
      }
      const mean = key => `**${geometricMean(ratios.map(ratio => ratio[key])).toFixed(2)}**`
      rows.push(['geometric mean', series.pipeline, series.size, '', '', mean('rate'), '', '', mean('cpu')])
    }
    const [a, b] = servers.map(server => server.name)
    const head = [
      'test',
      '-P',
      'value B',
      `${a} req/s`,
      `${b} req/s`,
      'ratio',
      `${a} us CPU/op`,
      `${b} us CPU/op`,
      'ratio',
    ]
    console.log(`Speed: redis-benchmark, 50 clients, median of ${rounds} round${rounds === 1 ? '' : 's'}\n`)
    printTable(head, rows)
  } finally {
    for (const server of started) await server.stop()
  }
}

async function flush(server) {
  const client = await connect(server.port)
  await client.ask('FLUSHALL')
  client.close()
}

async function fill(server, { fill: requests, found = [], keys, size }) {
  const client = await connect(server.port)
  // Each is answered by a number or an ID.
  for (const line of found) await client.send(`${line}\r\n`, 4)
  client.close()
  if (requests === undefined) return
  await run(
    'redis-benchmark',
    ['-p', server.port, '-t', 'set', '-n', requests, '-P', 64, '-d', size, '-r', keys, '-q'].map(String),
  )
}

/** One test on both servers, the second one first in every other round; results in the servers' order. */
async function runRound(servers, test, series, round, quick) {
  const results = []
  for (const turn of round % 2 === 0 ? [0, 1] : [1, 0])
    results[turn] = await runOnce(servers[turn], test, series, quick)
  return results
}

async function runOnce(server, test, { size, pipeline, keys, requests }, quick) {
  const count = quick ? requests / 4 : requests
  const command = COMMANDS[test]
  const args = { p: server.port, n: count, c: 50, P: pipeline, d: size, r: keys, ...(command ? {} : { t: test }) }
  const before = cpuMicroseconds(server)
  const { stdout } = await run('redis-benchmark', [
    ...Object.entries(args).flatMap(([k, v]) => [`-${k}`, String(v)]),
    '--csv',
    ...(command ?? []),
  ])
  const cpu = (cpuMicroseconds(server) - before) / count
  const rate = Number(stdout.trim().split('\n').at(-1).split(',')[1].replaceAll('"', ''))
  // A CPU time below one tick of the clock would make the ratio 0 or infinite.
  return { rate, cpu: Math.max(cpu, 1e-3) }
}
