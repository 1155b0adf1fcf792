/** Server-wide reasons for which the dispatcher looks twice at a command. */
import { PAUSE_NOTHING } from '../commands/blocking/pause.js'
import type { EvictionTimes, FaultStates, ServerApi } from '../commands/server-api.js'
import { diskRefusal, isStale, lacksReplicas } from '../commands/write-conditions.js'

// Bits of one number, which is zero in normal operation: one comparison passes them all.
export const GATE_LOADING = 1
export const GATE_STALE = 2
export const GATE_READONLY_REPLICA = 4
export const GATE_DISK_ERROR = 8
export const GATE_FEW_REPLICAS = 16
export const GATE_TRACKING_FULL = 32
/** maxmemory and maxmemory-clients are in force. */
export const GATE_MEMORY = 64
export const GATE_CLIENT_MEMORY = 128
export const GATE_PAUSED = 256
export const GATE_KEY_LOCKS = 512
/** Clients go on with the old data while the new comes in beside it. */
export const GATE_ASYNC_LOADING = 1024
/** A script runs for too long, and is put aside from time to time. */
export const GATE_BUSY = 2048
/** A test makes something go wrong (faults.ts). */
export const GATE_FAULTS = 4096
export const MEMORY_GATES = GATE_MEMORY | GATE_CLIENT_MEMORY
/** The others do not concern the link to a master. */
export const GATES_OF_A_MASTER =
  MEMORY_GATES | GATE_TRACKING_FULL | GATE_DISK_ERROR | GATE_PAUSED | GATE_KEY_LOCKS | GATE_BUSY

/** What the reasons follow from. */
export interface GateHost extends ServerApi {
  readonly faults: FaultStates & { readonly inForce: boolean }
  readonly clientEviction: { readonly limited: boolean }
  readonly memoryLimit: EvictionTimes & { readonly inForce: boolean }
}

/** The reasons that there are now. */
export function gatesOf(server: GateHost): number {
  const { clientEviction, faults, keyLocks, loader, memoryLimit, pause, replication, scripts, tracking } = server
  const { values } = server.config
  let gates = 0
  if (loader.loading) gates |= loader.async ? GATE_ASYNC_LOADING : GATE_LOADING
  if (clientEviction.limited) gates |= GATE_CLIENT_MEMORY
  if (memoryLimit.inForce) gates |= GATE_MEMORY
  if (replication.master !== null && values['replica-read-only']) gates |= GATE_READONLY_REPLICA
  if (isStale(server)) gates |= GATE_STALE
  if (lacksReplicas(server)) gates |= GATE_FEW_REPLICAS
  if (diskRefusal(server, null) !== null) gates |= GATE_DISK_ERROR
  if (scripts.busy) gates |= GATE_BUSY
  if (tracking.overLimit) gates |= GATE_TRACKING_FULL
  if (pause.level !== PAUSE_NOTHING) gates |= GATE_PAUSED
  if (keyLocks.active) gates |= GATE_KEY_LOCKS
  if (faults.inForce) gates |= GATE_FAULTS
  return gates
}
