/** Copies a string to another key, in its encoding. */

import { copyBytes } from '../../bytes/copy.js'
import type { Database } from '../../store/database.js'
import { ENCODING_EXTERNAL, ENCODING_INT32, ENCODING_INT64, TYPE_STRING } from '../../store/entries.js'
import { setBuffer } from './set-string.js'

/** ValueKind.copy of strings. */
export function copyString(
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
    return setBuffer(to, 0, key, start, end, entries.copyOf(buffer, 0, buffer.length), expiryMs)
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
