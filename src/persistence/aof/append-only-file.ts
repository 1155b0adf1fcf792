/**
 * The append-only file: every write as the command that replicas would get, so that the data can be made again. In Redis 7's form
 * it is a folder: a base, which is a snapshot, incremental files behind it, and a manifest. A rewrite begins an incremental file,
 * takes a snapshot of that very moment as the next base, and drops what came before.
 */
import fs from 'node:fs'
import type { Config } from '../../config/config.js'
import { strerror } from '../../config/strerror.js'
import type { LatencyMonitor } from '../../observe/latency-monitor.js'
import type { Log } from '../../observe/log.js'
import type { Keyspace } from '../../store/keyspace.js'
import { removeFile } from '../file-removal.js'
import { MoveError } from '../file-sink.js'
import { ABORTED, type Saver } from '../saver.js'
import { AppendBuffer } from './append-buffer.js'
import { AppendLog, type AppendLogHost, type SyncPolicy } from './append-log.js'
import { Manifest } from './manifest.js'
import { AofPaths, ManifestUnsynced, persistManifest, persistManifestNow, readManifest } from './manifest-file.js'
import { type BaseFile, openBase, temporaryBase } from './rewrite-base.js'
import { RewriteLimit } from './rewrite-limit.js'

const APPENDING = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_APPEND
const APPENDING_ANEW = APPENDING | fs.constants.O_TRUNC
/** A rewrite that cannot even begin is tried again so often. */
const RETRY_MS = 1000
/** A script that is put aside is in the middle of its writes: so often is looked whether it has ended. */
const HALF_DONE_POLL_MS = 5

export interface AppendOnlyFileHost {
  readonly replicationOffset: number
  /** All that was propagated up to a replication offset is on disk; null: nothing is promised any more. */
  fsynced(replicationOffset: number | null): void
  /** A sync has ended. */
  synced(): void
  /** Whether replies wait for the disk may be another thing now. */
  policyChanged(): void
  /** There is something to be written at the end of this turn. */
  flushLater(): void
  stateChanged(): void
  exit(code: number): void
}

export type RewriteResult = 'started' | 'scheduled' | 'in-progress' | 'failed'

export class AppendOnlyFile implements AppendLogHost {
  /**
   * off; waiting: turned on, and the first base is not complete yet, so that there is nothing that could be loaded; on.
   */
  state: 'off' | 'waiting' | 'on' = 'off'
  /** Commands are to be appended. */
  active = false
  readonly paths: AofPaths
  readonly buffer: AppendBuffer
  readonly log: AppendLog
  readonly latency: LatencyMonitor
  /** Rewrites begun since the start, and failures in a row (INFO persistence). */
  rewrites = 0
  readonly limit: RewriteLimit
  lastRewriteOk = true
  /** How long the last rewrite took, -1 before the first. */
  lastRewriteSeconds = -1
  /** Size when the last rewrite ended. */
  baseBytes = 0
  /** A rewrite is due as soon as nothing else is under way. */
  scheduled = false
  private readonly keyspace: Keyspace
  private readonly saver: Saver
  private readonly config: Config
  private readonly messages: Log
  private readonly host: AppendOnlyFileHost
  private manifest = new Manifest()
  /** What the manifest's files hold but for the one that is open. */
  private closedBytes = 0
  private rewriteStartedMs = 0
  /** Which rewrite is under way, 0: none. One that was given up finds another number here. */
  private rewriting = 0
  private lastRewrite = 0
  private lastTryMs = 0
  private persisted: Promise<void> = Promise.resolve()
  /** The manifest of a new base is on its way to the disk, and not in `manifest` yet: nothing that would follow from that begins. */
  private completing = false
  /** What is on disk up to there counts once the first base is complete. */
  private syncedOffset = 0

  constructor(
    keyspace: Keyspace,
    saver: Saver,
    config: Config,
    messages: Log,
    latency: LatencyMonitor,
    host: AppendOnlyFileHost,
  ) {
    this.keyspace = keyspace
    this.saver = saver
    this.config = config
    this.messages = messages
    this.latency = latency
    this.host = host
    this.paths = new AofPaths(config)
    this.limit = new RewriteLimit(messages)
    this.buffer = new AppendBuffer(keyspace.released.held)
    this.buffer.onAppend = () => host.flushLater()
    this.log = new AppendLog(this.buffer, this, messages)
  }

