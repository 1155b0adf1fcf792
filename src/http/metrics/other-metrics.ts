/** What redis_exporter makes of INFO's lines that hold more than a number, and of the slow log, latency events and settings. */
import type { ServerApi } from '../../commands/server-api.js'
import { packageVersion } from '../../config/package-version.js'
import { LOG_NAMES } from '../../observe/command-log.js'
import type { Database } from '../../store/database.js'
import { DELAY_BUCKETS, type LoopDelays } from '../samples/loop-delay.js'
import type { Exposition, Labels } from './exposition.js'

/** INFO's fields that instance_info shows as labels, in redis_exporter's order. */
const INSTANCE_FIELDS = [
  'role',
  'redis_version',
  'redis_build_id',
  'redis_mode',
  'os',
  'maxmemory_policy',
  'tcp_port',
  'run_id',
  'process_id',
  'master_replid',
]

export function writeInstance(out: Exposition, fields: ReadonlyMap<string, string | number>, startedMs: number): void {
  out.single('up', 'gauge', 'The server answers.', 1)
  out.family('instance_info', 'gauge', 'What this server is.')
  out.sample(
    INSTANCE_FIELDS.map(name => [name, fields.get(name) ?? '']),
    1,
  )
  const started = 'When the server started, in seconds of Unix time.'
  out.single('start_time_seconds', 'gauge', started, Math.floor(startedMs / 1000))
  out.family('ts_build_info', 'gauge', 'Versions of redis-ts and of Node.')
  out.sample(
    [
      ['version', packageVersion()],
      ['node', process.version],
    ],
    1,
  )
}

/** `slave0:ip=...,port=...,state=...,offset=...,lag=...`, and on a replica its master and the link to it. */
export function writeReplication(out: Exposition, fields: ReadonlyMap<string, string | number>): void {
  if (fields.get('role') === 'slave') writeMasterLink(out, fields)
  const replicas: { labels: Labels; offset: string; lag: string }[] = []
  for (const [name, value] of fields) {
    if (!/^slave\d+$/.test(name)) continue
    const parts = pairsOf(String(value))
    const labels: Labels = [
      ['slave_ip', parts.get('ip') ?? ''],
      ['slave_port', parts.get('port') ?? ''],
      ['slave_state', parts.get('state') ?? ''],
    ]
    replicas.push({ labels, offset: parts.get('offset') ?? '0', lag: parts.get('lag') ?? '0' })
  }
  if (replicas.length === 0) return
  out.family('connected_slave_offset_bytes', 'gauge', 'Offset that the replica has acknowledged.')
  for (const { labels, offset } of replicas) out.sample(labels, offset)
  out.family('connected_slave_lag_seconds', 'gauge', 'Seconds since the replica has acknowledged anything.')
  for (const { labels, lag } of replicas) out.sample(labels, lag)
}

function writeMasterLink(out: Exposition, fields: ReadonlyMap<string, string | number>): void {
  const master: Labels = [
    ['master_host', fields.get('master_host') ?? ''],
    ['master_port', fields.get('master_port') ?? ''],
  ]
  const one = (name: string, help: string, value: string | number): void => {
    out.family(name, 'gauge', help)
    out.sample(master, value)
  }
  one('master_link_up', 'The link to the master is up.', fields.get('master_link_status') === 'up' ? 1 : 0)
  one(
    'master_last_io_seconds_ago',
    'Seconds since the master was heard of; -1 while the link is down.',
    fields.get('master_last_io_seconds_ago') ?? -1,
  )
  one('master_sync_in_progress', 'The master sends all of its data.', fields.get('master_sync_in_progress') ?? 0)
  one('slave_repl_offset', 'Offset of the stream up to which it is executed.', fields.get('slave_repl_offset') ?? 0)
  out.family('slave_info', 'gauge', 'This server is a replica.')
  out.sample([...master, ['read_only', fields.get('slave_read_only') ?? '']], 1)
}

/** What INFO keyspace tells, of the same databases. */
export function writeKeyspace(out: Exposition, { keyspace }: ServerApi): void {
  const databases = keyspace.databases.filter(({ keys }) => keys.count > 0)
  const family = (name: string, help: string, value: (database: Database) => number): void => {
    out.family(name, 'gauge', help)
    for (const database of databases) out.sample([['db', `db${database.index}`]], value(database))
  }
  if (databases.length === 0) return
  family('db_keys', 'Keys, by database.', ({ keys }) => keys.count)
  family('db_keys_expiring', 'Keys with an expiry, by database.', ({ expires }) => expires.count)
  family('db_avg_ttl_seconds', 'Seconds that keys with an expiry have left on average, by database.', database => {
    return database.averageTtlMs / 1000
  })
}

