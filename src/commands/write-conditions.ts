/** States of the server in which writes, or what is asked of old data, are refused. */
import type { ServerApi } from './server-api.js'

/** A replica that has lost its master, and is not to serve old data. */
export function isStale({ config, replication }: ServerApi): boolean {
  const { master } = replication
  return master !== null && !master.up && !config.values['replica-serve-stale-data']
}

/** The last save has failed, and nobody is to rely on the next one. */
export function refusesWithoutDisk({ config, saver }: ServerApi): boolean {
  const { values } = config
  return !saver.lastOk && values['stop-writes-on-bgsave-error'] && values.save.length > 0
}

/** A master with fewer replicas in step than min-replicas-to-write asks for. */
export function lacksReplicas({ config, replication }: ServerApi): boolean {
  const { 'min-replicas-to-write': least, 'min-replicas-max-lag': maxLag } = config.values
  return least > 0 && maxLag > 0 && replication.master === null && replication.replicas.goodCount < least
}
