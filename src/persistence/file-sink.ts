/** Writes a file beside its final place and moves it there when it is whole: the old file stays until then. */
import fs from 'node:fs'
import path from 'node:path'
import { setImmediate } from '../clock/platform.js'
import type { Disk } from '../config/disk.js'
import { ChunkPool } from './chunk-pool.js'
import { removeFile, replaceFile } from './file-removal.js'
import type { ByteSink } from './snapshot.js'

const CONGESTED_BYTES = 8 * 1024 * 1024
/** How much is written between two syncs with `rdb-save-incremental-fsync`: one at the end would hold up the disk for long. */
const SYNC_BYTES = 4 * 1024 * 1024

/** The file is whole but cannot be given its name. */
export class MoveError extends Error {
  override readonly cause: Error
  /** Names of the files, without the directory. */
  readonly temporary: string
  readonly final: string

  constructor(temporary: string, final: string, cause: Error) {
    super(cause.message)
    this.cause = cause
    this.temporary = path.basename(temporary)
    this.final = path.basename(final)
  }
}

/** In the background: writes and fsync run on Node's thread pool, one after another. */
export class FileSink implements ByteSink {
  private readonly fd: number
  private readonly disk: Disk
  private readonly temporary: string
  private readonly final: string
  private readonly queue: Buffer[] = []
  private readonly pool = new ChunkPool()
  private queuedBytes = 0
  private writing = false
  private readonly syncs: boolean
  private unsyncedBytes = 0
  private discarding = false
  private failure: Error | null = null
  private finished: ((failure: Error | null) => void) | null = null
  /** Called when the sink is no longer congested. */
  onDrain: () => void = () => {}

  /**
   * Throws what the system says when the temporary file cannot be made. `incrementalSync`: to disk a little at a time, not
   * only at the end.
   */
  constructor(disk: Disk, temporary: string, final: string, incrementalSync: boolean) {
    this.disk = disk
    this.temporary = temporary
    this.final = final
    this.syncs = incrementalSync
    this.fd = fs.openSync(temporary, 'w', 0o644)
  }

  get congested(): boolean {
    return this.queuedBytes > CONGESTED_BYTES || this.failure !== null
  }
  get failed(): Error | null {
    return this.failure
  }

  write(chunk: Buffer): void {
    if (this.failure !== null) return
    this.queue.push(chunk)
    this.queuedBytes += chunk.length
    this.next()
  }

  spare(): Buffer | null {
    return this.pool.take()
  }

  private next(): void {
    if (this.writing) return
    const chunk = this.queue.shift()
    if (chunk === undefined) {
      if (this.finished !== null) this.settle(this.finished)
      return
    }
    this.writing = true
    this.writeAndSync(chunk, error => {
      this.writing = false
      this.queuedBytes -= chunk.length
      this.pool.give(chunk)
      if (this.discarding) {
        this.closeAndRemove()
        return
      }
      if (error !== null) {
        this.failure = error
        this.queue.length = 0
      }
      if (this.queuedBytes <= CONGESTED_BYTES / 2 || error !== null) this.onDrain()
      this.next()
    })
  }

  private writeAndSync(chunk: Buffer, done: (error: Error | null) => void): void {
    const refusal = this.disk.refusal()
    if (refusal !== null) {
      setImmediate(() => done(refusal))
      return
    }
    writeFully(this.fd, chunk, error => {
      this.unsyncedBytes += chunk.length
      if (error !== null || !this.syncs || this.unsyncedBytes < SYNC_BYTES) {
        done(error)
        return
      }
      this.unsyncedBytes = 0
      fs.fdatasync(this.fd, done)
    })
  }

  /** All is written: syncs the file, gives it its name, syncs the directory. */
  finish(done: (failure: Error | null) => void): void {
    this.finished = done
    this.next()
  }

  private settle(done: (failure: Error | null) => void): void {
    this.finished = null
    if (this.failure !== null) {
      this.discard()
      done(this.failure)
      return
    }
    this.writing = true
    fs.fsync(this.fd, error => {
      if (this.discarding) {
        this.closeAndRemove()
        return
      }
      let failure: Error | null = error
      try {
        fs.closeSync(this.fd)
        // At once: a rename still under way when this save is given up could replace the newer file of the save that follows.
        if (failure === null) move(this.temporary, this.final)
      } catch (thrown) {
        failure ??= thrown as Error
      }
      if (failure === null) syncDirectoryInBackground(path.dirname(this.final), done)
      else fs.rm(this.temporary, { force: true }, () => done(failure))
    })
  }

  /** Gives up: removes the temporary file, and closes it as soon as no system call uses it. */
  discard(): void {
    this.failure ??= new Error('aborted')
    this.queue.length = 0
    this.finished = null
    this.discarding = true
    // The name at once: the process may be about to end.
    if (this.writing) removeFile(this.temporary)
    else this.closeAndRemove()
  }

  private closeAndRemove(): void {
    try {
      fs.closeSync(this.fd)
    } catch {
      // What could not be written is not wanted any more.
    }
    removeFile(this.temporary)
  }
}

/** At once, for SAVE and for the save at shutdown. */
export class SyncFileSink implements ByteSink {
  readonly congested = false
  private readonly pool = new ChunkPool()
  private closed = false
  private readonly disk: Disk
  private readonly fd: number
  private readonly temporary: string
  private readonly final: string

  constructor(disk: Disk, temporary: string, final: string) {
    this.disk = disk
    this.temporary = temporary
    this.final = final
    this.fd = fs.openSync(temporary, 'w', 0o644)
  }

  write(chunk: Buffer): void {
    this.disk.mayWrite()
    for (let at = 0; at < chunk.length; ) at += fs.writeSync(this.fd, chunk, at)
    this.pool.give(chunk)
  }

  spare(): Buffer | null {
    return this.pool.take()
  }

  finish(): void {
    fs.fsyncSync(this.fd)
    this.closed = true
    fs.closeSync(this.fd)
    move(this.temporary, this.final)
    syncDirectory(path.dirname(this.final))
  }

  discard(): void {
    if (!this.closed) fs.closeSync(this.fd)
    fs.rmSync(this.temporary, { force: true })
  }
}

function writeFully(fd: number, chunk: Buffer, done: (error: Error | null) => void): void {
  fs.write(fd, chunk, 0, chunk.length, null, (error, written) => {
    if (error !== null) done(error)
    else if (written < chunk.length) writeFully(fd, chunk.subarray(written), done)
    else done(null)
  })
}

/** Gives the whole file its name: from here on it is the one that is loaded. */
function move(temporary: string, final: string): void {
  try {
    replaceFile(temporary, final)
  } catch (error) {
    throw new MoveError(temporary, final, error as Error)
  }
}

/** Makes a rename survive a power cut. Windows cannot open directories, and does not need it. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const fd = fs.openSync(directory, 'r')
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

/** As syncDirectory, without holding up requests: an fsync can take tens of milliseconds. */
export function syncDirectoryInBackground(directory: string, done: (failure: Error | null) => void): void {
  if (process.platform === 'win32') {
    done(null)
    return
  }
  fs.open(directory, 'r', (error, fd) => {
    if (error !== null) {
      done(error)
      return
    }
    fs.fsync(fd, failure => fs.close(fd, () => done(failure)))
  })
}
