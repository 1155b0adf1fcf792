/**
 * Keys of a writable replica (replica-read-only no) to which its own clients gave an expiry. The master knows nothing of
 * them, so that this server has to delete them itself. Source of behaviour: expireSlaveKeys in Redis's expire.c.
 */
import { performance } from '../clock/platform.js'
import type { Database } from './database.js'
import { HAS_EXPIRY } from './entries.js'

/** A call ends at so many keys in a row that have time left. */
const ALIVE_IN_A_ROW = 3

export class ReplicaExpiries {
  /** Names, one character a byte, and the databases in which each is due one day. */
  private readonly due = new Map<string, Set<Database>>()

  /** Number of names (INFO slave_expires_tracked_keys). */
  get size(): number {
    return this.due.size
  }

  /** Notes key[start, end) if it has an expiry. */
  note(database: Database, key: Uint8Array, start: number, end: number): void {
    const address = database.findAny(key, start, end)
    if (address === 0 || (database.entries.meta(address) & HAS_EXPIRY) === 0) return
    const text = Buffer.from(key.buffer, key.byteOffset + start, end - start).toString('latin1')
    const databases = this.due.get(text)
    if (databases === undefined) this.due.set(text, new Set([database]))
    else databases.add(database)
  }

  /** Deletes those that are due, until `deadlineMs` (performance.now()) at the latest. */
  expire(deadlineMs: number): void {
    let alive = 0
    for (const [text, databases] of this.due) {
      const name = Buffer.from(text, 'latin1')
      for (const database of databases) if (!expireIfDue(database, name)) databases.delete(database)
      // The next call begins with others.
      this.due.delete(text)
      if (databases.size > 0) {
        this.due.set(text, databases)
        if (++alive > ALIVE_IN_A_ROW) return
      }
      if (performance.now() >= deadlineMs) return
    }
  }

  /** All data is gone, and the master may send keys of the same names. */
  clear(): void {
    this.due.clear()
  }
}

/** Deletes the key if its time has come; whether it is still there, with an expiry. */
function expireIfDue(database: Database, name: Buffer): boolean {
  const address = database.findAny(name, 0, name.length)
  if (address === 0 || (database.entries.meta(address) & HAS_EXPIRY) === 0) return false
  if (!database.isExpired(address)) return true
  database.expire(address)
  return false
}
