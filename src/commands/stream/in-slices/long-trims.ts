/** XTRIM of many entries that has to look at what groups refer to: in slices, see long-changes.ts. */
import { EVENT_STREAM } from '../../../config/keyspace-events.js'
import { type Request, requestFromArguments } from '../../../resp/request.js'
import type { Database } from '../../../store/database.js'
import { AckedTrim } from '../../../types/stream/acked-trim.js'
import type { ConsumerGroup } from '../../../types/stream/consumer-group.js'
import { ReferenceTrim } from '../../../types/stream/reference-trim.js'
import type { Stream, TrimTarget } from '../../../types/stream/stream.js'
import { StreamId } from '../../../types/stream/stream-id.js'
import type { CommandContext, Propagated } from '../../context.js'
import type { ServerApi } from '../../server-api.js'
import type { TrimArguments } from '../trim-arguments.js'
import { IdRequests } from './id-requests.js'
import { carryOut, LONG_FROM_ENTRIES, type StreamWork } from './long-changes.js'

const KEY = 1

/** Whether a trim with DELREF or ACKED is one that takes long. O(log n), and a look at a few nodes. */
export function trimsMany(stream: Stream, { limit, maxLength, minId }: TrimTarget): boolean {
  if (limit > 0 && limit <= LONG_FROM_ENTRIES) return false
  if (!Number.isNaN(maxLength)) return stream.length - maxLength > LONG_FROM_ENTRIES
  return stream.spansMoreThan(stream.firstId, minId, LONG_FROM_ENTRIES, Number.POSITIVE_INFINITY)
}

/** Replies how many entries went. */
export function trimInSlices(ctx: CommandContext, stream: Stream, parsed: TrimArguments): void {
  const request = ctx.args.keep()
  const work =
    parsed.references === 'acked'
      ? new LongAckedTrim(ctx, request, stream, parsed)
      : new LongReferenceTrim(ctx, request, stream, parsed)
  carryOut(ctx, request, [work], done => ({
    write: ({ reply }) => reply.integer(done.length === 0 ? 0 : work.count),
    close: () => {},
  }))
}

abstract class LongTrim implements StreamWork {
  readonly key = KEY
  readonly stream: Stream
  protected readonly request: Request
  protected readonly db: Database
  private readonly server: ServerApi

  constructor(ctx: CommandContext, request: Request, stream: Stream) {
    this.stream = stream
    this.request = request
    this.db = ctx.db
    this.server = ctx.server
  }

  abstract readonly count: number
  protected abstract trim(deadlineMs: number): boolean
  protected abstract propagatedTrim(): readonly Propagated[]

  step(deadlineMs: number): boolean {
    if (!this.trim(deadlineMs)) return false
    if (this.count > 0) this.trimmed()
    return true
  }

  private trimmed(): void {
    const { count, db, request, server } = this
    const { buffer, ends, starts } = request
    db.touch(buffer, starts[KEY], ends[KEY])
    db.keyspace.dirty += count - 1
    if ((server.events.classes & EVENT_STREAM) === 0) return
    server.events.notify(EVENT_STREAM, 'xtrim', buffer, starts[KEY], ends[KEY], db.index)
  }

  propagated(): readonly Propagated[] {
    return this.count === 0 ? [] : this.propagatedTrim()
  }

  protected requestOf(...args: readonly (string | Buffer)[]): Propagated {
    const bytes = args.map(arg => (typeof arg === 'string' ? Buffer.from(arg, 'latin1') : arg))
    return { database: this.db.index, request: requestFromArguments(bytes), pieces: [] }
  }
}

/** What Redis has to look at each entry for it takes as much as it may of, whatever nodes that is in. */
function targetOf({ limit, maxLength, minId }: TrimArguments): TrimTarget {
  return { limit, maxLength, minId: minId.copy(), approximate: false }
}

class LongReferenceTrim extends LongTrim {
  private readonly parsed: TrimArguments
  private readonly work: ReferenceTrim
  private readonly acks: Acks

  constructor(ctx: CommandContext, request: Request, stream: Stream, parsed: TrimArguments) {
    super(ctx, request, stream)
    this.parsed = parsed.copy()
    this.acks = new Acks(ctx, request.view(KEY))
    this.work = new ReferenceTrim(stream, targetOf(parsed), (group, id) => this.acks.add(group, id))
  }

  get count(): number {
    return this.work.count
  }

  protected trim(deadlineMs: number): boolean {
    return this.work.step(deadlineMs)
  }

  protected propagatedTrim(): readonly Propagated[] {
    return [this.requestOf(...this.parsed.plain(this.request, this.stream)), ...this.acks.take()]
  }
}

class LongAckedTrim extends LongTrim {
  private readonly work: AckedTrim
  private readonly deletions: Deletions

  constructor(ctx: CommandContext, request: Request, stream: Stream, parsed: TrimArguments) {
    super(ctx, request, stream)
    this.work = new AckedTrim(stream, targetOf(parsed))
    this.deletions = new Deletions(ctx, request.view(KEY))
  }

  get count(): number {
    return this.work.count
  }

  protected trim(deadlineMs: number): boolean {
    return this.work.step(deadlineMs)
  }

  protected propagatedTrim(): readonly Propagated[] {
    const { deletions, request, stream, work } = this
    const { first, later } = work
    const trims =
      first > 0 ? [this.requestOf('XTRIM', request.view(KEY), 'MAXLEN', '=', String(stream.length + later.count))] : []
    for (let i = 0; i < later.count; i++) deletions.add(later.read(i, id))
    return [...trims, ...deletions.take()]
  }
}

const id = new StreamId()
const NO_WORDS: readonly string[] = []

/** XACKs of what is pending no more, group by group. */
class Acks extends IdRequests {
  private readonly stream: Buffer
  private group: ConsumerGroup | null = null

  constructor(ctx: CommandContext, stream: Buffer) {
    super(ctx)
    this.stream = stream
  }

  add(group: ConsumerGroup, each: StreamId): void {
    if (this.silent) return
    if (group !== this.group) this.endRequest()
    this.group = group
    this.addId(each)
  }

  protected override wordsBefore(): readonly (string | Buffer)[] {
    return this.group === null ? NO_WORDS : ['XACK', this.stream, this.group.name]
  }

  protected override wordsBehind(): readonly string[] {
    return NO_WORDS
  }
}

/** XDELs of what went from behind something that stays. */
class Deletions extends IdRequests {
  private readonly stream: Buffer

  constructor(ctx: CommandContext, stream: Buffer) {
    super(ctx)
    this.stream = stream
  }

  add(each: StreamId): void {
    if (!this.silent) this.addId(each)
  }

  protected override wordsBefore(): readonly (string | Buffer)[] {
    return ['XDEL', this.stream]
  }

  protected override wordsBehind(): readonly string[] {
    return NO_WORDS
  }
}
