/** Which values are large: written to RDB in pieces, as of the moment at which they were held. */
import type { Aggregate } from '../store/aggregate.js'
import { ENCODING_AGGREGATE, type Entries, isExternal } from '../store/entries.js'
import type { Keyspace } from '../store/keyspace.js'

/** Longer strings are written in pieces: compressing a bucket of such ones takes a few milliseconds at worst. */
export const LARGE_BYTES = 16 * 1024

/** The object that a large value is, or null. */
export function aggregateOf({ aggregates, entries }: Keyspace, address: number): Aggregate | null {
  return entries.encoding(address) === ENCODING_AGGREGATE ? aggregates.get(entries.payload(address)) : null
}

/** Whether a value is to be held (ValueKind.hold) instead of written in one go. O(1). */
export function isLarge(entries: Entries, address: number): boolean {
  const encoding = entries.encoding(address)
  if (encoding === ENCODING_AGGREGATE) return true
  return isExternal(encoding) && entries.buffers.get(entries.payload(address)).length > LARGE_BYTES
}
