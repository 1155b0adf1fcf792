/** What INFO says of memory, cheap enough to be asked all the time. */
import v8 from 'node:v8'
import { clientMemory } from '../commands/client-line.js'
import type { ServerApi } from '../commands/server-api.js'

/** The resident size comes from a system call and a parsed file: once a second is enough. */
const RSS_VALID_MS = 1000

/** JavaScript heap in use when the server's code had just been loaded. */
const startupBytes = v8.getHeapStatistics().used_heap_size

/** All in bytes. */
export interface MemoryFigures {
  /** Data, tables and JavaScript heap. */
  readonly used: number
  readonly peak: number
  readonly resident: number
  /** Used before there was any data. */
  readonly startup: number
  /** Used for anything but keys and values. */
  readonly overhead: number
  /** Set aside for keys, values and heap, in use or not. */
  readonly reserved: number
  readonly clients: number
  readonly backlog: number
  /** Part of the stream that is kept for replicas that lag behind the backlog's size. */
  readonly replicas: number
}

export class Memory {
  private peak = 0
  private resident = 0
  private residentAtMs = 0

  /** Notes the peak; the server's cron calls it, so that peaks between two INFOs are seen. */
  sample({ keyspace }: ServerApi): void {
    this.used(keyspace.usedBytes, v8.getHeapStatistics().used_heap_size)
  }

  private used(data: number, heap: number): number {
    const used = data + heap
    if (used > this.peak) this.peak = used
    return used
  }

  /** O(clients + segments of the tables). */
  figures({ clients, keyspace, replication }: ServerApi): MemoryFigures {
    const heap = v8.getHeapStatistics()
    const data = keyspace.usedBytes
    const used = this.used(data, heap.used_heap_size)
    let tables = 0
    for (const { expires, keys } of keyspace.databases) tables += keys.memoryBytes + expires.memoryBytes
    let ofClients = 0
    for (const client of clients.values()) if (!client.isReplica) ofClients += clientMemory(client)
    const { memoryBytes, windowBytes } = replication.stream
    const backlog = Math.min(memoryBytes, windowBytes)
    return {
      used,
      peak: this.peak,
      resident: this.residentBytes(),
      startup: startupBytes,
      overhead: Math.min(used, startupBytes + tables + ofClients + memoryBytes),
      reserved: keyspace.entries.reservedBytes + keyspace.entries.externalBytes + tables + heap.total_heap_size,
      clients: ofClients,
      backlog,
      replicas: memoryBytes - backlog,
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
