#!/usr/bin/env node
// npm run bench: redis-ts beside redis-server on this machine, as Markdown tables.
//
//   npm run bench -- [--quick] [--only speed|streams|scripts|aof|memory|idle|save|start|sync|failover|library] [--a CMD] [--b CMD]
//
// A is this package's redis-ts and B is redis-server unless told otherwise. The servers run on CPU 0; redis-benchmark and
// this process, which pings, run on CPU 1. Needs redis-server, redis-benchmark and redis-sentinel
// (apt-get install redis-server redis-tools redis-sentinel).
import { execFileSync } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { measureAof } from './aof.mjs'
import { measureFailover } from './failover.mjs'
import { measureIdle } from './idle.mjs'
import { measureLibrary } from './library.mjs'
import { measureMemory } from './memory.mjs'
import { measureSave } from './save.mjs'
import { measureScripts } from './scripts.mjs'
import { pinSelf } from './server.mjs'
import { measureSpeed } from './speed.mjs'
import { measureStart } from './start.mjs'
import { measureStreams } from './streams.mjs'
import { measureSync } from './sync.mjs'

const SECTIONS = {
  speed: measureSpeed,
  streams: measureStreams,
  scripts: measureScripts,
  aof: measureAof,
  memory: measureMemory,
  idle: measureIdle,
  save: measureSave,
  start: measureStart,
  sync: measureSync,
  failover: measureFailover,
  library: measureLibrary,
}

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    a: { type: 'string', default: path.join(import.meta.dirname, '..', '..', 'bin', 'redis-ts') },
    b: { type: 'string', default: 'redis-server' },
  },
})
if (options.only !== undefined && !(options.only in SECTIONS)) {
  console.error(`--only ${options.only}: expected one of ${Object.keys(SECTIONS).join(', ')}`)
  process.exit(2)
}

pinSelf()
const name = command => path.basename(command.split(' ')[0])
const servers = [options.a, options.b].map(command => ({ command, name: name(command) }))
for (const { command } of servers) {
  const [file, ...args] = command.split(' ')
  console.log(`- ${execFileSync(file, [...args, '--version'], { encoding: 'utf8' }).trim()}`)
}
console.log(`- ${os.cpus()[0].model}, ${os.cpus().length} CPUs, Node ${process.version}\n`)

for (const [section, measure] of Object.entries(SECTIONS)) {
  if (options.only === undefined || options.only === section) await measure(servers, { quick: options.quick })
}
