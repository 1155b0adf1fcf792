/**
 * INFO memory. Redis's words for its allocator, applied here: allocated is what the accounts say is in use (server/memory.ts),
 * active what they have set aside (the difference is fragmentation of the slabs), resident that and the JavaScript heap;
 * rss_overhead is the rest of the process: Node itself, and what the system's allocator keeps.
 */
import os from 'node:os'
import type { ServerApi } from '../../commands/server-api.js'
import { humanBytes } from '../memory.js'
import type { Field } from './info-field.js'

const systemBytes = os.totalmem()
/** The share of time that compaction takes at most: a slice of one millisecond, and three for requests. */
const COMPACTION_PERCENT = 25
const allocator = `v8-${process.versions.v8}`

export function memoryFields({ aof, compaction, config, keyspace, memory, replication, scripts }: ServerApi): Field[] {
  const figures = memory.figures()
  const { overhead, peak, reserved, resident, startup, used, withHeap } = figures
  const dataset = used - overhead
  const net = Math.max(1, used - startup)
  const { maxmemory } = config.values
  return [
    ['used_memory', used],
    ['used_memory_human', humanBytes(used)],
    ['used_memory_rss', resident],
    ['used_memory_rss_human', humanBytes(resident)],
    ['used_memory_peak', peak],
    ['used_memory_peak_human', humanBytes(peak)],
    ['used_memory_peak_perc', `${percent(used, peak)}%`],
    ['used_memory_overhead', overhead],
    ['used_memory_startup', startup],
    ['used_memory_dataset', dataset],
    ['used_memory_dataset_perc', `${percent(dataset, net)}%`],
    ['allocator_allocated', used],
    ['allocator_active', reserved],
    ['allocator_resident', withHeap],
    ['total_system_memory', systemBytes],
    ['total_system_memory_human', humanBytes(systemBytes)],
    ...scriptFields(scripts),
    ['maxmemory', maxmemory],
    ['maxmemory_human', humanBytes(maxmemory)],
    ['maxmemory_policy', config.values['maxmemory-policy']],
    ['allocator_frag_ratio', ratio(reserved, used)],
    ['allocator_frag_bytes', reserved - used],
    ['allocator_rss_ratio', ratio(withHeap, reserved)],
    ['allocator_rss_bytes', withHeap - reserved],
    ['rss_overhead_ratio', ratio(resident, withHeap)],
    ['rss_overhead_bytes', resident - withHeap],
    ['mem_fragmentation_ratio', ratio(resident, used)],
    ['mem_fragmentation_bytes', resident - used],
    ['mem_not_counted_for_evict', figures.notCounted],
    ['mem_replication_backlog', figures.backlog],
    ['mem_total_replication_buffers', replication.stream.memoryBytes],
    ['mem_clients_slaves', figures.replicas],
    ['mem_clients_normal', figures.clients],
    ['mem_cluster_links', 0],
    ['mem_aof_buffer', aof.buffer.memoryBytes],
    ['mem_allocator', allocator],
    ['active_defrag_running', compaction.running ? COMPACTION_PERCENT : 0],
    ['lazyfree_pending_objects', keyspace.pendingObjects],
    ['lazyfreed_objects', keyspace.lazyfree.freedObjects],
  ]
}

/** Scripts and functions share one VM, which comes with the first of them: all of it counts as that of EVAL. */
function scriptFields({ cache, engine, functions, textBytes }: ServerApi['scripts']): Field[] {
  const vm = engine.usedBytes
  return [
    ['used_memory_lua', vm],
    ['used_memory_vm_eval', vm],
    ['used_memory_lua_human', humanBytes(vm)],
    ['used_memory_scripts_eval', cache.memoryBytes],
    ['number_of_cached_scripts', cache.count],
    ['number_of_functions', functions.functionCount],
    ['number_of_libraries', functions.count],
    ['used_memory_vm_functions', 0],
    ['used_memory_vm_total', vm],
    ['used_memory_vm_total_human', humanBytes(vm)],
    ['used_memory_functions', functions.memoryBytes],
    ['used_memory_scripts', textBytes],
    ['used_memory_scripts_human', humanBytes(textBytes)],
  ]
}

function percent(part: number, whole: number): string {
  return ((part / whole) * 100).toFixed(2)
}

function ratio(a: number, b: number): string {
  return (a / b).toFixed(2)
}
