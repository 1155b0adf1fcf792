/**
 * The append-only file: every write as the command that replicas would get, so that the data can be made again. In Redis 7's form
 * it is a folder: a base, which is a snapshot, incremental files behind it, and a manifest. A rewrite begins an incremental file,
 * takes a snapshot of that very moment as the next base, and drops what came before.
 */
import { SystemClock } from '../../clock/clock.js'
import { wallClock } from '../../clock/platform.js'
import type { Config } from '../../config/config.js'
import { strerror } from '../../config/strerror.js'
import type { LatencyMonitor } from '../../observe/latency-monitor.js'
import type { Log } from '../../observe/log.js'
import type { Keyspace } from '../../store/keyspace.js'
import { MoveError } from '../file-sink.js'
import type { Saver } from '../saver.js'
import { AofFiles } from './aof-files.js'
import { AppendBuffer } from './append-buffer.js'
import { AppendLog, type AppendLogHost, type SyncPolicy } from './append-log.js'
import { extensionOf, temporaryBase, timestampOf } from './rewrite-base.js'
import { type RewriteOwner, Rewriting } from './rewriting.js'

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

export class AppendOnlyFile implements AppendLogHost, RewriteOwner {
  /**
   * off; waiting: turned on, and the first base is not complete yet, so that there is nothing that could be loaded; on.
   */
  state: 'off' | 'waiting' | 'on' = 'off'
  /** Commands are to be appended. */
  active = false
  readonly files: AofFiles
  readonly buffer: AppendBuffer
  readonly log: AppendLog
  readonly latency: LatencyMonitor
  readonly rewriting: Rewriting
  /** Size when the last rewrite ended. */
  baseBytes = 0
  private readonly keyspace: Keyspace
  private readonly saver: Saver
  private readonly config: Config
  private readonly messages: Log
  private readonly host: AppendOnlyFileHost
  /** What the manifest's files hold but for the one that is open. */
  private closedBytes = 0
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
    this.files = new AofFiles(config, messages)
    this.buffer = new AppendBuffer(keyspace.released.held)
    this.buffer.onAppend = () => host.flushLater()
    this.log = new AppendLog(this.buffer, this, messages, config.disk)
    this.rewriting = new Rewriting(this, keyspace, saver, config, messages)
  }

  // AppendLogHost

  readonly clock = new SystemClock()

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

  /** The files have been loaded: sizes follow from them. */
  noteSizes(totalBytes: number, baseBytes: number): void {
    this.closedBytes = totalBytes - this.log.size
    this.baseBytes = baseBytes
  }

  /** Goes on with the last incremental file, or begins one. @throws an Error with a line for the log */
  openAtStart(): void {
    const { files } = this
    files.makeDirectory()
    if (files.manifest.isEmpty) this.writeFirstBase()
    const { incrs } = files.manifest
    const goesOn = incrs.length > 0
    const name = goesOn ? incrs[incrs.length - 1].name : files.manifest.addIncr(files.paths.prefix)
    const fd = files.openIncr(name, false)
    if (!goesOn) files.persistNow()
    const size = files.sizeOf(name)
    this.closedBytes -= Math.min(size, this.closedBytes)
    this.log.open(fd, size)
    this.state = 'on'
    this.active = true
    this.host.fsynced(this.host.replicationOffset)
    this.messages.notice(`${goesOn ? 'Opening' : 'Creating'} AOF incr file ${name} on server start`)
  }

  private writeFirstBase(): void {
    const { files, saver } = this
    const { paths } = files
    const name = files.manifest.addBase(paths.prefix, extensionOf(this.config.values))
    try {
      saver.writeAofBase(
        this.config.path(temporaryBase()),
        paths.file(name),
        timestampOf(this.config.values, wallClock()),
      )
    } catch (error) {
      const why = strerror(error instanceof MoveError ? error.cause : error)
      throw new Error(`Write error writing append only file on disk: ${why}`)
    }
    this.closedBytes = files.sizeOf(name)
    this.baseBytes = this.closedBytes
    this.messages.notice(`Creating AOF base file ${name} on server start`)
  }

  // CONFIG SET appendonly, and full synchronizations as a replica

  /** Turns it on: once a first base is complete, what is acknowledged is in the files. False when that cannot begin. */
  start(inTransaction: boolean): boolean {
    const { messages, rewriting } = this
    this.state = 'waiting'
    if (rewriting.isUnderWay) {
      messages.notice(
        'AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now.',
      )
      rewriting.abort()
    }
    if (!rewriting.mayBegin || inTransaction || this.log.isOpen || this.log.isSyncing) {
      rewriting.scheduled = true
      messages.notice(
        inTransaction
          ? 'AOF was enabled during a transaction. An AOF background was scheduled to start when possible.'
          : 'AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible.',
      )
    } else if (!rewriting.begin()) {
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
    const { log, messages, rewriting } = this
    this.state = 'off'
    this.active = false
    rewriting.scheduled = false
    this.closedBytes = 0
    rewriting.abort()
    log.whenIdle(() => {
      if (!log.isOpen || log.switchTo(-1)) return
      messages.warning('The last commands could not be written to the AOF file that is closed.')
      log.abandon()
    })
    this.host.fsynced(null)
    this.host.stateChanged()
  }

  /** aof-disable-auto-gc has changed: whoever turns it off finds the manifest without history. */
  historyChanged(): void {
    // A rewrite that is being completed removes it itself.
    if (!this.rewriting.completing) this.files.removeHistory(!this.files.isPersisting)
  }

  // RewriteOwner

  open(fd: number): void {
    this.syncedOffset = this.host.replicationOffset
    this.host.fsynced(0)
    this.log.open(fd, 0)
    this.active = true
  }

  closed(bytes: number): void {
    this.closedBytes += bytes
  }

  rewritten(bytes: number): void {
    if (this.state === 'off') return
    this.closedBytes = bytes
    this.baseBytes = this.currentBytes
    if (this.state === 'waiting') {
      this.state = 'on'
      this.host.fsynced(this.syncedOffset)
    }
    this.host.stateChanged()
  }

  abandon(): void {
    this.active = false
    this.log.abandon()
    this.host.policyChanged()
  }

  // By the clock

  /** To be called at the end of a turn, and by the cron. */
  flush(): void {
    if (this.log.isOpen) this.log.flush()
  }

  cron(): void {
    this.flush()
    this.rewriting.cron()
  }

  // The end

  /** Writes and syncs all there is, while everything else waits. */
  syncAtOnce(): void {
    if (this.state === 'off') return
    this.messages.notice('Calling fsync() on the AOF file.')
    this.log.syncAtOnce()
  }
}
