/** The figures of INFO that are sampled over time. */
import type { ServerApi } from '../../commands/server-api.js'

/** To be called by the server's cron, ten times a second. */
export function sampleGauges(server: ServerApi): void {
  server.memory.sample()
  const { eventLoop, replication, stats } = server
  const counts = {
    commands: stats.commandsProcessed,
    bytesIn: stats.bytesIn,
    bytesOut: stats.bytesOut,
    replicationBytesIn: replication.bytesIn,
    replicationBytesOut: replication.replicas.stats.bytesOut,
    cycles: eventLoop.cycles,
    cycleMicroseconds: eventLoop.busyMs * 1000,
  }
  stats.rates.sample(counts, server.keyspace.time.now())
}