  // AppendLogHost

  get policy(): SyncPolicy {
    return this.config.values.appendfsync
  }
  get isSaving(): boolean {
    return this.saver.isBusy
  }
  get skipsSync(): boolean {
    return this.config.values['no-appendfsync-on-rewrite'] && this.saver.isBusy
  }
  get replicationOffset(): number {
    return this.host.replicationOffset
  }
  synced(replicationOffset: number): void {
    this.syncedOffset = replicationOffset
    if (this.state === 'on') this.host.fsynced(replicationOffset)
    this.host.synced()
  }
  statusChanged(): void {
    this.host.stateChanged()
  }
  failedForGood(): void {
    this.host.exit(1)
  }

  // What INFO shows

  get isRewriting(): boolean {
    return this.rewriting !== 0
  }
  get currentRewriteSeconds(): number {
    return this.rewriting === 0 ? -1 : Math.floor((Date.now() - this.rewriteStartedMs) / 1000)
  }
  /** Size of all files, as far as they are written. */
  get currentBytes(): number {
    return this.closedBytes + this.log.size
  }
  /** Why writes are refused: the last write, or the last sync, has failed. */
  get failure(): Error | null {
    return this.state === 'off' ? null : (this.log.writeError ?? this.log.syncError)
  }

  /** Notes what the configuration says about the commands' form. */
  configure(): void {
    const noted = this.config.values['aof-timestamp-enabled']
    this.buffer.secondsNow = noted ? () => Math.floor(this.keyspace.nowMs / 1000) : null
    this.host.policyChanged()
  }

  // As the server starts

  /** Reads the manifest. @throws ManifestError */
  readManifest(): Manifest {
    this.manifest = readManifest(this.paths)
    return this.manifest
  }

  /** Takes the file of an older Redis as the base. @throws an Error with a line for the log */
  adoptSingleFile(): void {
    const { manifest, paths } = this
    this.makeDirectory()
    manifest.adoptSingleFile(paths.prefix)
    persistManifestNow(paths, manifest)
    try {
      fs.renameSync(paths.singleFile, paths.file(paths.prefix))
    } catch (error) {
      throw new Error(
        `Error trying to move the old AOF file ${paths.prefix} into dir ${paths.directoryName}: ${strerror(error)}`,
      )
    }
    this.messages.notice(
      `Successfully migrated an old-style AOF file (${paths.prefix}) into the AOF directory (${paths.directoryName}).`,
    )
  }

  /** The files have been loaded: sizes follow from them. */
  noteSizes(totalBytes: number, baseBytes: number): void {
    this.closedBytes = totalBytes - this.log.size
    this.baseBytes = baseBytes
  }

  /** Goes on with the last incremental file, or begins one. @throws an Error with a line for the log */
  openAtStart(): void {
    const { manifest, messages, paths } = this
    this.makeDirectory()
    if (manifest.isEmpty) this.writeFirstBase()
    const goesOn = manifest.incrs.length > 0
    const name = goesOn ? manifest.incrs[manifest.incrs.length - 1].name : manifest.addIncr(paths.prefix)
    let fd: number
    try {
      fd = fs.openSync(paths.file(name), APPENDING, 0o644)
    } catch (error) {
      throw new Error(`Can't open the append-only file ${name}: ${strerror(error)}`)
    }
    if (!goesOn) persistManifestNow(paths, manifest)
    const { size } = fs.fstatSync(fd)
    this.closedBytes -= Math.min(size, this.closedBytes)
    this.log.open(fd, size)
    this.state = 'on'
    this.active = true
    this.host.fsynced(this.host.replicationOffset)
    messages.notice(`${goesOn ? 'Opening' : 'Creating'} AOF incr file ${name} on server start`)
  }

  private makeDirectory(): void {
    try {
      this.paths.makeDirectory()
    } catch (error) {
      throw new Error(`Can't open or create append-only dir ${this.paths.directoryName}: ${strerror(error)}`)
    }
  }

  private writeFirstBase(): void {
    const { manifest, paths, saver } = this
    const name = manifest.addBase(paths.prefix, this.extension)
    try {
      saver.writeAofBase(this.temporaryBase(), paths.file(name))
    } catch (error) {
      const why = strerror(error instanceof MoveError ? error.cause : error)
      throw new Error(`Write error writing append only file on disk: ${why}`)
    }
    this.closedBytes = fs.statSync(paths.file(name)).size
    this.baseBytes = this.closedBytes
    this.messages.notice(`Creating AOF base file ${name} on server start`)
  }

