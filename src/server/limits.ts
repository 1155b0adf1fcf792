/** Limits on clients: idle time and unread output. */
import type { Client } from '../commands/client.js'
import { clientLine, clientType } from '../commands/client-line.js'
import type { ServerStats } from '../commands/server-api.js'
import type { Config } from '../config/config.js'
import { UNLIMITED_OUTPUT_BYTES } from '../network/output-queue.js'
import type { Log } from '../observe/log.js'

/** And so much more may wait for a client that has not logged in yet, whatever the limits of its class (Redis 7.2.8, CVE-2025-21605). */
const UNAUTHENTICATED_OUTPUT_BYTES = 1024

/** client-output-buffer-limit of normal and pubsub clients. Replicas are watched where their stream is sent. */
export class OutputLimits {
  private readonly config: Config
  private readonly log: Log
  /** The clients that are over the soft limit, and since when. */
  private readonly overSinceMs = new Map<Client, number>()
  private readonly stats: ServerStats

  constructor(config: Config, log: Log, stats: ServerStats) {
    this.config = config
    this.log = log
    this.stats = stats
  }

  /** Closes the client if its output has outgrown a limit. To be called when output grew. */
  check(client: Client, nowMs: number): void {
    const type = clientType(client)
    if (type === 'replica') return
    const limit = this.limitOf(client)
    const bytes = client.transport.pendingOutputBytes
    if (client.mustLogIn && bytes > UNLIMITED_OUTPUT_BYTES + UNAUTHENTICATED_OUTPUT_BYTES) {
      this.close(client, nowMs)
      return
    }
    if (limit.hardBytes > 0 && bytes >= limit.hardBytes) {
      this.close(client, nowMs)
      return
    }
    if (limit.softBytes === 0 || bytes < limit.softBytes) {
      this.overSinceMs.delete(client)
      return
    }
    const since = this.overSinceMs.get(client)
    if (since === undefined) this.overSinceMs.set(client, nowMs)
    else if (nowMs - since > limit.softSeconds * 1000) this.close(client, nowMs)
  }

  /** What is in force for a client that is no replica. */
  limitOf(client: Client): { readonly hardBytes: number; readonly softBytes: number; readonly softSeconds: number } {
    const limits = this.config.values['client-output-buffer-limit']
    return clientType(client) === 'pubsub' ? limits.pubsub : limits.normal
  }

  /** Looks again at the clients over the soft limit: time passes without new output too. */
  cron(nowMs: number): void {
    for (const client of this.overSinceMs.keys()) this.check(client, nowMs)
  }

  private close(client: Client, nowMs: number): void {
    this.log.warning(
      `Client ${clientLine(client, nowMs, null)} scheduled to be closed ASAP for overcoming of output buffer limits.`,
    )
    this.stats.outputLimitDisconnections++
    client.transport.close()
    this.forget(client)
  }

  forget(client: Client): void {
    this.overSinceMs.delete(client)
  }
}

/** `timeout`: whether a client has been idle for too long. */
export function isIdleTooLong(client: Client, timeoutSeconds: number, nowMs: number): boolean {
  if (timeoutSeconds === 0 || client.isReplica || client.isMaster || client.isBlocked) return false
  if (client.monitoring || client.subscriptions.total > 0) return false
  return nowMs - client.lastInteractionMs > timeoutSeconds * 1000
}
