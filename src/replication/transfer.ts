/**
 * Receives the RDB file of a full synchronization into a temporary file, in both of the forms masters use: with its size
 * announced, or diskless, ended by a mark of 40 bytes. The old data stays in service until the file is whole.
 */
import fs from 'node:fs'
import path from 'node:path'
import { CRC64_LENGTH, Crc64, isZeroCrc64 } from '../bytes/crc64.js'
import type { Disk } from '../config/disk.js'
import { strerror } from '../config/strerror.js'
import { removeFile } from '../persistence/file-removal.js'
import { quoted, RdbError } from '../rdb/error.js'
import { RDB_FIRST_VERSION_WITH_CHECKSUM, RDB_HEADER_BYTES } from '../rdb/format.js'

export const MARK_BYTES = 40
const SYNC_EVERY_BYTES = 8 * 1024 * 1024

/** A snapshot under way from the master, as INFO shows it. */
export interface SyncProgress {
  /** Size announced, or -1 for a diskless transfer. */
  readonly size: number
  readonly received: number
}

/** What the line that announces a snapshot says. */
export interface TransferHeader {
  /** -1: diskless, up to the mark. */
  readonly size: number
  readonly mark: Buffer | null
}

/** Reads `$SIZE` or `$EOF:MARK`. Throws an Error that says what is wrong with it. */
export function parseTransferHeader(header: string): TransferHeader {
  if (header.startsWith('-')) throw new Error(`MASTER aborted replication with an error: ${header.slice(1)}`)
  if (!header.startsWith('$')) {
    throw new Error(
      `Bad protocol from MASTER, the first byte is not '$' (we received '${header.slice(0, 60)}'), are you sure the host and port are right?`,
    )
  }
  const eof = /^\$EOF:([\x20-\x7e]{40})$/.exec(header)
  if (eof !== null) return { size: -1, mark: Buffer.from(eof[1], 'latin1') }
  const size = /^\$(\d{1,15})$/.exec(header)
  if (size === null) {
    throw new Error(`Bad protocol from MASTER: expected the size of the RDB file, found '${header.slice(0, 60)}'`)
  }
  return { size: Number(size[1]), mark: null }
}

export class Transfer implements SyncProgress {
  readonly size: number
  file: string
  received = 0
  private readonly disk: Disk
  private readonly fd: number
  private readonly mark: Buffer | null
  private readonly crc = new Crc64()
  private head: Buffer = Buffer.alloc(0)
  /** The last bytes received: the checksum, and after it the mark, may be under way. */
  private tail: Buffer = Buffer.alloc(0)
  private closed = false

  /** Throws what the system says when the file cannot be made. */
  constructor({ size, mark }: TransferHeader, file: string, disk: Disk) {
    this.disk = disk
    this.mark = mark
    this.size = size
    this.file = file
    this.fd = fs.openSync(file, 'w', 0o644)
  }

  /** Takes chunk[start, ...); returns how many of its bytes belonged to the file once it is whole, else -1. */
  write(chunk: Buffer): number {
    if (this.mark === null) {
      const take = Math.min(chunk.length, this.size - this.received)
      this.append(chunk, take)
      return this.received === this.size ? take : -1
    }
    this.append(chunk, chunk.length)
    if (!this.tail.subarray(-MARK_BYTES).equals(this.mark)) return -1
    this.tail = this.tail.subarray(0, -MARK_BYTES)
    this.received -= MARK_BYTES
    fs.ftruncateSync(this.fd, this.received)
    return chunk.length
  }

  private append(chunk: Buffer, length: number): void {
    if (length > 0) this.disk.mayWrite()
    for (let at = 0; at < length; ) at += fs.writeSync(this.fd, chunk, at, length - at)
    this.sum(chunk.subarray(0, length))
    const before = Math.floor(this.received / SYNC_EVERY_BYTES)
    this.received += length
    // Written back bit by bit, so that the sync at the end has little left to do.
    if (Math.floor(this.received / SYNC_EVERY_BYTES) !== before) fs.fdatasync(this.fd, () => {})
  }

  private sum(bytes: Buffer): void {
    if (this.head.length < RDB_HEADER_BYTES) this.head = Buffer.concat([this.head, bytes]).subarray(0, RDB_HEADER_BYTES)
    const joined = Buffer.concat([this.tail, bytes])
    const summed = Math.max(0, joined.length - CRC64_LENGTH - (this.mark === null ? 0 : MARK_BYTES))
    this.crc.update(joined, 0, summed)
    this.tail = joined.subarray(summed)
  }

  /**
   * Why the whole file cannot be what a master has saved, or null: found out before the old data is given up for it. Without
   * `checksum` (redis.conf: rdbchecksum) only its beginning counts.
   */
  problem(checksum: boolean): Error | null {
    const { head, tail, crc } = this
    const version = /^REDIS(\d{4})$/.exec(head.toString('latin1'))?.[1]
    if (version === undefined) return new RdbError(0, null, '"REDIS" and a version', quoted(head, 0, head.length))
    if (!checksum || Number(version) < RDB_FIRST_VERSION_WITH_CHECKSUM) return null
    if (tail.length === CRC64_LENGTH && (crc.matches(tail, 0) || isZeroCrc64(tail, 0))) return null
    const found = `${tail.reverse().toString('hex')} (RDB CRC error)`
    return new RdbError(this.received - tail.length, null, `checksum ${crc}`, found)
  }

  /** The file is whole: syncs and closes it. */
  finish(done: (error: Error | null) => void): void {
    fs.fsync(this.fd, error => {
      done(error ?? this.close())
    })
  }

  /**
   * Makes sure that the file can be given the name `final`, as far as that can be told without doing it; throws what the system
   * says when not. The old data, which has to go before the file is loaded, is not given up for one that could not stay.
   */
  prepareRename(final: string): void {
    if (fs.lstatSync(final, { throwIfNoEntry: false })?.isDirectory()) {
      throw Object.assign(new Error(`rename ${this.file}`), { code: 'EISDIR' })
    }
    // `dir` may have been changed since, or be gone.
    const beside = path.join(path.dirname(final), path.basename(this.file))
    fs.renameSync(this.file, beside)
    this.file = beside
  }

  /** Gives up and removes the file. */
  discard(): void {
    this.close()
    removeFile(this.file)
  }

  /** Returns what the system says of data that could not be written after all. */
  private close(): Error | null {
    if (this.closed) return null
    this.closed = true
    try {
      fs.closeSync(this.fd)
      return null
    } catch (error) {
      return error as Error
    }
  }
}

const SYNCHRONIZATION = 'MASTER <-> REPLICA synchronization'

/** Throws a line for the log when the file cannot be made. */
export function openTransfer(header: TransferHeader, file: string, disk: Disk): Transfer {
  try {
    return new Transfer(header, file, disk)
  } catch (error) {
    throw new Error(`Opening the temp file needed for ${SYNCHRONIZATION}: ${strerror(error)}`)
  }
}

/** The log's line about a received file that cannot be given the name of the RDB file. */
export function renameFailure(name: string, error: unknown): string {
  return `Failed trying to rename the temp DB into ${name} in ${SYNCHRONIZATION}: ${strerror(error)}`
}

/** The log's line about a received file that does not get to the disk. */
export function syncFailure(error: Error): string {
  return `Failed trying to sync the temp DB to disk in ${SYNCHRONIZATION}: ${strerror(error)}`
}
