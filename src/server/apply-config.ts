/** What CONFIG SET changes in the running server. */
import { rulesChanged } from '../commands/acl/clients.js'
import type { EvictionTimes, ServerApi } from '../commands/server-api.js'
import type { Eviction } from '../store/eviction.js'
import type { ClientEviction } from './client-eviction.js'
import type { CommandWatch } from './command-watch.js'
import type { MemoryLimit } from './memory-limit.js'
import { maxclientsLimit } from './open-files.js'

const LFU = /^(allkeys|volatile)-lfu$/

/** What follows the configuration. */
export interface ConfiguredServer extends ServerApi {
  readonly limits: { maxBulkBytes: number; queryBufferBytes: number }
  readonly watch: CommandWatch
  readonly eviction: Eviction
  readonly clientEviction: ClientEviction
  readonly memoryLimit: EvictionTimes & MemoryLimit
  stateChanged(): void
  updateTitle(): void
  /** EXEC is running. */
  readonly inTransaction: boolean
  /** Listens anew; rejects with what went wrong. */
  relisten(): Promise<void>
  /** What was to be listened on could not be had, as far as is known by now. */
  readonly cannotListen: boolean
}

/** Directives that say up to where values keep their compact encodings. */
const VALUE_LIMITS = [
  'hash-max-listpack-entries',
  'hash-max-listpack-value',
  'list-max-listpack-size',
  'list-compress-depth',
  'set-max-intset-entries',
  'set-max-listpack-entries',
  'set-max-listpack-value',
  'zset-max-listpack-entries',
  'zset-max-listpack-value',
  'stream-node-max-bytes',
  'stream-node-max-entries',
  'hll-sparse-max-bytes',
] as const

function applyValueLimits({ config: { values }, valueLimits }: ServerApi): void {
  const { hash, hyperLogLog, list, set, sortedSet, stream } = valueLimits
  hash.maxEntries = values['hash-max-listpack-entries']
  hash.maxValueBytes = values['hash-max-listpack-value']
  list.maxListpackSize = values['list-max-listpack-size']
  list.compressDepth = values['list-compress-depth']
  set.maxIntsetEntries = values['set-max-intset-entries']
  set.maxListpackEntries = values['set-max-listpack-entries']
  set.maxListpackValueBytes = values['set-max-listpack-value']
  sortedSet.maxEntries = values['zset-max-listpack-entries']
  sortedSet.maxValueBytes = values['zset-max-listpack-value']
  stream.nodeMaxBytes = Number(values['stream-node-max-bytes'])
  stream.nodeMaxEntries = Number(values['stream-node-max-entries'])
  hyperLogLog.sparseMaxBytes = values['hll-sparse-max-bytes']
}

