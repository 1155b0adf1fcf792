/**
 * The server under a clock that is moved by hand: keys and fields expire in the order of their times, each at its own, as the
 * clock passes them, and the housekeeping runs as often as the clock steps.
 */
import type { ClockFollower } from '../clock/manual-clock.js'
import { nextTurn, performance } from '../clock/platform.js'
import type { Replication } from '../replication/replication.js'
import type { Database } from '../store/database.js'
import { expireFields } from '../store/expire-fields.js'
import type { Keyspace } from '../store/keyspace.js'

export interface FollowingServer {
  readonly keyspace: Keyspace
  readonly replication: Replication
  readonly activeExpire: boolean
  /** Housekeeping, as of now. */
  runCron(nowMs: number): void
}

const SLICE_MS = 4
/** What expires later than that, or beyond so many keys, is found as an ordinary server finds it, in no order of the times. */
const AHEAD_MAX_MS = 2 ** 32
const ORDERED_MAX_KEYS = 2 ** 20
const KEYS_BUFFER_BYTES = 64 * 1024
const ALL_FIELDS = Number.MAX_SAFE_INTEGER

export class ServerClockFollower implements ClockFollower {
  private readonly server: FollowingServer
  /** Keys that expire on the way, in order: milliseconds from `fromMs` on, times ORDERED_MAX_KEYS, and the key's number. */
  private order = new Float64Array(0)
  private next = 0
  private fromMs = 0
  /** Of each key by its number: where it ends in `bytes`, and its database. */
  private keys = new DueKeys()

  constructor(server: FollowingServer) {
    this.server = server
  }

  get hasLinks(): boolean {
    const { master, replicas } = this.server.replication
    return master !== null || replicas.count > 0
  }

  async prepare(untilMs: number): Promise<void> {
    const { keyspace } = this.server
    const keys = new DueKeys()
    const order: number[] = []
    const fromMs = Math.min(keyspace.nowMs, keyspace.time.now())
    let deadline = performance.now() + SLICE_MS
    for (const database of keyspace.databases) {
      if (database.expires.count === 0) continue
      const visit = (address: number): void => {
        const { entries } = database
        const aheadMs = Math.max(0, entries.expiry(address) - fromMs)
        if (fromMs + aheadMs >= untilMs || aheadMs >= AHEAD_MAX_MS || order.length === ORDERED_MAX_KEYS) return
        order.push(aheadMs * ORDERED_MAX_KEYS + order.length)
        const start = entries.keyStart(address)
        keys.add(database, entries.memory(address), start, start + entries.keyLength(address))
      }
      let cursor = 0
      do {
        cursor = database.expires.scan(cursor, visit)
        if (performance.now() < deadline) continue
        await nextTurn()
        deadline = performance.now() + SLICE_MS
      } while (cursor !== 0)
    }
    this.order = new Float64Array(order).sort()
    this.next = 0
    this.fromMs = fromMs
    this.keys = keys
  }

  passed(nowMs: number): void {
    const { activeExpire, keyspace } = this.server
    const { keys, order } = this
    const mayExpire = activeExpire && keyspace.deletesExpired && !keyspace.loading
    for (; this.next < order.length; this.next++) {
      const place = order[this.next]
      const atMs = this.fromMs + Math.floor(place / ORDERED_MAX_KEYS)
      if (atMs >= nowMs) break
      if (!mayExpire) continue
      // A key expires when its time is over, not when it is reached.
      keyspace.setNow(atMs + 1)
      this.expireFields()
      keys.lookUp(place % ORDERED_MAX_KEYS)
    }
    keyspace.setNow(nowMs)
    if (mayExpire) this.expireFields()
  }

  private expireFields(): void {
    const { keyspace } = this.server
    for (let next = keyspace.fieldExpiries.first; next !== null; next = keyspace.fieldExpiries.first) {
      if (next.nextExpiryMs >= keyspace.nowMs) return
      expireFields(keyspace, next, ALL_FIELDS)
    }
  }

  tick(nowMs: number): void {
    this.server.runCron(nowMs)
  }
}

/** Keys one behind another in memory of their own: a Buffer for each would cost more than to expire them. */
class DueKeys {
  private bytes = Buffer.allocUnsafe(KEYS_BUFFER_BYTES)
  private length = 0
  private readonly ends: number[] = []
  private readonly databases: Database[] = []

  add(database: Database, from: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start
    if (length > this.bytes.length) this.bytes = Buffer.concat([this.bytes], Math.max(length, this.bytes.length * 2))
    this.bytes.set(from.subarray(start, end), this.length)
    this.length = length
    this.ends.push(length)
    this.databases.push(database)
  }

  /** As by a command that writes: finds out that the key has expired. */
  lookUp(number: number): void {
    const start = number === 0 ? 0 : this.ends[number - 1]
    this.databases[number].findForWrite(this.bytes, start, this.ends[number])
  }
}
