/** A stream socket as Node has it below `net.Socket`: what a connection reads from and writes to. */

/** Node's request object for a write that did not finish at once. */
export interface WriteRequest {
  oncomplete: ((status: number) => void) | null
}

/** Whom a handle's events are for. */
export interface StreamReader {
  /** Bytes have arrived in the buffer that useUserBuffer() was given. */
  receive(length: number): void
  /** The other side has ended the connection, or it broke. */
  ended(): void
  /** The handle is closed. */
  closed(): void
}

/** A socket's address as libuv gives it. */
export interface SocketAddress {
  address?: string
  port?: number
}

/** A TCP or pipe handle. What returns a number returns an errno (negative), or 0 when done or under way. */
export interface StreamHandle {
  /** Not Node's: set by startReading(). */
  reader?: StreamReader
  onread: ((this: StreamHandle) => void) | undefined
  useUserBuffer(buffer: Uint8Array): void
  readStart(): number
  readStop(): number
  writeLatin1String(request: WriteRequest, text: string): number
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number
  writev(request: WriteRequest, chunks: readonly Uint8Array[], allBuffers: boolean): number
  /** Bytes that the kernel has not taken yet. */
  readonly writeQueueSize: number
  close(callback: (this: StreamHandle) => void): void
  /** Socket number; -1 or missing where the system has none. */
  readonly fd?: number
  /** Whether the process goes on as long as the handle is open. */
  ref?(): void
  unref?(): void
  // Of TCP handles only:
  setNoDelay?(on: boolean): number
  setKeepAlive?(on: boolean, delaySeconds: number): number
  getpeername?(into: SocketAddress): number
  getsockname?(into: SocketAddress): number
}

type NameFunction = 'getpeername' | 'getsockname'

/** The IP address of one end of a TCP connection, or '' when it is gone. */
export function ipOf(handle: StreamHandle, end: NameFunction): string {
  return nameOf(handle, end).address ?? ''
}

/** One end of a TCP connection as joinAddress() writes it. */
export function addressOf(handle: StreamHandle, end: NameFunction): string {
  const { address, port } = nameOf(handle, end)
  return joinAddress(address, port)
}

/** "127.0.0.1:50000", "[::1]:50000", and "?:0" for what is unknown. */
export function joinAddress(address: string | undefined, port: number | undefined): string {
  const host = address ?? '?'
  // An IPv4 client of a socket that listens for both.
  const plain = host.startsWith('::ffff:') ? host.slice('::ffff:'.length) : host
  return plain.includes(':') ? `[${plain}]:${port ?? 0}` : `${plain}:${port ?? 0}`
}

function nameOf(handle: StreamHandle, end: NameFunction): SocketAddress {
  const name: SocketAddress = {}
  handle[end]?.(name)
  return name
}
