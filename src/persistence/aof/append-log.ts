/**
 * The open incremental file: what is in the AppendBuffer goes there, and from the system's memory to the disk as appendfsync
 * says. Source of the rules: flushAppendOnlyFile in Redis's aof.c.
 *
 * A little is written at once, which takes a microsecond; much goes in slices by a thread of Node's pool, and so does every
 * fsync. One operation is under way at a time. With `always` a reply leaves when all that was appended before it is on disk:
 * writes of one turn are written and synced together while the next turn is served.
 */

import fs from 'node:fs'
import type { Clock } from '../../clock/clock.js'
import { performance, setImmediate } from '../../clock/platform.js'
import { Disk } from '../../config/disk.js'
import { strerror } from '../../config/strerror.js'
import type { LatencyMonitor } from '../../observe/latency-monitor.js'
import type { Log } from '../../observe/log.js'
import type { AppendBuffer } from './append-buffer.js'

export type SyncPolicy = 'always' | 'everysec' | 'no'

/** More than this is not written while everything else waits. */
const WRITTEN_AT_ONCE_BYTES = 256 * 1024
/** How long a write waits for an fsync under way, with everysec. */
const POSTPONED_MAX_MS = 2000
const ERROR_LOG_MS = 30_000

export interface AppendLogHost {
  /** The system's: what the disk is given, and when. */
  readonly clock: Clock
  readonly policy: SyncPolicy
  /** Nothing is synced meanwhile: no-appendfsync-on-rewrite, and a snapshot is being written. */
  readonly skipsSync: boolean
  /** A snapshot is being written. */
  readonly isSaving: boolean
  readonly latency: LatencyMonitor
  /** Replication offset of what has been propagated so far. */
  readonly replicationOffset: number
  /** All bytes up to some position have come to the disk, and with them the stream up to `replicationOffset`. */
  synced(replicationOffset: number): void
  /** writeError or syncError is another one than before. */
  statusChanged(): void
  /** With `always` what was promised cannot be kept: the server has to end. */
  failedForGood(): void
}

export class AppendLog {
  /** Size of the file, as far as it is written. */
  size = 0
  /** aof_delayed_fsync: how often a write did not wait any longer for an fsync. */
  delayedSyncs = 0
  /** What the last write, or the last sync in the background, has failed with; null when it has not. */
  writeError: Error | null = null
  syncError: Error | null = null
  /** DEBUG AOF-FLUSH-SLEEP: how long every write takes on top, in milliseconds. */
  flushSleepMs = 0
  private readonly buffer: AppendBuffer
  private readonly host: AppendLogHost
  private readonly log: Log
  private readonly disk: Disk
  private fd = -1
  private underWay: 'nothing' | 'write' | 'sync' = 'nothing'
  /** Positions up to which bytes are on disk, and will be when the sync under way has ended. */
  private syncedTo = 0
  private syncingTo = 0
  /** Replication offset at the last write. */
  private writtenOffset = 0
  private lastSyncSeconds = 0
  private postponedSinceMs = 0
  private errorLoggedMs = Number.NEGATIVE_INFINITY
  private readonly idleTasks: (() => void)[] = []
  private writtenTasks: (() => void)[] = []

  constructor(buffer: AppendBuffer, host: AppendLogHost, log: Log, disk: Disk = new Disk()) {
    this.buffer = buffer
    this.host = host
    this.log = log
    this.disk = disk
  }

  get isOpen(): boolean {
    return this.fd >= 0
  }
  /** An fsync is under way (aof_pending_bio_fsync). */
  get isSyncing(): boolean {
    return this.underWay === 'sync'
  }

  /** Replies have to wait for the disk now. */
  get holdsReplies(): boolean {
    return this.syncedTo < this.buffer.appended && this.waitsForDisk
  }

  private get waitsForDisk(): boolean {
    if (this.host.policy !== 'always') return false
    return this.fd >= 0 ? !this.host.skipsSync : this.underWay === 'sync'
  }

  /** What is under way covers all that has been appended. */
  get coversAll(): boolean {
    return this.underWay === 'sync' && this.syncingTo >= this.buffer.appended
  }

  /** Takes a file to append to, `size` bytes long by now. */
  open(fd: number, size: number): void {
    this.fd = fd
    this.size = size
    this.syncedTo = this.buffer.taken
    this.writtenOffset = this.host.replicationOffset
    this.lastSyncSeconds = Math.floor(this.host.clock.now() / 1000)
    this.writeError = null
    this.syncError = null
    this.buffer.beginFile()
  }

