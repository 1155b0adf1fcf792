/** Removes fields of hashes whose time has come, wherever that is found out. */
import type { Database } from './database.js'
import { ENCODING_AGGREGATE } from './entries.js'
import type { Keyspace } from './keyspace.js'
import type { ElementTimes } from './table/element-times.js'

/**
 * Removes up to `most` fields that have expired, and the key with the last one. Returns how many. When it is not known any more whose
 * they are, nothing is left to expire.
 */
export function expireFields(keyspace: Keyspace, times: ElementTimes, most: number): number {
  const expired = times.expired(keyspace.nowMs, most)
  if (expired.length === 0) return 0
  const database = ownerOf(keyspace, times)
  if (database === null) {
    times.leave()
    return 0
  }
  removeFields(database, times, expired)
  return expired.length
}

/** Removes fields of a hash, elements of its table that have expired, and the key with the last one. */
export function removeFields(database: Database, times: ElementTimes, elements: readonly number[]): void {
  const { entries, keyspace } = database
  const { key, table } = times
  // The snapshot sees the key first.
  const address = database.findAgain(key, 0, key.length)
  for (const element of elements) {
    const hash = entries.hashOf(element)
    const field = entries.keyCopy(element)
    if (keyspace.snapshot !== null) keyspace.snapshot.beforeElementWrite(table, hash)
    times.forget(element)
    table.locate(hash, element)
    table.removeFound()
    if (table.observer === null || !table.observer.goes(hash, element)) entries.destroy(element)
    keyspace.expiredFields++
    keyspace.listener?.fieldExpired(database, key, field)
  }
  const isEmpty = table.count === 0
  if (isEmpty) database.remove(address)
  database.touch(key, 0, key.length)
  keyspace.listener?.fieldsExpired(database, key, isEmpty)
}

/** The database whose key has the value; null: there is none such. */
export function ownerOf(keyspace: Keyspace, times: ElementTimes): Database | null {
  const { database, key } = times
  if (keyspace.databases[database.index] === database && holds(database, times, key)) return database
  // SWAPDB tells nobody, and data that was staged has come from databases of its own.
  for (const each of keyspace.databases) {
    if (!holds(each, times, key)) continue
    times.movedTo(each, key)
    return each
  }
  return null
}

function holds(database: Database, { table }: ElementTimes, key: Buffer): boolean {
  const { entries, keyspace } = database
  const address = database.findAny(key, 0, key.length)
  if (address === 0 || entries.encoding(address) !== ENCODING_AGGREGATE) return false
  return keyspace.aggregates.get(entries.payload(address)) === table
}
