/**
 * Frees large memory on a thread of its own: the kernel takes some 0.1 s to take 300 MB back, page by page. The thread is there
 * from the first time it is needed until it has had nothing to do for a while.
 */

import { Worker } from 'node:worker_threads'
import { clearTimeout, setTimeout } from '../../clock/platform.js'

/** What is transferred to a port that is closed is freed at once: as in released-memory.ts. */
const REAP = `
const { MessageChannel, parentPort } = require('node:worker_threads')
const nowhere = new MessageChannel().port1
nowhere.close()
parentPort.on('message', memory => nowhere.postMessage(null, [memory]))
`
const IDLE_MS = 10_000
const HEAP_MB = 16

let reaper: Worker | null = null
let idle: NodeJS.Timeout | null = null

/** Frees memory that nobody will look at any more: soon, and without holding up anybody. False: there may be no thread here. */
export function freeElsewhere(memory: ArrayBuffer): boolean {
  reaper ??= start()
  if (reaper === null) return false
  reaper.postMessage(memory, [memory])
  if (idle !== null) clearTimeout(idle)
  idle = setTimeout(stop, IDLE_MS)
  idle.unref()
  return true
}

function start(): Worker | null {
  let worker: Worker
  try {
    worker = new Worker(REAP, { eval: true, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
  } catch {
    // Node's permission model allows none, say.
    return null
  }
  worker.unref()
  // Without it the memory is left to the garbage collector.
  worker.on('error', () => {})
  worker.on('exit', () => {
    if (reaper === worker) reaper = null
  })
  return worker
}

function stop(): void {
  const worker = reaper
  reaper = null
  idle = null
  void worker?.terminate()
}