/** Copies the settings that hot paths read, and keeps the copies current. */
export function applyConfig(server: ConfiguredServer): void {
  const { config, keyspace, limits, log } = server
  const apply = (): null => {
    const { values } = config
    applyValueLimits(server)
    limits.maxBulkBytes = values['proto-max-bulk-len']
    limits.queryBufferBytes = values['client-query-buffer-limit']
    keyspace.lazyfree.eviction = values['lazyfree-lazy-eviction']
    keyspace.lazyfree.expire = values['lazyfree-lazy-expire']
    keyspace.lazyfree.serverDel = values['lazyfree-lazy-server-del']
    keyspace.lazyfree.userDel = values['lazyfree-lazy-user-del']
    keyspace.lazyfree.userFlush = values['lazyfree-lazy-user-flush']
    keyspace.importMode = values['import-mode']
    keyspace.clock.lfu = LFU.test(values['maxmemory-policy'])
    keyspace.clock.lfuLogFactor = values['lfu-log-factor']
    keyspace.clock.lfuDecayMinutes = values['lfu-decay-time']
    server.replication.stream.resize(values['repl-backlog-size'])
    log.setLevel(values.loglevel)
    server.events.setClasses(values['notify-keyspace-events'])
    server.updateReports()
    server.watch.configure()
    server.tracking.maxKeys = values['tracking-table-max-keys']
    server.eviction.configure(values['maxmemory-policy'], values['maxmemory-samples'])
    server.clientEviction.configure(values['maxmemory-clients'], values.maxmemory)
    server.memoryLimit.configure(values.maxmemory, values['maxmemory-eviction-tenacity'])
    server.aof.configure()
    server.stateChanged()
    return null
  }
  apply()
  config.onChange('maxmemory', apply)
  for (const name of VALUE_LIMITS) config.onChange(name, apply)
  config.onChange('maxmemory', maxmemory => {
    const used = server.memory.usedBytes
    if (maxmemory !== 0 && used > maxmemory) {
      log.warning(
        `WARNING: the new maxmemory value set via CONFIG SET (${maxmemory}) is smaller than the current memory usage (${used}). This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.`,
      )
    }
    return null
  })
  config.onChange('maxmemory-samples', apply)
  config.onChange('import-mode', apply)
  config.onChange('maxmemory-eviction-tenacity', apply)
  config.onChange('maxmemory-clients', apply)
  config.onChange('replica-ignore-maxmemory', apply)
  config.onChange('proto-max-bulk-len', apply)
  config.onChange('client-query-buffer-limit', apply)
  config.onChange('maxmemory-policy', apply)
  config.onChange('lazyfree-lazy-eviction', apply)
  config.onChange('lazyfree-lazy-expire', apply)
  config.onChange('lazyfree-lazy-server-del', apply)
  config.onChange('lazyfree-lazy-user-del', apply)
  config.onChange('lazyfree-lazy-user-flush', apply)
  config.onChange('lfu-log-factor', apply)
  config.onChange('lfu-decay-time', apply)
  config.onChange('repl-backlog-size', apply)
  config.onChange('loglevel', apply)
  config.onChange('notify-keyspace-events', apply)
  config.onChange('slowlog-log-slower-than', apply)
  config.onChange('slowlog-max-len', apply)
  config.onChange('commandlog-request-larger-than', apply)
  config.onChange('commandlog-large-request-max-len', apply)
  config.onChange('commandlog-reply-larger-than', apply)
  config.onChange('commandlog-large-reply-max-len', apply)
  config.onChange('latency-monitor-threshold', apply)
  config.onChange('latency-tracking', apply)
  config.onChange('tracking-table-max-keys', apply)
  config.onChange('replica-read-only', apply)
  config.onChange('replica-serve-stale-data', apply)
  config.onChange('stop-writes-on-bgsave-error', apply)
  config.onChange('save', apply)
  config.onChange('min-replicas-to-write', apply)
  config.onChange('min-replicas-max-lag', apply)
  config.onChange('appendonly', wanted => {
    const { aof } = server
    if (!wanted) aof.stop()
    else if (aof.state === 'off' && !aof.start(server.inTransaction)) return 'Unable to turn on AOF. Check server logs.'
    return null
  })
  config.onChange('aof-disable-auto-gc', () => {
    server.aof.historyChanged()
    return null
  })
  config.onChange('appendfsync', apply)
  config.onChange('aof-timestamp-enabled', apply)
  config.onChange('no-appendfsync-on-rewrite', apply)
  config.onChange('maxclients', clients => {
    const most = maxclientsLimit()
    if (clients <= most) return null
    return `The operating system is not able to handle the specified number of clients, try with ${most}`
  })
  config.onChange('requirepass', password => {
    server.acl.setDefaultPassword(password)
    rulesChanged(server)
    return null
  })
  config.onChange('proc-title-template', () => {
    server.updateTitle()
    return null
  })
  const relisten = (): boolean => {
    server.relisten().catch((error: Error) => log.warning(error.message))
    // Numeric addresses are bound by now or refused; whether a host name can be had, only the log will tell.
    return !server.cannotListen
  }
  config.onChange('port', () => (relisten() ? null : 'Unable to listen on this port. Check server logs.'))
  config.onChange('bind', () => (relisten() ? null : 'Failed to bind to specified addresses.'))
}
