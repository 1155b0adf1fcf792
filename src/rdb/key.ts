/** A key of RDB bytes, with what they say of it besides the value. */
import { ExpiryTime } from '../store/expiry-time.js'

/** The bytes are valid during a call only. */
export class RdbKey {
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  /** `bytes` belong to this key alone, and may be kept. */
  own = false
  readonly expiry = new ExpiryTime()
  /** Seconds since the last access, or -1. */
  idleSeconds = -1
  /** LFU counter, or -1. */
  frequency = -1

  /** Unix time in milliseconds, rounded beyond 2^53; NaN for none. */
  get expiryMs(): number {
    return this.expiry.ms
  }

  /** A key with bytes of its own. */
  copy(): RdbKey {
    const key = new RdbKey()
    key.bytes = Buffer.from(this.bytes.subarray(this.start, this.end))
    key.end = key.bytes.length
    key.own = true
    key.expiry.set(this.expiry)
    key.idleSeconds = this.idleSeconds
    key.frequency = this.frequency
    return key
  }
}
