/** BY and GET patterns: names of keys, or of fields of hashes, that follow from an element. Source: lookupKeyByPattern in sort.c. */
import { EVENT_KEY_MISS } from '../../../config/keyspace-events.js'
import { TYPE_HASH, TYPE_STRING } from '../../../store/entries.js'
import type { ByteRange } from '../../../types/byte-range.js'
import { Hash } from '../../../types/hash/hash.js'
import { StringView } from '../../../types/string/string.js'
import type { CommandContext } from '../../context.js'

const FIRST_KEY_BYTES = 128
const STAR = 42
const HASH_SIGN = 35
const NO_FIELD = Buffer.alloc(0)
const ARROW = Buffer.from('->', 'latin1')

const hash = new Hash()
const string = new StringView()

export class SortPattern {
  /** "#": the element itself. */
  readonly isElement: boolean
  /** No "*": it names nothing that would depend on the element. */
  readonly isConstant: boolean
  private readonly prefix: Buffer
  private readonly suffix: Buffer
  private readonly field: Buffer
  /** The key that was looked up last, [0, keyLength). */
  private key = Buffer.allocUnsafe(FIRST_KEY_BYTES)
  private keyLength = 0

  /** @param pattern kept; a zero byte ends what is looked through for "*" and "->", as in C. */
  constructor(pattern: Buffer) {
    const nul = pattern.indexOf(0)
    const text = nul < 0 ? pattern : pattern.subarray(0, nul)
    const star = text.indexOf(STAR)
    this.isElement = text.length === 1 && text[0] === HASH_SIGN
    this.isConstant = star < 0
    const arrow = star < 0 ? -1 : text.indexOf(ARROW, star + 1)
    // An arrow with nothing behind it is part of the name.
    const hasField = arrow >= 0 && arrow + 2 < text.length
    this.prefix = pattern.subarray(0, Math.max(0, star))
    this.suffix = pattern.subarray(star + 1, hasField ? arrow : pattern.length)
    this.field = hasField ? pattern.subarray(arrow + 2) : NO_FIELD
  }

  /** Shows in `value` what the pattern stands for with bytes[start, end) as the element; false when there is no such thing. */
  find(ctx: CommandContext, bytes: Buffer, start: number, end: number, value: ByteRange): boolean {
    if (this.isElement) {
      value.set(bytes, start, end)
      return true
    }
    if (this.isConstant) return false
    this.substitute(bytes, start, end)
    const { db } = ctx
    const { entries } = db
    const address = db.findForRead(this.key, 0, this.keyLength)
    if (address === 0) {
      ctx.server.events.notify(EVENT_KEY_MISS, 'keymiss', this.key, 0, this.keyLength, db.index)
      return false
    }
    if (this.field !== NO_FIELD) {
      if (entries.type(address) !== TYPE_HASH) return false
      hash.open(db, address)
      return hash.get(this.field, 0, this.field.length, value)
    }
    if (entries.type(address) !== TYPE_STRING) return false
    string.of(entries, address)
    value.set(string.bytes, string.start, string.end)
    return true
  }

  private substitute(bytes: Buffer, start: number, end: number): void {
    const { prefix, suffix } = this
    const length = prefix.length + end - start + suffix.length
    if (length > this.key.length) this.key = Buffer.allocUnsafe(length * 2)
    prefix.copy(this.key, 0)
    bytes.copy(this.key, prefix.length, start, end)
    suffix.copy(this.key, prefix.length + end - start)
    this.keyLength = length
  }
}
