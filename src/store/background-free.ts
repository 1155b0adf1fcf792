/**
 * Gives back big pieces of memory in a thread of its own: the system takes 0.1 ms a megabyte for it, and cannot be asked to stop in
 * the middle. The thread comes when it is needed, which takes 1 ms, and goes when nothing has come for a while: it costs 8 MB.
 */
import { Worker } from 'node:worker_threads'

const IDLE_MS = 2000
/** As released-memory.ts does it: what is transferred to a port that is closed is gone. */
const CODE = `
const { MessageChannel, parentPort } = require('node:worker_threads')
const nowhere = new MessageChannel().port1
nowhere.close()
parentPort.on('message', buffer => nowhere.postMessage(null, [buffer]))`

let worker: Worker | null = null
let idle: NodeJS.Timeout | null = null

/** Takes a buffer that nobody will look at any more. False: there is no thread to be had. */
export function freeInBackground(buffer: ArrayBuffer): boolean {
  try {
    worker ??= start()
    worker.postMessage(buffer, [buffer])
  } catch {
    return false
  }
  if (idle === null) idle = setTimeout(stop, IDLE_MS).unref()
  else idle.refresh()
  return true
}

function start(): Worker {
  const started = new Worker(CODE, {
    eval: true,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
  })
  started.unref()
  const forget = (): void => {
    if (worker === started) worker = null
  }
  // What it could not free goes with it.
  started.on('error', forget)
  started.on('exit', forget)
  return started
}

function stop(): void {
  idle = null
  const stopped = worker
  worker = null
  void stopped?.terminate()
}
