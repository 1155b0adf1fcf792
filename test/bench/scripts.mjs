// Scripts: EVALSHA of short ones through redis-benchmark, long loops as one call, and BullMQ's jobs.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { median, printTable } from './report.mjs'
import { cpuMicroseconds, startServer } from './server.mjs'

const run = promisify(execFile)

const SHORT = {
  'return 1': 'return 1',
  GET: "return redis.call('get', KEYS[1])",
  SET: "return redis.call('set', KEYS[1], ARGV[1])",
  'ten SETs': "for i = 1, 10 do redis.call('set', KEYS[1], i) end",
}
const REQUESTS = { 1: 100_000, 16: 400_000 }

/** About 1 KB: what an application keeps of a few things. */
const DOCUMENT = JSON.stringify(
  Array.from({ length: 16 }, (_, id) => ({ id, name: `user ${id}`, tags: ['a', 'b'], score: id * 1.5 })),
)
const LOOPS = {
  'loop of 1e6': 'local x = 0 for i = 1, 1e6 do x = x + i end return x',
  'cjson.decode and encode': 'for i = 1, 2000 do cjson.encode(cjson.decode(ARGV[1])) end',
  'cmsgpack.unpack and pack':
    'local s = cmsgpack.pack(cjson.decode(ARGV[1])) for i = 1, 2000 do cmsgpack.pack(cmsgpack.unpack(s)) end',
}
const CALLS = 10
const JOBS = 10_000
const CONCURRENCY = 50

/** EVALSHA of a script a second, and its CPU time. */
async function runShort(server, script, pipeline) {
  const client = new Redis(server.port)
  const sha = await client.script('LOAD', script)
  client.disconnect()
  const count = REQUESTS[pipeline]
  const before = cpuMicroseconds(server)
  const args = ['-p', server.port, '-n', count, '-c', 50, '-P', pipeline, '-r', 100_000, '--csv']
  const { stdout } = await run('redis-benchmark', [...args, 'evalsha', sha, 1, 'key:__rand_int__', 'xxx'].map(String))
  const rate = Number(stdout.trim().split('\n').at(-1).split(',')[1].replaceAll('"', ''))
  return { rate, cpu: (cpuMicroseconds(server) - before) / count }
}

/** Calls of a long script a second. */
async function runLoop(server, script) {
  const client = new Redis(server.port)
  await client.eval(script, 0, DOCUMENT)
  const before = cpuMicroseconds(server)
  const begun = performance.now()
  for (let i = 0; i < CALLS; i++) await client.eval(script, 0, DOCUMENT)
  const rate = (CALLS * 1000) / (performance.now() - begun)
  client.disconnect()
  return { rate, cpu: (cpuMicroseconds(server) - before) / CALLS }
}

/** Jobs a second: added one by one, added in bulk, and taken by a worker. */
async function runJobs(server) {
  const connection = { host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null }
  const client = new Redis(server.port)
  await client.flushall()
  client.disconnect()
  const queue = new Queue('bench', { connection })
  await queue.waitUntilReady()
  const measured = async work => {
    const before = cpuMicroseconds(server)
    const begun = performance.now()
    await work()
    return { rate: (JOBS * 1000) / (performance.now() - begun), cpu: (cpuMicroseconds(server) - before) / JOBS }
  }
  const options = { removeOnComplete: true }
  const single = await measured(async () => {
    for (let n = 0; n < JOBS; n++) await queue.add('job', { n }, options)
  })
  const taken = await measured(async () => {
    let left = JOBS
    const { promise, resolve } = deferred()
    const worker = new Worker('bench', async () => void (--left === 0 && resolve()), {
      connection,
      concurrency: CONCURRENCY,
    })
    await promise
    await worker.close()
  })
  const bulk = await measured(() =>
    queue.addBulk(Array.from({ length: JOBS }, (_, n) => ({ name: 'job', data: { n }, opts: options }))),
  )
  await queue.close()
  return {
    'BullMQ: adding jobs one by one': single,
    'BullMQ: adding jobs in bulk': bulk,
    'BullMQ: a worker, concurrency 50': taken,
  }
}

function deferred() {
  let resolve
  const promise = new Promise(settle => {
    resolve = settle
  })
  return { promise, resolve }
}

/** Rows of one kind: what `measure` gives of each server, by name, in rounds of alternating order. */
async function compare(started, rounds, measure) {
  const results = new Map()
  for (let round = 0; round < rounds; round++) {
    const pair = []
    for (const turn of round % 2 === 0 ? [0, 1] : [1, 0]) pair[turn] = await measure(started[turn])
    for (const name of Object.keys(pair[0])) {
      if (!results.has(name)) results.set(name, [])
      results.get(name).push(pair.map(each => each[name]))
    }
  }
  return [...results].map(([name, pairs]) => {
    const of = figure => [
      median(pairs.map(([a]) => figure(a))).toFixed(0),
      median(pairs.map(([, b]) => figure(b))).toFixed(0),
      median(pairs.map(([a, b]) => figure(a) / figure(b))).toFixed(2),
    ]
    return [name, ...of(({ rate }) => rate), of(({ cpu }) => cpu)[2]]
  })
}

export async function measureScripts(servers, { quick }) {
  const rounds = quick ? 1 : 5
  const started = []
  try {
    for (const { command } of servers) started.push(await startServer(command))
    const rows = []
    for (const pipeline of [1, 16]) {
      for (const [name, script] of Object.entries(SHORT)) {
        const measure = async server => ({
          [`EVALSHA ${name}, -P ${pipeline}`]: await runShort(server, script, pipeline),
        })
        rows.push(...(await compare(started, rounds, measure)))
      }
    }
    for (const [name, script] of Object.entries(LOOPS)) {
      rows.push(...(await compare(started, rounds, async server => ({ [name]: await runLoop(server, script) }))))
    }
    rows.push(...(await compare(started, quick ? 1 : 3, runJobs)))
    const [a, b] = servers.map(server => server.name)
    console.log(`Scripts: a second, median of ${rounds} rounds\n`)
    printTable(['', a, b, 'ratio', 'CPU, ratio'], rows)
  } finally {
    for (const server of started) await server.stop()
  }
}
