/** Strings, as the rest of the server sees them. */
import { writeBytes } from '../../rdb/entry-output.js'
import { RDB_TYPE_STRING } from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import type { RdbOutput } from '../../rdb/output.js'
import type { RdbWindow } from '../../rdb/window.js'
import type { Database } from '../../store/database.js'
import { ENCODING_INT32, ENCODING_INT64, type Entries, TYPE_STRING } from '../../store/entries.js'
import type { Keyspace } from '../../store/keyspace.js'
import type { Digest } from '../digest.js'
import type { HeldForm, HoldOptions } from '../held-form.js'
import { HeldString, holdBuffer } from '../held-string.js'
import type { KeyCommands } from '../key-commands.js'
import type { ValueKind } from '../value-kind.js'
import type { ValueTarget } from '../value-reader.js'
import { copyString } from './copy-string.js'
import { StringView, stringEncodingName } from './string.js'
import { StringCommandsReader } from './string-commands.js'
import { StringValueReader } from './string-value-reader.js'

export const stringKind: ValueKind = {
  type: TYPE_STRING,
  name: 'string',
  rdbTypes: [RDB_TYPE_STRING],
  packedRdbTypes: [],

  encodingName({ entries }: Keyspace, address: number): string {
    return stringEncodingName(entries, address)
  },

  elementBytes(): number {
    return 0
  },

  rdbType(): number {
    return RDB_TYPE_STRING
  },

  write(out: RdbOutput, entries: Entries, address: number, compress: boolean): void {
    switch (entries.encoding(address)) {
      case ENCODING_INT32:
        out.integer(entries.payload(address) | 0)
        break
      case ENCODING_INT64: {
        const bytes = entries.memory(address)
        const at = entries.valueStart(address)
        out.int64(bytes.readInt32LE(at), bytes.readInt32LE(at + 4))
        break
      }
      default:
        writeBytes(out, entries, address, compress)
    }
  },

  hold({ entries }: Keyspace, address: number, options: HoldOptions): HeldForm {
    return new HeldString(holdBuffer(entries, address, options))
  },

  reader(window: RdbWindow, keys: KeyReader, target: ValueTarget): StringValueReader {
    return new StringValueReader(window, keys, target)
  },

  commandsReader(window: RdbWindow, keys: KeyReader, commands: KeyCommands): StringCommandsReader {
    return new StringCommandsReader(window, keys, commands)
  },

  copy: copyString,

  digest(digest: Digest, { entries }: Database, address: number): void {
    const { bytes, end, start } = new StringView().of(entries, address)
    digest.mix(bytes, start, end)
  },
}
