/** INFO server: what runs, where, since when. */
import { createHash } from 'node:crypto'
import os from 'node:os'
import type { ServerApi } from '../../commands/server-api.js'
import { REDIS_VERSION } from '../../config/version.js'
import { ticksPerSecond } from '../tick-rate.js'
import type { Field } from './info-field.js'

const SECONDS_A_DAY = 86400
const EVENT_APIS: { readonly [platform: string]: string } = {
  linux: 'epoll',
  darwin: 'kqueue',
  freebsd: 'kqueue',
  openbsd: 'kqueue',
  win32: 'iocp',
}

/** Differs between builds that may behave differently. */
const buildId = createHash('sha1').update(`${REDIS_VERSION} ${process.version}`).digest('hex').slice(0, 16)
const system = `${os.type()} ${os.release()} ${os.machine()}`
const eventApi = EVENT_APIS[process.platform] ?? 'poll'
const executable = Buffer.from(process.argv[1] ?? process.execPath, 'utf8').toString('latin1')

export function serverFields(server: ServerApi): Field[] {
  const { clients, config, keyspace, runId, shutdownLeftMs, stats, supervisedBy } = server
  const { values } = config
  const nowMs = server.keyspace.time.now()
  const uptime = Math.max(0, Math.floor((nowMs - stats.startedMs) / 1000))
  return [
    ['redis_version', REDIS_VERSION],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_build_id', buildId],
    ['redis_mode', 'standalone'],
    ['os', system],
    ['arch_bits', 64],
    ['monotonic_clock', 'POSIX clock_gettime'],
    ['multiplexing_api', eventApi],
    ['atomicvar_api', 'none'],
    ['gcc_version', '0.0.0'],
    ['process_id', process.pid],
    ['process_supervised', supervisedBy],
    ['run_id', runId],
    ['tcp_port', values.port],
    ['server_time_usec', server.keyspace.time.microseconds()],
    ['uptime_in_seconds', uptime],
    ['uptime_in_days', Math.floor(uptime / SECONDS_A_DAY)],
    ['hz', ticksPerSecond(values, clients.size)],
    ['configured_hz', values.hz],
    ['lru_clock', keyspace.clock.lruSeconds],
    ['executable', executable],
    ['config_file', config.file ?? ''],
    ['io_threads_active', 0],
    ...(shutdownLeftMs === null ? [] : [['shutdown_in_milliseconds', shutdownLeftMs] as const]),
    ...listenerFields(values.bind, values.port, values.unixsocket),
  ]
}

function listenerFields(bind: readonly string[], port: number, unixSocket: string): Field[] {
  const listeners: string[] = []
  if (port > 0) listeners.push(`name=tcp${bind.map(address => `,bind=${address}`).join('')},port=${port}`)
  if (unixSocket !== '') listeners.push(`name=unix,bind=${unixSocket}`)
  return listeners.map((listener, i) => [`listener${i}`, listener])
}
