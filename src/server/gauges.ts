/** The figures of INFO that are sampled over time. */
import type { ServerApi } from '../commands/server-api.js'
import { Memory } from './memory.js'

export interface Gauges {
  readonly memory: Memory
}

const gauges = new WeakMap<ServerApi, Gauges>()

export function gaugesOf(server: ServerApi): Gauges {
  let found = gauges.get(server)
  if (found === undefined) gauges.set(server, (found = { memory: new Memory() }))
  return found
}

/** To be called by the server's cron, ten times a second. */
export function sampleGauges(server: ServerApi): void {
  gaugesOf(server).memory.sample(server)
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
  stats.rates.sample(counts, Date.now())
}
