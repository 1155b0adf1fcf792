import { type DirectiveTable, IMPLEMENTED, MULTI_ARG } from '../directive.js'
import { bufferLimits } from '../kinds/lists.js'
import { GB, INT_MAX, INT64_MAX, integer, MB, memory, memoryOrPercent, UINT64_MAX } from '../kinds/numbers.js'
import { bool, oneOf } from '../kinds/words.js'

const EVICTION_POLICIES = [
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'noeviction',
] as const

const NO_DEFRAG =
  'Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified Jemalloc ' +
  'like the one shipped by default with the Redis source distribution'

/** How much memory data and clients may take, and what happens to keys then. */
export const memoryLimits = {
  maxmemory: memory(0, 0, UINT64_MAX, IMPLEMENTED),
  'maxmemory-policy': oneOf(EVICTION_POLICIES, 'noeviction', IMPLEMENTED),
  'maxmemory-samples': integer(5, 1, INT_MAX, IMPLEMENTED),
  'maxmemory-eviction-tenacity': integer(10, 0, 100, IMPLEMENTED),
  'maxmemory-clients': memoryOrPercent(0, 100, INT64_MAX, IMPLEMENTED),
  'client-output-buffer-limit': bufferLimits(MULTI_ARG | IMPLEMENTED),
  'client-query-buffer-limit': memory(GB, MB, INT64_MAX, IMPLEMENTED),
  'lua-memory-limit': memory(512 * MB, 16 * MB, 2 * GB, IMPLEMENTED),
  'proto-max-bulk-len': memory(512 * MB, MB, INT64_MAX, IMPLEMENTED),
  'tracking-table-max-keys': integer(1000000, 0, INT64_MAX, IMPLEMENTED),
  'lfu-log-factor': integer(10, 0, INT_MAX, IMPLEMENTED),
  'lfu-decay-time': integer(1, 0, INT_MAX, IMPLEMENTED, null, 'minutes'),
  'import-mode': bool(false, IMPLEMENTED),
  'active-expire-effort': integer(1, 1, 10, IMPLEMENTED),
  'lazyfree-lazy-eviction': bool(false, IMPLEMENTED),
  'lazyfree-lazy-expire': bool(false, IMPLEMENTED),
  'lazyfree-lazy-server-del': bool(false, IMPLEMENTED),
  'lazyfree-lazy-user-del': bool(false, IMPLEMENTED),
  'lazyfree-lazy-user-flush': bool(false, IMPLEMENTED),
  activerehashing: bool(true),
  // A redis.conf that asks for it still starts; at run time the answer is that of a Redis without jemalloc.
  activedefrag: bool(false, 0, null, (on, context) => (on && !context.fromFile ? NO_DEFRAG : null)),
  'active-defrag-ignore-bytes': memory(100 * MB, 1, INT64_MAX),
  'active-defrag-threshold-lower': integer(10, 0, 1000, 0, null, 'percent'),
  'active-defrag-threshold-upper': integer(100, 0, 1000, 0, null, 'percent'),
  'active-defrag-cycle-min': integer(1, 1, 99, 0, null, 'percent'),
  'active-defrag-cycle-max': integer(25, 1, 99, 0, null, 'percent'),
  'active-defrag-max-scan-fields': integer(1000, 1, INT64_MAX),
} satisfies DirectiveTable
