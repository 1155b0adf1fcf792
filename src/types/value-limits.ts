/** Up to where values keep their compact encodings: what the directives of redis.conf say, as they stand at each moment. */

/** hash-max-listpack-entries (pairs), hash-max-listpack-value. */
export interface HashLimits {
  maxEntries: number
  maxValueBytes: number
}

/** list-max-listpack-size (negative: -1 to -5 for 4 to 64 KiB a node), list-compress-depth. */
export interface ListLimits {
  maxListpackSize: number
  compressDepth: number
}

/** set-max-intset-entries, set-max-listpack-entries, set-max-listpack-value. */
export interface SetLimits {
  maxIntsetEntries: number
  maxListpackEntries: number
  maxListpackValueBytes: number
}

/** zset-max-listpack-entries, zset-max-listpack-value. */
export interface SortedSetLimits {
  maxEntries: number
  maxValueBytes: number
}

/** stream-node-max-bytes, stream-node-max-entries; 0: no limit. */
export interface StreamLimits {
  nodeMaxBytes: number
  nodeMaxEntries: number
}

/** hll-sparse-max-bytes. */
export interface HyperLogLogLimits {
  sparseMaxBytes: number
}

export interface ValueLimits {
  readonly hash: HashLimits
  readonly list: ListLimits
  readonly set: SetLimits
  readonly sortedSet: SortedSetLimits
  readonly stream: StreamLimits
  readonly hyperLogLog: HyperLogLogLimits
}

/** Redis's defaults, to be changed as the configuration says. */
export function defaultLimits(): ValueLimits {
  return {
    hash: { maxEntries: 512, maxValueBytes: 64 },
    list: { maxListpackSize: -2, compressDepth: 0 },
    set: { maxIntsetEntries: 512, maxListpackEntries: 128, maxListpackValueBytes: 64 },
    sortedSet: { maxEntries: 128, maxValueBytes: 64 },
    stream: { nodeMaxBytes: 4096, nodeMaxEntries: 100 },
    hyperLogLog: { sparseMaxBytes: 3000 },
  }
}
