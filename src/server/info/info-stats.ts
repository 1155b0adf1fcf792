/** INFO stats: counters since the start or the last CONFIG RESETSTAT. */
import type { Command } from '../../commands/command.js'
import type { ServerApi } from '../../commands/server-api.js'
import type { Field } from './info-field.js'

export function statsFields(server: ServerApi): Field[] {
  const { eventLoop, expiry, keyspace, pubsub, replication, saver, stats, tracking } = server
  const { denials } = server.acl.log
  const rates = stats.rates.current
  const syncs = replication.replicas.stats
  return [
    ['total_connections_received', stats.connectionsReceived],
    ['total_commands_processed', stats.commandsProcessed],
    ['instantaneous_ops_per_sec', Math.round(rates.commands)],
    ['total_net_input_bytes', stats.bytesIn + replication.bytesIn],
    ['total_net_output_bytes', stats.bytesOut + syncs.bytesOut],
    ['total_net_repl_input_bytes', replication.bytesIn],
    ['total_net_repl_output_bytes', syncs.bytesOut],
    ['instantaneous_input_kbps', kilobytes(rates.bytesIn)],
    ['instantaneous_output_kbps', kilobytes(rates.bytesOut)],
    ['instantaneous_input_repl_kbps', kilobytes(rates.replicationBytesIn)],
    ['instantaneous_output_repl_kbps', kilobytes(rates.replicationBytesOut)],
    ['rejected_connections', stats.connectionsRejected],
    ['sync_full', syncs.syncFull],
    ['sync_partial_ok', syncs.syncPartialOk],
    ['sync_partial_err', syncs.syncPartialErr],
    ['expired_keys', keyspace.expiredKeys],
    // Redis 7.4's: fields of hashes.
    ['expired_subkeys', keyspace.expiredFields],
    ['expired_stale_perc', (expiry.staleShare * 100).toFixed(2)],
    ['expired_time_cap_reached_count', expiry.timeCapReached],
    ['expire_cycle_cpu_milliseconds', Math.floor(expiry.milliseconds)],
    ['evicted_keys', keyspace.evictedKeys],
    ['evicted_clients', stats.evictedClients],
    ['total_eviction_exceeded_time', Math.floor(server.memoryLimit.totalExceededMs)],
    ['current_eviction_exceeded_time', Math.floor(server.memoryLimit.currentExceededMs)],
    ['keyspace_hits', keyspace.hits],
    ['keyspace_misses', keyspace.misses],
    ['pubsub_channels', pubsub.channels.size],
    ['pubsub_patterns', pubsub.patterns.size],
    ['pubsubshard_channels', pubsub.shardChannels.size],
    ['latest_fork_usec', Math.round(saver.lastStartMs * 1000)],
    ['total_forks', saver.snapshots],
    ['migrate_cached_sockets', server.targets.count],
    ['slave_expires_tracked_keys', keyspace.replicaExpiries.size],
    ['active_defrag_hits', server.compaction.moved],
    ['active_defrag_misses', 0],
    ['active_defrag_key_hits', 0],
    ['active_defrag_key_misses', 0],
    ['total_active_defrag_time', Math.floor(server.compaction.milliseconds)],
    ['current_active_defrag_time', 0],
    ['tracking_total_keys', tracking.keys.size],
    ['tracking_total_items', tracking.keys.readers],
    ['tracking_total_prefixes', tracking.prefixCount],
    ['unexpected_error_replies', stats.unexpectedErrorReplies],
    ['total_error_replies', stats.errorReplies],
    ['dump_payload_sanitizations', stats.payloadSanitizations],
    ['total_reads_processed', stats.reads],
    ['total_writes_processed', stats.writes],
    ['io_threaded_reads_processed', 0],
    ['io_threaded_writes_processed', 0],
    ['client_query_buffer_limit_disconnections', stats.queryBufferDisconnections],
    ['client_output_buffer_limit_disconnections', stats.outputLimitDisconnections + syncs.outputLimitDisconnections],
    ['reply_buffer_shrinks', 0],
    ['reply_buffer_expands', 0],
    ['eventloop_cycles', eventLoop.cycles],
    ['eventloop_duration_sum', Math.round(eventLoop.busyMs * 1000)],
    ['eventloop_duration_cmd_sum', Math.round((commandMs(server.commands.all) - stats.nestedMs) * 1000)],
    ['instantaneous_eventloop_cycles_per_sec', Math.round(rates.cycles)],
    ['instantaneous_eventloop_duration_usec', Math.round(rates.cycleMicroseconds)],
    ['acl_access_denied_auth', denials.auth],
    ['acl_access_denied_cmd', denials.command],
    ['acl_access_denied_key', denials.key],
    ['acl_access_denied_channel', denials.channel],
  ]
}

/** Time in commands so far, milliseconds; with that of commands inside EXEC counted twice. */
function commandMs(commands: Iterable<Command>): number {
  let sum = 0
  for (const { milliseconds, subcommands } of commands) {
    sum += milliseconds
    if (subcommands !== null) sum += commandMs(subcommands.values())
  }
  return sum
}

function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(2)
}
