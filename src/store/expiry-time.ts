/**
 * A time at which a key expires, on its way to the entry. Redis keeps 64 bits of milliseconds; a JavaScript number holds 53 of
 * them, which is enough until the year 287396 and for every comparison with a clock.
 */
import type { Entries } from './entries.js'

export class ExpiryTime {
  /** Unix time in milliseconds, rounded beyond 2^53; NaN for none. */
  ms = Number.NaN
  /** The same to the last digit where `ms` is rounded, else null. */
  private exact: bigint | null = null

  /** Sets it to a time, or none (NaN), that a number holds. */
  setNumber(ms: number): void {
    this.ms = ms
    this.exact = null
  }

  /** Sets it to any 64-bit time. */
  setBigInt(ms: bigint): void {
    this.ms = Number(ms)
    this.exact = Number.isSafeInteger(this.ms) ? null : ms
  }

  set(other: ExpiryTime): void {
    this.ms = other.ms
    this.exact = other.exact
  }

  /** Gives an entry that has got `ms` for its expiry what `ms` lacks. */
  complete(entries: Entries, address: number): void {
    if (this.exact !== null) entries.setExactExpiry(address, this.exact)
  }

  /** Negative when it is earlier than the expiry of the entry, which has one; 0 when it is the same. */
  compareTo(entries: Entries, address: number): number {
    const difference = this.ms - entries.expiry(address)
    // Rounding may make different times the same, but puts none before another that was behind it.
    if (difference !== 0 || this.exact === null) return difference
    return Number(this.exact - entries.exactExpiry(address))
  }

  toString(): string {
    return String(this.exact ?? this.ms)
  }
}
