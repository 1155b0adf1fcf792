/** Sets, as the rest of the server sees them. */
import { hashBytes } from '../../bytes/hash.js'
import { writeBytes } from '../../rdb/entry-output.js'
import { RDB_TYPE_SET, RDB_TYPE_SET_INTSET, RDB_TYPE_SET_LISTPACK } from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import type { RdbOutput } from '../../rdb/output.js'
import type { RdbWindow } from '../../rdb/window.js'
import type { Database } from '../../store/database.js'
import { ENCODING_AGGREGATE, ENCODING_INTSET, type Entries, TYPE_SET } from '../../store/entries.js'
import type { Keyspace } from '../../store/keyspace.js'
import type { Digest } from '../digest.js'
import { createElementTable, insertElement, tableBytes, tableOf } from '../element-table.js'
import type { HeldForm, HoldOptions } from '../held-form.js'
import { HeldString, holdBuffer } from '../held-string.js'
import { holdTable } from '../held-table.js'
import type { KeyCommands } from '../key-commands.js'
import { copyPacked, packedBuffer, packedEncoding, packedStart } from '../packed-value.js'
import type { ValueKind } from '../value-kind.js'
import type { ValueTarget } from '../value-reader.js'
import { HeldListpack, writeMember } from './held-listpack.js'
import { PackedMembers } from './packed-members.js'
import { MemberSet } from './set.js'
import { SetCommandsReader } from './set-commands.js'
import { SetReader } from './set-reader.js'

export const setKind: ValueKind = {
  type: TYPE_SET,
  name: 'set',
  rdbTypes: [RDB_TYPE_SET, RDB_TYPE_SET_INTSET, RDB_TYPE_SET_LISTPACK],
  packedRdbTypes: [RDB_TYPE_SET_INTSET, RDB_TYPE_SET_LISTPACK],

  encodingName({ entries }: Keyspace, address: number): string {
    if (isTable(entries, address)) return 'hashtable'
    return isIntset(entries, address) ? 'intset' : 'listpack'
  },

  elementBytes(keyspace: Keyspace, address: number, samples: number): number {
    return isTable(keyspace.entries, address) ? tableBytes(keyspace.entries, tableOf(keyspace, address), samples) : 0
  },

  /** Redis 7.0 knows no sets in listpacks. */
  rdbType({ entries }: Keyspace, address: number): number {
    return isIntset(entries, address) ? RDB_TYPE_SET_INTSET : RDB_TYPE_SET
  },

  write(out: RdbOutput, entries: Entries, address: number, compress: boolean): void {
    if (isIntset(entries, address)) {
      writeBytes(out, entries, address, compress)
      return
    }
    const members = new PackedMembers(packedBuffer(entries, address), packedStart(entries, address), false)
    out.lengthCode(members.length)
    for (let place = members.first; place >= 0; place = members.next(place)) {
      writeMember(out, members.buffer, place, compress)
    }
  },

  hold(keyspace: Keyspace, address: number, options: HoldOptions): HeldForm {
    const { entries } = keyspace
    if (isTable(entries, address)) return holdTable(keyspace, tableOf(keyspace, address), false, options)
    if (isIntset(entries, address)) return new HeldString(holdBuffer(entries, address, options))
    return new HeldListpack(entries, entries.buffers.get(entries.payload(address)), options)
  },

  reader(window: RdbWindow, keys: KeyReader, target: ValueTarget): SetReader {
    return new SetReader(window, keys, target)
  },

  commandsReader(window: RdbWindow, keys: KeyReader, commands: KeyCommands): SetCommandsReader {
    return new SetCommandsReader(window, keys, commands)
  },

  copy(
    from: Database,
    address: number,
    to: Database,
    key: Buffer,
    start: number,
    end: number,
    expiryMs: number,
  ): number {
    const { entries, keyspace } = from
    if (!isTable(entries, address)) return copyPacked(from, address, to, key, start, end, expiryMs)
    const original = new MemberSet()
    original.open(from, address)
    const table = createElementTable(entries)
    original.iterate(member => {
      const hash = hashBytes(member.buffer, member.start, member.end)
      insertElement(entries, table, member.buffer, member.start, member.end, hash)
    })
    const created = to.place(0, key, start, end, TYPE_SET, ENCODING_AGGREGATE, 0, expiryMs)
    entries.setPayload(created, keyspace.aggregates.add(table))
    return created
  },

  digest(digest: Digest, db: Database, address: number): void {
    const set = new MemberSet()
    set.open(db, address)
    set.iterate(({ buffer, end, start }) => digest.xor(buffer, start, end))
  },
}

function isTable(entries: Entries, address: number): boolean {
  return entries.encoding(address) === ENCODING_AGGREGATE
}

function isIntset(entries: Entries, address: number): boolean {
  return packedEncoding(entries, address) === ENCODING_INTSET
}
