#!/usr/bin/env node
// How long a failover by stock redis-sentinel takes: three Sentinels over a master and two replicas with 100,000 keys, the
// master killed. Most of it is Sentinel's own waiting (a second until a server counts as down, up to a second of chance before a
// Sentinel stands for election), so what is the servers' share has lines of its own.
// All of them sync config files to the disk on the way; TMPDIR=/dev/shm takes a slow one out of the figures.
//
//   node test/bench/failover.mjs [--quick] [--a CMD] [--b CMD]     (or: npm run bench -- --only failover)
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connect, fill } from './client.mjs'
import { median, printFigures } from './report.mjs'
import { startSentinel, startServer } from './server.mjs'

const KEYS = 100_000
const ROUNDS = 7
const QUICK_ROUNDS = 2
const POLL_MS = 2
const GIVE_UP_MS = 60_000

const SENTINEL = ['down-after-milliseconds mymaster 1000', 'failover-timeout mymaster 10000']

export async function measureFailover(servers, { quick }) {
  const rounds = quick ? QUICK_ROUNDS : ROUNDS
  const times = servers.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, { command }] of servers.entries()) times[i].push(await failOver(command))
  }
  const figure = (name, key) => ({
    name,
    unit: 'ms',
    digits: 0,
    values: times.map(list => median(list.map(time => time[key]))),
  })
  printFigures(`Failover, median of ${rounds}`, servers, [
    figure('master killed to first write on the new one', 'whole'),
    figure('a Sentinel is elected to first write', 'promotion'),
    figure('the other replica is told of it to link up', 'turning'),
  ])
}

/** One failover on servers of their own; times in milliseconds. */
async function failOver(command) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'redis-ts-bench-'))
  const start = (name, lines) => {
    const file = path.join(dir, name)
    fs.writeFileSync(file, `${['repl-diskless-sync-delay 0', ...lines].join('\n')}\n`)
    return startServer(`${command} ${file}`)
  }
  const master = await start('master.conf', [])
  const client = await connect(master.port)
  await fill(client, 0, KEYS, 12)
  client.close()
  const follow = [`replicaof 127.0.0.1 ${master.port}`]
  const replicas = [await start('first.conf', follow), await start('second.conf', follow)]
  for (const { port } of replicas) await linkUp(port, master.port)
  const lines = [`monitor mymaster 127.0.0.1 ${master.port} 2`, ...SENTINEL].map(line => `sentinel ${line}`)
  const sentinels = []
  while (sentinels.length < 3) sentinels.push(await startSentinel(lines))
  for (const sentinel of sentinels) await knowsAll(sentinel)

  const killed = Date.now()
  await master.stop()
  const stop = { now: false }
  const { port, at: written } = await Promise.any(replicas.map(replica => firstWrite(replica.port, stop)))
  stop.now = true
  const other = replicas.find(replica => replica.port !== port)
  await linkUp(other.port, port)
  const up = Date.now()
  const times = {
    whole: written - killed,
    promotion: written - eventTime(sentinels, '+elected-leader'),
    turning: up - eventTime(sentinels, '+slave-reconf-sent'),
  }
  for (const each of [...sentinels, ...replicas]) await each.stop()
  fs.rmSync(dir, { recursive: true, force: true })
  return times
}

/** Until a Sentinel knows the two others and has heard from both replicas. */
async function knowsAll({ port }) {
  const client = await connect(port)
  await poll(`the Sentinel on port ${port} knows all`, async () => {
    return /status=ok,.*slaves=2,sentinels=3/.test(await client.ask('INFO sentinel'))
  })
  client.close()
}

async function linkUp(replica, master) {
  await poll(`the link from ${replica} to ${master}`, async () => {
    const client = await connect(replica)
    const info = await client.ask('INFO replication').finally(() => client.close())
    return info.includes(`master_port:${master}\r\n`) && info.includes('master_link_status:up')
  })
}

/** Resolves when this replica takes a write; rejects when another has. */
async function firstWrite(port, stop) {
  const deadline = Date.now() + GIVE_UP_MS
  let client = null
  while (!stop.now && Date.now() < deadline) {
    try {
      client ??= await connect(port)
      await client.ask('SET first write')
      client.close()
      return { port, at: Date.now() }
    } catch (error) {
      // Sentinel closes the connections of whom it promotes.
      if (!error.message.includes('READONLY')) client = null
      await sleep(POLL_MS)
    }
  }
  client?.close()
  throw new Error(`the server on port ${port} takes no writes`)
}

/** When one of them logged an event, whichever did first: milliseconds since the epoch. */
function eventTime(sentinels, event) {
  const times = sentinels.flatMap(({ log }) =>
    log()
      .split('\n')
      .filter(line => line.includes(event))
      .map(line =>
        Date.parse(
          line
            .slice(line.indexOf(':X ') + 3)
            .split(' ')
            .slice(0, 4)
            .join(' '),
        ),
      ),
  )
  if (times.length === 0) throw new Error(`no Sentinel logged ${event}`)
  return Math.min(...times)
}

async function poll(what, probe) {
  const deadline = Date.now() + GIVE_UP_MS
  for (;;) {
    try {
      if (await probe()) return
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`)
    await sleep(POLL_MS)
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values: options } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      a: { type: 'string', default: path.join(import.meta.dirname, '..', '..', 'bin', 'redis-ts') },
      b: { type: 'string', default: 'redis-server' },
    },
  })
  const servers = [options.a, options.b].map(command => ({ command, name: path.basename(command.split(' ')[0]) }))
  await measureFailover(servers, options)
}
