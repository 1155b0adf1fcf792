/** Keys of the store as RDB bytes. */
import { writeName } from '../../rdb/entry-output.js'
import { RDB_OPCODE_EXPIRETIME_MS, RDB_OPCODE_FREQ, RDB_OPCODE_IDLE } from '../../rdb/format.js'
import type { RdbOutput } from '../../rdb/output.js'
import type { AccessClock } from '../../store/access-clock.js'
import { HAS_EXPIRY } from '../../store/entries.js'
import type { Keyspace } from '../../store/keyspace.js'
import { kindOf } from '../../types/kinds.js'

/**
 * Writes a key with all that belongs to it: expiry, access history, type, key, value. For values that are not large
 * (types/large-value.ts).
 * @param access the access clock under an LRU or LFU policy, whose history is then saved with each key; else null.
 */
export function writeEntry(
  out: RdbOutput,
  keyspace: Keyspace,
  address: number,
  compress: boolean,
  access: AccessClock | null = null,
): void {
  const { entries } = keyspace
  writeKeyTraits(out, keyspace, address, access)
  writeName(out, entries, address, compress)
  kindOf(entries, address).write(out, entries, address, compress)
}

/** What stands before a key: EXPIRETIME_MS, IDLE or FREQ, the type. `access` as in writeEntry. */
export function writeKeyTraits(out: RdbOutput, keyspace: Keyspace, address: number, access: AccessClock | null): void {
  const { entries } = keyspace
  if (entries.meta(address) & HAS_EXPIRY) {
    out.byte(RDB_OPCODE_EXPIRETIME_MS)
    out.u64(entries.expiryLow(address), entries.expiryHigh(address))
  }
  if (access !== null) {
    if (access.lfu) {
      out.byte(RDB_OPCODE_FREQ)
      out.byte(access.frequency(entries.clock(address)))
    } else {
      out.byte(RDB_OPCODE_IDLE)
      out.lengthCode(access.idleSeconds(entries.clock(address)))
    }
  }
  out.byte(kindOf(entries, address).rdbType(keyspace, address))
}
