/** What the store holds in entries, as RDB strings. */
import type { Entries } from '../store/entries.js'
import { isExternal } from '../store/entries.js'
import type { RdbOutput } from './output.js'

/** Writes an entry's key: the name of a key, or of an element of a large value. */
export function writeName(out: RdbOutput, entries: Entries, address: number, compress: boolean): void {
  const start = entries.keyStart(address)
  out.string(entries.memory(address), start, start + entries.keyLength(address), compress)
}

/** Writes the bytes that an entry holds, in its slot or in a Buffer of their own, as one string. */
export function writeBytes(out: RdbOutput, entries: Entries, address: number, compress: boolean): void {
  if (isExternal(entries.encoding(address))) {
    const buffer = entries.buffers.get(entries.payload(address))
    out.string(buffer, 0, buffer.length, compress)
    return
  }
  const start = entries.valueStart(address)
  out.string(entries.memory(address), start, start + entries.payload(address), compress)
}
