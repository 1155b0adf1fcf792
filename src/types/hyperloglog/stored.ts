/** HyperLogLogs in the store, where they are strings. One object serves all in turn. */
import { type Database, KEEP_TTL, NEVER } from '../../store/database.js'
import { ENCODING_EXTERNAL, ENCODING_RAW, INLINE_VALUE_MAX_BYTES, TYPE_STRING } from '../../store/entries.js'
import type { HeldBuffer } from '../../store/held-buffers.js'
import { StringView } from '../string/string.js'
import { extendString, makeRaw, setBytes, truncateString } from '../string/string-edit.js'
import { HyperLogLog } from './hyperloglog.js'
import { HEADER_BYTES, isHyperLogLog, REGISTERS, SPARSE, writeHeader } from './layout.js'
import { writeZeros } from './sparse.js'

const EMPTY_BYTES = HEADER_BYTES + 2

export class StoredHyperLogLog extends HyperLogLog {
  private db!: Database
  private address = 0
  private key!: Uint8Array
  private keyStart = 0
  private keyEnd = 0
  private readonly view = new StringView()

  /** Turns to the string at `address`, of key[start, end). False: it is no HyperLogLog. */
  at(db: Database, address: number, key: Uint8Array, start: number, end: number): boolean {
    this.db = db
    this.key = key
    this.keyStart = start
    this.keyEnd = end
    this.look(address)
    this.isOpen = false
    return isHyperLogLog(this.bytes, this.start, this.end)
  }

  /** Turns to a new one without elements, at a key that is missing. */
  create(db: Database, key: Uint8Array, start: number, end: number): void {
    const address = db.place(0, key, start, end, TYPE_STRING, ENCODING_RAW, EMPTY_BYTES, NEVER)
    const { entries } = db
    const bytes = entries.memory(address)
    const at = entries.valueStart(address)
    writeHeader(bytes, at, SPARSE)
    writeZeros(bytes, at + HEADER_BYTES, REGISTERS)
    this.at(db, address, key, start, end)
  }

  private look(address: number): void {
    const { bytes, end, start } = this.view.of(this.db.entries, address)
    this.address = address
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  /** Whoever might change it makes it "raw", as Redis does, even if nothing is changed. */
  makeRaw(): void {
    makeRaw(this.db, this.address)
  }

  /** Holds the bytes as they are now; release() has to follow. Null: they are so few that a copy does. */
  hold(): HeldBuffer | null {
    const { entries } = this.db
    return entries.encoding(this.address) === ENCODING_EXTERNAL ? entries.held.hold(this.bytes) : null
  }

  extend(length: number): void {
    this.look(extendString(this.db, this.address, this.key, this.keyStart, this.keyEnd, length))
    this.isOpen = true
  }

  truncate(length: number): void {
    this.look(truncateString(this.db, this.address, this.key, this.keyStart, this.keyEnd, length))
  }

  protected assign(bytes: Buffer): void {
    const { address, db, key, keyEnd, keyStart } = this
    const { length } = bytes
    const own = length > INLINE_VALUE_MAX_BYTES ? db.entries.copyOf(bytes, 0, length) : bytes
    this.look(setBytes(db, address, key, keyStart, keyEnd, own, ENCODING_RAW, KEEP_TTL))
    this.isOpen = true
  }
}
