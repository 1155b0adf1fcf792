/** States of the server in which writes, or what is asked of old data, are refused. */
import { strerror } from '../config/strerror.js'
import type { Client } from './client.js'
import type { ServerApi } from './server-api.js'

/** A replica that has lost its master, and is not to serve old data. */
export function isStale({ config, replication }: ServerApi): boolean {
  const { master } = replication
  return master !== null && !master.up && !config.values['replica-serve-stale-data']
}

const UNSAVED =
  'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.'

/** The last save has failed, and nobody is to rely on the next one. */
export function lacksSave({ config, saver }: ServerApi): boolean {
  const { values } = config
  return !saver.lastOk && values['stop-writes-on-bgsave-error'] && values.save.length > 0
}

/** Why the append-only file cannot be written, in the system's words, or null. */
export function appendFailure({ aof, faults }: ServerApi, client: Client | null): string | null {
  if (aof.failure !== null) return strerror(aof.failure)
  return client !== null && faults.has('unappended', client) ? 'No space left on device' : null
}

/** Why a client's writes are refused for want of a disk, or null; without a client, those of all. */
export function diskRefusal(server: ServerApi, client: Client | null): string | null {
  if (lacksSave(server) || (client !== null && server.faults.has('unsaved', client))) return UNSAVED
  const failure = appendFailure(server, client)
  return failure === null ? null : `MISCONF Errors writing to the AOF file: ${failure}`
}

/** A master with fewer replicas in step than min-replicas-to-write asks for. */
export function lacksReplicas({ config, replication }: ServerApi): boolean {
  const { 'min-replicas-to-write': least, 'min-replicas-max-lag': maxLag } = config.values
  return least > 0 && maxLag > 0 && replication.master === null && replication.replicas.goodCount < least
}
