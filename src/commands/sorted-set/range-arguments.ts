/** Ranges as arguments: of ranks, of scores, of members (zrangeGenericCommand in t_zset.c). */
import { parseScoreBound } from '../../bytes/floats/doubles.js'
import { ABOVE_ALL, AT_BYTES, BELOW_ALL, type LexBound, LexRange } from '../../types/sorted-set/lex-range.js'
import { ScoreRange } from '../../types/sorted-set/score-range.js'
import type { SortedSet } from '../../types/sorted-set/sorted-set.js'
import type { Span } from '../../types/sorted-set/sorted-set-listpack.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { readIndex } from '../index-range.js'

const OPEN = 40
const CLOSED = 91
const PLUS = 43
const MINUS = 45

export const BY_RANK = 0
export const BY_SCORE = 1
export const BY_LEX = 2
export type RangeKind = typeof BY_RANK | typeof BY_SCORE | typeof BY_LEX

const scoreRange = new ScoreRange()
const lexRange = new LexRange()

/** A range of the command that is running: first read, then looked for in a sorted set. */
export class RangeArgument {
  kind: RangeKind = BY_RANK
  /** From the greatest to the least. */
  reverse = false
  withScores = false
  private start = 0
  private stop = 0
  private offset = 0
  /** Negative: no limit. */
  private limit = -1

  /**
   * Reads arguments `first` and the next as a range of this kind, without options. Replies Redis's error and returns false when they
   * are none.
   */
  readPlain(ctx: CommandContext, first: number, kind: RangeKind): boolean {
    this.kind = kind
    this.reverse = false
    this.withScores = false
    this.offset = 0
    this.limit = -1
    return this.readEnds(ctx, first, first + 1)
  }

  /**
   * Reads arguments `first` and the next, and options behind them, of a command which itself may say what kind of range it takes and
   * which way it goes (null: the options do). `stores`: the members go into a key, scores and all.
   */
  read(ctx: CommandContext, first: number, kind: RangeKind | null, reverse: boolean | null, stores: boolean): boolean {
    this.kind = kind ?? BY_RANK
    this.reverse = reverse ?? false
    this.withScores = false
    this.offset = 0
    this.limit = -1
    if (!this.readOptions(ctx, first + 2, kind, reverse, stores)) return false
    if (this.limit !== -1 && this.kind === BY_RANK) {
      ctx.reply.error('ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX')
      return false
    }
    if (this.withScores && this.kind === BY_LEX) {
      ctx.reply.error('ERR syntax error, WITHSCORES not supported in combination with BYLEX')
      return false
    }
    // In reverse the greater end of scores and members comes first.
    return this.reverse && this.kind !== BY_RANK
      ? this.readEnds(ctx, first + 1, first)
      : this.readEnds(ctx, first, first + 1)
  }

  private readOptions(
    ctx: CommandContext,
    first: number,
    kind: RangeKind | null,
    reverse: boolean | null,
    stores: boolean,
  ): boolean {
    const { args } = ctx
    let kindIsGiven = kind !== null
    let reverseIsGiven = reverse !== null
    for (let i = first; i < args.argc; i++) {
      if (!stores && args.is(i, 'withscores')) this.withScores = true
      else if (args.is(i, 'limit') && i + 2 < args.argc) {
        this.offset = readIndex(ctx, i + 1)
        if (Number.isNaN(this.offset)) return false
        this.limit = readIndex(ctx, i + 2)
        if (Number.isNaN(this.limit)) return false
        i += 2
      } else if (!reverseIsGiven && args.is(i, 'rev')) {
        this.reverse = true
        reverseIsGiven = true
      } else if (!kindIsGiven && args.is(i, 'bylex')) {
        this.kind = BY_LEX
        kindIsGiven = true
      } else if (!kindIsGiven && args.is(i, 'byscore')) {
        this.kind = BY_SCORE
        kindIsGiven = true
      } else {
        ctx.reply.error(SYNTAX_ERROR)
        return false
      }
    }
    return true
  }

  private readEnds(ctx: CommandContext, min: number, max: number): boolean {
    switch (this.kind) {
      case BY_RANK:
        this.start = readIndex(ctx, min)
        if (Number.isNaN(this.start)) return false
        this.stop = readIndex(ctx, max)
        return !Number.isNaN(this.stop)
      case BY_SCORE:
        if (readScores(ctx, min, max)) return true
        ctx.reply.error('ERR min or max is not a float')
        return false
      default:
        if (readBound(ctx, min, lexRange.min) && readBound(ctx, max, lexRange.max)) return true
        ctx.reply.error('ERR min or max not valid string range item')
        return false
    }
  }

  /** Finds the ranks of a sorted set that the range holds, of which LIMIT leaves some. */
  findIn(set: SortedSet, span: Span): void {
    switch (this.kind) {
      case BY_RANK:
        this.findRanks(set.length, span)
        return
      case BY_SCORE:
        set.spanOfScores(scoreRange, span)
        break
      default:
        set.spanOfMembers(lexRange, this.reverse, span)
    }
    if (this.offset !== 0 || this.limit >= 0) this.cut(span)
  }

  private findRanks(length: number, span: Span): void {
    const start = Math.max(0, this.start < 0 ? length + this.start : this.start)
    const stop = Math.min(length - 1, this.stop < 0 ? length + this.stop : this.stop)
    span.from = span.to = 0
    if (start > stop) return
    span.from = this.reverse ? length - 1 - stop : start
    span.to = span.from + stop - start + 1
  }

  /** A negative offset leaves nothing. */
  private cut(span: Span): void {
    const { limit, offset, reverse } = this
    const length = span.to - span.from
    const skipped = offset < 0 ? length : Math.min(offset, length)
    const taken = limit < 0 ? length - skipped : Math.min(limit, length - skipped)
    if (reverse) {
      span.to -= skipped
      span.from = span.to - taken
    } else {
      span.from += skipped
      span.to = span.from + taken
    }
  }
}

function readScores(ctx: CommandContext, min: number, max: number): boolean {
  scoreRange.minExclusive = isOpen(ctx, min)
  scoreRange.maxExclusive = isOpen(ctx, max)
  scoreRange.min = readScore(ctx, min, scoreRange.minExclusive)
  if (Number.isNaN(scoreRange.min)) return false
  scoreRange.max = readScore(ctx, max, scoreRange.maxExclusive)
  return !Number.isNaN(scoreRange.max)
}

function isOpen({ args }: CommandContext, index: number): boolean {
  return args.length(index) > 0 && args.buffer[args.starts[index]] === OPEN
}

function readScore({ args }: CommandContext, index: number, exclusive: boolean): number {
  return parseScoreBound(args.buffer, args.starts[index] + (exclusive ? 1 : 0), args.ends[index])
}

/** False: it is none. */
function readBound({ args }: CommandContext, index: number, bound: LexBound): boolean {
  const { buffer } = args
  const start = args.starts[index]
  const end = args.ends[index]
  if (start === end) return false
  const sign = buffer[start]
  if (sign === PLUS || sign === MINUS) {
    // To C, a zero byte ends the text.
    if (start + 1 < end && buffer[start + 1] !== 0) return false
    bound.place = sign === PLUS ? ABOVE_ALL : BELOW_ALL
    return true
  }
  if (sign !== OPEN && sign !== CLOSED) return false
  bound.place = AT_BYTES
  bound.exclusive = sign === OPEN
  bound.buffer = buffer
  bound.start = start + 1
  bound.end = end
  return true
}
