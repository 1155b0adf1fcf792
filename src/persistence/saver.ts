/**
 * Saving and loading the RDB file: SAVE, BGSAVE, save points, the save at shutdown, and the snapshots of full
 * synchronizations. One snapshot is taken at a time, as one child process is in Redis.
 */
import { performance, setImmediate, setTimeout } from '../clock/platform.js'
import type { Config } from '../config/config.js'
import { strerror } from '../config/strerror.js'
import { REDIS_VERSION } from '../config/version.js'
import type { Log } from '../observe/log.js'
import type { Keyspace } from '../store/keyspace.js'
import { snapshotForCommands } from './aof/snapshot-commands.js'
import { SyncCommandsSink } from './aof/sync-commands-sink.js'
import { removeFile } from './file-removal.js'
import { FileSink, MoveError, SyncFileSink } from './file-sink.js'
import { type ByteSink, Snapshot, type SnapshotOptions } from './snapshot.js'

/** How long one slice of a background save may take. From 1.5 ms down to this, the longest ping under load fell by a quarter. */
const SLICE_MS = 0.5
/** And of the save at shutdown, for which everything else waits anyway. */
const LAST_SLICE_MS = 10
/** A save that keys are to take longer for looks this often whether it has been given up. */
const MAX_DELAY_MS = 100
/** Seconds to wait after a failed save before a save point tries again. */
const RETRY_SECONDS = 5

/** What ends a snapshot that is given up. */
export const ABORTED = new Error('aborted')

/** Number of the last temporary file: several servers may live in one process. */
let lastTemporary = 0

/** A sink that says when it can take more. */
export interface BackgroundSink extends ByteSink {
  onDrain: () => void
  readonly failed: Error | null
  /** All bytes are written. */
  finish(done: (failure: Error | null) => void): void
  discard(): void
}

/** What a snapshot leaves out (REPLCONF rdb-filter-only). */
export interface SnapshotFilter {
  readonly withoutKeys: boolean
  readonly withoutFunctions: boolean
}

const EVERYTHING: SnapshotFilter = { withoutKeys: false, withoutFunctions: false }

export type BackgroundResult = 'started' | 'scheduled' | 'in-progress' | 'failed'

/** What a snapshot is for: the RDB file, the same at the end, a replica that reads it from its socket, the base of an append-only file. */
export type SnapshotUse = 'disk' | 'last' | 'socket' | 'aof'

interface Background {
  readonly snapshot: Snapshot
  readonly sink: BackgroundSink
  readonly startedMs: number
  readonly dirtyBefore: number
  readonly target: SnapshotUse
  readonly done: ((failure: Error | null) => void) | null
  /** `rdb-key-save-delay` as it was at the start: how long each key is to take, for tests of what happens meanwhile. */
  readonly keyDelayMs: number
  /** The sink has got all of it. */
  written: boolean
  /** The sink is finishing. */
  finishing: boolean
}

export class Saver {
  lastSaveSeconds: number
  lastOk = true
  /** Seconds that the last background save took, -1 before the first. */
  lastDurationSeconds = -1
  /** Saves since the start (INFO rdb_saves). */
  saves = 0
  /** Background snapshots begun, and how long beginning the last one held up everything else: what a fork is to Redis. */
  snapshots = 0
  lastStartMs = 0
  /** Keys loaded, and left out as expired, at the last load. */
  keysLoaded = 0
  keysExpired = 0
  /** Replication's fields for the file's head (repl-id and so on). */
  replicationAux: () => [string, string][] = () => []
  /** The code of each library of functions, in Buffers that stay as they are. */
  libraries: () => readonly Buffer[] = () => []
  /** Called when a background save has ended, for whoever waits for its turn. */
  onIdle: () => void = () => {}
  /** Called with the time in milliseconds that a piece of a background save held up everything else. */
  onSlice: (ms: number) => void = () => {}
  /** Called when lastOk changed. */
  onStatus: () => void = () => {}
  private readonly keyspace: Keyspace
  private readonly config: Config
  private readonly log: Log
  private background: Background | null = null
  private scheduled = false
  /** Somebody is about to begin a snapshot. */
  private reserved = false
  private lastTrySeconds = 0
  private sliceScheduled = false

  constructor(keyspace: Keyspace, config: Config, log: Log) {
    this.keyspace = keyspace
    this.lastSaveSeconds = Math.floor(keyspace.time.now() / 1000)
    this.config = config
    this.log = log
  }

