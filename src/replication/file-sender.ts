/** A full synchronization by way of disk: the saved RDB file on its way to one replica, as fast as that takes it. */

import fs from 'node:fs'
import type { Clock } from '../clock/clock.js'
import type { ReplicaLink } from './replica-link.js'

const FILE_STEP_BYTES = 256 * 1024

export interface FileSenderHost {
  readonly clock: Clock
  countOutput(bytes: number): void
  /** The replica has been given all of the file. */
  fileSent(link: ReplicaLink): void
  /** The file cannot be read on. */
  fileFailed(link: ReplicaLink, text: string): void
}

export class FileSender {
  private readonly link: ReplicaLink
  private readonly fd: number
  private readonly size: number
  /** What is read next comes only when the last piece has left. */
  private readonly piece: Buffer
  private readonly host: FileSenderHost
  private at = 0
  private reading = false
  private stopped = false

  /** Opens the file. Throws what the system says when the file cannot be opened. */
  constructor(link: ReplicaLink, file: string, host: FileSenderHost) {
    this.link = link
    this.host = host
    this.fd = fs.openSync(file, 'r')
    this.size = fs.fstatSync(this.fd).size
    this.piece = Buffer.allocUnsafeSlow(Math.min(FILE_STEP_BYTES, this.size))
  }

  start(): void {
    const { link } = this
    link.state = 'send_bulk'
    link.transport.send(Buffer.from(`$${this.size}\r\n`, 'latin1'))
    link.transport.onDrain = () => this.step()
    link.onRemoved = () => this.stop()
    if (link.transport.pendingOutputBytes === 0) this.step()
  }

  private step(): void {
    const { fd, link, piece, size } = this
    if (this.reading || this.stopped) return
    if (this.at === size) {
      link.onRemoved = null
      this.stop()
      this.host.fileSent(link)
      return
    }
    this.reading = true
    const length = Math.min(piece.length, size - this.at)
    fs.read(fd, piece, 0, length, this.at, (error, read) => this.gotPart(read, error))
  }

  private gotPart(read: number, error: Error | null): void {
    const { link, piece } = this
    this.reading = false
    if (this.stopped) fs.closeSync(this.fd)
    else if (error !== null || read === 0) this.host.fileFailed(link, error?.message ?? 'premature EOF')
    else {
      this.at += read
      this.host.countOutput(read)
      link.acknowledgedMs = this.host.clock.now()
      link.transport.send(piece.subarray(0, read))
      if (link.transport.pendingOutputBytes === 0) this.step()
    }
  }

  /** Nothing more is sent. The file stays open for a read that is under way. */
  private stop(): void {
    if (this.stopped) return
    this.stopped = true
    if (!this.reading) fs.closeSync(this.fd)
  }
}
