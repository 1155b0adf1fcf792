/** The table of the kinds of values, and what is asked of any value by it. */
import type { RdbOutput } from '../rdb/output.js'
import type { Database } from '../store/database.js'
import type { Entries } from '../store/entries.js'
import type { HeldBuffer } from '../store/held-buffers.js'
import type { Keyspace } from '../store/keyspace.js'
import { hashKind } from './hash/hash-kind.js'
import type { FormTaker } from './held-form.js'
import { isLarge } from './large-value.js'
import { listKind } from './list/list-kind.js'
import { setKind } from './set/set-kind.js'
import { sortedSetKind } from './sorted-set/sorted-set-kind.js'
import { streamKind } from './stream/stream-kind.js'
import { stringKind } from './string/string-kind.js'
import type { ValueCopy } from './value-copy.js'
import type { ValueKind } from './value-kind.js'

/** Every kind of value there is. */
export const kinds: readonly ValueKind[] = [stringKind, listKind, setKind, sortedSetKind, hashKind, streamKind]

const TYPES = 8
const RDB_TYPES = 256
const byType = new Array<ValueKind>(TYPES).fill(stringKind)
for (const kind of kinds) byType[kind.type] = kind
const byRdbType = new Array<ValueKind | null>(RDB_TYPES).fill(null)
for (const kind of kinds) for (const type of kind.rdbTypes) byRdbType[type] = kind
const packedRdbTypes = new Set(kinds.flatMap(kind => kind.packedRdbTypes))

/** The kind of an entry's value. */
export function kindOf(entries: Entries, address: number): ValueKind {
  return byType[entries.type(address)]
}

/** The kind that reads values of this RDB type; null where there is none. */
export function kindOfRdbType(type: number): ValueKind | null {
  return byRdbType[type]
}

/** Whether values of this RDB type are one packed string. */
export function isPackedRdbType(type: number): boolean {
  return packedRdbTypes.has(type)
}

/** TYPE's word for an entry's value. */
export function typeName(entries: Entries, address: number): string {
  return kindOf(entries, address).name
}

/** OBJECT ENCODING's word for an entry's value. */
export function encodingName(keyspace: Keyspace, address: number): string {
  return kindOf(keyspace.entries, address).encodingName(keyspace, address)
}

/** Begins a copy of the value in slices; null where copyValue() takes no time, or is all there is. */
export function beginCopy(keyspace: Keyspace, address: number): ValueCopy | null {
  return kindOf(keyspace.entries, address).beginCopy?.(keyspace, address) ?? null
}

/**
 * Copies the value at `address` of `from`, with its encoding and its expiry, to key[start, end) of `to`, where no such key may
 * be and where it has just been looked for (findForWrite). O(size), unless the copy is `ready`. Returns the copy's address.
 */
export function copyValue(
  from: Database,
  address: number,
  to: Database,
  key: Buffer,
  start: number,
  end: number,
  ready: ValueCopy | null = null,
): number {
  const { entries } = from
  const expiryMs = entries.expiry(address)
  const copied =
    ready === null
      ? kindOf(entries, address).copy(from, address, to, key, start, end, expiryMs)
      : ready.placeIn(to, key, start, end, expiryMs)
  entries.copyExpiry(address, copied)
  return copied
}

/** Writes a value's RDB form whole, behind its type, however large it is. O(size). */
export function writeValue(out: RdbOutput, keyspace: Keyspace, address: number, compress: boolean): void {
  const { entries } = keyspace
  const kind = kindOf(entries, address)
  if (!isLarge(entries, address)) {
    kind.write(out, entries, address, compress)
    return
  }
  const taker: FormTaker = {
    out,
    append: () => {},
    string: held => writeHeld(out, held, compress),
  }
  const form = kind.hold(keyspace, address, { compress, snapshot: null })
  while (form.next(taker));
  form.close()
}

function writeHeld(out: RdbOutput, held: HeldBuffer, compress: boolean): void {
  const bytes = Buffer.allocUnsafeSlow(held.length)
  held.read(0, held.length, bytes, 0)
  held.release()
  out.string(bytes, 0, bytes.length, compress)
}
