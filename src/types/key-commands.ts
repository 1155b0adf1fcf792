/** The commands that make keys with their values, one key after another, as Redis's rewrite of the append-only file has them. */
import type { RdbKey } from '../rdb/key.js'
import { type StringReader, unpacked } from '../rdb/string-reader.js'
import { bulks, type RequestOutput } from '../resp/request-output.js'
import { ExpiryTime } from '../store/expiry-time.js'

/** Elements that one command adds at most (AOF_REWRITE_ITEMS_PER_CMD). */
export const MOST_ELEMENTS = 64

const SELECT = bulks('SELECT')
const PEXPIREAT = bulks('PEXPIREAT')
const FIRST_KEY_BYTES = 256
/** Longer keys, and their memory, are not kept for those that follow. */
const KEPT_KEY_BYTES = 64 * 1024

export class KeyCommands {
  readonly out: RequestOutput
  /** The database of the keys that follow. */
  database = 0
  /** Elements that the last command still lacks. */
  due = 0
  private selected = -1
  /** The key, in memory that stays as it is. */
  private key: Buffer = Buffer.allocUnsafeSlow(FIRST_KEY_BYTES)
  private keyStart = 0
  private keyEnd = 0
  private readonly expiry = new ExpiryTime()
  /** Where keys are copied to. */
  private memory = this.key

  constructor(out: RequestOutput) {
    this.out = out
  }

  /** Begins with a key. end() has to follow. */
  begin(key: RdbKey): void {
    const { out } = this
    if (this.selected !== this.database) {
      this.selected = this.database
      out.begin(2)
      out.raw(SELECT)
      out.bulkInteger(this.database)
    }
    this.expiry.set(key.expiry)
    this.due = 0
    this.take(key)
  }

  private take({ bytes, end, own, start }: RdbKey): void {
    const length = end - start
    if (length > KEPT_KEY_BYTES) {
      this.key = own ? bytes : Buffer.from(bytes.subarray(start, end))
      this.keyStart = own ? start : 0
    } else {
      if (length > this.memory.length) this.memory = Buffer.allocUnsafeSlow(KEPT_KEY_BYTES)
      bytes.copy(this.memory, 0, start, end)
      this.key = this.memory
      this.keyStart = 0
    }
    this.keyEnd = this.keyStart + length
  }

  /** The key has its value: now it may get its expiry. */
  end(): void {
    const { expiry, out } = this
    if (!Number.isNaN(expiry.ms)) {
      this.command(PEXPIREAT, 3)
      if (Number.isSafeInteger(expiry.ms)) out.bulkInteger(expiry.ms)
      else out.raw(bulks(expiry.toString()))
    }
    this.key = this.memory
  }

  /** Begins a command of so many arguments, up to the key, which stands behind `name`: one word or two. */
  command(name: Buffer, argc: number): void {
    const { out } = this
    out.begin(argc)
    out.raw(name)
    this.repeat(this.key, this.keyStart, this.keyEnd)
  }

  /** An argument that comes again and again, in bytes that stay as they are: work that the bytes which are read do not show. */
  repeat(bytes: Buffer, start: number, end: number): void {
    this.out.bulkKept(bytes, start, end)
    unpacked.bytes += end - start
  }

  /** Begins a command that adds the next ones of `left` elements, of so many arguments each; whoever adds them counts down `due`. */
  batch(name: Buffer, left: number, elementArgs: number): void {
    this.due = Math.min(left, MOST_ELEMENTS)
    this.command(name, 2 + this.due * elementArgs)
  }

  /** A decoded string as an argument. */
  bulk({ bytes, end, own, start }: StringReader): void {
    if (own) this.out.bulkKept(bytes, start, end)
    else this.out.bulk(bytes, start, end)
  }
}
