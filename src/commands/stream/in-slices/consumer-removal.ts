/** XGROUP DELCONSUMER of a consumer with much that is pending: in slices, see long-changes.ts. */
import { performance } from '../../../clock/platform.js'
import { EVENT_STREAM } from '../../../config/keyspace-events.js'
import type { Request } from '../../../resp/request.js'
import type { Consumer, ConsumerGroup } from '../../../types/stream/consumer-group.js'
import type { Stream } from '../../../types/stream/stream.js'
import type { CommandContext, Propagated } from '../../context.js'
import type { ServerApi } from '../../server-api.js'
import type { StreamWork } from './long-changes.js'

export class ConsumerRemoval implements StreamWork {
  readonly stream: Stream
  readonly key = 2
  /** How many entries were pending with it. */
  readonly count: number
  private readonly server: ServerApi
  private readonly database: number
  private readonly request: Request
  private readonly group: ConsumerGroup
  private readonly consumer: Consumer

  constructor(ctx: CommandContext, request: Request, stream: Stream, group: ConsumerGroup, consumer: Consumer) {
    this.stream = stream
    this.count = consumer.pending.count
    this.server = ctx.server
    this.database = ctx.db.index
    this.request = request
    this.group = group
    this.consumer = consumer
  }

  step(deadlineMs: number): boolean {
    const { consumer, group } = this
    while (group.removePendingOf(consumer)) if (performance.now() >= deadlineMs) return false
    group.removeConsumer(consumer)
    this.removed()
    return true
  }

  private removed(): void {
    const { database, key, request, server } = this
    server.keyspace.dirty++
    const { buffer, ends, starts } = request
    if ((server.events.classes & EVENT_STREAM) === 0) return
    server.events.notify(EVENT_STREAM, 'xgroup-delconsumer', buffer, starts[key], ends[key], database)
  }

  propagated(): readonly Propagated[] {
    return [{ database: this.database, request: this.request, pieces: [] }]
  }
}