  /** No snapshot is under way, and one that began now would be that of one moment. */
  get mayStart(): boolean {
    return this.background === null && !this.reserved && !this.keyspace.isHalfDone
  }

  /** A background save is under way (INFO rdb_bgsave_in_progress). */
  get inProgress(): boolean {
    return this.background !== null && this.background.target !== 'aof'
  }
  /** A snapshot is under way, whatever for. */
  get isBusy(): boolean {
    return this.background !== null || this.reserved
  }
  get target(): SnapshotUse | null {
    return this.background?.target ?? null
  }
  get currentSeconds(): number {
    return this.background === null || !this.inProgress
      ? -1
      : Math.floor((this.keyspace.time.now() - this.background.startedMs) / 1000)
  }
  get keysSaved(): number {
    return this.background?.snapshot.keysSaved ?? 0
  }
  get keysTotal(): number {
    return this.background?.snapshot.keysTotal ?? 0
  }

  /** Where the file is. */
  get file(): string {
    return this.config.path(this.config.values.dbfilename)
  }

  private options({ withoutKeys, withoutFunctions }: SnapshotFilter = EVERYTHING, isAofBase = false): SnapshotOptions {
    const { values } = this.config
    if (isAofBase && !values['aof-use-rdb-preamble']) return snapshotForCommands(this.libraries())
    const aux: [string, string][] = [
      ['redis-ver', REDIS_VERSION],
      ['redis-bits', '64'],
      ['ctime', String(Math.floor(this.keyspace.time.now() / 1000))],
      ['used-mem', String(this.keyspace.usedBytes)],
      ...(isAofBase ? [] : this.replicationAux()),
      ['aof-base', isAofBase ? '1' : '0'],
    ]
    const access = /lru|lfu/.test(values['maxmemory-policy']) ? this.keyspace.clock : null
    return {
      compress: values.rdbcompression,
      checksum: values.rdbchecksum,
      access,
      aux,
      libraries: withoutFunctions ? [] : this.libraries(),
      withoutKeys,
    }
  }

  /** SAVE: returns null, or what went wrong. Everything else waits meanwhile. */
  saveNow(): string | null {
    // There is one snapshot at a time, and this one is newer.
    this.abort()
    const temporary = this.temporaryFile()
    let sink: SyncFileSink
    try {
      sink = new SyncFileSink(this.config.disk, temporary, this.file)
    } catch (error) {
      this.log.warning(openFailure(this.config.values.dbfilename, this.config.values.dir, error as Error))
      return 'ERR'
    }
    const snapshot = new Snapshot(this.keyspace, sink, this.options())
    try {
      snapshot.step(Number.POSITIVE_INFINITY)
      sink.finish()
    } catch (error) {
      snapshot.abort()
      sink.discard()
      this.logFailure(error as Error)
      return 'ERR'
    }
    this.saved()
    return null
  }

  private saved(): void {
    this.log.notice('DB saved on disk')
    this.keyspace.dirty = 0
    this.saves++
    this.ended(true)
  }

  /**
   * The save at shutdown: as saveNow(), but in slices, so that a signal can still end the process. That nothing changes meanwhile
   * is the caller's business. `done` is told whether all is saved.
   */
  saveLast(done: (saved: boolean) => void): void {
    // What is only half done would go on.
    if (!this.mayStart) {
      done(this.saveNow() === null)
      return
    }
    const sink = this.openFile()
    if (sink === null) {
      done(false)
      return
    }
    this.start(sink, 'last', failure => {
      // Another purpose has ended it, or a signal that does not wait for this.
      if (failure === ABORTED) setImmediate(() => done(this.saveNow() === null))
      else done(failure === null)
    })
  }

  /** Null, and a word in the log, when it cannot be made. */
  private openFile(): FileSink | null {
    const { values } = this.config
    try {
      return new FileSink(this.config.disk, this.temporaryFile(), this.file, values['rdb-save-incremental-fsync'])
    } catch (error) {
      this.log.warning(openFailure(values.dbfilename, values.dir, error as Error))
      return null
    }
  }

  /**
   * Notes how a save has ended. Only a failed background save makes the server refuse writes (MISCONF): whoever sends SAVE
   * learns of the failure at once.
   */
  private ended(ok: boolean): void {
    if (ok) this.lastSaveSeconds = Math.floor(this.keyspace.time.now() / 1000)
    this.lastOk = ok
    this.onStatus()
  }

  /** A name that no other save of this process uses, Redis's for the first: the file of one that was given up may go a little later. */
  private temporaryFile(): string {
    const number = ++lastTemporary
    return this.config.path(`temp-${process.pid}${number === 1 ? '' : `-${number}`}.rdb`)
  }

