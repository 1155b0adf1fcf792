/** Every command there is: one list from the files of the groups. */
import { aclCommands } from './acl/commands.js'
import { bitfieldCommands } from './bitmap/bitfield.js'
import { bitmapCommands } from './bitmap/bitmaps.js'
import { readModeCommands } from './cluster/read-mode.js'
import { clientCommands } from './connection/client-commands.js'
import { connectionCommands } from './connection/connection.js'
import { debugCommands } from './debug/commands.js'
import { copyCommands } from './generic/copy.js'
import { dumpCommands } from './generic/dump.js'
import { expiryCommands } from './generic/expiry.js'
import { keysCommands } from './generic/keys.js'
import { migrateCommands } from './generic/migrate.js'
import { objectCommands } from './generic/object.js'
import { scanCommands } from './generic/scan.js'
import { sortCommands } from './generic/sort/commands.js'
import { geoCommands } from './geo/geo.js'
import { fieldExpiryCommands } from './hash/field-expiry.js'
import { getAndExpireCommands } from './hash/get-and-expire.js'
import { hashCommands } from './hash/hashes.js'
import { hyperLogLogDebugCommands } from './hyperloglog/debug.js'
import { hyperLogLogCommands } from './hyperloglog/hyperloglogs.js'
import { listCommands } from './list/lists.js'
import { pubsubInspection } from './pubsub/inspection.js'
import { pubsubCommands } from './pubsub/pubsub.js'
import { failoverCommands } from './replication/failover.js'
import { replicationCommands } from './replication/replication-commands.js'
import { waitCommands } from './replication/wait.js'
import { evalCommands } from './scripting/eval.js'
import { fcallCommands } from './scripting/fcall.js'
import { functionCommands } from './scripting/function-commands.js'
import { scriptCommands } from './scripting/script-commands.js'
import { commandCommands } from './server/command-commands.js'
import { commandlogCommands } from './server/commandlog.js'
import { configCommands } from './server/config-commands.js'
import { flushCommands } from './server/flush.js'
import { latencyCommands } from './server/latency.js'
import { lolwutCommands } from './server/lolwut.js'
import { memoryCommands } from './server/memory.js'
import { moduleCommands } from './server/module-commands.js'
import { monitorCommands } from './server/monitor.js'
import { persistenceCommands } from './server/persistence-commands.js'
import { serverCommands } from './server/server-commands.js'
import { slowlogCommands } from './server/slowlog.js'
import { swapdbCommands } from './server/swapdb.js'
import { combineCommands } from './set/combine.js'
import { setCommands } from './set/sets.js'
import { sortedSetCommands } from './sorted-set/sorted-sets.js'
import type { CommandSpec } from './spec.js'
import { claimCommands } from './stream/claim.js'
import { deletionCommands } from './stream/deletions.js'
import { groupCommands } from './stream/groups.js'
import { infoCommands } from './stream/info.js'
import { pendingCommands } from './stream/pending-commands.js'
import { readingCommands } from './stream/reading.js'
import { streamCommands } from './stream/streams.js'
import { conditionalCommands } from './string/conditional.js'
import { counterCommands } from './string/counters.js'
import { getAndChangeCommands } from './string/get-and-change.js'
import { lcsCommands } from './string/lcs.js'
import { rangeCommands } from './string/ranges.js'
import { stringCommands } from './string/strings.js'
import { transactionCommands } from './transactions/transactions.js'

export const allCommands: readonly CommandSpec[] = [
  ...stringCommands,
  ...getAndChangeCommands,
  ...conditionalCommands,
  ...counterCommands,
  ...rangeCommands,
  ...lcsCommands,
  ...bitmapCommands,
  ...bitfieldCommands,
  ...hashCommands,
  ...fieldExpiryCommands,
  ...getAndExpireCommands,
  ...listCommands,
  ...setCommands,
  ...combineCommands,
  ...sortedSetCommands,
  ...streamCommands,
  ...readingCommands,
  ...groupCommands,
  ...deletionCommands,
  ...pendingCommands,
  ...claimCommands,
  ...infoCommands,
  ...geoCommands,
  ...hyperLogLogCommands,
  ...hyperLogLogDebugCommands,
  ...keysCommands,
  ...expiryCommands,
  ...copyCommands,
  ...dumpCommands,
  ...migrateCommands,
  ...scanCommands,
  ...sortCommands,
  ...objectCommands,
  ...flushCommands,
  ...swapdbCommands,
  ...connectionCommands,
  ...aclCommands,
  ...clientCommands,
  ...readModeCommands,
  ...transactionCommands,
  ...serverCommands,
  ...commandCommands,
  ...configCommands,
  ...debugCommands,
  ...moduleCommands,
  ...monitorCommands,
  ...slowlogCommands,
  ...commandlogCommands,
  ...latencyCommands,
  ...lolwutCommands,
  ...memoryCommands,
  ...persistenceCommands,
  ...failoverCommands,
  ...replicationCommands,
  ...waitCommands,
  ...evalCommands,
  ...fcallCommands,
  ...functionCommands,
  ...scriptCommands,
  ...pubsubCommands,
  ...pubsubInspection,
]
