/** What SCAN, HSCAN, SSCAN and ZSCAN share: cursor and options (scanGenericCommand in db.c). */
import { parseInt64 } from '../bytes/integers.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from './context.js'
import { NameMatcher } from './name-matcher.js'

const DEFAULT_COUNT = 10
/** Bits of a cursor: HashTable.scan's 32 bits of hash prefix and 6 bits of bucket. */
const CURSOR_BITS = 38
const MAX_UINT64 = (1n << 64n) - 1n
const STAR = 42

export interface ScanOptions {
  /** About how many elements a call should look at. */
  count: number
  /** MATCH's pattern, or null for everything. */
  names: NameMatcher | null
  /** TYPE's argument in lower case, whatever it is, or null. */
  type: string | null
  /** HSCAN NOVALUES: names alone. */
  noValues: boolean
}

const options: ScanOptions = { count: DEFAULT_COUNT, names: null, type: null, noValues: false }

/**
 * Argument `index` as a cursor for HashTable.scan; replies "ERR invalid cursor" and returns NaN when it is none. As strtoul
 * has it, a sign may stand in front, a zero byte ends the text, and no digits at all are 0.
 */
export function parseScanCursor(ctx: CommandContext, index: number): number {
  const simple = ctx.args.safeInteger(index)
  if (simple >= 0 && simple < 2 ** CURSOR_BITS) return simple
  const match = /^([+-]?)(\d+)(\0|$)/.exec(ctx.args.latin1(index))
  if (match !== null) {
    const magnitude = BigInt(match[2])
    if (magnitude <= MAX_UINT64) {
      return Number(BigInt.asUintN(CURSOR_BITS, match[1] === '-' ? -magnitude : magnitude))
    }
  } else if (ctx.args.length(index) === 0 || ctx.args.latin1(index).startsWith('\0')) return 0
  ctx.reply.error('ERR invalid cursor')
  return Number.NaN
}

/** Options of SCAN alone, and of HSCAN alone. */
export type OwnOption = 'type' | 'novalues' | null

/**
 * Reads COUNT, MATCH and the command's own option from argument `first` on. Replies Redis's error and returns null when something is
 * wrong. The object returned is the same every time.
 */
export function parseScanOptions(ctx: CommandContext, first: number, own: OwnOption): ScanOptions | null {
  const { args, reply } = ctx
  options.noValues = false
  options.count = DEFAULT_COUNT
  options.names = null
  options.type = null
  for (let i = first; i < args.argc; i += 2) {
    const hasValue = i + 1 < args.argc
    if (hasValue && args.is(i, 'count')) {
      const count = parseInt64(args.buffer, args.starts[i + 1], args.ends[i + 1])
      if (count === null) {
        reply.error(NOT_AN_INTEGER)
        return null
      }
      if (count < 1n) {
        reply.error(SYNTAX_ERROR)
        return null
      }
      options.count = Number(count)
    } else if (hasValue && args.is(i, 'match')) {
      const pattern = args.view(i + 1)
      options.names = pattern.length === 1 && pattern[0] === STAR ? null : new NameMatcher(pattern)
    } else if (hasValue && own === 'type' && args.is(i, 'type')) {
      options.type = args.lower(i + 1)
    } else if (own === 'novalues' && args.is(i, 'novalues')) {
      options.noValues = true
      i--
    } else {
      reply.error(SYNTAX_ERROR)
      return null
    }
  }
  return options
}

/**
 * Whether a call that has looked at `sampled` elements in `steps` buckets should go on with the next bucket: Redis stops at
 * COUNT elements, or after ten times as many buckets when the table is sparse.
 */
export function scanGoesOn(scan: ScanOptions, cursor: number, sampled: number, steps: number): boolean {
  return cursor !== 0 && sampled < scan.count && steps <= scan.count * 10
}