  /** Runs a task when nothing is under way and little is waiting, at once perhaps. */
  whenIdle(task: () => void): void {
    if (this.isIdle) task()
    else this.idleTasks.push(task)
  }

  /** Runs a task when no write is under way, at once perhaps. */
  whenWritten(task: () => void): void {
    if (this.underWay !== 'write') task()
    else this.writtenTasks.push(task)
  }

  private get isIdle(): boolean {
    if (this.underWay !== 'nothing') return false
    return this.buffer.length <= WRITTEN_AT_ONCE_BYTES || this.writeError !== null
  }

  /**
   * From here on another file is written (-1: none); to be called by a task of whenIdle(). What belongs to the old one is written,
   * and comes to the disk in the background, before anything of the new one does. False, and nothing has changed, when it cannot
   * be written.
   */
  switchTo(fd: number): boolean {
    const { buffer } = this
    const old = this.fd
    if (buffer.length > 0 && !this.writeAtOnce()) return false
    this.fd = fd
    this.size = 0
    buffer.beginFile()
    // Whatever appendfsync says: a file that is cut off is forgiven only where no other one follows.
    this.startSync(old)
    return true
  }

  /** Gives the file up, with what was not written. */
  abandon(): void {
    if (this.fd < 0) return
    const { fd } = this
    this.fd = -1
    this.size = 0
    this.buffer.clear()
    this.syncedTo = this.buffer.taken
    if (this.underWay === 'nothing') fs.close(fd, () => {})
    else this.idleTasks.push(() => fs.close(fd, () => {}))
  }

  /** Writes and syncs all there is, while everything else waits. */
  syncAtOnce(): void {
    const { fd } = this
    if (fd < 0) return
    this.flushNow()
    try {
      fs.fsyncSync(fd)
    } catch (error) {
      this.log.warning(`Fail to fsync the AOF file: ${strerror(error)}.`)
    }
  }

  /** Writes all there is, while everything else waits. */
  flushNow(): void {
    if (this.fd >= 0 && this.underWay !== 'write' && this.buffer.length > 0) this.writeAtOnce()
  }

  /** A turn is over, or the clock has gone on. */
  flush(): void {
    if (this.fd < 0 || this.underWay === 'write') return
    if (this.buffer.length === 0 && this.syncedTo === this.buffer.taken) return
    if (this.underWay === 'sync') {
      if (this.host.policy !== 'always' && this.buffer.length > 0) this.writeBesideSync()
      return
    }
    this.advance()
  }

  /** The system may hold up writes to a file that is being synced: they wait, but not for ever. */
  private writeBesideSync(): void {
    const now = this.host.clock.now()
    if (this.host.policy === 'everysec') {
      if (this.postponedSinceMs === 0) this.postponedSinceMs = now
      if (now - this.postponedSinceMs < POSTPONED_MAX_MS) return
      this.delayedSyncs++
      this.postponedSinceMs = now
      this.log.notice(
        'Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis.',
      )
    }
    this.writeAtOnce()
  }

  /** Nothing is under way: writes what there is, then syncs if it is time to. */
  private advance(): void {
    const { buffer } = this
    if (buffer.length > WRITTEN_AT_ONCE_BYTES) {
      // Where much keeps coming, there may be no end of it before a second has passed.
      if (this.host.policy === 'everysec') this.syncIfDue()
      if (this.underWay === 'nothing') this.writeSlice()
      return
    }
    if (buffer.length > 0 && !this.writeAtOnce()) return
    this.syncIfDue()
  }

  private syncIfDue(): void {
    const { buffer, host } = this
    if (this.syncedTo === buffer.taken || this.underWay !== 'nothing' || host.skipsSync) return
    if (host.policy === 'always') this.startSync(this.fd)
    else if (host.policy === 'everysec') {
      const seconds = Math.floor(this.host.clock.now() / 1000)
      if (seconds > this.lastSyncSeconds) this.startSync(this.fd)
    }
  }

  private writeAtOnce(): boolean {
    const { buffer } = this
    const begun = performance.now()
    if (this.flushSleepMs > 0) sleep(this.flushSleepMs)
    let written = 0
    try {
      this.disk.mayWrite()
      for (const bytes of buffer.all()) {
        for (let at = 0; at < bytes.length; ) {
          const count = fs.writeSync(this.fd, bytes, at)
          at += count
          written += count
        }
      }
    } catch (error) {
      if (written > 0) this.takeBack(written)
      this.writeFailed(error as Error)
      return false
    }
    this.size += written
    buffer.consumeAll()
    this.noteLatency(performance.now() - begun)
    this.wrote()
    return true
  }

