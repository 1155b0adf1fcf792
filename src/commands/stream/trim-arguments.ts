/** The options of XADD and XTRIM. Source: streamParseAddOrTrimArgsOrReply in Redis's t_stream.c. */
import type { Request } from '../../resp/request.js'
import type { Stream, TrimTarget } from '../../types/stream/stream.js'
import { StreamId, WHOLE, WITHOUT_SEQUENCE } from '../../types/stream/stream-id.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import { beginsWithDigit, isStar, readId, readNewId } from './access.js'
import { type ReferenceOption, referenceOption } from './reference-option.js'

const TWO_STRATEGIES = 'ERR syntax error, MAXLEN and MINID options at the same time are not compatible'
/** Entries that an approximate trim takes at most, where nothing else is said: so many full nodes. */
const DEFAULT_LIMIT_NODES = 100
const LEAST_DEFAULT_LIMIT = 10_000
const MOST_DEFAULT_LIMIT = 1_000_000

/** One object serves all requests in turn. */
export class TrimArguments implements TrimTarget {
  /** Whether there is anything to trim by. */
  trims = false
  maxLength = Number.NaN
  readonly minId = new StreamId()
  approximate = false
  limit = 0
  /** The argument that says how much is to be left. */
  thresholdIndex = 0
  onlyExisting = false
  /** What becomes of what groups refer to, and the argument that says so; 0 for none. */
  references: ReferenceOption = 'keepref'
  referencesIndex = 0
  /** XADD's ID: the argument, 0 if there is none; what was given of it. */
  idIndex = 0
  readonly id = new StreamId()
  idGiven = false
  sequenceGiven = false
  private limitGiven = false

  /** Reads from argument 2 on. False: an error was replied. */
  read(ctx: CommandContext, isAdd: boolean): boolean {
    const { args, reply } = ctx
    this.clear()
    let i = 2
    for (; i < args.argc; i++) {
      const more = args.argc - 1 - i
      if (isAdd && isStar(ctx, i)) break
      // No option begins with a digit.
      if (isAdd && beginsWithDigit(ctx, i)) {
        if (!this.readId(ctx, i)) return false
        break
      }
      const option = this.referencesIndex === 0 ? referenceOption(args, i) : null
      if (more > 0 && (args.is(i, 'maxlen') || args.is(i, 'minid'))) {
        i = this.readThreshold(ctx, i, args.is(i, 'maxlen'))
        if (i === 0) return false
      } else if (more > 0 && args.is(i, 'limit')) {
        if (!this.readLimit(ctx, ++i)) return false
      } else if (option !== null) {
        this.references = option
        this.referencesIndex = i
      } else if (isAdd && args.is(i, 'nomkstream')) this.onlyExisting = true
      else if (isAdd) {
        if (!this.readId(ctx, i)) return false
        break
      } else {
        reply.error(SYNTAX_ERROR)
        return false
      }
    }
    this.idIndex = i
    return this.check(ctx, isAdd)
  }

  /** Reads XADD's ID, which is not "*". */
  private readId(ctx: CommandContext, index: number): boolean {
    const kind = readNewId(ctx, index, this.id)
    if (kind === 0) return false
    this.idGiven = true
    this.sequenceGiven = kind === WHOLE || kind === WITHOUT_SEQUENCE
    return true
  }

  private clear(): void {
    this.trims = this.approximate = this.onlyExisting = this.limitGiven = false
    this.idGiven = this.sequenceGiven = false
    this.maxLength = Number.NaN
    this.limit = this.thresholdIndex = this.referencesIndex = 0
    this.references = 'keepref'
  }

  /** Reads a strategy at argument `index`; returns the argument of its threshold, 0 for an error. */
  private readThreshold(ctx: CommandContext, index: number, isLength: boolean): number {
    const { args, reply } = ctx
    if (this.trims) {
      reply.error(TWO_STRATEGIES)
      return 0
    }
    this.approximate = false
    if (args.argc - 1 - index >= 2 && args.is(index + 1, '~')) {
      this.approximate = true
      index++
    } else if (args.argc - 1 - index >= 2 && args.is(index + 1, '=')) index++
    index++
    this.trims = true
    this.thresholdIndex = index
    if (!isLength) return readId(ctx, index, this.minId) ? index : 0
    const length = args.int64(index)
    if (length === null) reply.error(NOT_AN_INTEGER)
    else if (length < 0n) reply.error('ERR The MAXLEN argument must be >= 0.')
    else {
      this.maxLength = Number(length)
      return index
    }
    return 0
  }

  private readLimit(ctx: CommandContext, index: number): boolean {
    const limit = ctx.args.int64(index)
    if (limit === null) ctx.reply.error(NOT_AN_INTEGER)
    else if (limit < 0n) ctx.reply.error('ERR The LIMIT argument must be >= 0.')
    else {
      this.limit = Number(limit)
      this.limitGiven = true
      return true
    }
    return false
  }

  private check(ctx: CommandContext, isAdd: boolean): boolean {
    const { client, keyspace, reply, server } = ctx
    if (this.limit !== 0 && !this.trims) {
      reply.error('ERR syntax error, LIMIT cannot be used without specifying a trimming strategy')
      return false
    }
    if (!isAdd && !this.trims) {
      reply.error('ERR syntax error, XTRIM must be called with a trimming strategy')
      return false
    }
    // What a master has decided is not to be cut short.
    if (client.isMaster || keyspace.loading) {
      this.limit = 0
      return true
    }
    if (this.limitGiven) {
      if (this.approximate) return true
      reply.error('ERR syntax error, LIMIT cannot be used without the special ~ option')
      return false
    }
    if (this.approximate) {
      const limit = DEFAULT_LIMIT_NODES * server.valueLimits.stream.nodeMaxEntries
      this.limit = limit <= 0 ? LEAST_DEFAULT_LIMIT : Math.min(limit, MOST_DEFAULT_LIMIT)
    }
    return true
  }

  /** For one that goes on in slices: this object serves other requests meanwhile. */
  copy(): TrimArguments {
    return Object.assign(new TrimArguments(), this, { minId: this.minId.copy(), id: this.id.copy() })
  }

  /** The request as Redis 7.0 understands it, with an exact trim, and with the ID that an entry was given. */
  plain(args: Request, stream: Stream, entryId: Buffer | null = null): Buffer[] {
    const plain = Array.from({ length: args.argc }, (_, i) => args.view(i))
    if (this.trims && this.approximate) this.makeExact(plain, stream)
    if (entryId !== null) plain[this.idIndex] = entryId
    if (this.referencesIndex > 0) plain.splice(this.referencesIndex, 1)
    return plain
  }

  /** Puts what an approximate trim came to in the place of its arguments, as an exact one. */
  private makeExact(args: Buffer[], stream: Stream): void {
    const { maxLength, minId, references, thresholdIndex } = this
    const { firstId, length } = stream
    const byLength = !Number.isNaN(maxLength)
    // With DELREF single entries went, too, unless it came to its limit: then whole nodes.
    const isLimited =
      references === 'delref' && length > 0 && (byLength ? length > maxLength : firstId.compare(minId) < 0)
    if (isLimited) first.set(firstId)
    else if (references === 'delref') first.set(minId)
    else stream.firstIdWithDeleted(first)
    if (isLimited) args[thresholdIndex - 2] = Buffer.from('MINID')
    args[thresholdIndex - 1] = Buffer.from('=')
    args[thresholdIndex] = Buffer.from(byLength && !isLimited ? String(length) : first.toString(), 'latin1')
  }
}

const first = new StreamId()
