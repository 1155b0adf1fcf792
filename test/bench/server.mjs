// Starts a server under measurement, and reads its CPU time and memory from /proc.
import { execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

const canPin = os.cpus().length > 1
const TICKS_PER_SECOND = 100
const READY = 'Ready to accept connections'

/**
 * Moves this process, and what it starts from now on, to CPU 1, and (as root) before other programs: a ping that waits for this
 * process to be scheduled would say nothing about the server.
 */
export function pinSelf() {
  if (canPin) execFileSync('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' })
  try {
    os.setPriority(-NICENESS)
  } catch {
    console.log('- not root: pings compete with other programs for the CPU, and their maximum is that of the machine')
  }
}

const NICENESS = 10
/** Put before a load generator's command line: gives up the priority that pinSelf() took. */
export const AT_NORMAL_PRIORITY = ['nice', '-n', String(NICENESS)]

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

async function freePort() {
  const probe = net.createServer()
  await new Promise((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = probe.address()
  await new Promise(resolve => probe.close(resolve))
  return port
}

/**
 * Starts `command` (words apart by spaces) on CPU 0 or `cpu`, on a free port, without automatic saves and without AOF, unless it asks for it. Resolves when
 * its log says that it is ready, with readyMs since the start. `dir`: start on these files instead of in a new directory.
 */
export async function startServer(command, { dir, cpu = 0 } = {}) {
  const port = await freePort()
  const home = dir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'redis-ts-bench-'))
  // What the command says itself comes last, and holds; a config file comes first.
  const [program, ...words] = command.split(' ')
  const file = words.length > 0 && !words[0].startsWith('-') ? [words.shift()] : []
  const defaults = ['--port', String(port), '--save', '', '--appendonly', 'no', '--dir', home]
  const argv = [program, ...file, ...defaults, ...words]
  return { ...(await launch(argv, READY, home, cpu)), command, port }
}

/**
 * Starts stock redis-sentinel on CPU 0, on a free port, with these lines of configuration. Resolves when it watches its master.
 */
export async function startSentinel(lines) {
  const port = await freePort()
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'redis-ts-bench-'))
  const file = path.join(home, 'sentinel.conf')
  fs.writeFileSync(file, `${[`port ${port}`, ...lines].join('\n')}\n`)
  return { ...(await launch(['redis-sentinel', file], '+monitor', home, 0)), port }
}

/** Starts a program on a CPU that works in `home`. Resolves when its log says `ready`. */
async function launch(argv, ready, home, cpu) {
  if (canPin) argv.unshift(...AT_NORMAL_PRIORITY, 'taskset', '-c', String(cpu))
  const begun = performance.now()
  const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  let log = ''
  const ended = new Promise(resolve => {
    child.once('error', resolve)
    child.once('exit', resolve)
  })
  await new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', data => {
      log += data
      if (log.includes(ready)) resolve()
    })
    ended.then(() => reject(new Error(`${argv.join(' ')} did not start:\n${log}`)))
  })
  return {
    dir: home,
    pid: child.pid,
    readyMs: performance.now() - begun,
    log: () => log,
    /** Ends it at once and removes its directory, unless told to keep that. */
    async stop({ keep = false } = {}) {
      child.kill('SIGKILL')
      await ended
      running.delete(child)
      if (!keep) fs.rmSync(home, { recursive: true, force: true })
    },
  }
}

/** This file of /proc of the server and of each child that it has, as text. */
function procFiles({ pid }, name) {
  return family(pid).flatMap(member => {
    try {
      return [fs.readFileSync(`/proc/${member}/${name}`, 'utf8')]
    } catch (error) {
      // A child that saved has ended meanwhile.
      if (member === pid) throw error
      return []
    }
  })
}

function family(pid) {
  try {
    const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return [pid, ...children.flatMap(child => family(Number(child)))]
  } catch {
    return [pid]
  }
}

/** CPU time of the server and its children so far, microseconds (in steps of 10 ms). */
export function cpuMicroseconds(server) {
  let ticks = 0
  for (const text of procFiles(server, 'stat')) {
    const fields = text.replace(/^.*\) /, '').split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return (ticks * 1e6) / TICKS_PER_SECOND
}

/** Resident memory of the server and its children, bytes. */
export function residentBytes(server) {
  return kibOf(procFiles(server, 'status'), /VmRSS:\s+(\d+)/) * 1024
}

/** Memory of the server and its children in which pages that they share count once, bytes. */
export function proportionalBytes(server) {
  return kibOf(procFiles(server, 'smaps_rollup'), /^Pss:\s+(\d+)/m) * 1024
}

function kibOf(texts, pattern) {
  return texts.reduce((kib, text) => kib + Number(pattern.exec(text)?.[1] ?? 0), 0)
}
