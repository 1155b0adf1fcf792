/** Runs commands for one request, as a client of the server's: a connection without a socket, in RESP3. */
import { setImmediate } from '../../clock/platform.js'
import type { Client } from '../../commands/client.js'
import { packageVersion } from '../../config/package-version.js'
import { MemoryHandle, type OtherEnd } from '../../network/memory-handle.js'
import type { SocketAddress, StreamHandle } from '../../network/stream-handle.js'
import { encodeRequest } from '../../resp/request.js'
import type { Database } from '../../store/database.js'
import type { Visitor } from '../login.js'
import type { Slices } from '../slices.js'
import { ReplyJson } from './reply-json.js'

/** What the replies of one request may have together. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024
/** The same in JSON, where a byte may become six. */
const MAX_JSON_BYTES = 2 * MAX_REPLY_BYTES
/** Up to so many bytes are looked at at once. */
const BRIEF_BYTES = 16 * 1024

const CLOSED = 'ERR the server has closed the connection'
const TOO_LONG = `ERR the replies to one request may have ${MAX_REPLY_BYTES} bytes together: ask for less at a time`

/** Where a connection comes in: null when it is turned away at the door. */
export interface Door {
  accept(handle: StreamHandle, unixSocket: string | null): Client | null
}

export interface CallerOptions {
  readonly visitor: Visitor
  readonly database: Database
  /** Where the request has come from. */
  readonly address: SocketAddress
  readonly slices: Slices
}

/** A reply in JSON; the last one that there will be, or not. */
export interface Answer {
  readonly json: readonly Buffer[]
  readonly isLast: boolean
}

export class Caller implements OtherEnd {
  private readonly client: Client | null
  private readonly handle: PageHandle
  private readonly slices: Slices
  private readonly json = new ReplyJson()
  private replyBytes = 0
  /** What has come is looked at in slices. */
  private working = false
  private answer: ((answer: Answer) => void) | null = null

  constructor(door: Door, { address, database, slices, visitor }: CallerOptions) {
    this.slices = slices
    this.handle = new PageHandle(this, address)
    this.client = door.accept(this.handle, null)
    if (this.client !== null) introduce(this.client, visitor, database)
  }

  /** There are as many clients as there may be. */
  get isTurnedAway(): boolean {
    return this.client === null
  }

  /** Runs one command; not to be called before the last one's answer has come, nor after the last of all. */
  call(args: readonly Buffer[]): Promise<Answer> {
    return new Promise(resolve => {
      this.answer = resolve
      this.handle.send(encodeRequest(...args), () => {})
    })
  }

  close(): void {
    this.fail(CLOSED)
  }

  // The connection's other end

  received(bytes: Uint8Array): boolean {
    // Nobody asks any more.
    if (this.answer === null) return true
    this.replyBytes += bytes.length
    if (this.replyBytes > MAX_REPLY_BYTES) {
      this.fail(TOO_LONG)
      return true
    }
    this.json.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    if (this.working) return false
    if (bytes.length <= BRIEF_BYTES) {
      this.goOn(Number.POSITIVE_INFINITY)
      if (this.json.isHungry) return true
    }
    this.working = true
    this.slices.add(deadlineMs => this.work(deadlineMs))
    return false
  }

  private work(deadlineMs: number): boolean {
    if (!this.goOn(deadlineMs) && !this.json.isHungry) return true
    this.working = false
    this.handle.taken()
    return false
  }

  /** True: the reply is complete. */
  private goOn(deadlineMs: number): boolean {
    const isComplete = this.json.run(deadlineMs)
    if (this.json.bytes > MAX_JSON_BYTES) this.fail(TOO_LONG)
    else if (isComplete) this.finish({ json: this.json.take(), isLast: false })
    return isComplete
  }

  ended(): void {
    this.fail(CLOSED)
  }

  /** No more of this connection: the answer under way, if any, is an error. */
  private fail(error: string): void {
    this.finish({ json: [Buffer.from(JSON.stringify({ error }))], isLast: true })
    // The server may be writing just now.
    setImmediate(() => this.client?.transport.close())
  }

  private finish(answer: Answer): void {
    const { answer: resolve } = this
    this.answer = null
    resolve?.(answer)
  }
}

function introduce(client: Client, { isAnonymous, user }: Visitor, database: Database): void {
  client.db = database
  client.resp = 3
  client.user = user
  client.authenticated = !isAnonymous || user.isOpen
  client.deniesBlocking = true
  client.name = 'page'
  client.libraryName = 'redis-ts-page'
  client.libraryVersion = packageVersion()
  client.updateChecks()
}

/** Shows where the request has come from. */
class PageHandle extends MemoryHandle {
  private readonly address: SocketAddress

  constructor(other: OtherEnd, address: SocketAddress) {
    super(other)
    this.address = address
  }

  override getpeername(into: SocketAddress): number {
    Object.assign(into, this.address)
    return 0
  }
}
