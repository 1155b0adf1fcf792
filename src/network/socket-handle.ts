/** The interface of Node's stream handles on top of net.Socket, for a Node that does not give its handles away. */
import type net from 'node:net'
import { writeIsPending } from './node-handles.js'
import type { SocketAddress, StreamHandle, StreamReader, WriteRequest } from './stream-handle.js'

/** Any errno will do: all end the connection. */
const FAILED = -1

export class SocketHandle implements StreamHandle {
  reader?: StreamReader
  onread: undefined
  private readonly socket: net.Socket
  private buffer: Uint8Array = new Uint8Array(0)

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('error', () => this.reader?.ended())
    socket.on('end', () => this.reader?.ended())
  }

  useUserBuffer(buffer: Uint8Array): void {
    this.buffer = buffer
  }

  readStart(): number {
    if (this.socket.listenerCount('data') === 0) this.socket.on('data', bytes => this.pass(bytes))
    this.socket.resume()
    return 0
  }

  readStop(): number {
    this.socket.pause()
    return 0
  }

  private pass(bytes: Uint8Array): void {
    const { buffer } = this
    for (let at = 0; at < bytes.length; at += buffer.length) {
      const piece = bytes.subarray(at, at + buffer.length)
      buffer.set(piece)
      this.reader?.receive(piece.length)
    }
  }

  writeLatin1String(request: WriteRequest, text: string): number {
    return this.writeBuffer(request, Buffer.from(text, 'latin1'))
  }

  writev(request: WriteRequest, chunks: readonly Uint8Array[]): number {
    return this.writeBuffer(request, Buffer.concat(chunks))
  }

  writeBuffer(request: WriteRequest, bytes: Uint8Array): number {
    this.socket.write(bytes, error => request.oncomplete?.(error ? FAILED : 0))
    writeIsPending()
    return 0
  }

  get writeQueueSize(): number {
    return this.socket.writableLength
  }

  close(callback: (this: StreamHandle) => void): void {
    this.socket.once('close', () => callback.call(this))
    this.socket.destroy()
  }

  setNoDelay(on: boolean): number {
    this.socket.setNoDelay(on)
    return 0
  }

  setKeepAlive(on: boolean, delaySeconds: number): number {
    this.socket.setKeepAlive(on, delaySeconds * 1000)
    return 0
  }

  ref(): void {
    this.socket.ref()
  }

  unref(): void {
    this.socket.unref()
  }

  getpeername(into: SocketAddress): number {
    return fill(into, this.socket.remoteAddress, this.socket.remotePort)
  }

  getsockname(into: SocketAddress): number {
    return fill(into, this.socket.localAddress, this.socket.localPort)
  }
}

function fill(into: SocketAddress, address: string | undefined, port: number | undefined): number {
  if (address === undefined || port === undefined) return FAILED
  into.address = address
  into.port = port
  return 0
}
