/**
 * The connection to a master. All of it is read into one buffer: a Buffer for each read, and the stream machinery behind it, would
 * cost a replica as much as the commands that it executes.
 */
import net from 'node:net'
import type { Duplex } from 'node:stream'

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

/** What is used of a socket. */
export interface MasterStream extends Duplex {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  setNoDelay(on: boolean): unknown
  setKeepAlive(on: boolean, delayMs: number): unknown
  ref(): unknown
  unref(): unknown
}

/** Connects to a master by another way than TCP; what it returns is about to emit 'connect', or 'error'. */
export type Dial = (host: string, port: number) => MasterStream

export class MasterSocket {
  readonly net: MasterStream
  private readonly owner: MasterSocketOwner
  /** Bytes that were given back. */
  private kept: Buffer | null = null
  private closed = false

  /** @param dial null: by TCP. */
  constructor(options: MasterSocketOptions, owner: MasterSocketOwner, dial: Dial | null) {
    this.owner = owner
    this.net = dial === null ? this.connect(options) : this.listenTo(dial(options.host, options.port))
    this.net.setNoDelay(true)
    this.net.on('connect', () => owner.connected())
    this.net.on('error', error => owner.failed(error))
    this.net.on('end', () => owner.ended())
    this.net.on('close', () => owner.ended())
  }

  private connect({ host, port, sourceAddress }: MasterSocketOptions): MasterStream {
    const onread = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.take(buffer.subarray(0, length) as Buffer)
        return true
      },
    }
    const options: net.NetConnectOpts = { host, port, onread }
    return net.connect(sourceAddress === '' ? options : { ...options, localAddress: sourceAddress })
  }

  private listenTo(stream: MasterStream): MasterStream {
    return stream.on('data', (bytes: Buffer) => this.take(bytes))
  }

  private take(bytes: Buffer): void {
    if (this.closed) return
    this.owner.arrived(bytes.length)
    this.owner.received(bytes)
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
