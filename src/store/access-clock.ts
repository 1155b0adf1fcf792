/**
 * The 24 bits of access history in every entry: seconds of the LRU clock, or under an LFU policy the minute of the last
 * decay (16 bits) and a logarithmic counter (8 bits). Source: redis.conf, maxmemory-policy, lfu-log-factor.
 */

const LRU_BITS = 0xffffff
const LFU_INIT_VALUE = 5
const LFU_COUNTER_MASK = 0xff

export class AccessClock {
  /** Whether maxmemory-policy is one of the LFU policies. */
  lfu = false
  lfuLogFactor = 10
  lfuDecayMinutes = 1
  /** The LRU clock in seconds, modulo 2^24; kept by the server's cron. */
  lruSeconds = 0
  private minutes = 0

  /** Sets the time; to be called at least once a second. */
  tick(nowMs: number): void {
    this.lruSeconds = Math.floor(nowMs / 1000) & LRU_BITS
    this.minutes = Math.floor(nowMs / 60000) & 0xffff
  }

  /** The clock of an entry that has just been made. */
  fresh(): number {
    return this.lfu ? (this.minutes << 8) | LFU_INIT_VALUE : this.lruSeconds
  }

  /** The clock of an entry that comes with its history: seconds since the last access and LFU counter, -1 where not told. */
  restored(idleSeconds: number, frequency: number): number {
    if (this.lfu) return frequency < 0 ? this.fresh() : (this.fresh() & ~LFU_COUNTER_MASK) | frequency
    return idleSeconds < 0 ? this.lruSeconds : (this.lruSeconds - Math.min(idleSeconds, LRU_BITS)) & LRU_BITS
  }

  /** The clock of an entry that is being accessed, from the one it has. */
  accessed(clock: number): number {
    if (!this.lfu) return this.lruSeconds
    let counter = this.frequency(clock)
    if (counter < 255) {
      const base = Math.max(0, counter - LFU_INIT_VALUE)
      if (Math.random() < 1 / (base * this.lfuLogFactor + 1)) counter++
    }
    return (this.minutes << 8) | counter
  }

  /** The LFU counter after decay (OBJECT FREQ). */
  frequency(clock: number): number {
    const counter = clock & 255
    if (this.lfuDecayMinutes === 0) return counter
    const elapsed = (this.minutes - (clock >>> 8)) & 0xffff
    return Math.max(0, counter - Math.floor(elapsed / this.lfuDecayMinutes))
  }

  /** Seconds since the last access (OBJECT IDLETIME). */
  idleSeconds(clock: number): number {
    return (this.lruSeconds - clock) & LRU_BITS
  }
}
