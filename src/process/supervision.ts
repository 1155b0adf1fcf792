/**
 * `supervised`: tells upstart or systemd that the server is ready. upstart waits for the process to stop itself; systemd is
 * told by its program systemd-notify, so that the unit needs `NotifyAccess=all`. Source: redisIsSupervised in server.c.
 */
import { execFile } from 'node:child_process'
import type { Config } from '../config/config.js'
import type { Log } from '../observe/log.js'

export type Supervisor = 'no' | 'upstart' | 'systemd'

const NOTIFY = 'systemd-notify'

/** Who supervises this process by its environment, of those that the configuration takes. */
export function findSupervisor({ values }: Config): Supervisor {
  const { supervised } = values
  const { UPSTART_JOB: upstart, NOTIFY_SOCKET: systemd } = process.env
  if (upstart !== undefined && (supervised === 'upstart' || supervised === 'auto')) return 'upstart'
  if (systemd !== undefined && (supervised === 'systemd' || supervised === 'auto')) return 'systemd'
  return 'no'
}

/** Says in the log who supervises the process, or that it is not whom the configuration names. */
export function logSupervision({ values }: Config, by: Supervisor, log: Log): void {
  if (by === 'upstart') log.notice('supervised by upstart, will stop to signal readiness.')
  else if (by === 'systemd') {
    log.notice(
      'Supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec and TimeoutStopSec in your service unit.',
    )
  } else if (values.supervised === 'upstart') {
    log.warning('upstart supervision requested, but UPSTART_JOB not found!')
  } else if (values.supervised === 'systemd') log.warning('systemd supervision error: NOTIFY_SOCKET not found!')
}

/** The server accepts connections. `readOnly`: it is a replica that has yet to see its master. */
export function signalReadiness(by: Supervisor, readOnly: boolean, log: Log): void {
  if (by === 'upstart') process.kill(process.pid, 'SIGSTOP')
  if (by !== 'systemd') return
  const status = readOnly
    ? 'Ready to accept connections in read-only mode. Waiting for MASTER <-> REPLICA sync'
    : 'Ready to accept connections'
  execFile(NOTIFY, ['READY=1', `STATUS=${status}`], error => {
    if (error !== null) log.warning(`systemd supervision error: ${NOTIFY}: ${error.message}`)
  })
}
