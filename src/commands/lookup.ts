/** Look-ups that leave the access clock alone (LOOKUP_NOTOUCH in Redis's db.c): TYPE, EXISTS, TTL, OBJECT. */
import { hashBytes } from '../bytes/hash.js'
import { EVENT_KEY_MISS } from '../config/keyspace-events.js'
import type { Database } from '../store/database.js'
import { HAS_EXPIRY } from '../store/entries.js'
import type { CommandContext } from './context.js'

/** Address of key argument `index`, or 0; counts a hit or a miss, and publishes the latter. `hash`: the key's. */
export function findUntouched(ctx: CommandContext, index: number, hash = ctx.hashOf(index)): number {
  const address = findUnnoticed(ctx, index, hash)
  if (address === 0) ctx.notify(EVENT_KEY_MISS, 'keymiss', index)
  return address
}

/** As findUntouched, without the event of a miss: for those who look at keys from outside (OBJECT). */
export function findUnnoticed(ctx: CommandContext, index: number, hash = ctx.hashOf(index)): number {
  const { args, keyspace } = ctx
  const address = ctx.db.peek(args.buffer, args.starts[index], args.ends[index], hash)
  if (address === 0) keyspace.misses++
  else keyspace.hits++
  return address
}

/** Address of a key that is in the table, expired or not; 0 for none. */
export function addressOf(db: Database, key: Buffer): number {
  return db.keys.find(hashBytes(key, 0, key.length), key, 0, key.length)
}

/** Whether the entry's time has come, though it may still be there. */
export function hasExpired(db: Database, address: number): boolean {
  return (db.entries.meta(address) & HAS_EXPIRY) !== 0 && db.isExpired(address)
}
