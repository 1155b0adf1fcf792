/** Moves a key's value to another key or another database: what RENAME and MOVE are made of. */
import type { Database } from './database.js'
import { ENCODING_AGGREGATE, HAS_EXPIRY } from './entries.js'
import { UNIT_MASK } from './slabs/slabs.js'

/** Addresses count in units of 8 bytes (slabs.ts). */
const UNIT_BYTES = 8

/**
 * Takes the entry `address` out of `from` and puts its value, its expiry and its access clock under key[start, end) in `to`,
 * where no such key may be and where it has just been looked for (findForWrite). Values in a Buffer or a table of their
 * own go along by reference, so that this costs no more than the copy of one slot. Returns the new address.
 */
export function moveEntry(
  from: Database,
  address: number,
  to: Database,
  key: Uint8Array,
  start: number,
  end: number,
): number {
  const { entries } = from
  const memory = entries.memory(address)
  const valueStart = entries.valueStart(address)
  const entryStart = (address & UNIT_MASK) * UNIT_BYTES
  const size = entries.entryBytes(address)
  const valueEnd = entryStart + size
  const next = entries.create(entries.meta(address), key, start, end, valueEnd - valueStart, entries.expiry(address))
  entries.copyExpiry(address, next)
  entries.setPayload(next, entries.payload(address))
  memory.copy(entries.memory(next), entries.valueStart(next), valueStart, valueEnd)
  to.insert(next)
  if (entries.encoding(next) === ENCODING_AGGREGATE) {
    to.keyspace.aggregates.get(entries.payload(next)).movedTo?.(to, entries.keyCopy(next))
  }
  const hash = entries.hashOf(address)
  from.keys.locate(hash, address)
  from.keys.removeFound()
  if ((entries.meta(address) & HAS_EXPIRY) !== 0) {
    from.expires.locate(hash, address)
    from.expires.removeFound()
  }
  // Only the slot: what the value refers to has a new owner.
  entries.free(address, size)
  return next
}
