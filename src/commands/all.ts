/** Every command there is: one list from the files of the groups. */
import { aclCommands } from './acl-commands.js'
import { bitfieldCommands } from './bitfield.js'
import { bitmapCommands } from './bitmaps.js'
import { clientCommands } from './client-commands.js'
import { commandCommands } from './command-commands.js'
import { configCommands } from './config-commands.js'
import { connectionCommands } from './connection.js'
import { copyCommands } from './copy.js'
import { debugCommands } from './debug-commands.js'
import { dumpCommands } from './dump.js'
import { expiryCommands } from './expiry.js'
import { failoverCommands } from './failover.js'
import { flushCommands } from './flush.js'
import { getAndChangeCommands } from './get-and-change.js'
import { hashCommands } from './hashes.js'
import { keysCommands } from './keys.js'
import { latencyCommands } from './latency.js'
import { lcsCommands } from './lcs.js'
import { lolwutCommands } from './lolwut.js'
import { memoryCommands } from './memory.js'
import { migrateCommands } from './migrate.js'
import { moduleCommands } from './module-commands.js'
import { monitorCommands } from './monitor.js'
import { objectCommands } from './object.js'
import { persistenceCommands } from './persistence-commands.js'
import { pubsubCommands } from './pubsub.js'
import { pubsubInspection } from './pubsub-inspection.js'
import { replicationCommands } from './replication-commands.js'
import { scanCommands } from './scan.js'
import { scriptCommands } from './script-commands.js'
import { serverCommands } from './server-commands.js'
import { slowlogCommands } from './slowlog.js'
import type { CommandSpec } from './spec.js'
import { counterCommands } from './string-counters.js'
import { rangeCommands } from './string-ranges.js'
import { stringCommands } from './strings.js'
import { swapdbCommands } from './swapdb.js'
import { transactionCommands } from './transactions.js'
import { waitCommands } from './wait.js'

export const allCommands: readonly CommandSpec[] = [
  ...stringCommands,
  ...getAndChangeCommands,
  ...counterCommands,
  ...rangeCommands,
  ...lcsCommands,
  ...bitmapCommands,
  ...bitfieldCommands,
  ...hashCommands,
  ...keysCommands,
  ...expiryCommands,
  ...copyCommands,
  ...dumpCommands,
  ...migrateCommands,
  ...scanCommands,
  ...objectCommands,
  ...flushCommands,
  ...swapdbCommands,
  ...connectionCommands,
  ...aclCommands,
  ...clientCommands,
  ...transactionCommands,
  ...serverCommands,
  ...commandCommands,
  ...configCommands,
  ...debugCommands,
  ...moduleCommands,
  ...monitorCommands,
  ...slowlogCommands,
  ...latencyCommands,
  ...lolwutCommands,
  ...memoryCommands,
  ...persistenceCommands,
  ...failoverCommands,
  ...replicationCommands,
  ...waitCommands,
  ...scriptCommands,
  ...pubsubCommands,
  ...pubsubInspection,
]