  /** BGSAVE, save points, and full synchronization through the disk. `done` is told how it ended. */
  backgroundSave(done: ((failure: Error | null) => void) | null = null): BackgroundResult {
    if (this.isBusy) return 'in-progress'
    this.lastTrySeconds = Math.floor(this.keyspace.time.now() / 1000)
    const sink = this.openFile()
    if (sink === null) {
      this.ended(false)
      return 'failed'
    }
    this.log.notice(`Background saving started by pid ${process.pid}`)
    this.start(sink, 'disk', done)
    return 'started'
  }

  /** Full synchronization without a file: the snapshot goes to `sink`. */
  streamTo(sink: BackgroundSink, filter: SnapshotFilter, done: (failure: Error | null) => void): void {
    this.log.notice(`Background RDB transfer started by pid ${process.pid}`)
    this.start(sink, 'socket', done, filter)
  }

  /** Nobody else begins a snapshot until rewriteTo() or release(). */
  reserve(): void {
    this.reserved = true
  }

  release(): void {
    this.reserved = false
    this.onIdle()
  }

  /** The base of an append-only file: all there is, in a file that is loaded before the commands behind it. */
  rewriteTo(sink: BackgroundSink, done: (failure: Error | null) => void): void {
    this.reserved = false
    this.start(sink, 'aof', done)
  }

  /** The same while everything else waits: as the server starts. @throws what the system says */
  writeAofBase(temporary: string, final: string, timestampSeconds: number | null): void {
    const file = new SyncFileSink(this.config.disk, temporary, final)
    const asCommands = !this.config.values['aof-use-rdb-preamble']
    const sink = asCommands ? new SyncCommandsSink(file, timestampSeconds) : file
    const snapshot = new Snapshot(this.keyspace, sink, this.options(EVERYTHING, true))
    try {
      snapshot.step(Number.POSITIVE_INFINITY)
      sink.finish()
    } catch (error) {
      snapshot.abort()
      sink.discard()
      throw error
    }
  }

  /** BGSAVE SCHEDULE: as soon as nothing else is under way. */
  scheduleSave(): void {
    this.scheduled = true
  }

  private start(sink: BackgroundSink, target: SnapshotUse, done: Background['done'], filter?: SnapshotFilter): void {
    const startedMs = this.keyspace.time.now()
    const dirtyBefore = this.keyspace.dirty
    const before = performance.now()
    const snapshot = new Snapshot(this.keyspace, sink, this.options(filter, target === 'aof'))
    this.snapshots++
    this.lastStartMs = performance.now() - before
    this.onSlice(this.lastStartMs)
    const keyDelayMs = Math.max(0, this.config.values['rdb-key-save-delay'] / 1000)
    this.background = {
      snapshot,
      sink,
      startedMs,
      dirtyBefore,
      target,
      done,
      keyDelayMs,
      written: false,
      finishing: false,
    }
    sink.onDrain = () => this.scheduleSlice()
    this.scheduleSlice()
  }

  /** One slice a turn, however often the sink drains. */
  private scheduleSlice(delayMs = 0): void {
    if (this.sliceScheduled) return
    this.sliceScheduled = true
    const slice = (): void => {
      this.sliceScheduled = false
      this.slice()
    }
    if (delayMs > 0) setTimeout(slice, delayMs)
    else setImmediate(slice)
  }

  private slice(): void {
    const { background } = this
    if (background === null || background.finishing) return
    if (background.sink.failed !== null) {
      const { failed } = background.sink
      background.snapshot.abort()
      // Who reads the log's word of the failure finds no file of it.
      background.sink.discard()
      this.finish(background, failed)
      return
    }
    if (this.waitsForKeys(background)) return
    if (!background.written) {
      const before = performance.now()
      const sliceMs = background.target === 'last' ? LAST_SLICE_MS : SLICE_MS
      background.written = background.snapshot.step(background.keyDelayMs > 0 ? 0 : before + sliceMs)
      this.onSlice(performance.now() - before)
      if (!background.written) {
        // A congested sink calls again when it has drained.
        if (!background.sink.congested) this.scheduleSlice()
        return
      }
      if (this.waitsForKeys(background)) return
    }
    background.finishing = true
    background.sink.finish(failure => {
      if (this.background === background) this.finish(background, failure)
    })
  }

