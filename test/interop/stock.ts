import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { HOW_TO_GET, hasStock } from './stock-tools.js'

export { hasStock }

/** The executable under test. It runs dist/, which test/global-setup.ts keeps as new as src/. */
export const REDIS_TS = join(process.cwd(), 'bin', 'redis-ts')

/**
 * What `describe` does with a suite that needs stock tools: `describe('...', requireStock('redis-cli'), () => {...})`. The suite
 * is left out where a tool is missing (test/global-setup.ts has said so, once per tool); under CI a missing tool throws.
 */
export function requireStock(...names: string[]): { skip: boolean } {
  const missing = names.filter(name => !hasStock(name))
  if (missing.length > 0 && process.env.CI) {
    throw new Error(missing.map(name => `${name} is missing; get it with: ${HOW_TO_GET[name] ?? name}`).join('\n'))
  }
  return { skip: missing.length > 0 }
}

const handedOut = new Set<number>()

/**
 * A TCP port nobody listens on, below 30000: outside the range from which the kernel takes the ports of outgoing connections,
 * which could otherwise sit on it by the time the server binds it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    if (handedOut.has(port)) continue
    const free = await new Promise<boolean>(resolve => {
      const probe = createServer()
      probe.once('error', () => resolve(false))
      probe.listen(port, () => probe.close(() => resolve(true)))
    })
    if (!free) continue
    handedOut.add(port)
    return port
  }
}

const directories: string[] = []
const running = new Set<ChildProcess>()

/** A new directory that is removed when the test file has ended. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'redis-ts-test-'))
  directories.push(dir)
  return dir
}

afterAll(async () => {
  await Promise.all([...running].map(child => killAndWait(child)))
  for (const dir of directories.splice(0)) rmSync(dir, { recursive: true, force: true })
})
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function killAndWait(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

export interface StartOptions {
  /** Text of a config file, written to DIR/redis.conf and named first on the command line. */
  config?: string
  /** Listen here instead of on a free port (a server started again). */
  port?: number
  /** Work here instead of in a new temporary directory (a server started again on its files). */
  dir?: string
  /** Extra environment variables; undefined takes one away. */
  env?: Record<string, string | undefined>
  /** Another redis-ts than this project's bin/redis-ts: one that is installed. */
  executable?: string
  /** Longest wait for "Ready to accept connections", milliseconds; 20 000 unless told. */
  readyTimeoutMs?: number
}

export interface RunningProgram {
  readonly pid: number
  readonly process: ChildProcess
  /** Resolves when the process has ended: its exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>
  /** Everything it has written to stdout and stderr so far. */
  log(): string
  /**
   * The first log line that contains the string or matches the pattern, waiting for it at most `timeoutMs` (10 000 unless told).
   * `from`: an earlier `log().length`, to look only at what came after it. Rejects with the log's end on time-out or exit.
   */
  waitForLog(pattern: string | RegExp, timeoutMs?: number, from?: number): Promise<string>
  /** SIGTERM, then waits for the end; SIGKILL after 20 seconds. Resolves with the exit code. */
  stop(): Promise<number | null>
  /** Sends a signal and does not wait (see `exited`). */
  kill(signal: NodeJS.Signals): void
}

export interface RunningServer extends RunningProgram {
  readonly port: number
  readonly dir: string
}

/** Starts stock redis-server; resolves when it logs "Ready to accept connections", rejects with its log otherwise. */
export function startRedisServer(args: string[] = [], options: StartOptions = {}): Promise<RunningServer> {
  return start('redis-server', args, options)
}

/** Starts bin/redis-ts; resolves when it logs "Ready to accept connections", rejects with its log otherwise. */
export function startRedisTs(args: string[] = [], options: StartOptions = {}): Promise<RunningServer> {
  return start(options.executable ?? REDIS_TS, args, options)
}

/** The log must go to stdout: do not set `logfile` or `daemonize` in the arguments or the config. */
async function start(command: string, args: string[], options: StartOptions): Promise<RunningServer> {
  const port = options.port ?? (await freePort())
  const dir = options.dir ?? tempDir()
  const argv = ['--port', String(port), '--dir', dir, ...args]
  if (options.config !== undefined) {
    const file = join(dir, 'redis.conf')
    writeFileSync(file, options.config)
    argv.unshift(file)
  }
  const name = `${command} (port ${port})`
  return {
    ...(await startProgram(command, argv, { ...options, name, ready: 'Ready to accept connections' })),
    port,
    dir,
  }
}

export interface ProgramOptions extends Pick<StartOptions, 'env' | 'readyTimeoutMs'> {
  /** What errors call it. */
  name: string
  /** The log line that says it has started. */
  ready: string
}

/** Starts any program; resolves when it logs `ready`, rejects with its log otherwise. */
export async function startProgram(command: string, argv: string[], options: ProgramOptions): Promise<RunningProgram> {
  const { name } = options
  const child = spawn(command, argv, { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let text = ''
  let over = false
  const listeners = new Set<() => void>()
  const changed = () => {
    for (const listener of [...listeners]) listener()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (data: string) => {
      text += data
      changed()
    })
  }
  // 'close' and not 'exit': by then the last lines of the log have been read.
  const exited = new Promise<number | null>(resolve => {
    const ended = (code: number | null, why?: Error) => {
      if (why) text += `${why.message}\n`
      over = true
      running.delete(child)
      changed()
      resolve(code)
    }
    child.once('error', error => ended(null, error))
    child.once('close', code => ended(code))
  })

  const waitForLog = (pattern: string | RegExp, timeoutMs = 10_000, from = 0): Promise<string> =>
    new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        listeners.delete(look)
        settle()
      }
      const fail = (what: string) =>
        finish(() => reject(new Error(`${name} ${what} ${String(pattern)}; its log ends:\n${text.slice(-4000)}`)))
      const look = () => {
        const line = text
          .slice(from)
          .split('\n')
          .find(each => (typeof pattern === 'string' ? each.includes(pattern) : each.search(pattern) >= 0))
        if (line !== undefined) finish(() => resolve(line))
        else if (over) fail('ended without logging')
      }
      const timer = setTimeout(() => fail(`did not log in ${timeoutMs} ms:`), timeoutMs)
      listeners.add(look)
      look()
    })

  try {
    await waitForLog(options.ready, options.readyTimeoutMs ?? 20_000)
  } catch (error) {
    if (!over) child.kill('SIGKILL')
    throw error
  }
  return {
    pid: child.pid ?? 0,
    process: child,
    exited,
    log: () => text,
    waitForLog,
    kill: signal => void child.kill(signal),
    async stop() {
      const last = setTimeout(() => child.kill('SIGKILL'), 20_000)
      child.kill('SIGTERM')
      const code = await exited
      clearTimeout(last)
      return code
    },
  }
}

/**
 * Runs stock redis-cli against 127.0.0.1:port and gives what it prints, without the line breaks at its end. Error replies are
 * text as redis-cli prints them; rejects (with what it wrote to stderr) when it cannot connect.
 */
export function cli(port: number, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('redis-cli', ['-p', String(port), ...args], { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`redis-cli -p ${port} ${args.join(' ')}: ${stderr || error.message}${stdout}`))
      else resolve(stdout.replace(/\n+$/, ''))
    })
  })
}
