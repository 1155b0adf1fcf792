/**
 * The one place that knows how Node drives its stream handles. A connection reads and writes through the handle itself: the
 * same system calls as net.Socket makes, at less than half of its JavaScript and a quarter of its memory, which decides whether
 * the server keeps up with C. All names used here have been stable from Node 12 to 24; where one is missing, connections take
 * net.Socket behind the same interface (socket-handle.ts).
 */

import type net from 'node:net'
import type { Duplex } from 'node:stream'
import type { StreamHandle, StreamReader, WriteRequest } from './stream-handle.js'

interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest
  readonly streamBaseState: Int32Array
}

/** Positions in streamBaseState: the number of bytes read, or an errno; whether the last write goes on in the background. */
const READ_BYTES_OR_ERROR = 0
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
const state = streamWrap === null ? new Int32Array(4) : streamWrap.streamBaseState

function newWriteRequest(): WriteRequest {
  return streamWrap === null ? { oncomplete: null } : new streamWrap.WriteWrap()
}

/** Most writes finish at once and leave their request unused: one serves all connections. */
let spare = newWriteRequest()

/** The request to write with; to be followed by keepRequest(). */
export function writeRequest(): WriteRequest {
  return spare
}

/** The last write's request when that write goes on in the background: its oncomplete will be called. Null: it is done. */
export function keepRequest(): WriteRequest | null {
  if (state[LAST_WRITE_WAS_ASYNC] === 0) return null
  const kept = spare
  spare = newWriteRequest()
  return kept
}

/** For handles that are not Node's own: the write just made is done. */
export function writeIsDone(): void {
  state[LAST_WRITE_WAS_ASYNC] = 0
}

/** The same: it goes on in the background. */
export function writeIsPending(): void {
  state[LAST_WRITE_WAS_ASYNC] = 1
}

/** The number of a socket of Node's own in the operating system, -1 where there is none to be had. */
export function descriptorOf(socket: Duplex): number {
  const { _handle: handle } = socket as Duplex & { readonly _handle?: { readonly fd?: number } | null }
  return handle?.fd ?? -1
}

interface ServerHandle {
  onconnection: (status: number, handle: StreamHandle | undefined) => void
}

/** Calls `accept` with the handle of each connection of a listening server. False: this Node does not give them. */
export function acceptHandles(server: net.Server, accept: (handle: StreamHandle) => void): boolean {
  const { _handle: listening } = server as net.Server & { _handle?: ServerHandle | null }
  if (streamWrap === null || listening === undefined || listening === null) return false
  listening.onconnection = (status, handle) => {
    if (status === 0 && handle !== undefined) accept(handle)
  }
  return true
}

function onRead(this: StreamHandle): void {
  const length = state[READ_BYTES_OR_ERROR]
  if (length > 0) this.reader?.receive(length)
  else if (length < 0) this.reader?.ended()
}

function onClosed(this: StreamHandle): void {
  this.reader?.closed()
}

/** Reads into `buffer`, which may be the same for all connections: a read then allocates nothing. */
export function startReading(handle: StreamHandle, buffer: Uint8Array, reader: StreamReader): void {
  handle.reader = reader
  handle.onread = onRead
  handle.useUserBuffer(buffer)
  handle.readStart()
}

/** Closes at once; the handle's reader hears when that is done. */
export function closeHandle(handle: StreamHandle): void {
  handle.close(onClosed)
}

/** Writes a few words and closes, to who is turned away at the door. */
export function refuse(handle: StreamHandle, text: string): void {
  const error = handle.writeLatin1String(writeRequest(), text)
  const request = error === 0 ? keepRequest() : null
  if (request === null) closeHandle(handle)
  else request.oncomplete = () => closeHandle(handle)
}
