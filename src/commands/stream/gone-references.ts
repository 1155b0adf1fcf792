/** Entries that are pending no more, as replicas get that: as XACK, group by group. */
import type { ConsumerGroup } from '../../types/stream/consumer-group.js'
import type { ReferenceGone } from '../../types/stream/references.js'
import type { StreamId } from '../../types/stream/stream-id.js'
import type { CommandContext } from '../context.js'

/** IDs in one command at most. */
const MOST_AT_ONCE = 1000

/** The commands that say of these entries what `words` say, as many as it takes. */
export function propagateIds(ctx: CommandContext, words: readonly (string | Buffer)[], ids: readonly string[]): void {
  for (let i = 0; i < ids.length; i += MOST_AT_ONCE) {
    ctx.propagateArguments([...words, ...ids.slice(i, i + MOST_AT_ONCE)])
  }
}

export class GoneReferences {
  /** How many there are. */
  count = 0
  private readonly ids = new Map<ConsumerGroup, string[]>()
  private readonly isTold: boolean

  constructor({ propagates }: CommandContext) {
    this.isTold = propagates
  }

  readonly add: ReferenceGone = (group: ConsumerGroup, id: StreamId): void => {
    this.count++
    if (!this.isTold) return
    const ids = this.ids.get(group)
    if (ids === undefined) this.ids.set(group, [id.toString()])
    else ids.push(id.toString())
  }

  /** Of the stream that argument 1 names. */
  propagate(ctx: CommandContext): void {
    for (const [{ name }, ids] of this.ids) propagateIds(ctx, ['XACK', ctx.args.view(1), name], ids)
  }
}
