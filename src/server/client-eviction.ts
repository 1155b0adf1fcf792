/**
 * The account of memory that clients hold, and maxmemory-clients: over the limit, the largest clients are closed. Source of
 * behaviour: evictClients in Redis's networking.c.
 *
 * The account is kept only while some limit needs it; otherwise INFO adds up when it is asked.
 */
import { setImmediate } from '../clock/platform.js'
import type { Client } from '../commands/client.js'
import { clientLine } from '../commands/client-line.js'
import { clientMemory } from '../commands/connection/client-memory.js'
import type { ServerApi } from '../commands/server-api.js'

/** Clients are kept in buckets by powers of two of their size: the largest are found without looking at all of them. */
const SMALLEST_BUCKET_LOG2 = 15
const BUCKETS = 19
const NO_BUCKET = -1
/** Less would leave nobody to set it right. */
const LEAST_LIMIT_BYTES = 128 * 1024
/** Clients closed at once; more wait for the next turn. */
const CLOSED_AT_ONCE = 64

export class ClientEviction {
  /** Bytes held for all clients but replicas. */
  totalBytes = 0
  /** Whether the account is kept. */
  accounting = false
  /** maxmemory-clients in bytes; 0: no limit. */
  private limitBytes = 0
  /** What of totalBytes closing clients could give back. */
  private evictableBytes = 0
  private readonly buckets: Set<Client>[] = Array.from({ length: BUCKETS }, () => new Set<Client>())
  private readonly server: ServerApi
  private scheduled = false

  constructor(server: ServerApi) {
    this.server = server
  }

  /** Takes over maxmemory-clients (bytes, or below zero percent of maxmemory) and maxmemory. */
  configure(setting: number, maxmemory: number): void {
    const bytes = setting < 0 ? (maxmemory * -setting) / 100 : setting
    this.limitBytes = bytes === 0 ? 0 : Math.max(LEAST_LIMIT_BYTES, bytes)
    const accounting = setting !== 0 || maxmemory !== 0
    if (accounting !== this.accounting) {
      this.accounting = accounting
      this.recount()
    }
    if (this.over) this.evictLater()
  }

  get limited(): boolean {
    return this.limitBytes !== 0
  }

  /** Whether some client has to go. */
  get over(): boolean {
    return this.limitBytes !== 0 && this.totalBytes >= this.limitBytes && this.evictableBytes > 0
  }

  /** Makes totalBytes right. O(clients) where the account is not kept anyway. */
  refresh(): void {
    if (!this.accounting) this.recount()
  }

  private recount(): void {
    this.totalBytes = 0
    this.evictableBytes = 0
    for (const bucket of this.buckets) bucket.clear()
    for (const client of this.server.clients.values()) {
      client.accountedBytes = 0
      client.memoryBucket = NO_BUCKET
      if (this.accounting) this.update(client)
      else if (!client.isReplica) this.totalBytes += clientMemory(client)
    }
  }

  /** Notes what the client holds by now; to be called when that may have changed, or its right to stay. O(1). */
  update(client: Client): void {
    if (client.isReplica || client.isMaster) {
      this.forget(client)
      return
    }
    const bytes = clientMemory(client)
    const bucket = client.noEvict ? NO_BUCKET : bucketOf(bytes)
    if (bytes !== client.accountedBytes || bucket !== client.memoryBucket) this.move(client, bytes, bucket)
    if (this.over) this.evictLater()
  }

  /** The client is gone, or a replica from here on. O(1). */
  forget(client: Client): void {
    if (client.accountedBytes !== 0) this.move(client, 0, NO_BUCKET)
  }

  private move(client: Client, bytes: number, bucket: number): void {
    this.totalBytes += bytes - client.accountedBytes
    if (client.memoryBucket !== NO_BUCKET) this.evictableBytes -= client.accountedBytes
    if (bucket !== NO_BUCKET) this.evictableBytes += bytes
    client.accountedBytes = bytes
    if (bucket === client.memoryBucket) return
    if (client.memoryBucket !== NO_BUCKET) this.buckets[client.memoryBucket].delete(client)
    if (bucket !== NO_BUCKET) this.buckets[bucket].add(client)
    client.memoryBucket = bucket
  }

  private evictLater(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.evict()
    })
  }

  /** Closes the largest clients until the rest is below the limit. */
  evict(): void {
    const { log, keyspace, stats } = this.server
    let left = CLOSED_AT_ONCE
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
      for (const client of this.buckets[bucket]) {
        if (!this.over) return
        if (left-- === 0) {
          this.evictLater()
          return
        }
        log.notice(`Evicting client: ${clientLine(client, keyspace.nowMs, null)}`)
        stats.evictedClients++
        this.forget(client)
        client.transport.drop()
      }
    }
  }
}

/** Redis's buckets: everything up to 32 KiB, then by powers of two, the last for 4 GiB and more. */
function bucketOf(bytes: number): number {
  if (bytes < 2 ** SMALLEST_BUCKET_LOG2) return 0
  return Math.min(BUCKETS - 1, Math.floor(Math.log2(bytes)) - SMALLEST_BUCKET_LOG2 + 1)
}
