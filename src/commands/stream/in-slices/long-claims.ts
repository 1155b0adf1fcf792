/**
 * What replicas get of many entries that were delivered or claimed: XCLAIMs in the order in which it happened, each of as many entries as
 * come one behind the other with the same consumer, time and count. One for each entry, as Redis sends them, would be seven times as much.
 */
import { encodeRequest } from '../../../resp/request.js'
import type { Consumer, ConsumerGroup } from '../../../types/stream/consumer-group.js'
import { ID_TEXT_BYTES, type StreamId } from '../../../types/stream/stream-id.js'
import type { CommandContext, Propagated } from '../../context.js'

const MOST_IDS = 500
/** An ID as an argument: its length, and the ends of two lines. */
const ID_ARGUMENT_BYTES = ID_TEXT_BYTES + 8
/** Memory that the stream to replicas holds as it is, instead of copying it at once. */
const PIECE_BYTES = 512 * 1024
/** Arguments beside the IDs: XCLAIM key group consumer 0, TIME ms RETRYCOUNT count FORCE JUSTID LASTID id. */
const OTHER_ARGUMENTS = 13
const CRLF = Buffer.from('\r\n', 'latin1')

const text = Buffer.alloc(ID_TEXT_BYTES)

export class LongClaims {
  readonly database: number
  private readonly names: readonly Buffer[]
  private readonly group: ConsumerGroup
  /** Where nobody wants to know. */
  private readonly silent: boolean
  private readonly pieces: Buffer[] = []
  private piece = Buffer.alloc(0)
  private used = 0
  private requests = 0
  // The request that is being made
  private readonly ids = Buffer.allocUnsafe(MOST_IDS * ID_ARGUMENT_BYTES)
  private idBytes = 0
  private count = 0
  private consumer: Consumer | null = null
  private timeMs = 0
  private deliveries = 0

  /** `key`, `name`: of the stream and of the group. */
  constructor(ctx: CommandContext, key: Buffer, name: Buffer, group: ConsumerGroup) {
    this.database = ctx.db.index
    this.silent = !ctx.propagates
    this.names = [key, name]
    this.group = group
  }

  /** The entry `id` is pending with `consumer` now; or it was when it turned out to be deleted. */
  add(consumer: Consumer, id: StreamId, timeMs: number, deliveries: number): void {
    if (this.silent) return
    const isSame = consumer === this.consumer && timeMs === this.timeMs && deliveries === this.deliveries
    if (!isSame || this.count === MOST_IDS) this.endRequest()
    this.consumer = consumer
    this.timeMs = timeMs
    this.deliveries = deliveries
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

  private endRequest(): void {
    const { consumer, count, deliveries, group, idBytes, ids, names, timeMs } = this
    if (count === 0 || consumer === null) return
    this.count = this.idBytes = 0
    this.requests++
    // What stands before the IDs and behind them, without the line that counts all.
    const before = argumentsOf('XCLAIM', ...names, consumer.name, '0')
    const options = ['TIME', String(timeMs), 'RETRYCOUNT', String(deliveries), 'FORCE', 'JUSTID']
    const behind = argumentsOf(...options, 'LASTID', group.lastId.toString())
    const head = Buffer.from(`*${OTHER_ARGUMENTS + count}\r\n`, 'latin1')
    this.append(head)
    this.append(before)
    this.append(ids.subarray(0, idBytes))
    this.append(behind)
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
function argumentsOf(...args: (string | Buffer)[]): Buffer {
  const request = encodeRequest(...args)
  return request.subarray(request.indexOf(CRLF) + CRLF.length)
}
