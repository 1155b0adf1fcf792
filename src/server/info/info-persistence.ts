/** INFO persistence. There is no child process and no copy-on-write: those fields are Redis's idle values. */
import type { LoadProgress, ServerApi } from '../../commands/server-api.js'
import type { Field } from './info-field.js'

export function persistenceFields({ aof, config, faults, keyspace, loader, saver }: ServerApi): Field[] {
  const { keysSaved, keysTotal } = saver
  const loading = keyspace.loading || faults.has('loading', null)
  return [
    ['loading', loading ? 1 : 0],
    ['async_loading', loader.async ? 1 : 0],
    ['current_cow_peak', 0],
    ['current_cow_size', 0],
    ['current_cow_size_age', 0],
    ['current_fork_perc', keysTotal === 0 ? '0.00' : ((keysSaved / keysTotal) * 100).toFixed(2)],
    ['current_save_keys_processed', keysSaved],
    ['current_save_keys_total', keysTotal],
    ['rdb_changes_since_last_save', keyspace.dirty],
    ['rdb_bgsave_in_progress', saver.inProgress ? 1 : 0],
    ['rdb_last_save_time', saver.lastSaveSeconds],
    ['rdb_last_bgsave_status', saver.lastOk && !faults.has('unsaved', null) ? 'ok' : 'err'],
    ['rdb_last_bgsave_time_sec', saver.lastDurationSeconds],
    ['rdb_current_bgsave_time_sec', saver.currentSeconds],
    ['rdb_saves', saver.saves],
    ['rdb_last_cow_size', 0],
    ['rdb_last_load_keys_expired', saver.keysExpired],
    ['rdb_last_load_keys_loaded', saver.keysLoaded],
    ['aof_enabled', aof.state === 'off' ? 0 : 1],
    ['aof_rewrite_in_progress', aof.rewriting.isUnderWay ? 1 : 0],
    ['aof_rewrite_scheduled', aof.rewriting.scheduled ? 1 : 0],
    ['aof_last_rewrite_time_sec', aof.rewriting.lastSeconds],
    ['aof_current_rewrite_time_sec', aof.rewriting.currentSeconds],
    ['aof_last_bgrewrite_status', aof.rewriting.lastOk ? 'ok' : 'err'],
    ['aof_rewrites', aof.rewriting.begun],
    ['aof_rewrites_consecutive_failures', aof.rewriting.limit.failures],
    ['aof_last_write_status', aof.failure === null && !faults.has('unappended', null) ? 'ok' : 'err'],
    ['aof_last_cow_size', 0],
    ['module_fork_in_progress', 0],
    ['module_fork_last_cow_size', 0],
    ...(config.values.appendonly ? fileFields(aof) : []),
    ...(loading ? loadingFields(loader, keyspace.time.now()) : []),
  ]
}

function fileFields(aof: ServerApi['aof']): Field[] {
  return [
    ['aof_current_size', aof.currentBytes],
    ['aof_base_size', aof.baseBytes],
    ['aof_pending_rewrite', aof.rewriting.scheduled ? 1 : 0],
    ['aof_buffer_length', aof.buffer.length],
    ['aof_pending_bio_fsync', aof.log.isSyncing ? 1 : 0],
    ['aof_delayed_fsync', aof.log.delayedSyncs],
  ]
}

function loadingFields({ loadedBytes, savedUsedBytes, startedMs, totalBytes }: LoadProgress, nowMs: number): Field[] {
  const elapsedSeconds = (nowMs - startedMs) / 1000
  const share = totalBytes === 0 ? 0 : loadedBytes / totalBytes
  return [
    ['loading_start_time', Math.floor(startedMs / 1000)],
    ['loading_total_bytes', totalBytes],
    ['loading_rdb_used_mem', savedUsedBytes],
    ['loading_loaded_bytes', loadedBytes],
    ['loading_loaded_perc', (share * 100).toFixed(2)],
    ['loading_eta_seconds', share === 0 ? 1 : Math.floor((elapsedSeconds * (1 - share)) / share) + 1],
  ]
}
