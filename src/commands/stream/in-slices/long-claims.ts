/**
 * What replicas get of many entries that were delivered or claimed: XCLAIMs in the order in which it happened, each of as many entries as
 * come one behind the other with the same consumer, time and count. One for each entry, as Redis sends them, would be seven times as much.
 */
import type { Consumer, ConsumerGroup } from '../../../types/stream/consumer-group.js'
import type { StreamId } from '../../../types/stream/stream-id.js'
import type { CommandContext } from '../../context.js'
import { IdRequests } from './id-requests.js'

const NO_NAME = Buffer.alloc(0)

export class LongClaims extends IdRequests {
  private readonly names: readonly Buffer[]
  private readonly group: ConsumerGroup
  // Of the request that is being made
  private consumer: Consumer | null = null
  private timeMs = 0
  private deliveries = 0

  /** `key`, `name`: of the stream and of the group. */
  constructor(ctx: CommandContext, key: Buffer, name: Buffer, group: ConsumerGroup) {
    super(ctx)
    this.names = [key, name]
    this.group = group
  }

  /** The entry `id` is pending with `consumer` now; or it was when it turned out to be deleted. */
  add(consumer: Consumer, id: StreamId, timeMs: number, deliveries: number): void {
    if (this.silent) return
    const isSame = consumer === this.consumer && timeMs === this.timeMs && deliveries === this.deliveries
    if (!isSame) this.endRequest()
    this.consumer = consumer
    this.timeMs = timeMs
    this.deliveries = deliveries
    this.addId(id)
  }

  protected override wordsBefore(): readonly (string | Buffer)[] {
    return ['XCLAIM', ...this.names, this.consumer?.name ?? NO_NAME, '0']
  }

  protected override wordsBehind(): readonly (string | Buffer)[] {
    const { deliveries, group, timeMs } = this
    const options = ['TIME', String(timeMs), 'RETRYCOUNT', String(deliveries), 'FORCE', 'JUSTID']
    return [...options, 'LASTID', group.lastId.toString()]
  }
}
