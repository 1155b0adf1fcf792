/** A connection to a server in this process as a stream: what a client library takes for a socket. */
import { Duplex } from 'node:stream'
import { MemoryHandle, type OtherEnd } from '../network/memory-handle.js'
import type { StreamHandle } from '../network/stream-handle.js'

export interface StreamHost {
  /** False: the connection is refused. */
  acceptInside(handle: StreamHandle): boolean
}

export class MemoryStream extends Duplex implements OtherEnd {
  private readonly handle: MemoryHandle
  /** As of a socket; a client library may look. */
  readonly remoteAddress = '127.0.0.1'
  readonly connecting = false

  constructor(host: StreamHost) {
    super({ allowHalfOpen: false })
    this.handle = new MemoryHandle(this)
    if (!host.acceptInside(this.handle)) {
      this.destroy(refusal())
      return
    }
    // Whoever waits for a socket to connect hears of it as late as from a socket.
    Promise.resolve().then(() => {
      this.emit('connect')
      this.emit('ready')
    })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.handle.send(chunk, callback)
  }

  override _final(callback: () => void): void {
    this.handle.end()
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.handle.end()
    callback(error)
  }

  override _read(): void {
    this.handle.taken()
  }

  received(bytes: Uint8Array): boolean {
    return this.push(Buffer.from(bytes))
  }

  ended(): void {
    this.push(null)
    if (!this.destroyed) this.destroy()
  }

  // What sockets have besides

  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  setTimeout(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}

/** As of a socket that finds nobody listening. */
function refusal(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })
}
