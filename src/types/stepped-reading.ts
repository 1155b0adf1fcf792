/** What packed values of RDB bytes that come into the store a step at a time have in common. */
import { quoted } from '../rdb/error.js'
import type { RdbKey } from '../rdb/key.js'
import type { RdbWindow } from '../rdb/window.js'
import { LEFT_OUT, TWICE, type ValueTarget } from './value-reader.js'

/** So many bytes are copied in one step: a fraction of a millisecond. */
export const COPIED_BYTES = 256 * 1024

export abstract class SteppedReading {
  protected readonly target: ValueTarget
  protected readonly key: RdbKey
  protected bytes: Buffer
  /** `bytes` may be left to the target. */
  protected own: boolean
  private readonly window: RdbWindow
  private readonly offset: number
  private copied = 0
  private copy: Buffer | null = null

  /**
   * @param offset in the stream, of the value, which fills `bytes`.
   * @param own whether the target may keep `bytes`; else they stay as they are until all is done.
   */
  constructor(window: RdbWindow, target: ValueTarget, key: RdbKey, offset: number, bytes: Buffer, own: boolean) {
    this.window = window
    this.target = target
    this.key = key
    this.offset = offset
    this.bytes = bytes
    this.own = own
  }

  /** Works on. True when all is in the store. @throws RdbError */
  abstract step(): boolean

  /** Whether copyOn() is to be called before the target gets `bytes`: as a whole they take too long to copy. */
  protected get needsCopy(): boolean {
    return !this.own && this.bytes.length > COPIED_BYTES
  }

  /** Copies a part of `bytes`. True when they are a copy. */
  protected copyOn(): boolean {
    const { bytes } = this
    this.copy ??= Buffer.allocUnsafeSlow(bytes.length)
    this.copied += bytes.copy(this.copy, this.copied, this.copied, this.copied + COPIED_BYTES)
    if (this.copied < bytes.length) return false
    this.bytes = this.copy
    this.own = true
    return true
  }

  /** Whether the value is to be kept. @throws RdbError when the database has the key. */
  protected isWanted(): boolean {
    const claim = this.target.claim(this.key)
    if (claim === TWICE) this.fail('every key once', 'a key that the database holds already')
    return claim !== LEFT_OUT
  }

  protected fail(expected: string, found: string): never {
    const { key, window } = this
    window.openKey = quoted(key.bytes, key.start, key.end)
    return window.failAt(this.offset, expected, found)
  }
}
