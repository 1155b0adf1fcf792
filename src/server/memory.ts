/**
 * What `used_memory` means here.
 *
 * It is the sum of the server's own accounts: slots in use, large values, hash tables, what clients and replicas hold. Each
 * account is kept as memory is taken and given back, so the sum is exact to the byte at any moment and costs a few
 * additions; maxmemory is compared with this very number. What follows:
 *
 * - Evicting a key lowers it at once: a slot that is free for another entry is not in use, though its chunk stays reserved
 *   (allocator_active) until all of its slots are free. Reserved but unused memory is fragmentation, as with malloc.
 * - The VM of scripts is not in it, as little as in Redis: it shows in the resident size. What scripts and libraries are written in is.
 * - The JavaScript heap is not in it. What the heap holds is garbage for the most part, and Node's own code: a figure that
 *   jumps by megabytes when the collector likes, and that no eviction could lower. Objects that stand for data (a Buffer, a
 *   table, a client) are in the accounts by their measured size. The heap shows as allocator_resident, the rest of the
 *   process as rss_overhead: plan 100 MB beside maxmemory for the two.
 * - Parts of the replication stream that only lagging replicas need are in used_memory, but do not make anything evict: the
 *   DELs of evicted keys would feed what they were to lower (freeMemoryGetNotCountedMemory in Redis's evict.c). Nor does what a
 *   snapshot keeps of values that have changed or gone since it began: in Redis that is its child's, and evicting adds to it.
 */

import v8 from 'node:v8'
import { performance } from '../clock/platform.js'
import type { MemoryAccount, MemoryFigures, ServerApi } from '../commands/server-api.js'
import type { ClientEviction } from './client-eviction.js'

/** The resident size comes from a system call and a parsed file: once a second is enough. */
const RSS_VALID_MS = 1000
/** Buffers that all connections share: one for reading, one for replies. */
const SHARED_BUFFERS_BYTES = 128 * 1024

export class Memory implements MemoryAccount {
  private readonly server: ServerApi
  private readonly clients: ClientEviction
  private readonly startup: number
  private peak = 0
  private resident = 0
  private residentAtMs = 0

  constructor(server: ServerApi, clients: ClientEviction) {
    this.server = server
    this.clients = clients
    this.startup = this.bytesBesideScripts
  }

  /** used_memory. O(1) while clients are accounted for (ClientEviction.accounting), which a limit of any kind sees to. */
  get usedBytes(): number {
    return this.bytesBesideScripts + this.server.scripts.textBytes
  }

  private get bytesBesideScripts(): number {
    const { aof, keyspace, payloads, replication, tracking } = this.server
    return (
      SHARED_BUFFERS_BYTES +
      keyspace.usedBytes +
      keyspace.released.held.memoryBytes +
      payloads.memoryBytes +
      this.clients.totalBytes +
      replication.stream.memoryBytes +
      aof.buffer.length +
      tracking.keys.usedBytes
    )
  }

  /** What of used_memory maxmemory is compared with. O(1), as usedBytes. */
  get countedBytes(): number {
    return this.usedBytes - this.notCountedBytes
  }

  private get notCountedBytes(): number {
    const { aof, keyspace, replication } = this.server
    return replication.stream.laggingBytes + keyspace.released.held.memoryBytes + aof.buffer.length
  }

  /** The server's cron calls it, so that peaks between two INFOs are seen. */
  sample(): void {
    this.clients.refresh()
    const used = this.usedBytes
    if (used > this.peak) this.peak = used
  }

  figures(): MemoryFigures {
    const { aof, keyspace, replication, scripts, tracking } = this.server
    this.sample()
    const used = this.usedBytes
    let tables = 0
    for (const { expires, keys } of keyspace.databases) tables += keys.memoryBytes + expires.memoryBytes
    const { memoryBytes, windowBytes } = replication.stream
    const replicas = replication.replicas.count > 0 ? Math.max(0, memoryBytes - windowBytes) : 0
    const reserved = used - keyspace.entries.totalUsedBytes + keyspace.entries.totalReservedBytes
    return {
      used,
      peak: this.peak,
      resident: this.residentBytes(),
      startup: this.startup,
      overhead:
        SHARED_BUFFERS_BYTES +
        tables +
        keyspace.released.held.memoryBytes +
        this.clients.totalBytes +
        memoryBytes +
        aof.buffer.length +
        tracking.keys.usedBytes +
        scripts.textBytes,
      reserved,
      withHeap: reserved + v8.getHeapStatistics().total_physical_size,
      clients: this.clients.totalBytes,
      backlog: memoryBytes - replicas,
      replicas,
      notCounted: this.notCountedBytes,
    }
  }

  private residentBytes(): number {
    const now = performance.now()
    if (this.resident === 0 || now - this.residentAtMs > RSS_VALID_MS) {
      this.resident = process.memoryUsage.rss()
      this.residentAtMs = now
    }
    return this.resident
  }
}

/** "1.50M": bytes as INFO's fields for people show them (bytesToHuman in Redis's server.c). */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`
  let value = bytes
  for (const unit of ['K', 'M', 'G', 'T']) {
    value /= 1024
    if (value < 1024) return `${value.toFixed(2)}${unit}`
  }
  return `${(value / 1024).toFixed(2)}P`
}
