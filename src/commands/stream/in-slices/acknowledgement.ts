/** XACK of many entries: in slices, see long-changes.ts. */
import { performance } from '../../../clock/platform.js'
import type { Request } from '../../../resp/request.js'
import type { Keyspace } from '../../../store/keyspace.js'
import type { ConsumerGroup } from '../../../types/stream/consumer-group.js'
import type { Stream } from '../../../types/stream/stream.js'
import { ANY_SEQUENCE, parseStreamId, StreamId } from '../../../types/stream/stream-id.js'
import type { CommandContext, Propagated } from '../../context.js'
import { INVALID_ID } from '../access.js'
import { carryOut, type StreamWork } from './long-changes.js'

const FIRST_ID = 3
const IDS_BETWEEN_CLOCK_READS = 64

const id = new StreamId()

/** Replies how many of the entries that arguments from 3 on name were pending. */
export function acknowledgeInSlices(ctx: CommandContext, stream: Stream, group: ConsumerGroup): void {
  const request = ctx.args.keep()
  const work = new Acknowledgement(ctx, request, stream, group)
  carryOut(ctx, request, [work], () => ({
    write: ({ reply }) => {
      if (work.invalid) reply.error(INVALID_ID)
      else reply.integer(work.count)
    },
    close: () => {},
  }))
}

class Acknowledgement implements StreamWork {
  readonly stream: Stream
  readonly key = 1
  /** How many were pending. */
  count = 0
  /** One of the IDs is none: nothing is done. */
  invalid = false
  private readonly keyspace: Keyspace
  private readonly database: number
  private readonly request: Request
  private readonly group: ConsumerGroup
  private checked = FIRST_ID
  private next = FIRST_ID

  constructor(ctx: CommandContext, request: Request, stream: Stream, group: ConsumerGroup) {
    this.stream = stream
    this.keyspace = ctx.keyspace
    this.database = ctx.db.index
    this.request = request
    this.group = group
  }

  step(deadlineMs: number): boolean {
    const { argc } = this.request
    while (this.checked < argc && !this.invalid) {
      this.invalid = !this.readId(this.checked++)
      if (this.isDue(this.checked, deadlineMs)) return false
    }
    while (this.next < argc && !this.invalid) {
      this.readId(this.next++)
      if (this.group.remove(id)) {
        this.count++
        this.keyspace.dirty++
      }
      if (this.isDue(this.next, deadlineMs)) return false
    }
    return true
  }

  private isDue(seen: number, deadlineMs: number): boolean {
    return seen % IDS_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs
  }

  private readId(index: number): boolean {
    const { buffer, ends, starts } = this.request
    const kind = parseStreamId(buffer, starts[index], ends[index], id)
    return kind !== 0 && kind !== ANY_SEQUENCE
  }

  propagated(): readonly Propagated[] {
    return this.count === 0 ? [] : [{ database: this.database, request: this.request, pieces: [] }]
  }
}
