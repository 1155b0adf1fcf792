/** The arguments of XREAD and XREADGROUP. Source: xreadCommand in Redis's t_stream.c. CLAIM: Redis 8.4. */
import { readTimeoutMs } from '../blocking/wait-for-keys.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'

/** One object serves all requests in turn. */
export class ReadArguments {
  /** Milliseconds to wait for entries, 0 for ever; NaN: not at all. */
  timeoutMs = Number.NaN
  /** Most entries of each stream. */
  most = Number.POSITIVE_INFINITY
  /** The first of the keys, and how many there are; as many IDs follow. */
  firstKey = 0
  streams = 0
  /** Arguments that name the group and its consumer; 0 for XREAD. */
  group = 0
  consumer = 0
  noAck = false
  /** Pending entries are claimed that have been idle for so long, in milliseconds; NaN: none are. */
  minIdleMs = Number.NaN

  /** False: an error was replied. */
  read(ctx: CommandContext, ofGroup: boolean): boolean {
    const { args, reply } = ctx
    this.timeoutMs = Number.NaN
    this.most = Number.POSITIVE_INFINITY
    this.firstKey = this.streams = this.group = this.consumer = 0
    this.noAck = false
    this.minIdleMs = Number.NaN
    for (let i = 1; i < args.argc && this.firstKey === 0; i++) {
      const more = args.argc - 1 - i
      if (more > 0 && args.is(i, 'claim')) {
        if (!this.readMinIdle(ctx, ++i, ofGroup)) return false
      } else if (more > 0 && args.is(i, 'block')) {
        if (!this.readTimeout(ctx, ++i)) return false
      } else if (more > 0 && args.is(i, 'count')) {
        if (!this.readCount(ctx, ++i)) return false
      } else if (more > 0 && args.is(i, 'streams')) {
        if (!this.readStreams(ctx, i + 1, ofGroup)) return false
      } else if (more >= 2 && args.is(i, 'group')) {
        if (!ofGroup) {
          reply.error('ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.')
          return false
        }
        this.group = i + 1
        this.consumer = i + 2
        i += 2
      } else if (args.is(i, 'noack')) {
        if (!ofGroup) {
          reply.error('ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.')
          return false
        }
        this.noAck = true
      } else {
        reply.error(SYNTAX_ERROR)
        return false
      }
    }
    if (this.firstKey === 0) reply.error(SYNTAX_ERROR)
    else if (ofGroup && this.group === 0) reply.error('ERR Missing GROUP option for XREADGROUP')
    else return true
    return false
  }

  private readMinIdle({ args, reply }: CommandContext, index: number, ofGroup: boolean): boolean {
    if (!ofGroup) {
      reply.error('ERR The CLAIM option is only supported by XREADGROUP. You called XREAD instead.')
      return false
    }
    const idle = args.int64(index)
    if (idle === null) reply.error('ERR min-idle-time is not an integer or out of range')
    else if (idle < 0n) reply.error('ERR min-idle-time must be a positive integer')
    else {
      this.minIdleMs = Number(idle)
      return true
    }
    return false
  }

  private readTimeout(ctx: CommandContext, index: number): boolean {
    if (ctx.inScript) {
      ctx.reply.error(`ERR ${ctx.args.latin1(0)} command is not allowed with BLOCK option from scripts`)
      return false
    }
    this.timeoutMs = readTimeoutMs(ctx, index)
    return !Number.isNaN(this.timeoutMs)
  }

  private readCount(ctx: CommandContext, index: number): boolean {
    const count = ctx.args.int64(index)
    if (count === null) {
      ctx.reply.error(NOT_AN_INTEGER)
      return false
    }
    this.most = count > 0n ? Number(count) : Number.POSITIVE_INFINITY
    return true
  }

  private readStreams({ args, command, reply }: CommandContext, index: number, ofGroup: boolean): boolean {
    const count = args.argc - index
    if (count % 2 !== 0) {
      const symbol = ofGroup ? '>' : '$'
      reply.error(
        `ERR Unbalanced '${command.fullName}' list of streams: for each stream key an ID or '${symbol}' must be specified.`,
      )
      return false
    }
    this.firstKey = index
    this.streams = count / 2
    return true
  }
}
