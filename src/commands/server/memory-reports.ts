/** MEMORY DOCTOR and MALLOC-STATS: memory in words. */
import v8 from 'node:v8'
import type { Entries } from '../../store/entries.js'
import type { ServerApi } from '../server-api.js'

const KB = 1024
const MB = 1024 * KB
/** With less in use, nothing can be said. */
const LEAST_BYTES = 5 * MB
/** What is worth a word: that much more than needed, and not less in bytes. */
const HIGH_PEAK_RATIO = 1.5
const HIGH_FRAGMENTATION_RATIO = 1.1
const WASTE_BYTES = 10 * MB
const BIG_CLIENT_BYTES = 200 * KB
const BIG_REPLICA_BYTES = 10 * MB
/** Node itself and a heap in its usual state take this much beside the data. */
const USUAL_PROCESS_BYTES = 100 * MB

/** MEMORY DOCTOR. The limits are Redis's (getMemoryDoctorReport in object.c), but for what concerns the JavaScript heap. */
export function memoryReport({ clients, memory, replication }: ServerApi): string {
  const figures = memory.figures()
  const { peak, reserved, resident, used } = figures
  if (used < LEAST_BYTES) return 'There is next to no data: nothing can be said about memory yet.\n'
  const problems: string[] = []
  if (peak / used > HIGH_PEAK_RATIO) {
    problems.push(
      'Peak: memory in use was once more than 150 % of what it is now. What was set aside for that may not all have gone back to the system; it is used again first when data grows, and MEMORY PURGE gives back what can be given.',
    )
  }
  if (reserved / used > HIGH_FRAGMENTATION_RATIO && reserved - used > WASTE_BYTES) {
    problems.push(
      'Fragmentation: many slots are free in chunks that are otherwise in use, mostly after deletions. They are used again by entries of the same size. MEMORY MALLOC-STATS shows the size classes.',
    )
  }
  if (resident - reserved > USUAL_PROCESS_BYTES) {
    problems.push(
      'Process: it takes over 100 MB more than the data. That is the JavaScript heap and what the system has not taken back yet; the next full garbage collection lowers it, unless values over 4 KB are being replaced all the time.',
    )
  }
  const replicas = replication.replicas.count
  if (figures.clients / Math.max(1, clients.size - replicas) > BIG_CLIENT_BYTES) {
    problems.push(
      'Clients: they hold more than 200 KB each on average. Some may not read their replies, or send very long pipelines: CLIENT LIST shows them (omem, qbuf, tot-mem).',
    )
  }
  if (replicas > 0 && figures.replicas > BIG_REPLICA_BYTES) {
    problems.push(
      'Replicas: more than 10 MB of the stream are kept for replicas that lag. INFO replication shows their offsets.',
    )
  }
  if (problems.length === 0) return 'Memory is used as it should be.\n'
  return `Something about memory deserves a look:\n\n${problems.map(text => `- ${text}\n`).join('\n')}`
}

/** MEMORY MALLOC-STATS. O(pages of slab memory). */
export function allocatorReport(entries: Entries): string {
  const lines = [
    `Slabs: ${entries.usedBytes} bytes in use of ${entries.reservedBytes} set aside`,
    `Values of their own: ${entries.externalBytes} bytes in ${entries.buffers.count} buffers`,
    `Hash tables: ${entries.tableBytes} bytes in use of ${entries.tableReservedBytes} set aside`,
    '',
    'slot bytes       pages       slots        used    filled',
  ]
  for (const { pages, slotBytes, slots, used } of entries.classes()) {
    const columns = [pages, slots, used].map(number => String(number).padStart(12)).join('')
    lines.push(`${String(slotBytes).padStart(10)}${columns}${((used / slots) * 100).toFixed(1).padStart(9)}%`)
  }
  lines.push('', 'heap space                      used    set aside')
  for (const space of v8.getHeapSpaceStatistics()) {
    const columns = [space.space_used_size, space.space_size].map(bytes => String(bytes).padStart(13)).join('')
    lines.push(`${space.space_name.padEnd(23)}${columns}`)
  }
  return `${lines.join('\n')}\n`
}
