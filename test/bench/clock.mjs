#!/usr/bin/env node
// How long an hour of a manual clock takes in which keys expire: 100,000 are to take less than 200 ms on a quiet machine.
//
//   node test/bench/clock.mjs [KEYS]
import { createServer } from '../../dist/index.js'

const keys = Number(process.argv[2] ?? 100_000)
const HOUR_MS = 3_600_000
const ROUNDS = 5

for (let round = 1; round <= ROUNDS; round++) {
  const server = await createServer({ clock: 'manual' })
  const writes = []
  for (let i = 0; i < keys; i++) {
    writes.push(server.command('SET', `key:${i}`, 'value', 'PX', 1 + ((i * 7919) % (HOUR_MS - 1))))
    if (writes.length === 1000) await Promise.all(writes.splice(0))
  }
  await Promise.all(writes)
  const before = performance.now()
  const cpu = process.cpuUsage()
  await server.clock.advance(HOUR_MS)
  const ms = performance.now() - before
  const { user, system } = process.cpuUsage(cpu)
  const left = await server.command('DBSIZE')
  console.log(
    `${keys} keys expire in an hour: ${ms.toFixed(0)} ms, ${((user + system) / 1000).toFixed(0)} ms of the processor's (${left} left)`,
  )
  await server.close()
}