  /** Only a part could be written: the file is not to end with the beginning of a command. */
  private takeBack(written: number): void {
    try {
      fs.ftruncateSync(this.fd, this.size)
    } catch (error) {
      this.log.warning(
        `Could not remove short write from the append-only file.  Redis may refuse to load the AOF the next time it starts.  ftruncate: ${strerror(error)}`,
      )
      this.size += written
      for (let left = written; left > 0; ) {
        const count = Math.min(left, this.buffer.next().length)
        this.buffer.consume(count)
        left -= count
      }
    }
  }

  /** Writes a slice of much in the background, then goes on. */
  private writeSlice(): void {
    const bytes = this.buffer.next()
    this.underWay = 'write'
    const ended = (error: Error | null, written: number): void => {
      this.underWay = 'nothing'
      // It may have been given up meanwhile.
      if (this.fd >= 0 && error !== null) this.writeFailed(error)
      else if (this.fd >= 0) {
        this.size += written
        this.buffer.consume(written)
        this.wrote()
      }
      for (const task of this.writtenTasks.splice(0)) task()
      this.runIdleTasks()
      if (error === null) this.flush()
    }
    const refusal = this.disk.refusal()
    if (refusal === null) fs.write(this.fd, bytes, 0, bytes.length, null, ended)
    else setImmediate(() => ended(refusal, 0))
  }

  private wrote(): void {
    this.postponedSinceMs = 0
    // What was appended meanwhile is not written yet.
    if (this.buffer.length === 0) this.writtenOffset = this.host.replicationOffset
    if (this.host.policy === 'no') this.syncedTo = this.buffer.taken
    if (this.writeError === null) return
    this.log.notice('AOF write error looks solved, Redis can write again.')
    this.writeError = null
    this.host.statusChanged()
  }

  private writeFailed(error: Error): void {
    const { host, log } = this
    const now = this.host.clock.now()
    if (now - this.errorLoggedMs > ERROR_LOG_MS) {
      this.errorLoggedMs = now
      log.warning(`Error writing to the AOF file: ${strerror(error)}`)
    }
    if (host.policy === 'always') {
      log.warning("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")
      host.failedForGood()
      return
    }
    const wasFine = this.writeError === null
    this.writeError = error
    if (wasFine) host.statusChanged()
  }

  private startSync(fd: number): void {
    const { buffer, host } = this
    const closes = fd !== this.fd
    const offset = this.writtenOffset
    const begun = performance.now()
    this.underWay = 'sync'
    this.syncingTo = buffer.taken
    this.lastSyncSeconds = Math.floor(this.host.clock.now() / 1000)
    fs.fdatasync(fd, error => {
      this.underWay = 'nothing'
      if (closes) fs.close(fd, () => {})
      if (host.policy === 'always') host.latency.add('aof-fsync-always', performance.now() - begun)
      if (error === null) this.syncedNow(offset)
      else this.syncFailed(error)
      this.runIdleTasks()
      this.flush()
    })
  }

  private syncedNow(offset: number): void {
    this.syncedTo = this.syncingTo
    if (this.syncError !== null) {
      this.syncError = null
      this.host.statusChanged()
    }
    this.host.synced(offset)
  }

  private syncFailed(error: Error): void {
    const { host, log } = this
    if (host.policy === 'always') {
      log.warning(
        `Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${strerror(error)}. Exiting...`,
      )
      host.failedForGood()
      return
    }
    if (this.syncError === null) log.warning(`Fail to fsync the AOF file: ${strerror(error)}`)
    this.syncError = error
    host.statusChanged()
  }

  private runIdleTasks(): void {
    while (this.idleTasks.length > 0 && this.isIdle) this.idleTasks.shift()?.()
  }

  private noteLatency(ms: number): void {
    const { latency } = this.host
    if (this.underWay === 'sync') latency.add('aof-write-pending-fsync', ms)
    else if (this.host.isSaving) latency.add('aof-write-active-child', ms)
    else latency.add('aof-write-alone', ms)
    latency.add('aof-write', ms)
  }
}

/** For tests of slow disks: everything waits. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
