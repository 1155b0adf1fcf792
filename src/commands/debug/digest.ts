/**
 * DEBUG DIGEST and DIGEST-VALUE: SHA-1 over values such that equal data give equal digests in any order, the same as
 * redis-server's. Source: computeDatasetDigest and xorObjectDigest in Redis's debug.c.
 */
import { SHA1_WORDS, sha1, sha1Again } from '../../bytes/sha1.js'
import type { Database } from '../../store/database.js'
import { TYPE_HASH, TYPE_STRING } from '../../store/entries.js'
import type { Keyspace } from '../../store/keyspace.js'
import { forEachElement } from '../../types/element-table.js'
import { Hash } from '../../types/hash/hash.js'
import { StringView } from '../../types/string/string.js'

const EXPIRES = Buffer.from('!!expire!!', 'latin1')
const hash = new Int32Array(SHA1_WORDS)

/** A digest that is being built. */
class Digest {
  private readonly words = new Int32Array(SHA1_WORDS)

  get hex(): string {
    let text = ''
    for (const word of this.words) text += (word >>> 0).toString(16).padStart(8, '0')
    return text
  }

  clear(): void {
    this.words.fill(0)
  }

  /** Adds data whose order does not matter. */
  xor(bytes: Uint8Array, start = 0, end = bytes.length): void {
    sha1(hash, bytes, start, end)
    for (let i = 0; i < SHA1_WORDS; i++) this.words[i] ^= hash[i]
  }

  /** Adds a finished digest, whose order does not matter. */
  xorDigest({ words }: Digest): void {
    hash.set(words)
    sha1Again(hash)
    for (let i = 0; i < SHA1_WORDS; i++) this.words[i] ^= hash[i]
  }

  /** Adds data whose order matters. */
  mix(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.xor(bytes, start, end)
    sha1Again(this.words)
  }
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
  const type = entries.type(address)
  digest.mix(bigEndian(type))
  if (type === TYPE_STRING) {
    const { bytes, start, end } = new StringView().of(entries, address)
    digest.mix(bytes, start, end)
  } else if (type === TYPE_HASH) {
    const pair = new Digest()
    const fields = new Hash()
    fields.open(db, address)
    fields.iterate((field, value) => {
      pair.clear()
      pair.mix(field.buffer, field.start, field.end)
      pair.mix(value.buffer, value.start, value.end)
      digest.xorDigest(pair)
    })
  }
  if (!Number.isNaN(entries.expiry(address))) digest.xor(EXPIRES)
}
