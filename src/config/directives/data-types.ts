import { type DirectiveTable, IMPLEMENTED } from '../directive.js'
import { INT_MAX, INT_MIN, INT64_MAX, integer, memory } from '../kinds/numbers.js'

/** Up to where a value keeps its compact encoding. */
export const dataTypes = {
  'hash-max-listpack-entries': integer(512, 0, INT64_MAX, IMPLEMENTED, 'hash-max-ziplist-entries'),
  'hash-max-listpack-value': memory(64, 0, INT64_MAX, IMPLEMENTED, 'hash-max-ziplist-value'),
  // Negative sizes are classes: -1 is 4 KB a node, -2 is 8 KB, up to -5.
  'list-max-listpack-size': integer(-2, INT_MIN, INT_MAX, IMPLEMENTED, 'list-max-ziplist-size'),
  'list-compress-depth': integer(0, 0, INT_MAX, IMPLEMENTED),
  'set-max-intset-entries': integer(512, 0, INT64_MAX, IMPLEMENTED),
  'set-max-listpack-entries': integer(128, 0, INT64_MAX, IMPLEMENTED),
  'set-max-listpack-value': integer(64, 0, INT64_MAX, IMPLEMENTED),
  'zset-max-listpack-entries': integer(128, 0, INT64_MAX, IMPLEMENTED, 'zset-max-ziplist-entries'),
  'zset-max-listpack-value': memory(64, 0, INT64_MAX, IMPLEMENTED, 'zset-max-ziplist-value'),
  'hll-sparse-max-bytes': memory(3000, 0, INT64_MAX, IMPLEMENTED),
  'stream-node-max-bytes': memory(4096, 0, INT64_MAX, IMPLEMENTED),
  'stream-node-max-entries': integer(100, 0, INT64_MAX, IMPLEMENTED),
} satisfies DirectiveTable