/** `a=1,b=2` */
function pairsOf(text: string): Map<string, string> {
  return new Map(text.split(',').map(pair => pair.split('=') as [string, string]))
}

export function writeLogs(out: Exposition, { commandLogs, config, latency }: ServerApi): void {
  const { slow } = commandLogs
  const [last] = slow.latest(1)
  out.single('slowlog_length', 'gauge', 'Commands in the slow log.', slow.length)
  out.single('slowlog_last_id', 'gauge', 'Number of the last command in the slow log.', last?.id ?? 0)
  out.single(
    'last_slow_execution_duration_seconds',
    'gauge',
    'Seconds that the last command in the slow log took.',
    (last?.value ?? 0) / 1e6,
  )
  for (const name of LOG_NAMES) {
    const word = name.replace('-', '_')
    out.single(`commandlog_${word}_length`, 'gauge', `Commands in the log named ${name}.`, commandLogs[name].length)
  }
  const { values } = config
  const setting = (name: string, help: string, value: number): void => out.single(name, 'gauge', help, value)
  setting('commandlog_execution_slower_than', 'Microseconds from which on.', values['slowlog-log-slower-than'])
  setting('commandlog_request_larger_than', 'Bytes from which on.', values['commandlog-request-larger-than'])
  setting('commandlog_reply_larger_than', 'Bytes from which on.', values['commandlog-reply-larger-than'])
  if (latency.events.size === 0) return
  out.family('latency_spike_last', 'gauge', 'When something last took too long, in seconds of Unix time.')
  for (const [event, series] of latency.events) out.sample([['event_name', event]], series.latest.seconds)
  out.family('latency_spike_duration_seconds', 'gauge', 'How long that took.')
  for (const [event, series] of latency.events) out.sample([['event_name', event]], series.latest.ms / 1000)
}

/** The settings that redis_exporter shows without being asked to. */
export function writeSettings(out: Exposition, { config: { values } }: ServerApi): void {
  const setting = (name: string, value: number): void => {
    out.single(`config_${name}`, 'gauge', `The setting ${name.replaceAll('_', '-')}.`, value)
  }
  setting('maxclients', values.maxclients)
  setting('maxmemory', values.maxmemory)
  setting('io_threads', values['io-threads'])
  setting('repl_backlog_size', values['repl-backlog-size'])
  const limits = [
    ['normal', values['client-output-buffer-limit'].normal],
    ['slave', values['client-output-buffer-limit'].replica],
    ['pubsub', values['client-output-buffer-limit'].pubsub],
  ] as const
  out.family('config_client_output_buffer_limit_bytes', 'gauge', 'Bytes that may wait for clients of a class.')
  for (const [name, { hardBytes, softBytes }] of limits) {
    const limitOf = (limit: string): Labels => [
      ['class', name],
      ['limit', limit],
    ]
    out.sample(limitOf('hard'), hardBytes)
    out.sample(limitOf('soft'), softBytes)
  }
  const overcome = 'config_client_output_buffer_limit_overcome_seconds'
  out.family(overcome, 'gauge', 'Seconds for which the soft limit may be exceeded.')
  for (const [name, { softSeconds }] of limits) {
    out.sample(
      [
        ['class', name],
        ['limit', 'soft'],
      ],
      softSeconds,
    )
  }
}

/** This server's own: how late its one thread comes to what is due, which is how long clients wait beyond their command's time. */
export function writeEventLoop(
  out: Exposition,
  { eventLoop }: ServerApi,
  { byBucket, count, sumSeconds }: LoopDelays,
): void {
  out.family('ts_event_loop_delay_seconds', 'histogram', 'How late the event loop comes to what is due.')
  let within = 0
  DELAY_BUCKETS.forEach((le, i) => {
    within += byBucket[i]
    out.sample([['le', le]], within, '_bucket')
  })
  out.sample([['le', '+Inf']], count, '_bucket')
  out.sample([], sumSeconds, '_sum')
  out.sample([], count, '_count')
  const longest = 'The longest turn of requests or housekeeping since the last CONFIG RESETSTAT.'
  out.single('ts_event_loop_longest_turn_seconds', 'gauge', longest, eventLoop.longestMs / 1000)
}
