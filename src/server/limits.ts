/** Limits on clients: idle time and output buffers. */
import type { Client } from '../commands/client.js'
import type { Config } from '../config/config.js'
import type { Log } from '../observe/log.js'
import type { Connection } from './connection.js'

/** Closes a client whose unread replies have outgrown client-output-buffer-limit; true when it did. */
export function enforceOutputLimit(connection: Connection, config: Config, log: Log, nowMs: number): boolean {
  const { client } = connection
  if (client.isReplica || client.isMaster || connection.destroyed) return false
  const limit = config.values['client-output-buffer-limit'].normal
  const bytes = connection.pendingOutputBytes
  const hard = limit.hardBytes > 0 && bytes > limit.hardBytes
  let soft = false
  if (limit.softBytes > 0 && bytes > limit.softBytes) {
    if (connection.overSoftLimitSinceMs === 0) connection.overSoftLimitSinceMs = nowMs
    else soft = nowMs - connection.overSoftLimitSinceMs > limit.softSeconds * 1000
  } else connection.overSoftLimitSinceMs = 0
  if (!hard && !soft) return false
  log.warning(
    `Client id=${client.id} addr=${client.address} name=${client.name} omem=${bytes} scheduled to be closed ASAP for overcoming of output buffer limits.`,
  )
  connection.close()
  return true
}

/** `timeout`: closes clients that have been idle for too long. */
export function isIdleTooLong(client: Client, timeoutSeconds: number, nowMs: number): boolean {
  if (timeoutSeconds === 0 || client.isReplica || client.isMaster || client.monitoring || client.blocked !== null)
    return false
  return nowMs - client.lastInteractionMs > timeoutSeconds * 1000
}
