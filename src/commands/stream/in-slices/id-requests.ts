/** Requests that are little but IDs, as many of them as it takes, for replicas: in RESP, and off the JavaScript heap. */
import { encodeRequest } from '../../../resp/request.js'
import { ID_TEXT_BYTES, type StreamId } from '../../../types/stream/stream-id.js'
import type { CommandContext, Propagated } from '../../context.js'

const MOST_IDS = 500
/** An ID as an argument: its length, and the ends of two lines. */
const ID_ARGUMENT_BYTES = ID_TEXT_BYTES + 8
/** Memory that the stream to replicas holds as it is, instead of copying it at once. */
const PIECE_BYTES = 512 * 1024
const CRLF = Buffer.from('\r\n', 'latin1')

const text = Buffer.alloc(ID_TEXT_BYTES)

export abstract class IdRequests {
  readonly database: number
  /** Where nobody wants to know. */
  protected readonly silent: boolean
  private readonly pieces: Buffer[] = []
  private piece = Buffer.alloc(0)
  private used = 0
  private requests = 0
  // The request that is being made
  private readonly ids = Buffer.allocUnsafe(MOST_IDS * ID_ARGUMENT_BYTES)
  private idBytes = 0
  private count = 0

  constructor(ctx: CommandContext) {
    this.database = ctx.db.index
    this.silent = !ctx.propagates
  }

  /** What stands before the IDs of the request that is being made, and behind them. */
  protected abstract wordsBefore(): readonly (string | Buffer)[]
  protected abstract wordsBehind(): readonly (string | Buffer)[]

  /** Adds an ID to the request that is being made, or begins another one. */
  protected addId(id: StreamId): void {
    if (this.count === MOST_IDS) this.endRequest()
    const { ids } = this
    const length = id.write(text, 0)
    let at = this.idBytes
    at += ids.write(`$${length}\r\n`, at, 'latin1')
    at += text.copy(ids, at, 0, length)
    ids[at++] = CRLF[0]
    ids[at++] = CRLF[1]
    this.idBytes = at
    this.count++
  }

  /** What comes next is another request. */
  protected endRequest(): void {
    const { count, idBytes, ids } = this
    if (count === 0) return
    const before = this.wordsBefore()
    const behind = this.wordsBehind()
    this.append(Buffer.from(`*${before.length + count + behind.length}\r\n`, 'latin1'))
    this.append(argumentsOf(before))
    this.append(ids.subarray(0, idBytes))
    this.append(argumentsOf(behind))
    this.count = this.idBytes = 0
    this.requests++
  }

  private append(bytes: Buffer): void {
    if (this.piece.length - this.used < bytes.length) {
      this.endPiece()
      this.piece = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, bytes.length))
    }
    this.used += bytes.copy(this.piece, this.used)
  }

  private endPiece(): void {
    if (this.used > 0) this.pieces.push(this.piece.subarray(0, this.used))
    this.used = 0
  }

  take(): readonly Propagated[] {
    this.endRequest()
    this.endPiece()
    const { database, pieces, requests } = this
    return requests === 0 ? [] : [{ database, request: null, pieces, several: requests > 1 }]
  }
}

/** Arguments in RESP. */
function argumentsOf(args: readonly (string | Buffer)[]): Buffer {
  const request = encodeRequest(...args)
  return request.subarray(request.indexOf(CRLF) + CRLF.length)
}