  private get extension(): 'rdb' | 'aof' {
    return this.config.values['aof-use-rdb-preamble'] ? 'rdb' : 'aof'
  }

  private temporaryBase(): string {
    return this.config.path(temporaryBase())
  }

  // CONFIG SET appendonly, and full synchronizations as a replica

  /** Turns it on: once a first base is complete, what is acknowledged is in the files. False when that cannot begin. */
  start(inTransaction: boolean): boolean {
    const { messages, saver } = this
    this.state = 'waiting'
    if (this.rewriting !== 0) {
      messages.notice(
        'AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now.',
      )
      this.abortRewrite()
    }
    if (!saver.mayStart || inTransaction || this.log.isOpen || this.log.isSyncing || this.completing) {
      this.scheduled = true
      messages.notice(
        inTransaction
          ? 'AOF was enabled during a transaction. An AOF background was scheduled to start when possible.'
          : 'AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible.',
      )
    } else if (!this.begin()) {
      this.state = 'off'
      messages.warning(
        "Redis needs to enable the AOF but can't trigger a background AOF rewrite operation. Check the above logs for more info about the error.",
      )
      return false
    }
    this.host.stateChanged()
    return true
  }

  /** Turns it off: what was appended comes to the disk, and nothing more is. */
  stop(): void {
    if (this.state === 'off') return
    const { log, messages } = this
    this.state = 'off'
    this.active = false
    this.scheduled = false
    this.closedBytes = 0
    this.abortRewrite()
    log.whenIdle(() => {
      if (!log.isOpen || log.switchTo(-1)) return
      messages.warning('The last commands could not be written to the AOF file that is closed.')
      log.abandon()
    })
    this.host.fsynced(null)
    this.host.stateChanged()
  }

  // Rewriting

  /** BGREWRITEAOF. */
  rewrite(inTransaction: boolean): RewriteResult {
    if (this.rewriting !== 0) return 'in-progress'
    if (!this.saver.mayStart || inTransaction || this.completing) {
      this.scheduled = true
      this.limit.reset()
      return 'scheduled'
    }
    return this.begin() ? 'started' : 'failed'
  }

  /** Begins a rewrite, which nothing keeps from it. */
  private begin(): boolean {
    const { messages, saver } = this
    this.lastTryMs = Date.now()
    try {
      this.makeDirectory()
      if (this.state === 'on') this.beginOpen()
      else this.beginClosed()
    } catch (error) {
      messages.warning((error as Error).message)
      this.lastRewriteOk = false
      if (saver.isBusy) saver.release()
      return false
    }
    return true
  }

  private noteBegin(): number {
    this.rewriting = ++this.lastRewrite
    this.rewriteStartedMs = Date.now()
    this.scheduled = false
    this.rewrites++
    this.messages.notice(`Background append only file rewriting started by pid ${process.pid}`)
    return this.rewriting
  }

  private openIncr(name: string): number {
    try {
      const fd = fs.openSync(this.paths.file(name), APPENDING_ANEW, 0o644)
      this.messages.notice(`Creating AOF incr file ${name} on background rewrite`)
      return fd
    } catch (error) {
      throw new Error(`Can't open the append-only file ${name}: ${strerror(error)}`)
    }
  }

  /** Nothing is appended yet: what is from here on goes to a file that the manifest does not name until the base is there. */
  private beginClosed(): void {
    const base = this.openBase()
    if (this.state === 'waiting') {
      let fd: number
      try {
        fd = this.openIncr(this.paths.temporaryIncrName)
      } catch (error) {
        base.sink.discard()
        throw error
      }
      this.syncedOffset = this.host.replicationOffset
      this.host.fsynced(0)
      this.log.open(fd, 0)
      this.active = true
    }
    this.takeBase(this.noteBegin(), base)
  }

  private openBase(): BaseFile {
    const name = this.manifest.copy().addBase(this.paths.prefix, this.extension)
    return openBase(this.config, this.temporaryBase(), this.paths.file(name))
  }

