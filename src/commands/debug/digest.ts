/**
 * DEBUG DIGEST and DIGEST-VALUE: SHA-1 over values such that equal data give equal digests in any order, the same as
 * redis-server's. Source: computeDatasetDigest and xorObjectDigest in Redis's debug.c.
 */
import type { Database } from '../../store/database.js'
import type { Keyspace } from '../../store/keyspace.js'
import { Digest } from '../../types/digest.js'
import { forEachElement } from '../../types/element-table.js'
import { kindOf } from '../../types/kinds.js'

const EXPIRES = Buffer.from('!!expire!!', 'latin1')

/** A number as C's htonl puts it into memory. */
function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Digest of all databases, 40 hexadecimal digits; all zeros when they are empty. O(n), and nothing else runs meanwhile. */
export function datasetDigest(keyspace: Keyspace): string {
  const all = new Digest()
  const entry = new Digest()
  for (const db of keyspace.databases) {
    if (db.keys.count === 0) continue
    all.mix(bigEndian(db.index))
    forEachElement(db.keys, address => {
      entry.clear()
      entry.mix(db.entries.keyView(address))
      addValue(entry, db, address)
      all.xorDigest(entry)
    })
  }
  return all.hex
}

/** Digest of one value without its key, 40 hexadecimal digits; all zeros for address 0. O(size of the value). */
export function valueDigest(db: Database, address: number): string {
  const digest = new Digest()
  if (address !== 0) addValue(digest, db, address)
  return digest.hex
}

function addValue(digest: Digest, db: Database, address: number): void {
  const { entries } = db
  const kind = kindOf(entries, address)
  digest.mix(bigEndian(kind.type))
  kind.digest(digest, db, address)
  if (!Number.isNaN(entries.expiry(address))) digest.xor(EXPIRES)
}
