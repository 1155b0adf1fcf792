/**
 * The active expire cycle: finds keys whose time has come though nobody asks for them. In each database a few keys with an
 * expiry are looked at; as long as too many of them have expired, some more. Source of the numbers: Redis's expire.c.
 */
import { performance } from '../clock/platform.js'
import type { Database } from './database.js'
import { expireFields } from './expire-fields.js'
import type { Keyspace } from './keyspace.js'

const KEYS_PER_STEP = 20
/** Fields of hashes that are removed between two looks at the clock: some 50 microseconds. */
const FIELDS_PER_STEP = 32
const BUCKETS_PER_KEY = 20
/** Percent of sampled keys that may have expired before a database gets another step; less with more effort. */
const ACCEPTABLE_STALE_PERCENT = 10

export class ActiveExpire {
  /** Config active-expire-effort, 1 to 10. */
  effort = 1
  /** Share of keys that have expired but are still there, 0 to 1: a running average (INFO expired_stale_perc). */
  staleShare = 0
  /** How often the time ran out before the work (INFO expired_time_cap_reached_count). */
  timeCapReached = 0
  /** Time spent so far, in milliseconds (INFO expire_cycle_cpu_milliseconds). */
  milliseconds = 0
  private readonly keyspace: Keyspace
  private nextDatabase = 0

  private database: Database
  private readonly expired: number[] = []
  private sampled = 0
  private ttlSumMs = 0
  private ttlSamples = 0

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace
    this.database = keyspace.databases[0]
  }

  /**
   * Deletes expired keys until `deadlineMs` (performance.now()) at the latest; one bucket more may be visited. Returns true
   * when the time was up first: it wants to be called again soon. A replica leaves all keys but its own to its master.
   */
  run(deadlineMs: number): boolean {
    const { keyspace } = this
    if (keyspace.loading) return false
    if (keyspace.isReplica) {
      keyspace.replicaExpiries.expire(deadlineMs)
      return false
    }
    if (keyspace.writesPaused || keyspace.importing) return false
    const startedMs = performance.now()
    const expiredBefore = keyspace.expiredKeys
    let sampled = 0
    let timeIsUp = false
    // Fields get half of the time, and what keys leave.
    let fieldsLeft = this.expireFields((startedMs + deadlineMs) / 2)
    for (let i = 0; i < keyspace.databases.length && !timeIsUp; i++) {
      // The next call starts behind this database, so that none takes all the time.
      const index = this.nextDatabase
      this.nextDatabase = (index + 1) % keyspace.databases.length
      let staleLeft = true
      while (staleLeft && !timeIsUp) {
        staleLeft = this.step(index)
        sampled += this.sampled
        timeIsUp = staleLeft && performance.now() >= deadlineMs
      }
    }
    if (fieldsLeft && !timeIsUp) fieldsLeft = timeIsUp = this.expireFields(deadlineMs)
    if (timeIsUp) this.timeCapReached++
    const share = sampled === 0 ? 0 : (keyspace.expiredKeys - expiredBefore) / sampled
    this.staleShare = share * 0.05 + this.staleShare * 0.95
    this.milliseconds += performance.now() - startedMs
    return timeIsUp || fieldsLeft
  }

  /** True when the time was up first. */
  private expireFields(deadlineMs: number): boolean {
    const { keyspace } = this
    for (let next = keyspace.fieldExpiries.first; next !== null; next = keyspace.fieldExpiries.first) {
      if (next.nextExpiryMs >= keyspace.nowMs) return false
      expireFields(keyspace, next, FIELDS_PER_STEP)
      if (performance.now() >= deadlineMs) return true
    }
    return false
  }

  resetStatistics(): void {
    this.staleShare = 0
    this.timeCapReached = 0
    this.milliseconds = 0
  }

  /** Looks at some keys of one database; true when so many had expired that more should be looked at. */
  private step(index: number): boolean {
    const database = this.keyspace.databases[index]
    this.database = database
    this.sampled = 0
    this.ttlSumMs = 0
    this.ttlSamples = 0
    if (database.expires.count === 0) {
      database.averageTtlMs = 0
      return false
    }
    const wanted = Math.min(KEYS_PER_STEP + (KEYS_PER_STEP / 4) * (this.effort - 1), database.expires.count)
    let expired = 0
    for (let buckets = 0; this.sampled < wanted && buckets < wanted * BUCKETS_PER_KEY; buckets++) {
      database.expireCursor = database.expires.scan(database.expireCursor, this.visit)
      expired += this.expired.length
      for (const address of this.expired) database.expire(address)
      this.expired.length = 0
    }
    this.updateAverage(database)
    return this.sampled === 0 || (expired * 100) / this.sampled > ACCEPTABLE_STALE_PERCENT - (this.effort - 1)
  }

  /** Deleting has to wait until the bucket has been walked through. */
  private readonly visit = (address: number): void => {
    const ttlMs = this.database.entries.expiry(address) - this.keyspace.nowMs
    this.sampled++
    if (ttlMs < 0) this.expired.push(address)
    else if (ttlMs > 0) {
      this.ttlSumMs += ttlMs
      this.ttlSamples++
    }
  }

  /** Each sample counts for 2 percent, in whole milliseconds. */
  private updateAverage(database: Database): void {
    if (this.ttlSamples === 0) return
    const sampleMs = Math.trunc(this.ttlSumMs / this.ttlSamples)
    if (database.averageTtlMs === 0) database.averageTtlMs = sampleMs
    database.averageTtlMs = Math.trunc(database.averageTtlMs / 50) * 49 + Math.trunc(sampleMs / 50)
  }
}
