/** A client without a socket, for the program that the server lives in: its requests run at once. */
import { setImmediate } from '../clock/platform.js'
import { MemoryHandle, type OtherEnd } from '../network/memory-handle.js'
import type { StreamHandle } from '../network/stream-handle.js'
import { ReplyReader } from '../resp/reply-reader.js'
import { type Reply, ReplyError, valueShape } from './reply-values.js'
import { type Argument, encodeArguments, writeRequest } from './requests.js'

/** The server, as far as the client needs it. */
export interface DirectHost {
  readonly readBuffer: Buffer
  acceptOwner(handle: StreamHandle): void
  /** Lets replies leave that wait for the end of the turn. */
  finishTurn(): void
}

interface Waiting {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

const RUN_IN_A_TURN = 256

export class DirectClient implements OtherEnd {
  private readonly host: DirectHost
  private readonly handle: MemoryHandle
  private readonly reader: ReplyReader<Reply>
  /** Those at `answered` and behind it wait. */
  private waiting: Waiting[] = []
  private answered = 0
  isClosed = false
  private runInTurn = 0
  private readonly bytes: boolean

  /** @param bytes bulk strings come as Buffers. */
  constructor(host: DirectHost, bytes: boolean) {
    this.host = host
    this.bytes = bytes
    this.handle = new MemoryHandle(this)
    this.reader = new ReplyReader(valueShape(bytes), (reply, isPush) => {
      if (!isPush) this.answer(reply)
    })
    host.acceptOwner(this.handle)
    this.run(['HELLO', '3']).catch(() => {})
  }

  /** Runs a command. Rejects with a ReplyError, and with an Error once the server, or this connection to it, is closed. */
  run(args: readonly Argument[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) {
        reject(new Error('redis-ts: the server is closed'))
        return
      }
      const { handle, host } = this
      const { readBuffer } = host
      const direct = handle.takesDirectly && this.mayRunNow() ? writeRequest(readBuffer, 0, args) : -1
      const bytes = direct < 0 ? encodeArguments(args) : null
      this.waiting.push({ resolve, reject })
      if (bytes === null) handle.reader?.receive(direct)
      else handle.send(bytes, () => {})
      host.finishTurn()
    })
  }

  /**
   * Whoever awaits one command after another never leaves the turn of the event loop, in which no socket is read and no timer goes off: a
   * loop that waits for what another client does would wait for ever. So every so often a command waits for the next turn.
   */
  private mayRunNow(): boolean {
    if (this.runInTurn === 0) setImmediate(() => (this.runInTurn = 0))
    return ++this.runInTurn <= RUN_IN_A_TURN
  }

  private answer(reply: Reply): void {
    const waiting = this.waiting[this.answered++]
    if (this.answered === this.waiting.length) {
      this.waiting.length = 0
      this.answered = 0
    }
    if (waiting === undefined) return
    if (reply instanceof ReplyError) waiting.reject(reply)
    else waiting.resolve(reply)
  }

  close(): void {
    if (!this.isClosed) this.handle.end()
  }

  /** Most replies are one short string: for those there is no need of a Buffer. */
  receivedText(text: string): void {
    const reply = this.reader.isIdle && !this.bytes ? shortReply(text) : undefined
    if (reply === undefined) this.reader.push(Buffer.from(text, 'latin1'))
    else this.answer(reply)
  }

  received(bytes: Uint8Array): boolean {
    this.reader.push(bytes as Buffer)
    return true
  }

  ended(): void {
    this.isClosed = true
    const error = new Error('redis-ts: the server has closed the connection')
    for (const { reject } of this.waiting.splice(this.answered)) reject(error)
  }
}

/** What one whole reply of a plain kind says; undefined: it is something else, or more. */
function shortReply(text: string): Reply | undefined {
  const end = text.indexOf('\r')
  switch (text[0]) {
    case '+':
      return end === text.length - 2 && isPlain(text) ? text.slice(1, end) : undefined
    case '_':
      return text.length === 3 ? null : undefined
    case ':':
      // Up to 15 digits are exact.
      return end === text.length - 2 && end < 16 ? Number(text.slice(1, end)) : undefined
    case '$':
      return Number(text.slice(1, end)) === text.length - end - 4 && isPlain(text) ? text.slice(end + 2, -2) : undefined
    default:
      return undefined
  }
}

/** All of it is ASCII. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
