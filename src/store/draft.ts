/**
 * A value that is being put together and will take a key's place: SINTERSTORE reads the key that it overwrites. It is in the
 * keyspace's memory, in a database of its own that nobody else sees.
 */
import { hashBytes } from '../bytes/hash.js'
import { Database } from './database.js'
import { HAS_EXPIRY } from './entries.js'
import type { Keyspace } from './keyspace.js'

/** Number of databases that are none. */
const NO_DATABASE = -1

export class Draft {
  readonly database: Database
  /** The key: bytes key[start, end). */
  readonly key: Buffer
  readonly start: number
  readonly end: number
  private readonly keyspace: Keyspace
  private readonly reportsNewKeys: boolean

  /** Begins to put a value together for key[start, end). close() has to follow before anything else happens. */
  constructor(keyspace: Keyspace, key: Buffer, start: number, end: number, hash = hashBytes(key, start, end)) {
    this.keyspace = keyspace
    this.key = key
    this.start = start
    this.end = end
    this.database = new Database(NO_DATABASE, keyspace)
    this.database.hash = hash
    this.reportsNewKeys = keyspace.reportsNewKeys
    keyspace.reportsNewKeys = false
  }

  /**
   * The value at `address` takes its key's place in `to`, where `replaced` (0: nothing) is what findForWrite has just found there: it
   * is destroyed, but the key's access history stays (dbSetValue in Redis's db.c), and with `keepsExpiry` its expiry. Returns the
   * value's address there. O(1).
   */
  moveTo(to: Database, address: number, replaced: number, keepsExpiry: boolean): number {
    const { database, keyspace } = this
    const { entries } = keyspace
    const { expires, hash, keys } = database
    let value = address
    if (keepsExpiry && replaced !== 0 && (entries.meta(replaced) & HAS_EXPIRY) !== 0) {
      value = database.setExpiry(address, entries.expiry(replaced))
      entries.copyExpiry(replaced, value)
      expires.locate(hash, value)
      expires.removeFound()
    }
    keys.locate(hash, value)
    keys.removeFound()
    keyspace.reportsNewKeys = this.reportsNewKeys
    if (replaced === 0) {
      to.hash = hash
      to.insert(value)
    } else {
      entries.setClock(value, entries.clock(replaced))
      to.replace(replaced, value)
    }
    return value
  }

  /** What has not been moved is not wanted. */
  close(): void {
    const { database, keyspace } = this
    keyspace.reportsNewKeys = this.reportsNewKeys
    // There is one at most.
    const address = database.keys.random()
    if (address !== 0) database.remove(address, false)
    database.close()
  }
}
