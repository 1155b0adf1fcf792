/** CONFIG RESETSTAT: what of INFO starts again at zero (resetServerStats in Redis's server.c). */
import type { Command } from '../command.js'
import type { ServerApi } from '../server-api.js'

export function resetStatistics(server: ServerApi): void {
  const { aof, commands, compaction, eventLoop, expiry, keyspace, memoryLimit, replication, saver, stats } = server
  stats.commandsProcessed = 0
  stats.connectionsReceived = 0
  stats.connectionsRejected = 0
  stats.bytesIn = 0
  stats.bytesOut = 0
  stats.reads = 0
  stats.writes = 0
  stats.unexpectedErrorReplies = 0
  stats.nestedMs = 0
  stats.rates.reset()
  eventLoop.reset()
  expiry.resetStatistics()
  stats.errorReplies = 0
  stats.errors.clear()
  stats.payloadSanitizations = 0
  stats.evictedClients = 0
  stats.queryBufferDisconnections = 0
  stats.outputLimitDisconnections = 0
  memoryLimit.resetStatistics()
  compaction.moved = 0
  keyspace.hits = 0
  keyspace.misses = 0
  keyspace.expiredKeys = 0
  keyspace.expiredFields = 0
  keyspace.evictedKeys = 0
  keyspace.lazyfree.freedObjects = 0
  saver.saves = 0
  aof.rewriting.begun = 0
  aof.rewriting.limit.reset()
  aof.log.delayedSyncs = 0
  saver.snapshots = 0
  saver.lastStartMs = 0
  replication.bytesIn = 0
  const syncs = replication.replicas.stats
  syncs.syncFull = 0
  syncs.outputLimitDisconnections = 0
  syncs.syncPartialOk = 0
  syncs.syncPartialErr = 0
  syncs.bytesOut = 0
  for (const command of commands.all) resetCounters(command)
}

function resetCounters(command: Command): void {
  command.calls = 0
  command.milliseconds = 0
  command.rejectedCalls = 0
  command.failedCalls = 0
  command.latency = null
  for (const subcommand of command.subcommands?.values() ?? []) resetCounters(subcommand)
}
