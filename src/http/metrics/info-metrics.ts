/**
 * The fields of INFO that are one number each, under the names that redis_exporter gives them (metricMapGauges and
 * metricMapCounters in its exporter.go), so that its dashboards and alerts work here.
 */
import type { Field } from '../../server/info/info-field.js'
import type { Exposition, MetricType } from './exposition.js'

type InfoMetric = readonly [field: string, name: string, help: string]

interface SectionMetrics {
  readonly gauges: readonly InfoMetric[]
  readonly counters: readonly InfoMetric[]
}

/** By the titles of INFO's sections. */
export const INFO_METRICS: Readonly<Record<string, SectionMetrics>> = {
  Server: {
    gauges: [
      ['uptime_in_seconds', 'uptime_in_seconds', 'Seconds since the server started.'],
      ['process_id', 'process_id', 'The process that the server runs in.'],
      ['hz', 'hz', 'How often a second the housekeeping runs.'],
      ['configured_hz', 'configured_hz', 'How often a second it is configured to run.'],
      ['io_threads_active', 'io_threads_active', 'Threads that read and write for clients.'],
    ],
    counters: [],
  },
  Clients: {
    gauges: [
      ['connected_clients', 'connected_clients', 'Connections of clients, replicas not among them.'],
      ['maxclients', 'max_clients', 'Most connections at a time.'],
      [
        'client_recent_max_input_buffer',
        'client_recent_max_input_buffer_bytes',
        'Longest unfinished request of the last seconds.',
      ],
      [
        'client_recent_max_output_buffer',
        'client_recent_max_output_buffer_bytes',
        'Most output that waited for a client in the last seconds.',
      ],
      ['blocked_clients', 'blocked_clients', 'Clients that wait in a blocking command.'],
      ['tracking_clients', 'tracking_clients', 'Clients with CLIENT TRACKING on.'],
      ['pubsub_clients', 'pubsub_clients', 'Clients that are subscribed to something.'],
      ['watching_clients', 'watching_clients', 'Clients that watch keys.'],
      ['clients_in_timeout_table', 'clients_in_timeout_table', 'Clients that wait until a time of their own.'],
      ['total_watched_keys', 'total_watched_keys', 'Keys that are watched.'],
      ['total_blocking_keys', 'total_blocking_keys', 'Keys that clients wait for.'],
      [
        'total_blocking_keys_on_nokey',
        'total_blocking_keys_on_nokey',
        'Keys whose removal ends the wait of clients as well.',
      ],
    ],
    counters: [],
  },
  Memory: {
    gauges: [
      ['used_memory', 'memory_used_bytes', 'Memory in use for data, clients and replication.'],
      ['used_memory_rss', 'memory_used_rss_bytes', 'Resident memory of the process.'],
      ['used_memory_peak', 'memory_used_peak_bytes', 'Most memory that was in use so far.'],
      ['used_memory_overhead', 'memory_used_overhead_bytes', 'Memory in use for anything but keys and values.'],
      ['used_memory_startup', 'memory_used_startup_bytes', 'Memory in use before there was any data.'],
      ['used_memory_dataset', 'memory_used_dataset_bytes', 'Memory in use for keys and values.'],
      ['allocator_allocated', 'allocator_allocated_bytes', 'Memory in use, as the allocator counts it.'],
      ['allocator_active', 'allocator_active_bytes', 'Memory in use or set aside.'],
      ['allocator_resident', 'allocator_resident_bytes', 'Memory in use or set aside, and the JavaScript heap.'],
      ['total_system_memory', 'total_system_memory_bytes', 'Memory of the machine.'],
      ['used_memory_lua', 'memory_used_lua_bytes', 'Memory of the VM of scripts.'],
      ['used_memory_vm_eval', 'memory_used_vm_eval_bytes', 'Memory of the VM of EVAL.'],
      ['used_memory_scripts_eval', 'memory_used_scripts_eval_bytes', 'Memory of cached scripts.'],
      ['number_of_cached_scripts', 'number_of_cached_scripts', 'Cached scripts.'],
      ['number_of_functions', 'number_of_functions', 'Functions in libraries.'],
      ['number_of_libraries', 'number_of_libraries', 'Libraries of functions.'],
      ['used_memory_vm_functions', 'memory_used_vm_functions_bytes', 'Memory of the VM of functions.'],
      ['used_memory_vm_total', 'memory_used_vm_total', 'Memory of all VMs, in bytes.'],
      ['used_memory_functions', 'memory_used_functions_bytes', 'Memory of functions.'],
      ['used_memory_scripts', 'memory_used_scripts_bytes', 'Memory of scripts and functions beside the VMs.'],
      ['maxmemory', 'memory_max_bytes', 'Most memory that may be in use; 0 is no limit.'],
      ['allocator_frag_ratio', 'allocator_frag_ratio', 'Memory set aside to memory in use.'],
      ['allocator_frag_bytes', 'allocator_frag_bytes', 'Memory set aside and not in use.'],
      ['allocator_rss_ratio', 'allocator_rss_ratio', 'Memory with the heap to memory set aside.'],
      ['allocator_rss_bytes', 'allocator_rss_bytes', 'The JavaScript heap.'],
      ['mem_fragmentation_ratio', 'mem_fragmentation_ratio', 'Resident memory to memory in use.'],
      ['mem_fragmentation_bytes', 'mem_fragmentation_bytes', 'Resident memory less memory in use.'],
      [
        'mem_not_counted_for_evict',
        'mem_not_counted_for_eviction_bytes',
        'Memory in use that is no reason to evict keys.',
      ],
      ['mem_replication_backlog', 'mem_replication_backlog_bytes', 'Memory of the replication backlog.'],
      [
        'mem_total_replication_buffers',
        'mem_total_replication_buffers_bytes',
        'Memory of all that waits for replicas, the backlog included.',
      ],
      ['mem_clients_slaves', 'mem_clients_slaves', 'Memory of connections of replicas, in bytes.'],
      ['mem_clients_normal', 'mem_clients_normal', 'Memory of connections of clients, in bytes.'],
      ['mem_cluster_links', 'mem_cluster_links_bytes', 'Memory of links of the cluster bus.'],
      ['mem_aof_buffer', 'mem_aof_buffer_bytes', 'Memory of what waits for the append-only file.'],
      ['active_defrag_running', 'active_defrag_running', 'Percent of time that compaction takes at most; 0 at rest.'],
      ['lazyfree_pending_objects', 'lazyfree_pending_objects', 'Values that are still to be freed.'],
      ['lazyfreed_objects', 'lazyfreed_objects', 'Values that were freed behind the scenes.'],
    ],
    counters: [],
  },
  Persistence: {
    gauges: [
      ['loading', 'loading_dump_file', 'Data is being loaded.'],
      ['async_loading', 'async_loading', 'Data is being loaded while the old is served.'],
      ['rdb_changes_since_last_save', 'rdb_changes_since_last_save', 'Changes since the last snapshot.'],
      ['rdb_bgsave_in_progress', 'rdb_bgsave_in_progress', 'A snapshot is being saved.'],
      ['rdb_last_save_time', 'rdb_last_save_timestamp_seconds', 'When the last snapshot was saved.'],
      ['rdb_last_bgsave_status', 'rdb_last_bgsave_status', '1: the last snapshot could be saved.'],
      [
        'rdb_last_bgsave_time_sec',
        'rdb_last_bgsave_duration_sec',
        'Seconds that the last snapshot took; -1: none yet.',
      ],
      [
        'rdb_current_bgsave_time_sec',
        'rdb_current_bgsave_duration_sec',
        'Seconds since the snapshot under way began; -1: none is.',
      ],
      ['rdb_last_cow_size', 'rdb_last_cow_size_bytes', 'Memory that the last snapshot copied.'],
      ['rdb_last_load_keys_expired', 'rdb_last_load_expired_keys', 'Keys that had expired when the data was loaded.'],
      ['rdb_last_load_keys_loaded', 'rdb_last_load_loaded_keys', 'Keys that were loaded.'],
      ['aof_enabled', 'aof_enabled', 'There is an append-only file.'],
      ['aof_rewrite_in_progress', 'aof_rewrite_in_progress', 'The append-only file is being rewritten.'],
      ['aof_rewrite_scheduled', 'aof_rewrite_scheduled', 'The append-only file is to be rewritten.'],
      [
        'aof_last_rewrite_time_sec',
        'aof_last_rewrite_duration_sec',
        'Seconds that the last rewrite of the append-only file took; -1: none yet.',
      ],
      [
        'aof_current_rewrite_time_sec',
        'aof_current_rewrite_duration_sec',
        'Seconds since the rewrite under way began; -1: none is.',
      ],
      ['aof_last_bgrewrite_status', 'aof_last_bgrewrite_status', '1: the last rewrite succeeded.'],
      ['aof_last_write_status', 'aof_last_write_status', '1: the last write to the append-only file succeeded.'],
      ['aof_last_cow_size', 'aof_last_cow_size_bytes', 'Memory that the last rewrite copied.'],
      ['aof_current_size', 'aof_current_size_bytes', 'Size of the append-only file.'],
      ['aof_base_size', 'aof_base_size_bytes', 'Its size when it was last rewritten.'],
      ['aof_pending_rewrite', 'aof_pending_rewrite', 'A rewrite waits for a snapshot to end.'],
      ['aof_buffer_length', 'aof_buffer_length', 'Bytes that wait to be written.'],
      ['aof_pending_bio_fsync', 'aof_pending_bio_fsync', 'Syncs that are under way.'],
      ['aof_delayed_fsync', 'aof_delayed_fsync', 'Writes that had to wait for a sync.'],
      ['module_fork_in_progress', 'module_fork_in_progress', 'A module has a child at work.'],
      ['module_fork_last_cow_size', 'module_fork_last_cow_size', 'Memory that the last such child copied, in bytes.'],
    ],
    counters: [['rdb_saves', 'rdb_saves_total', 'Snapshots that were saved.']],
  },
  Stats: {
    gauges: [
      ['expired_stale_perc', 'expired_stale_percentage', 'Percent of keys that may be expired and still there.'],
      [
        'current_eviction_exceeded_time',
        'current_eviction_exceeded_time_ms',
        'Milliseconds that memory has been over its limit now.',
      ],
      ['pubsub_channels', 'pubsub_channels', 'Channels with subscribers.'],
      ['pubsub_patterns', 'pubsub_patterns', 'Patterns of channels with subscribers.'],
      ['pubsubshard_channels', 'pubsubshard_channels', 'Shard channels with subscribers.'],
      ['slave_expires_tracked_keys', 'slave_expires_tracked_keys', 'Keys with an expiry that a replica was given.'],
      ['migrate_cached_sockets', 'migrate_cached_sockets_total', 'Connections that MIGRATE keeps.'],
      ['active_defrag_hits', 'defrag_hits', 'Values that compaction has moved.'],
      ['active_defrag_misses', 'defrag_misses', 'Values that compaction has looked at and left.'],
      ['active_defrag_key_hits', 'defrag_key_hits', 'Keys that compaction has moved.'],
      ['active_defrag_key_misses', 'defrag_key_misses', 'Keys that compaction has looked at and left.'],
      ['tracking_total_keys', 'tracking_total_keys', 'Keys that are tracked.'],
      ['tracking_total_items', 'tracking_total_items', 'Clients that track keys, once for each key.'],
      ['tracking_total_prefixes', 'tracking_total_prefixes', 'Prefixes that are tracked.'],
      [
        'instantaneous_eventloop_cycles_per_sec',
        'instantaneous_eventloop_cycles_per_sec',
        'Passes of the event loop a second, lately.',
      ],
      [
        'instantaneous_eventloop_duration_usec',
        'instantaneous_eventloop_duration_usec',
        'Microseconds that a pass of the event loop takes, lately.',
      ],
      ['sync_full', 'replica_resyncs_full', 'Full synchronizations of replicas.'],
      ['sync_partial_ok', 'replica_partial_resync_accepted', 'Partial synchronizations of replicas.'],
      ['sync_partial_err', 'replica_partial_resync_denied', 'Partial synchronizations that were refused.'],
    ],
    counters: [
      ['total_connections_received', 'connections_received_total', 'Connections that came.'],
      ['total_commands_processed', 'commands_processed_total', 'Commands that ran.'],
      ['total_net_input_bytes', 'net_input_bytes_total', 'Bytes received.'],
      ['total_net_output_bytes', 'net_output_bytes_total', 'Bytes sent.'],
      ['total_net_repl_input_bytes', 'net_repl_input_bytes_total', 'Bytes received from the master.'],
      ['total_net_repl_output_bytes', 'net_repl_output_bytes_total', 'Bytes sent to replicas.'],
      ['rejected_connections', 'rejected_connections_total', 'Connections that were turned away.'],
      ['expired_keys', 'expired_keys_total', 'Keys that expired.'],
      ['expired_subkeys', 'expired_subkeys_total', 'Fields of hashes that expired.'],
      [
        'expired_time_cap_reached_count',
        'expired_time_cap_reached_total',
        'Times that the search for expired keys ran out of its time.',
      ],
      [
        'expire_cycle_cpu_milliseconds',
        'expire_cycle_cpu_time_ms_total',
        'Milliseconds spent in the search for expired keys.',
      ],
      ['evicted_keys', 'evicted_keys_total', 'Keys evicted for want of memory.'],
      ['evicted_clients', 'evicted_clients_total', 'Clients closed for want of memory.'],
      [
        'total_eviction_exceeded_time',
        'eviction_exceeded_time_ms_total',
        'Milliseconds that memory was over its limit.',
      ],
      ['keyspace_hits', 'keyspace_hits_total', 'Look-ups that found their key.'],
      ['keyspace_misses', 'keyspace_misses_total', 'Look-ups that did not.'],
      ['unexpected_error_replies', 'unexpected_error_replies', 'Errors in reply to a master or a replica.'],
      ['total_error_replies', 'total_error_replies', 'Errors in reply to anybody.'],
      ['dump_payload_sanitizations', 'dump_payload_sanitizations', 'Values whose payload was looked through.'],
      ['total_reads_processed', 'total_reads_processed', 'Reads from connections.'],
      ['total_writes_processed', 'total_writes_processed', 'Writes to connections.'],
      ['io_threaded_reads_processed', 'io_threaded_reads_processed', 'Of these, by threads.'],
      ['io_threaded_writes_processed', 'io_threaded_writes_processed', 'Of these, by threads.'],
      [
        'client_query_buffer_limit_disconnections',
        'client_query_buffer_limit_disconnections_total',
        'Clients closed for the length of their request.',
      ],
      [
        'client_output_buffer_limit_disconnections',
        'client_output_buffer_limit_disconnections_total',
        'Clients closed for the output that waited for them.',
      ],
      ['reply_buffer_shrinks', 'reply_buffer_shrinks_total', 'Reply buffers made smaller.'],
      ['reply_buffer_expands', 'reply_buffer_expands_total', 'Reply buffers made larger.'],
      ['eventloop_cycles', 'eventloop_cycles_total', 'Passes of the event loop.'],
      ['eventloop_duration_sum', 'eventloop_duration_sum_usec_total', 'Microseconds that the event loop was at work.'],
      [
        'eventloop_duration_cmd_sum',
        'eventloop_duration_cmd_sum_usec_total',
        'Microseconds that the event loop was in commands.',
      ],
      ['acl_access_denied_auth', 'acl_access_denied_auth_total', 'Logins that failed.'],
      ['acl_access_denied_cmd', 'acl_access_denied_cmd_total', 'Commands that were not permitted.'],
      ['acl_access_denied_key', 'acl_access_denied_key_total', 'Keys that were not permitted.'],
      ['acl_access_denied_channel', 'acl_access_denied_channel_total', 'Channels that were not permitted.'],
    ],
  },
  Replication: {
    gauges: [
      ['connected_slaves', 'connected_slaves', 'Replicas that are connected.'],
      ['master_repl_offset', 'master_repl_offset', 'Offset of the replication stream.'],
      ['second_repl_offset', 'second_repl_offset', 'Up to where the second replication id is valid.'],
      ['repl_backlog_active', 'repl_backlog_is_active', 'There is a backlog.'],
      ['repl_backlog_size', 'replication_backlog_bytes', 'Size of the backlog.'],
      ['repl_backlog_first_byte_offset', 'repl_backlog_first_byte_offset', 'Offset of its first byte.'],
      ['repl_backlog_histlen', 'repl_backlog_history_bytes', 'Bytes in it.'],
      ['slave_priority', 'slave_priority', 'How gladly this replica is promoted.'],
    ],
    counters: [],
  },
  CPU: {
    gauges: [],
    counters: [
      ['used_cpu_sys', 'cpu_sys_seconds_total', 'Processor time in the kernel.'],
      ['used_cpu_user', 'cpu_user_seconds_total', 'Processor time outside of it.'],
      ['used_cpu_sys_children', 'cpu_sys_children_seconds_total', 'Processor time of children in the kernel.'],
      ['used_cpu_user_children', 'cpu_user_children_seconds_total', 'Processor time of children outside of it.'],
      [
        'used_cpu_sys_main_thread',
        'cpu_sys_main_thread_seconds_total',
        'Processor time of the main thread in the kernel.',
      ],
      [
        'used_cpu_user_main_thread',
        'cpu_user_main_thread_seconds_total',
        'Processor time of the main thread outside of it.',
      ],
    ],
  },
}

/** Writes those of a section's fields that are there. */
export function writeInfoMetrics(out: Exposition, title: string, fields: readonly Field[]): void {
  const { counters, gauges } = INFO_METRICS[title]
  const values = new Map(fields)
  const write = (type: MetricType, metrics: readonly InfoMetric[]): void => {
    for (const [field, name, help] of metrics) {
      const value = values.get(field)
      if (value !== undefined) out.single(name, type, help, numberOf(value))
    }
  }
  write('gauge', gauges)
  write('counter', counters)
}

/** As INFO shows it, but for the two words that stand for a yes and a no. */
function numberOf(value: string | number): string | number {
  return value === 'ok' ? 1 : value === 'err' ? 0 : value
}
