/** The key that is being read, and what opcodes before it said about it. */
import type { ExpiryTime } from '../store/expiry-time.js'
import { RdbKey } from './key.js'
import { StringReader } from './string-reader.js'
import type { RdbWindow } from './window.js'

export class KeyReader {
  /** The key, when `take` has been called. */
  readonly key = new RdbKey()
  private readonly string = new StringReader()
  private readonly window: RdbWindow
  private marked = false
  /** The key was given from outside: the bytes hold none. */
  private given = false

  constructor(window: RdbWindow) {
    this.window = window
  }

  expiry(value: ExpiryTime): void {
    this.key.expiry.set(value)
    this.marked = true
  }
  idleSeconds(value: number): void {
    this.key.idleSeconds = value
    this.marked = true
  }
  frequency(value: number): void {
    this.key.frequency = value
    this.marked = true
  }

  /** Finds the end of the key at `at`. */
  locate(bytes: Buffer, at: number, end: number): number {
    return this.window.locate(this.string, bytes, at, end)
  }

  /** Names the key of a value that stands alone (RESTORE). */
  give(bytes: Buffer, start: number, end: number): void {
    this.given = true
    this.key.bytes = bytes
    this.key.start = start
    this.key.end = end
  }

  /** Decodes the key that was located. */
  take(bytes: Buffer): RdbKey {
    const { key, string } = this
    if (this.given) return key
    if (!string.decode(bytes)) this.window.fail(string.at, string.expected, string.found)
    key.bytes = string.bytes
    key.start = string.start
    key.end = string.end
    key.own = string.own
    return key
  }

  /** The key is done with: what was said about it does not hold for the next one. */
  clear(): void {
    if (!this.marked) return
    this.marked = false
    this.key.expiry.setNumber(Number.NaN)
    this.key.idleSeconds = -1
    this.key.frequency = -1
  }
}