  /**
   * The manifest names another, empty file, first; then, in one moment, the file takes over and the snapshot begins. However far
   * this comes, the files are complete.
   */
  private beginOpen(): void {
    const manifest = this.manifest.copy()
    const name = manifest.addIncr(this.paths.prefix)
    const fd = this.openIncr(name)
    const rewrite = this.noteBegin()
    this.saver.reserve()
    this.persist(manifest).then(
      () => {
        this.manifest = manifest
        this.log.whenIdle(() => this.takeOver(rewrite, fd))
      },
      (error: Error) => {
        this.messages.warning(error.message)
        fs.close(fd, () => {})
        if (error instanceof ManifestUnsynced) this.manifest = manifest
        else removeFile(this.paths.file(name))
        if (this.rewriting === rewrite) this.fail()
        this.saver.release()
      },
    )
  }

  private takeOver(rewrite: number, fd: number): void {
    const { keyspace, log, saver } = this
    if (this.rewriting !== rewrite) {
      fs.close(fd, () => {})
      saver.release()
      return
    }
    if (keyspace.isHalfDone) {
      setTimeout(() => log.whenIdle(() => this.takeOver(rewrite, fd)), HALF_DONE_POLL_MS)
      return
    }
    let base: BaseFile
    try {
      base = this.openBase()
    } catch (error) {
      this.messages.warning((error as Error).message)
      this.giveUpIncr(fd)
      return
    }
    const written = log.size
    if (!log.switchTo(fd)) {
      base.sink.discard()
      this.giveUpIncr(fd)
      return
    }
    this.closedBytes += written
    this.takeBase(rewrite, base)
  }

  /** The manifest names a file that was never used: it goes on with the one before. */
  private giveUpIncr(fd: number): void {
    const manifest = this.manifest.copy()
    const unused = manifest.incrs.pop()
    this.manifest = manifest
    fs.close(fd, () => {})
    this.persist(manifest)
      .then(() => {
        if (unused !== undefined) removeFile(this.paths.file(unused.name))
      })
      .catch((error: Error) => this.messages.warning(error.message))
    this.fail()
    this.saver.release()
  }

  private takeBase(rewrite: number, base: BaseFile): void {
    this.saver.rewriteTo(base.sink, failure => {
      if (this.rewriting !== rewrite) return
      if (failure === null) this.complete(rewrite, base)
      else if (failure === ABORTED) this.postpone()
      else {
        base.logFailure(this.messages, failure)
        this.fail()
      }
    })
  }

  /** Another snapshot has taken the rewrite's place, which begins again behind it. */
  private postpone(): void {
    this.messages.warning('Background AOF rewrite terminated by signal 10')
    this.endRewrite()
    if (this.state === 'waiting') this.tryAgain()
    this.scheduled = true
  }

  /** The base is on disk, under its name: the manifest follows, and what the base makes superfluous goes. */
  private complete(rewrite: number, base: BaseFile): void {
    const { messages, paths } = this
    messages.notice('Background AOF rewrite terminated with success')
    const manifest = this.manifest.copy()
    const name = manifest.addBase(paths.prefix, base.extension)
    messages.notice(`Successfully renamed the temporary AOF base file ${base.temporaryName} into ${name}`)
    let incr: string | null = null
    if (this.state === 'waiting') {
      incr = manifest.addIncr(paths.prefix)
      try {
        fs.renameSync(paths.file(paths.temporaryIncrName), paths.file(incr))
      } catch (error) {
        messages.warning(
          `Error trying to rename the temporary AOF incr file ${paths.temporaryIncrName} into ${incr}: ${strerror(error)}`,
        )
        removeFile(paths.file(name))
        this.fail()
        return
      }
      messages.notice(`Successfully renamed the temporary AOF incr file ${paths.temporaryIncrName} into ${incr}`)
    }
    manifest.retireIncrs(this.state === 'off' ? 0 : 1)
    this.completing = true
    this.persist(manifest).then(
      () => {
        this.completing = false
        this.manifest = manifest
        if (this.rewriting === rewrite) this.succeed(name)
        this.removeHistory()
      },
      (error: Error) => {
        this.completing = false
        messages.warning(error.message)
        // Where it is the manifest on disk that names them, they stay, and so does what it makes superfluous.
        if (error instanceof ManifestUnsynced) {
          this.manifest = manifest
          if (this.rewriting === rewrite) this.succeed(name)
          return
        }
        removeFile(paths.file(name))
        if (incr !== null) removeFile(paths.file(incr))
        if (this.rewriting === rewrite) this.fail()
      },
    )
  }

