/**
 * DEBUG DIGEST and DIGEST-VALUE: SHA-1 over values such that equal data give equal digests in any order, the same as
 * redis-server's. Source: computeDatasetDigest and xorObjectDigest in Redis's debug.c.
 */
import { createHash } from 'node:crypto'
import type { Database } from '../store/database.js'
import { TYPE_HASH, TYPE_STRING } from '../store/entries.js'
import type { Keyspace } from '../store/keyspace.js'
import { forEachElement } from '../types/element-table.js'
import { Hash } from '../types/hash.js'
import { StringView } from '../types/string.js'

const DIGEST_BYTES = 20
const EXPIRES = Buffer.from('!!expire!!', 'latin1')

/** A digest that is being built. */
class Digest {
  private bytes: Buffer = Buffer.alloc(DIGEST_BYTES)

  get hex(): string {
    return this.bytes.toString('hex')
  }
  get view(): Uint8Array {
    return this.bytes
  }

  /** Adds data whose order does not matter. */
  xor(data: Uint8Array): void {
    const hash = sha1(data)
    for (let i = 0; i < DIGEST_BYTES; i++) this.bytes[i] ^= hash[i]
  }

  /** Adds data whose order matters. */
  mix(data: Uint8Array): void {
    this.xor(data)
    this.bytes = sha1(this.bytes)
  }
}

function sha1(data: Uint8Array): Buffer {
  return createHash('sha1').update(data).digest()
}

/** A number as C's htonl puts it into memory. */
function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Digest of all databases, 40 hexadecimal digits; all zeros when they are empty. O(n), and nothing else runs meanwhile. */
export function datasetDigest(keyspace: Keyspace): string {
  const all = new Digest()
  for (const db of keyspace.databases) {
    if (db.keys.count === 0) continue
    all.mix(bigEndian(db.index))
    forEachElement(db.keys, address => {
      const entry = new Digest()
      entry.mix(db.entries.keyView(address))
      addValue(entry, db, address)
      all.xor(entry.view)
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
  const type = entries.type(address)
  digest.mix(bigEndian(type))
  if (type === TYPE_STRING) {
    const { bytes, start, end } = new StringView().of(entries, address)
    digest.mix(bytes.subarray(start, end))
  } else if (type === TYPE_HASH) {
    const hash = new Hash()
    hash.open(db, address)
    hash.iterate((field, value) => {
      const pair = new Digest()
      pair.mix(field.buffer.subarray(field.start, field.end))
      pair.mix(value.buffer.subarray(value.start, value.end))
      digest.xor(pair.view)
    })
  }
  if (!Number.isNaN(entries.expiry(address))) digest.xor(EXPIRES)
}
