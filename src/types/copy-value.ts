/** Copies a key's value, whatever it is: what COPY is made of. */
import { copyBytes } from '../bytes/copy.js'
import type { Database } from '../store/database.js'
import { ENCODING_EXTERNAL, ENCODING_INT32, ENCODING_INT64, TYPE_HASH, TYPE_STRING } from '../store/entries.js'
import { copyHash } from './hash/hash-load.js'

/**
 * Copies the value at `address` of `from`, with its encoding and its expiry, to key[start, end) of `to`, where no such key may
 * be and where it has just been looked for (findForWrite). O(size). Returns the copy's address.
 */
export function copyValue(
  from: Database,
  address: number,
  to: Database,
  key: Buffer,
  start: number,
  end: number,
): number {
  const { entries } = from
  const type = entries.type(address)
  const expiryMs = entries.expiry(address)
  let copied: number
  switch (type) {
    case TYPE_STRING:
      copied = copyString(from, address, to, key, start, end, expiryMs)
      break
    case TYPE_HASH:
      copied = copyHash(from, address, to, key, start, end, expiryMs)
      break
    default:
      throw new Error(`copy: type ${type} cannot be copied`)
  }
  entries.copyExpiry(address, copied)
  return copied
}

function copyString(
  from: Database,
  address: number,
  to: Database,
  key: Buffer,
  start: number,
  end: number,
  expiryMs: number,
): number {
  const { entries } = from
  const encoding = entries.encoding(address)
  if (encoding === ENCODING_EXTERNAL) {
    const buffer = entries.buffers.get(entries.payload(address))
    return to.setBuffer(0, key, start, end, entries.copyOf(buffer, 0, buffer.length), expiryMs)
  }
  const inlineBytes = encoding === ENCODING_INT32 ? 0 : encoding === ENCODING_INT64 ? 8 : entries.payload(address)
  const created = to.place(0, key, start, end, TYPE_STRING, encoding, inlineBytes, expiryMs)
  const valueStart = entries.valueStart(address)
  copyBytes(
    entries.memory(address),
    valueStart,
    valueStart + inlineBytes,
    entries.memory(created),
    entries.valueStart(created),
  )
  entries.setPayload(created, entries.payload(address))
  return created
}
