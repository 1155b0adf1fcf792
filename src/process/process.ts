/** What a process of a server's own does beside serving: its pid file, and going into the background. */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import type { Config } from '../config/config.js'
import type { Log } from '../observe/log.js'

/** Set in the environment of a process that was started to run in the background. */
const DAEMON_MARK = 'REDIS_TS_DAEMON'

/** What a process in the background says to the one that started it. */
type DaemonMessage = { readonly ready: true } | { readonly refusal: string }

export function isDaemonChild(): boolean {
  return process.env[DAEMON_MARK] !== undefined
}

/**
 * `daemonize yes`: starts the same command line again, detached, and waits until that process has written its pid file
 * and listens, or has failed: its log tells why, or what it has to say before it has one is written to stderr. Resolves
 * to the exit code for this process.
 *
 * @param stdin what this process has read from standard input, which the other one is to read too; a byte string.
 */
export function daemonize(stdin: string | null): Promise<number> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      detached: true,
      env: { ...process.env, [DAEMON_MARK]: '1' },
      stdio: [stdin === null ? 'ignore' : 'pipe', 'ignore', 'ignore', 'ipc'],
    })
    child.stdin?.on('error', () => {}).end(stdin ?? '', 'latin1')
    child.on('message', (message: DaemonMessage) => {
      if ('refusal' in message) {
        process.stderr.write(message.refusal)
        return
      }
      if (child.connected) child.disconnect()
      child.unref()
      resolve(0)
    })
    child.once('exit', code => resolve(code ?? 1))
    child.once('error', () => resolve(1))
  })
}

/** Tells the process that started this one in the background that all is well. */
export function daemonReady(): void {
  if (isDaemonChild()) tell({ ready: true })
}

/** Why the server does not start, for whoever started it: on stderr, which a process in the background has not. */
export function refuseToStart(text: string): void {
  if (isDaemonChild()) tell({ refusal: `${text}\n` })
  else process.stderr.write(`${text}\n`)
  process.exitCode = 1
}

function tell(message: DaemonMessage): void {
  if (process.send === undefined) return
  process.send(message)
  process.disconnect()
}

/** Writes the pid file, if one is wanted: always when daemonized, else only where `pidfile` is set. */
export function writePidFile(config: Config, log: Log): string | null {
  const { pidfile } = config.values
  if (pidfile === '' && !isDaemonChild()) return null
  const file = config.path(pidfile === '' ? '/var/run/redis.pid' : pidfile)
  try {
    fs.writeFileSync(file, `${process.pid}\n`)
    return file
  } catch (error) {
    log.warning(`Failed to write PID file: ${(error as Error).message}`)
    return null
  }
}
