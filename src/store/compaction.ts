/**
 * Moves entries together when deletions have left slots free all over the place, so that chunks empty and go back to the system:
 * without it a tenth of the data may hold on to all of the memory (100-byte values of which 90 % go at random), and data of
 * another size would need as much again. What Redis does with active defragmentation and a patched jemalloc (defrag.c).
 *
 * The emptiest chunks are chosen (Slabs.startEvacuation), then every table is walked once, bucket by bucket in slices, and the
 * entries found there get other slots. Only tables hold addresses from one turn to the next, so that nothing else has to be told.
 */

import { performance } from '../clock/platform.js'
import type { Aggregate } from './aggregate.js'
import type { Database } from './database.js'
import { type Entries, HAS_EXPIRY } from './entries.js'
import type { Keyspace } from './keyspace.js'

/** Free slots that are not worth the work: less than this, or than this share of what is in use. */
const LEAST_WASTE_BYTES = 8 * 1024 * 1024
const LEAST_WASTE_SHARE = 0.25
/** A walk that did not empty half of what it was to is followed by a pause, twice as long each time. */
const LONGEST_PAUSE_SECONDS = 256
/** How long to wait when there was nothing to gain after all. */
const IDLE_PAUSE_SECONDS = 10
const BUCKETS_BETWEEN_CLOCK_READS = 8

export class Compaction {
  /** Entries moved so far (INFO active_defrag_hits), and time spent at work. */
  moved = 0
  milliseconds = 0
  private readonly keyspace: Keyspace
  /** The slabs being compacted, or null. */
  private entries: Entries | null = null
  /** The walk is at this bucket of the table, which is that of a database or, beyond those, of a large value. */
  private position = 0
  private cursor = 0
  private table: Aggregate | null = null
  private database: Database
  /** Chunks that the walk is to empty. */
  private planned = 0
  /** Seconds to wait before the next walk, and how long the last such pause was. */
  private pause = 0
  private lastPause = 0
  /** Waste when the pause began. */
  private knownWasteBytes = 0

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace
    this.database = keyspace.databases[0]
  }

  get running(): boolean {
    return this.entries !== null
  }

  /** Starts a walk if there is enough to gain. To be called once a second. O(pages) when it starts one. */
  consider(): void {
    const { entries, loading, snapshot } = this.keyspace
    if (this.running || loading || snapshot !== null) return
    const waste = entries.reservedBytes - entries.usedBytes
    if (waste < Math.max(LEAST_WASTE_BYTES, entries.usedBytes * LEAST_WASTE_SHARE)) return
    if (--this.pause > 0 && waste < this.knownWasteBytes + LEAST_WASTE_BYTES) return
    this.planned = entries.startEvacuation()
    if (this.planned === 0) {
      this.rest(entries, IDLE_PAUSE_SECONDS)
      return
    }
    this.entries = entries
    this.position = 0
    this.table = null
  }

  /**
   * Goes on until `deadline` (performance.now()), eight buckets at least; true when there is nothing left to do. Rests while a
   * snapshot is taken: it has the tables to itself.
   */
  run(deadline: number): boolean {
    const { entries, keyspace } = this
    if (entries === null) return true
    if (keyspace.loading || keyspace.snapshot !== null) return true
    const startedMs = performance.now()
    let done = entries !== keyspace.entries
    for (let buckets = 1; !done; buckets++) {
      if (!this.step()) done = true
      else if (buckets % BUCKETS_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadline) break
    }
    if (done) this.finish(entries)
    this.milliseconds += performance.now() - startedMs
    return done
  }

  private finish(entries: Entries): void {
    const good = entries.endEvacuation() < this.planned / 2
    this.entries = null
    this.table = null
    this.lastPause = good ? 0 : Math.min(LONGEST_PAUSE_SECONDS, Math.max(1, this.lastPause * 2))
    this.rest(entries, this.lastPause)
  }

  /** Waits with the next walk, unless there is more to gain by then. */
  private rest(entries: Entries, seconds: number): void {
    this.pause = seconds
    this.knownWasteBytes = entries.reservedBytes - entries.usedBytes
  }

  /** Deals with one bucket; false behind the last one. */
  private step(): boolean {
    const { aggregates, databases } = this.keyspace
    if (this.position >= databases.length + aggregates.end) return false
    const table = this.tableAt(this.position)
    if (table !== this.table) {
      this.table = table
      this.cursor = 0
    }
    if (table !== null) {
      const ofKeys = this.position < databases.length
      if (ofKeys) this.database = databases[this.position]
      this.cursor = table.rewrite(this.cursor, ofKeys ? this.moveKey : this.moveElement)
      if (this.cursor !== 0) return true
      table.compact()
    }
    this.position++
    this.table = null
    return true
  }

  private tableAt(position: number): Aggregate | null {
    const { aggregates, databases } = this.keyspace
    if (position < databases.length) return databases[position].keys
    const value = aggregates.peek(position - databases.length)
    return value?.entriesMayMove ? value : null
  }

  private readonly moveElement = (address: number, bytes?: number): number => {
    const { entries } = this.keyspace
    if (!entries.isLeaving(address)) return address
    this.moved++
    return entries.relocate(address, bytes)
  }

  private readonly moveKey = (address: number): number => {
    const { entries } = this.keyspace
    if (!entries.isLeaving(address)) return address
    this.moved++
    if ((entries.meta(address) & HAS_EXPIRY) === 0) return entries.relocate(address)
    const { expires } = this.database
    expires.locate(entries.hashOf(address), address)
    const next = entries.relocate(address)
    expires.replaceFound(next)
    return next
  }
}
