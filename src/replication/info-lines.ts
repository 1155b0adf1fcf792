/** INFO replication, line by line. Fields and their order are those of Redis 7.2 (genRedisInfoString in server.c). */
import type { MasterLink } from './master-link.js'
import type { Replication } from './replication.js'
import type { SyncProgress } from './transfer.js'

/** What a replica shows for its offset when it has never followed a master. */
const NO_OFFSET = 1
/** Before the master has announced its snapshot. */
const NOTHING_YET: SyncProgress = { size: -1, received: 0 }

/** "field:value" lines, without the section's title. */
export function infoLines(replication: Replication): string[] {
  const { config, failover, identity, master, replicas, stream } = replication
  const { values } = config
  const lines = [`role:${master === null ? 'master' : 'slave'}`]
  if (master !== null) lines.push(...replicaLines(replication, master))
  lines.push(`connected_slaves:${replicas.count}`)
  if (values['min-replicas-to-write'] > 0 && values['min-replicas-max-lag'] > 0) {
    lines.push(`min_slaves_good_slaves:${replicas.goodCount}`)
  }
  let i = 0
  for (const link of replicas.links) {
    const state = link.state.startsWith('wait_bgsave') ? 'wait_bgsave' : link.state
    lines.push(
      `slave${i++}:ip=${link.ip},port=${link.traits.listeningPort},state=${state},offset=${link.acknowledgedOffset},lag=${link.lagSeconds}`,
    )
  }
  lines.push(
    `master_failover_state:${failover.state}`,
    `master_replid:${identity.replid}`,
    `master_replid2:${identity.replid2}`,
    `master_repl_offset:${stream.offset}`,
    `second_repl_offset:${identity.secondOffset}`,
    `repl_backlog_active:${stream.active ? 1 : 0}`,
    `repl_backlog_size:${stream.windowBytes}`,
    `repl_backlog_first_byte_offset:${stream.active ? stream.windowStart + 1 : 0}`,
    `repl_backlog_histlen:${stream.windowLength}`,
  )
  return lines
}

function replicaLines(replication: Replication, master: MasterLink): string[] {
  const { values } = replication.config
  const nowMs = replication.clock.now()
  const synchronizing = master.state === 'sync' || master.state === 'loading'
  const lines = [
    `master_host:${master.host}`,
    `master_port:${master.port}`,
    `master_link_status:${master.up ? 'up' : 'down'}`,
    `master_last_io_seconds_ago:${master.up ? secondsBetween(master.lastIoMs, nowMs) : -1}`,
    `master_sync_in_progress:${synchronizing ? 1 : 0}`,
    `slave_read_repl_offset:${replication.hasHistory ? replication.receivedOffset : NO_OFFSET}`,
    `slave_repl_offset:${replication.hasHistory ? replication.offset : NO_OFFSET}`,
  ]
  if (synchronizing) lines.push(...syncLines(master, nowMs))
  // Sentinel promotes no replica that has been without its master for long, and takes -1 for no time.
  if (!master.up) lines.push(`master_link_down_since_seconds:${replication.linkDownSeconds}`)
  lines.push(
    `slave_priority:${values['replica-priority']}`,
    `slave_read_only:${values['replica-read-only'] ? 1 : 0}`,
    `replica_announced:${values['replica-announced'] ? 1 : 0}`,
  )
  return lines
}

function syncLines({ lastIoMs, progress }: MasterLink, nowMs: number): string[] {
  const { received, size } = progress ?? NOTHING_YET
  // The size of a diskless one is not known: what is left counts down from 0.
  const total = progress === null ? size : Math.max(0, size)
  return [
    `master_sync_total_bytes:${total}`,
    `master_sync_read_bytes:${received}`,
    `master_sync_left_bytes:${total - received}`,
    `master_sync_perc:${total > 0 ? ((received / total) * 100).toFixed(2) : '0.00'}`,
    `master_sync_last_io_seconds_ago:${secondsBetween(lastIoMs, nowMs)}`,
  ]
}

function secondsBetween(ms: number, nowMs: number): number {
  return Math.floor((nowMs - ms) / 1000)
}
