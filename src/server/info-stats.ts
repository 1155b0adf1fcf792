/** INFO stats: counters since the start or the last CONFIG RESETSTAT. */
import type { ServerApi } from '../commands/server-api.js'
import type { Gauges } from './gauges.js'
import type { Field } from './info-field.js'
import { clientTraffic } from './traffic.js'

export function statsFields(server: ServerApi, { rates }: Gauges): Field[] {
  const { keyspace, pubsub, replication, stats } = server
  const { denials } = server.acl.log
  const traffic = clientTraffic(server)
  const syncs = replication.replicas.stats
  return [
    ['total_connections_received', stats.connectionsReceived],
    ['total_commands_processed', stats.commandsProcessed],
    ['instantaneous_ops_per_sec', Math.round(rates.commands.perSecond)],
    ['total_net_input_bytes', traffic.bytesIn + replication.bytesIn],
    ['total_net_output_bytes', traffic.bytesOut + syncs.bytesOut],
    ['total_net_repl_input_bytes', replication.bytesIn],
    ['total_net_repl_output_bytes', syncs.bytesOut],
    ['instantaneous_input_kbps', kilobytes(rates.bytesIn.perSecond)],
    ['instantaneous_output_kbps', kilobytes(rates.bytesOut.perSecond)],
    ['instantaneous_input_repl_kbps', kilobytes(rates.replicationBytesIn.perSecond)],
    ['instantaneous_output_repl_kbps', kilobytes(rates.replicationBytesOut.perSecond)],
    ['rejected_connections', stats.connectionsRejected],
    ['sync_full', syncs.syncFull],
    ['sync_partial_ok', syncs.syncPartialOk],
    ['sync_partial_err', syncs.syncPartialErr],
    ['expired_keys', keyspace.expiredKeys],
    ['expired_stale_perc', '0.00'],
    ['expired_time_cap_reached_count', 0],
    ['expire_cycle_cpu_milliseconds', 0],
    ['evicted_keys', 0],
    ['evicted_clients', 0],
    ['total_eviction_exceeded_time', 0],
    ['current_eviction_exceeded_time', 0],
    ['keyspace_hits', keyspace.hits],
    ['keyspace_misses', keyspace.misses],
    ['pubsub_channels', pubsub.channels.size],
    ['pubsub_patterns', pubsub.patterns.size],
    ['pubsubshard_channels', pubsub.shardChannels.size],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['migrate_cached_sockets', 0],
    ['slave_expires_tracked_keys', keyspace.replicaExpiries.size],
    ['active_defrag_hits', 0],
    ['active_defrag_misses', 0],
    ['active_defrag_key_hits', 0],
    ['active_defrag_key_misses', 0],
    ['total_active_defrag_time', 0],
    ['current_active_defrag_time', 0],
    ['tracking_total_keys', 0],
    ['tracking_total_items', 0],
    ['tracking_total_prefixes', 0],
    ['unexpected_error_replies', 0],
    ['total_error_replies', stats.errorReplies],
    ['dump_payload_sanitizations', 0],
    ['total_reads_processed', 0],
    ['total_writes_processed', 0],
    ['io_threaded_reads_processed', 0],
    ['io_threaded_writes_processed', 0],
    ['reply_buffer_shrinks', 0],
    ['reply_buffer_expands', 0],
    ['eventloop_cycles', 0],
    ['eventloop_duration_sum', 0],
    ['eventloop_duration_cmd_sum', 0],
    ['instantaneous_eventloop_cycles_per_sec', 0],
    ['instantaneous_eventloop_duration_usec', 0],
    ['acl_access_denied_auth', denials.auth],
    ['acl_access_denied_cmd', denials.command],
    ['acl_access_denied_key', denials.key],
    ['acl_access_denied_channel', denials.channel],
  ]
}

function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(2)
}
