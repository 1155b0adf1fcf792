/** May a script run at all, and what may it do: the questions ahead of its first line (scriptPrepareForRun in Redis's script.c). */
import { ALLOW_OOM, ALLOW_STALE, NO_CLUSTER, NO_WRITES, ScriptRun, UNDECLARED } from '../../scripting/script-run.js'
import type { Client } from '../client.js'
import type { CommandContext } from '../context.js'
import type { ServerApi } from '../server-api.js'
import { appendFailure, isStale, lacksReplicas, lacksSave } from '../write-conditions.js'

const BLOCKED =
  "but it's currently unable to persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts."

/** The run of a script with these flags, or the error that refuses it. `readOnlyCommand`: EVAL_RO and its like. */
export function prepareRun(
  ctx: CommandContext,
  name: string,
  isEval: boolean,
  flags: number,
  readOnlyCommand: boolean,
): ScriptRun | string {
  const declared = (flags & UNDECLARED) === 0
  const refusal = declared ? declaredRefusal(ctx, flags, readOnlyCommand) : undeclaredRefusal(ctx)
  if (refusal !== null) {
    ctx.server.faults.refused(ctx.client, refusal)
    return refusal
  }
  return new ScriptRun(
    name,
    isEval,
    readOnlyCommand || (declared && (flags & NO_WRITES) !== 0),
    declared && (flags & ALLOW_OOM) !== 0,
    ctx.outOfMemory,
    ctx.client.isMaster,
  )
}

function undeclaredRefusal({ server }: CommandContext): string | null {
  return isStale(server) ? "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'." : null
}

function diskRefusal(server: ServerApi, client: Client): string | null {
  if (lacksSave(server) || server.faults.has('unsaved', client))
    return `MISCONF Redis is configured to save RDB snapshots, ${BLOCKED}`
  const failure = appendFailure(server, client)
  if (failure === null) return null
  return `MISCONF Redis is configured to persist data to AOF, ${BLOCKED} AOF error: ${failure}`
}

function declaredRefusal(ctx: CommandContext, flags: number, readOnlyCommand: boolean): string | null {
  const { client, server } = ctx
  const { values } = server.config
  if ((flags & NO_CLUSTER) !== 0 && values['cluster-enabled']) {
    return "ERR Can not run script on cluster, 'no-cluster' flag is set."
  }
  if (isStale(server) && (flags & ALLOW_STALE) === 0) {
    return "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not set on the script."
  }
  if ((flags & NO_WRITES) === 0) {
    const isReplica = server.replication.master !== null && values['replica-read-only'] && !client.isMaster
    if (isReplica || server.faults.has('readonly', client)) {
      return 'READONLY Can not run script with write flag on readonly replica'
    }
    const refusal = client.isMaster ? null : diskRefusal(server, client)
    if (refusal !== null) return refusal
    if (readOnlyCommand) return 'ERR Can not execute a script with write flag using *_ro command.'
    if (lacksReplicas(server)) return 'NOREPLICAS Not enough good replicas to write.'
  }
  if (ctx.outOfMemory && (flags & (ALLOW_OOM | NO_WRITES)) === 0) {
    return "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
  }
  return null
}
