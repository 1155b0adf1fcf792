/**
 * Rewriting an append-only file: a snapshot becomes the next base, what is written meanwhile goes to an incremental file behind
 * it, and what came before becomes superfluous. However far a rewrite comes, the files that the manifest names are complete.
 * Source of behaviour and texts: rewriteAppendOnlyFileBackground and backgroundRewriteDoneHandler in Redis's aof.c.
 */

import fs from 'node:fs'
import { setTimeout, wallClock } from '../../clock/platform.js'
import type { Config } from '../../config/config.js'
import type { Log } from '../../observe/log.js'
import type { Keyspace } from '../../store/keyspace.js'
import { ABORTED, type Saver } from '../saver.js'
import type { AofFiles } from './aof-files.js'
import type { AppendLog } from './append-log.js'
import { ManifestUnsynced } from './manifest-file.js'
import { type BaseFile, extensionOf, openBase, temporaryBase } from './rewrite-base.js'
import { RewriteLimit } from './rewrite-limit.js'

/** A rewrite that cannot even begin is tried again so often. */
const RETRY_MS = 1000
/** A script that is put aside is in the middle of its writes: so often is looked whether it has ended. */
const HALF_DONE_POLL_MS = 5

/** The append-only file that is rewritten. */
export interface RewriteOwner {
  readonly state: 'off' | 'waiting' | 'on'
  readonly log: AppendLog
  readonly files: AofFiles
  /** Size of all files, and what it was behind the last rewrite. */
  readonly currentBytes: number
  readonly baseBytes: number
  /** From here on commands are appended to this file. */
  open(fd: number): void
  /** The incremental file of before is closed, with so many bytes. */
  closed(bytes: number): void
  /** A base of so many bytes is complete, and the manifest names it. */
  rewritten(bytes: number): void
  /** What has been appended begins at no base: nothing is appended until open(). */
  abandon(): void
}

export type RewriteResult = 'started' | 'scheduled' | 'in-progress' | 'failed'

export class Rewriting {
  /** A rewrite is due as soon as nothing else is under way. */
  scheduled = false
  /** Rewrites begun since the start, and failures in a row (INFO persistence). */
  begun = 0
  readonly limit: RewriteLimit
  lastOk = true
  /** How long the last rewrite took, -1 before the first. */
  lastSeconds = -1
  private readonly owner: RewriteOwner
  private readonly files: AofFiles
  private readonly log: AppendLog
  private readonly keyspace: Keyspace
  private readonly saver: Saver
  private readonly config: Config
  private readonly messages: Log
  private startedMs = 0
  /** Which rewrite is under way, 0: none. One that was given up finds another number here. */
  private underWay = 0
  private last = 0
  /** The manifest of a new base is on its way to the disk: nothing that would follow from it begins. */
  completing = false
  private lastTryMs = 0

  constructor(owner: RewriteOwner, keyspace: Keyspace, saver: Saver, config: Config, messages: Log) {
    this.owner = owner
    this.files = owner.files
    this.log = owner.log
    this.keyspace = keyspace
    this.saver = saver
    this.config = config
    this.messages = messages
    this.limit = new RewriteLimit(messages)
  }

  get isUnderWay(): boolean {
    return this.underWay !== 0
  }
  /** Nothing keeps a rewrite from beginning. */
  get mayBegin(): boolean {
    return this.saver.mayStart && !this.completing
  }
  get currentSeconds(): number {
    return this.underWay === 0 ? -1 : Math.floor((wallClock() - this.startedMs) / 1000)
  }

  /** BGREWRITEAOF. */
  request(inTransaction: boolean): RewriteResult {
    if (this.underWay !== 0) return 'in-progress'
    if (!this.mayBegin || inTransaction) {
      this.scheduled = true
      this.limit.reset()
      return 'scheduled'
    }
    return this.begin() ? 'started' : 'failed'
  }

  /** Begins a rewrite, which nothing keeps from it. */
  begin(): boolean {
    const { messages, saver } = this
    this.lastTryMs = wallClock()
    try {
      this.files.makeDirectory()
      if (this.owner.state === 'on') this.beginOpen()
      else this.beginClosed()
    } catch (error) {
      messages.warning((error as Error).message)
      this.lastOk = false
      if (saver.isBusy) saver.release()
      return false
    }
    return true
  }

  private noteBegin(): number {
    this.underWay = ++this.last
    this.startedMs = wallClock()
    this.scheduled = false
    this.begun++
    this.messages.notice(`Background append only file rewriting started by pid ${process.pid}`)
    return this.underWay
  }

  private openIncr(name: string): number {
    const fd = this.files.openIncr(name, true)
    this.messages.notice(`Creating AOF incr file ${name} on background rewrite`)
    return fd
  }

  /** Nothing is appended yet: what is from here on goes to a file that the manifest does not name until the base is there. */
  private beginClosed(): void {
    const base = this.openBase()
    if (this.owner.state === 'waiting') {
      let fd: number
      try {
        fd = this.openIncr(this.files.paths.temporaryIncrName)
      } catch (error) {
        base.sink.discard()
        throw error
      }
      this.owner.open(fd)
    }
    this.takeBase(this.noteBegin(), base)
  }

  private openBase(): BaseFile {
    const { files } = this
    const name = files.manifest.copy().addBase(files.paths.prefix, extensionOf(this.config.values))
    const { onSlice } = this.saver
    return openBase(this.config, this.config.path(temporaryBase()), files.paths.file(name), ms => onSlice(ms))
  }

