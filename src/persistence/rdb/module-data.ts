/** Data of modules, which this server does not have: enough of its form to name it and to step over it. */
import {
  MODULE_DOUBLE,
  MODULE_EOF,
  MODULE_FLOAT,
  MODULE_SIGNED,
  MODULE_STRING,
  MODULE_UNSIGNED,
} from '../../rdb/format.js'
import type { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'

const NAME_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const NAME_LENGTH = 9
/** The id's lowest bits are the version of the module's encoding. */
const VERSION_BITS = 10n
const WIDE_ID_BYTES = 9

/** The name in a module type's id, nine characters of six bits. The id is the length in bytes[at, behind). */
export function moduleTypeName(bytes: Buffer, at: number, behind: number): string {
  if (behind - at !== WIDE_ID_BYTES) return '(unknown)'
  let rest = bytes.readBigUInt64BE(at + 1) >> VERSION_BITS
  let name = ''
  for (let i = 0; i < NAME_LENGTH; i++) {
    name = NAME_CHARACTERS[Number(rest & 63n)] + name
    rest >>= 6n
  }
  return name
}

/** Steps over one item of module data, a kind and a value; the kind MODULE_EOF, which ends the data, has no value. */
export function skipModuleItem(
  window: RdbWindow,
  string: StringReader,
  bytes: Buffer,
  at: number,
  end: number,
): number {
  const next = window.length(bytes, at, end)
  if (next < 0) return next
  switch (window.lengths.value) {
    case MODULE_EOF:
      return next
    case MODULE_SIGNED:
    case MODULE_UNSIGNED:
      return window.length(bytes, next, end)
    case MODULE_FLOAT:
      return next + 4 <= end ? next + 4 : window.short(next + 4)
    case MODULE_DOUBLE:
      return next + 8 <= end ? next + 8 : window.short(next + 8)
    case MODULE_STRING:
      return window.locate(string, bytes, next, end)
    default:
      return window.fail(at, 'an item of module data', `one of kind ${window.lengths.value}`)
  }
}