  /** One manifest after another. */
  private persist(manifest: Manifest): Promise<void> {
    const done = this.persisted.then(() => persistManifest(this.paths, manifest))
    this.persisted = done.catch(() => {})
    return done
  }

  private succeed(base: string): void {
    const { paths } = this
    this.endRewrite()
    this.lastRewriteOk = true
    this.limit.reset()
    this.messages.notice('Background AOF rewrite finished successfully')
    if (this.state === 'off') return
    this.closedBytes = fs.statSync(paths.file(base), { throwIfNoEntry: false })?.size ?? 0
    this.baseBytes = this.currentBytes
    if (this.state === 'waiting') {
      this.state = 'on'
      this.host.fsynced(this.syncedOffset)
    }
    this.host.stateChanged()
  }

  private fail(): void {
    this.endRewrite()
    this.lastRewriteOk = false
    this.limit.failed()
    this.messages.warning('Background AOF rewrite terminated with error')
    if (this.state === 'waiting') this.tryAgain()
  }

  /** What has been appended begins at no base: the next try begins anew. */
  private tryAgain(): void {
    this.active = false
    this.log.abandon()
    this.host.policyChanged()
    this.removeTemporaryIncr()
    this.scheduled = true
  }

  private removeTemporaryIncr(): void {
    const name = this.paths.temporaryIncrName
    this.messages.notice(`Removing the temp incr aof file ${name} in the background`)
    removeFile(this.paths.file(name))
  }

  private endRewrite(): void {
    this.rewriting = 0
    this.lastRewriteSeconds = Math.floor((Date.now() - this.rewriteStartedMs) / 1000)
  }

  /** Gives the rewrite under way up. */
  abortRewrite(): void {
    if (this.rewriting === 0) return
    this.messages.notice(`Killing running AOF rewrite child: ${process.pid}`)
    this.rewriting = 0
    if (this.saver.target === 'aof') this.saver.abort()
    if (this.state === 'off' && fs.existsSync(this.paths.file(this.paths.temporaryIncrName))) this.removeTemporaryIncr()
  }

  /** Removes the files that the last rewrite has made superfluous (aof-disable-auto-gc: not yet). */
  removeHistory(): void {
    const { manifest, messages, paths } = this
    if (this.config.values['aof-disable-auto-gc'] || manifest.history.length === 0 || this.completing) return
    const remaining = manifest.copy()
    remaining.history = []
    this.manifest = remaining
    for (const { name } of manifest.history) {
      messages.notice(`Removing the history file ${name} in the background`)
      removeFile(paths.file(name))
    }
    this.persist(remaining).catch((error: Error) => messages.warning(error.message))
  }

  // By the clock

  /** To be called at the end of a turn, and by the cron. */
  flush(): void {
    if (this.log.isOpen) this.log.flush()
  }

  cron(): void {
    this.flush()
    const { keyspace, saver } = this
    if (!saver.mayStart || keyspace.openChanges.size > 0 || this.rewriting !== 0 || this.completing) return
    if (this.scheduled) {
      if (this.state === 'waiting' && (this.log.isOpen || this.log.isSyncing)) return
      if (Date.now() - this.lastTryMs < RETRY_MS && !this.lastRewriteOk) return
      if (!this.limit.holds()) this.begin()
      return
    }
    this.rewriteIfGrown()
  }

  private rewriteIfGrown(): void {
    const { values } = this.config
    const percentage = values['auto-aof-rewrite-percentage']
    if (this.state !== 'on' || percentage === 0 || this.currentBytes <= values['auto-aof-rewrite-min-size']) return
    const growth = Math.floor((this.currentBytes * 100) / Math.max(1, this.baseBytes)) - 100
    if (growth < percentage || this.limit.holds()) return
    this.messages.notice(`Starting automatic rewriting of AOF on ${growth}% growth`)
    this.begin()
  }

  // The end

  /** Writes and syncs all there is, while everything else waits. */
  syncAtOnce(): void {
    if (this.state === 'off') return
    this.messages.notice('Calling fsync() on the AOF file.')
    this.log.syncAtOnce()
  }
}