  /** Whether the keys written so far should have taken longer (`rdb-key-save-delay`); if so, the next slice comes later. */
  private waitsForKeys({ snapshot, keyDelayMs, startedMs }: Background): boolean {
    const aheadMs = startedMs + snapshot.keysSaved * keyDelayMs - this.keyspace.time.now()
    if (keyDelayMs === 0 || aheadMs <= 0) return false
    this.scheduleSlice(Math.min(aheadMs, MAX_DELAY_MS))
    return true
  }

  private finish(background: Background, failure: Error | null): void {
    this.background = null
    if (background.target === 'aof') {
      background.done?.(failure)
      this.onIdle()
      return
    }
    this.lastDurationSeconds = Math.floor((this.keyspace.time.now() - background.startedMs) / 1000)
    if (background.target === 'disk') this.finishDisk(background, failure)
    else if (background.target === 'last') this.finishLast(failure)
    else if (failure === null) this.log.notice('Background RDB transfer terminated with success')
    else this.log.warning('Background transfer error')
    background.done?.(failure)
    this.onIdle()
  }

  private finishDisk(background: Background, failure: Error | null): void {
    if (failure === null) {
      this.log.child('DB saved on disk')
      this.log.notice('Background saving terminated with success')
      this.keyspace.dirty -= Math.min(this.keyspace.dirty, background.dirtyBefore)
      this.saves++
    } else {
      this.logFailure(failure)
      this.log.warning('Background saving error')
    }
    this.ended(failure === null)
  }

  private finishLast(failure: Error | null): void {
    if (failure === null) this.saved()
    else this.logFailure(failure)
  }

  private logFailure(error: Error): void {
    if (!(error instanceof MoveError)) {
      const { syscall } = error as NodeJS.ErrnoException
      const step = syscall === 'fsync' || syscall === 'close' ? syscall.replace('close', 'fclose') : 'rdbSaveRio'
      this.log.warning(`Write error while saving DB to the disk(${step}): ${systemText(error)}`)
      return
    }
    const { temporary, final, cause } = error
    const where = `(in server root dir ${this.config.values.dir})`
    this.log.warning(
      `Error moving temp DB file ${temporary} on the final destination ${final} ${where}: ${strerror(cause)}`,
    )
  }

  /** Ends a background save without a result (FLUSHALL, a full synchronization as replica, shutdown). */
  abort(): void {
    const { background } = this
    if (background === null) return
    this.background = null
    if (!background.finishing) background.snapshot.abort()
    background.sink.discard()
    if (background.target === 'disk' || background.target === 'socket') {
      this.log.warning(
        background.target === 'disk'
          ? 'Background saving terminated by signal 10'
          : 'Background transfer terminated by signal 10',
      )
    }
    background.done?.(ABORTED)
    this.onIdle()
  }

  /** Ends a background save; a rewrite of the append-only file goes on. */
  abortSave(): void {
    if (this.inProgress) this.abort()
  }

  /** `rdb-del-sync-files`: where nothing is to be kept on disk, the file that replication made goes as well. */
  removeSyncFile(notice: string): void {
    const { values } = this.config
    if (!values['rdb-del-sync-files'] || values.save.length > 0 || values.appendonly) return
    this.log.notice(notice)
    try {
      removeFile(this.file)
    } catch (error) {
      this.log.warning(`Could not remove ${this.file}: ${strerror(error)}`)
    }
  }

  /** Save points and scheduled saves; called by the server's cron. */
  cron(): void {
    if (!this.mayStart) return
    // A snapshot would have to bring them to their end at once.
    if (this.keyspace.openChanges.size > 0) return
    const now = Math.floor(this.keyspace.time.now() / 1000)
    const mayTry = this.lastOk || now - this.lastTrySeconds > RETRY_SECONDS
    if (this.scheduled && mayTry) {
      this.scheduled = false
      this.backgroundSave()
      return
    }
    for (const { seconds, changes } of this.config.values.save) {
      if (this.keyspace.dirty < changes || now - this.lastSaveSeconds <= seconds || !mayTry) continue
      this.log.notice(`${changes} changes in ${seconds} seconds. Saving...`)
      this.backgroundSave()
      return
    }
  }
}

/** "Permission denied" and the like, as strerror has it. */
export function systemText(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  const text = /^[A-Z]+: ([^,]*)/.exec(error.message)?.[1] ?? error.message
  return code === 'ENOSPC' ? 'No space left on device' : text.charAt(0).toUpperCase() + text.slice(1)
}

function openFailure(name: string, directory: string, error: Error): string {
  return `Failed opening the temp RDB file ${name} (in server root dir ${directory}) for saving: ${systemText(error)}`
}
