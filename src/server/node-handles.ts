/**
 * The one place that knows Node's stream handles below `net.Socket`. Replies leave through the handle itself: the same
 * system call as socket.write, at less than half of its JavaScript, which decides whether the server keeps up with C.
 * All names used here have been stable from Node 12 to 24; where they are missing, replies go through socket.write.
 */
import net from 'node:net'

/** Node's request object for a write that did not finish at once. */
export interface WriteRequest {
  oncomplete: ((status: number) => void) | null
}

/** A TCP or pipe handle. The write functions return an errno (negative), 0 when written or queued. */
export interface StreamHandle {
  writeLatin1String(request: WriteRequest, text: string): number
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number
  writev(request: WriteRequest, chunks: readonly Uint8Array[], allBuffers: boolean): number
  readonly writeQueueSize: number
  readonly fd?: number
}

interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest
  readonly streamBaseState: Int32Array
}

/** Position of "the last write goes on in the background" in streamBaseState. */
const LAST_WRITE_WAS_ASYNC = 3

function loadStreamWrap(): StreamWrap | null {
  try {
    const binding = (process as NodeJS.Process & { binding(name: string): Partial<StreamWrap> }).binding('stream_wrap')
    const { WriteWrap, streamBaseState } = binding
    if (WriteWrap === undefined || streamBaseState === undefined || streamBaseState.length < 4) return null
    return { WriteWrap, streamBaseState }
  } catch {
    return null
  }
}

const streamWrap = loadStreamWrap()

/** Whether replies can leave through handles at all. */
export const handlesAvailable: boolean = streamWrap !== null

const NO_STATE = new Int32Array(4)
const state = streamWrap === null ? NO_STATE : streamWrap.streamBaseState

export function newWriteRequest(): WriteRequest {
  if (streamWrap === null) return { oncomplete: null }
  return new streamWrap.WriteWrap()
}

/** Whether the write just made goes on in the background; its request's oncomplete will be called. */
export function lastWriteIsPending(): boolean {
  return state[LAST_WRITE_WAS_ASYNC] !== 0
}

/** The socket's number in the operating system, -1 where there is none to be had. */
export function descriptorOf(socket: net.Socket): number {
  const { _handle: handle } = socket as net.Socket & { readonly _handle?: { readonly fd?: number } | null }
  return handle?.fd ?? -1
}

interface ListeningServer {
  _handle: { onconnection: (status: number, handle: object | undefined) => void } | null
}

/**
 * Calls `accept` with a socket for each connection of a listening server, its reads going to `buffer`: one buffer for all
 * connections, so that a read allocates nothing. `accept` returns the function that takes the bytes: it is given their
 * number and says whether to go on reading.
 */
export function acceptInto(
  server: net.Server,
  buffer: Buffer,
  accept: (socket: net.Socket, handle: StreamHandle | null) => (length: number) => boolean,
): void {
  const listening = server as net.Server & ListeningServer
  if (listening._handle === null) throw new Error('the server is not listening')
  listening._handle.onconnection = (status, handle) => {
    if (status !== 0 || handle === undefined) return
    let receive: (length: number) => boolean = () => true
    const options = { handle, onread: { buffer, callback: (length: number) => receive(length) } }
    const socket = new net.Socket(options as net.SocketConstructorOpts)
    receive = accept(socket, handlesAvailable ? (handle as StreamHandle) : null)
    if (handlesAvailable) readDirectly(handle as ReadingHandle, receive)
  }
}

interface ReadingHandle {
  onread: ((this: ReadingHandle, ...rest: unknown[]) => unknown) | undefined
}

/** Position of the number of bytes read, or an errno, in streamBaseState. */
const READ_BYTES_OR_ERROR = 0

/** Takes bytes from the handle without the socket's own reading; its ends and errors stay the socket's business. */
function readDirectly(handle: ReadingHandle, receive: (length: number) => boolean): void {
  const throughSocket = handle.onread
  if (throughSocket === undefined) return
  handle.onread = function (...rest) {
    const length = state[READ_BYTES_OR_ERROR]
    if (length <= 0) return throughSocket.apply(this, rest)
    receive(length)
    return undefined
  }
}
