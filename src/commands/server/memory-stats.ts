/** MEMORY STATS. Names and order: getMemoryOverheadData and memoryCommand in Redis's object.c. */
import type { Database } from '../../store/database.js'
import type { CommandContext } from '../context.js'
import type { ServerApi } from '../server-api.js'

type Value = { readonly bytes: number } | { readonly ratio: number } | { readonly tables: Database }

/** A map of bytes and ratios; each database with keys has a map of its own. */
export function memoryStats({ reply, server }: CommandContext): void {
  const stats = figures(server)
  reply.map(stats.length)
  for (const [name, value] of stats) {
    reply.bulkText(name)
    if ('bytes' in value) reply.integer(value.bytes)
    else if ('ratio' in value) reply.double(value.ratio)
    else replyTables(reply, value.tables)
  }
}

function replyTables(reply: CommandContext['reply'], { expires, keys }: Database): void {
  reply.map(3)
  reply.bulkText('overhead.hashtable.main')
  reply.integer(keys.memoryBytes)
  reply.bulkText('overhead.hashtable.expires')
  reply.integer(expires.memoryBytes)
  reply.bulkText('overhead.hashtable.slot-to-keys')
  reply.integer(0)
}

function figures({ aof, keyspace, memory, scripts }: ServerApi): [string, Value][] {
  const { backlog, clients, overhead, peak, replicas, reserved, resident, startup, used, withHeap } = memory.figures()
  const inUse = keyspace.databases.filter(({ keys }) => keys.count > 0)
  const net = Math.max(1, used - startup)
  const keys = keyspace.keyCount
  return [
    ['peak.allocated', { bytes: peak }],
    ['total.allocated', { bytes: used }],
    ['startup.allocated', { bytes: startup }],
    ['replication.backlog', { bytes: backlog }],
    ['clients.slaves', { bytes: replicas }],
    ['clients.normal', { bytes: clients }],
    ['cluster.links', { bytes: 0 }],
    ['aof.buffer', { bytes: aof.buffer.memoryBytes }],
    ['lua.caches', { bytes: scripts.cache.memoryBytes }],
    ['functions.caches', { bytes: scripts.functions.memoryBytes }],
    ...inUse.map((database): [string, Value] => [`db.${database.index}`, { tables: database }]),
    ['overhead.total', { bytes: overhead }],
    ['keys.count', { bytes: keys }],
    ['keys.bytes-per-key', { bytes: keys === 0 ? 0 : Math.floor(net / keys) }],
    ['dataset.bytes', { bytes: used - overhead }],
    ['dataset.percentage', { ratio: ((used - overhead) / net) * 100 }],
    ['peak.percentage', { ratio: (used / peak) * 100 }],
    ['allocator.allocated', { bytes: used }],
    ['allocator.active', { bytes: reserved }],
    ['allocator.resident', { bytes: withHeap }],
    ['allocator-fragmentation.ratio', { ratio: reserved / used }],
    ['allocator-fragmentation.bytes', { bytes: reserved - used }],
    ['allocator-rss.ratio', { ratio: withHeap / reserved }],
    ['allocator-rss.bytes', { bytes: withHeap - reserved }],
    ['rss-overhead.ratio', { ratio: resident / withHeap }],
    ['rss-overhead.bytes', { bytes: resident - withHeap }],
    ['fragmentation', { ratio: resident / used }],
    ['fragmentation.bytes', { bytes: resident - used }],
  ]
}
