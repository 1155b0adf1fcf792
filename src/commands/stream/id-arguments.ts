/** The arguments of XDELEX and XACKDEL. Source: streamParseAckDelArgsOrReply in Redis's t_stream.c. */
import type { StreamId } from '../../types/stream/stream-id.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import type { ArgumentDoc } from '../spec.js'
import { readId } from './access.js'
import { IDS } from './argument-docs.js'
import { type ReferenceOption, referenceOption } from './reference-option.js'

/** One object serves all requests in turn. */
export class IdArguments {
  references: ReferenceOption = 'keepref'
  /** The argument of the first ID, and how many there are. */
  first = 0
  count = 0

  /** Reads [KEEPREF|DELREF|ACKED] IDS count id [id ...] from argument `index` on. False: an error was replied. */
  read(ctx: CommandContext, index: number): boolean {
    const { args, reply } = ctx
    let given = false
    this.references = 'keepref'
    this.first = this.count = 0
    for (let i = index; i < args.argc; i++) {
      const option = given ? null : referenceOption(args, i)
      if (option !== null) {
        this.references = option
        given = true
      } else if (args.is(i, 'ids') && i + 1 < args.argc) {
        if (!this.readCount(ctx, i + 1)) return false
        i += 1 + this.count
      } else {
        reply.error(SYNTAX_ERROR)
        return false
      }
    }
    if (this.first > 0) return true
    reply.error('ERR IDS option is required')
    return false
  }

  private readCount({ args, reply }: CommandContext, index: number): boolean {
    const count = args.int64(index)
    if (count === null || count < 1n) {
      reply.error('ERR Number of IDs must be a positive integer')
      return false
    }
    if (count > BigInt(args.argc - 1 - index)) {
      reply.error('ERR The `numids` parameter must match the number of arguments')
      return false
    }
    this.first = index + 1
    this.count = Number(count)
    return true
  }

  /** Whether all are IDs; else the error is replied. `id` is lost. */
  areIds(ctx: CommandContext, id: StreamId): boolean {
    for (let i = 0; i < this.count; i++) if (!readId(ctx, this.first + i, id)) return false
    return true
  }
}

export const ID_LIST: ArgumentDoc = {
  name: 'ids',
  type: 'block',
  token: 'IDS',
  arguments: [{ name: 'numids', type: 'integer' }, IDS],
}
