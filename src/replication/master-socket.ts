/**
 * The connection to a master. All of it is read into one buffer: a Buffer for each read, and the stream machinery behind it, would
 * cost a replica as much as the commands that it executes.
 */
import net from 'node:net'

const READ_BYTES = 64 * 1024

export interface MasterSocketOptions {
  readonly host: string
  readonly port: number
  /** bind-source-addr, or ''. */
  readonly sourceAddress: string
}

/** Who hears of it; nothing is heard after close(). */
export interface MasterSocketOwner {
  connected(): void
  /** So many bytes have come. */
  arrived(bytes: number): void
  /** To be taken; valid until this returns. */
  received(chunk: Buffer): void
  /** The connection could not be made, or broke: what the system says. */
  failed(error: Error): void
  /** The master has ended it. */
  ended(): void
}

export class MasterSocket {
  readonly net: net.Socket
  private readonly owner: MasterSocketOwner
  /** Bytes that were given back. */
  private kept: Buffer | null = null
  private closed = false

  constructor({ host, port, sourceAddress }: MasterSocketOptions, owner: MasterSocketOwner) {
    this.owner = owner
    const onread = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (length: number, buffer: Uint8Array): boolean => {
        if (this.closed) return true
        owner.arrived(length)
        owner.received(buffer.subarray(0, length) as Buffer)
        return true
      },
    }
    const options: net.NetConnectOpts = { host, port, onread }
    this.net = net.connect(sourceAddress === '' ? options : { ...options, localAddress: sourceAddress })
    this.net.setNoDelay(true)
    this.net.on('connect', () => owner.connected())
    this.net.on('error', error => owner.failed(error))
    this.net.on('end', () => owner.ended())
    this.net.on('close', () => owner.ended())
  }

  send(bytes: Buffer): void {
    if (this.net.writable) this.net.write(bytes)
  }

  /** Reads nothing until resume(), which gives `rest` of what was received once more. */
  pause(rest: Buffer): void {
    this.net.pause()
    if (rest.length > 0) this.kept = Buffer.from(rest)
  }

  resume(): void {
    const { kept } = this
    this.kept = null
    if (kept !== null) this.owner.received(kept)
    // What was given back may have ended the link, or asked for another pause.
    if (!this.closed && this.kept === null) this.net.resume()
  }

  close(): void {
    this.closed = true
    this.net.removeAllListeners()
    this.net.on('error', () => {})
    this.net.destroy()
  }
}