  /**
   * The manifest names another, empty file, first; then, in one moment, the file takes over and the snapshot begins. However far
   * this comes, the files are complete.
   */
  private beginOpen(): void {
    const { files, messages } = this
    const manifest = files.manifest.copy()
    const name = manifest.addIncr(files.paths.prefix)
    const fd = this.openIncr(name)
    const rewrite = this.noteBegin()
    this.saver.reserve()
    files.persist(manifest).then(
      () => {
        files.manifest = manifest
        this.log.whenIdle(() => this.takeOver(rewrite, fd))
      },
      (error: Error) => {
        messages.warning(error.message)
        fs.close(fd, () => {})
        if (error instanceof ManifestUnsynced) files.manifest = manifest
        else files.remove(name)
        if (this.underWay === rewrite) this.fail()
        this.saver.release()
      },
    )
  }

  private takeOver(rewrite: number, fd: number): void {
    const { keyspace, log, saver } = this
    if (this.underWay !== rewrite) {
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
    this.owner.closed(written)
    this.takeBase(rewrite, base)
  }

  /** The manifest names a file that was never used: it goes on with the one before. */
  private giveUpIncr(fd: number): void {
    const { files, messages } = this
    const manifest = files.manifest.copy()
    const unused = manifest.incrs.pop()
    files.manifest = manifest
    fs.close(fd, () => {})
    files.persist(manifest).then(
      () => {
        if (unused !== undefined) files.remove(unused.name)
      },
      (error: Error) => messages.warning(error.message),
    )
    this.fail()
    this.saver.release()
  }

  private takeBase(rewrite: number, base: BaseFile): void {
    this.saver.rewriteTo(base.sink, failure => {
      if (this.underWay !== rewrite) return
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
    if (this.owner.state === 'waiting') this.tryAgain()
    this.scheduled = true
  }

  /** The base is on disk, under its name: the manifest follows, and what the base makes superfluous goes. */
  private complete(rewrite: number, base: BaseFile): void {
    const { files, messages } = this
    const { prefix } = files.paths
    messages.notice('Background AOF rewrite terminated with success')
    const manifest = files.manifest.copy()
    const name = manifest.addBase(prefix, base.extension)
    messages.notice(`Successfully renamed the temporary AOF base file ${base.temporaryName} into ${name}`)
    const incr = this.owner.state === 'waiting' ? manifest.addIncr(prefix) : null
    if (incr !== null && !files.renameTemporaryIncr(incr)) {
      files.remove(name)
      this.fail()
      return
    }
    manifest.retireIncrs(this.owner.state === 'off' ? 0 : 1)
    const succeed = (): void => {
      if (this.underWay === rewrite) this.succeed(name)
    }
    this.completing = true
    files.persist(manifest).then(
      () => {
        this.completing = false
        files.manifest = manifest
        files.removeHistory().then(succeed)
      },
      (error: Error) => {
        this.completing = false
        messages.warning(error.message)
        // Where it is the manifest on disk that names them, they stay, and so does what it makes superfluous.
        if (error instanceof ManifestUnsynced) {
          files.manifest = manifest
          succeed()
          return
        }
        files.remove(name)
        if (incr !== null) files.remove(incr)
        if (this.underWay === rewrite) this.fail()
      },
    )
  }

  private succeed(base: string): void {
    this.endRewrite()
    this.lastOk = true
    this.limit.reset()
    this.messages.notice('Background AOF rewrite finished successfully')
    this.owner.rewritten(this.files.sizeOf(base))
  }

  private fail(): void {
    this.endRewrite()
    this.lastOk = false
    this.limit.failed()
    this.messages.warning('Background AOF rewrite terminated with error')
    if (this.owner.state === 'waiting') this.tryAgain()
  }

  /** What has been appended begins at no base: the next try begins anew. */
  private tryAgain(): void {
    this.owner.abandon()
    this.files.removeTemporaryIncr()
    this.scheduled = true
  }

  private endRewrite(): void {
    this.underWay = 0
    this.lastSeconds = Math.floor((wallClock() - this.startedMs) / 1000)
  }

  /** Gives the rewrite under way up. */
  abort(): void {
    if (this.underWay === 0) return
    this.messages.notice(`Killing running AOF rewrite child: ${process.pid}`)
    this.underWay = 0
    if (this.saver.target === 'aof') this.saver.abort()
    if (this.owner.state === 'off') this.files.removeTemporaryIncr()
  }

  /** To be called by the server's cron: begins what is scheduled, or what the files' growth asks for. */
  cron(): void {
    if (!this.mayBegin || this.keyspace.openChanges.size > 0 || this.underWay !== 0) return
    if (this.scheduled) {
      if (this.owner.state === 'waiting' && (this.log.isOpen || this.log.isSyncing)) return
      if (wallClock() - this.lastTryMs < RETRY_MS && !this.lastOk) return
      if (!this.limit.holds()) this.begin()
      return
    }
    this.rewriteIfGrown()
  }

  private rewriteIfGrown(): void {
    const { values } = this.config
    const percentage = values['auto-aof-rewrite-percentage']
    if (this.owner.state !== 'on' || percentage === 0 || this.owner.currentBytes <= values['auto-aof-rewrite-min-size'])
      return
    const growth = Math.floor((this.owner.currentBytes * 100) / Math.max(1, this.owner.baseBytes)) - 100
    if (growth < percentage || this.limit.holds()) return
    this.messages.notice(`Starting automatic rewriting of AOF on ${growth}% growth`)
    this.begin()
  }
}
