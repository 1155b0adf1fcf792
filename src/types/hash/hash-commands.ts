/** Reads hashes of a snapshot as HMSET commands, and HPEXPIREAT for fields that expire. */
import { RDB_TYPE_HASH, RDB_TYPE_HASH_LISTPACK, RDB_TYPE_HASH_METADATA } from '../../rdb/format.js'
import type { KeyReader } from '../../rdb/key-reader.js'
import { StringReader } from '../../rdb/string-reader.js'
import type { RdbWindow } from '../../rdb/window.js'
import { bulks } from '../../resp/request-output.js'
import { CommandsReader } from '../commands-reader.js'
import type { KeyCommands } from '../key-commands.js'
import { ListpackCommands } from '../listpack-commands.js'
import { readTime, TIME_BYTES } from './hash-reader.js'

const HMSET = bulks('HMSET')
const HPEXPIREAT = bulks('HPEXPIREAT')
const FIELDS_1 = bulks('FIELDS', '1')

export class HashCommandsReader extends CommandsReader {
  private readonly pairs: ListpackCommands
  private readonly field = new StringReader()
  private readonly value = new StringReader()
  /** Each field has a time before it, counted from this one; NaN: none has. */
  private firstExpiryMs = Number.NaN

  constructor(window: RdbWindow, keys: KeyReader, commands: KeyCommands) {
    super(window, keys, commands)
    this.pairs = new ListpackCommands(commands, HMSET, 2)
  }

  read(type: number, bytes: Buffer, at: number, end: number): number {
    switch (type) {
      case RDB_TYPE_HASH:
        this.firstExpiryMs = Number.NaN
        return this.readHead(bytes, at, end)
      case RDB_TYPE_HASH_METADATA:
        return this.readExpiring(bytes, at, end)
      case RDB_TYPE_HASH_LISTPACK:
        return this.readPacked(this.pairs, bytes, at, end)
      default:
        return this.failForm(type, at)
    }
  }

  private readExpiring(bytes: Buffer, at: number, end: number): number {
    const countAt = at + TIME_BYTES
    if (countAt > end) return this.window.short(countAt)
    const next = this.readHead(bytes, countAt, end)
    if (next >= 0) this.firstExpiryMs = readTime(bytes, at)
    return next
  }

  protected readElement(bytes: Buffer, at: number, end: number): number {
    const { commands, field, firstExpiryMs, value, window } = this
    const mayExpire = !Number.isNaN(firstExpiryMs)
    const fieldAt = mayExpire ? window.length(bytes, at, end) : at
    if (fieldAt < 0) return fieldAt
    const offset = window.lengths.value
    const valueAt = window.locate(field, bytes, fieldAt, end)
    if (valueAt < 0) return valueAt
    const next = window.locate(value, bytes, valueAt, end)
    if (next < 0) return next
    window.decode(field, bytes)
    window.decode(value, bytes)
    // What expires does so behind the command that sets it: to keep no more than one field, each has a command of its own.
    if (commands.due === 0) commands.batch(HMSET, mayExpire ? 1 : this.left, 2)
    commands.due--
    commands.bulk(field)
    commands.bulk(value)
    // 0: it does not; else counted from the first one, and one more.
    if (mayExpire && offset !== 0) this.writeExpiry(firstExpiryMs + offset - 1)
    return next
  }

  private writeExpiry(expiryMs: number): void {
    const { commands, field } = this
    commands.command(HPEXPIREAT, 6)
    commands.out.bulkInteger(expiryMs)
    commands.out.raw(FIELDS_1)
    commands.bulk(field)
  }
}
