/** LCS: what two strings have in common. Source of behaviour: lcsCommand in Redis's t_string.c. */
import { type CommonRun, lcsLength, longestCommonSubsequence } from '../../bytes/lcs.js'
import { TYPE_STRING } from '../../store/entries.js'
import { StringView } from '../../types/string/string.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import { type CommandSpec, KEY_ACCESS, KEY_RO, keyRange, READONLY } from '../spec.js'

export const lcsCommands: readonly CommandSpec[] = [
  {
    name: 'lcs',
    arity: -3,
    flags: READONLY,
    keys: [keyRange(KEY_RO | KEY_ACCESS, 1, 1)],
    group: 'string',
    since: '7.0.0',
    summary: 'Finds the longest common subsequence of two strings.',
    complexity: 'O(N*M), N and M being the lengths of the two strings',
    arguments: [
      { name: 'key1', type: 'key', keySpecIndex: 0 },
      { name: 'key2', type: 'key', keySpecIndex: 0 },
      { name: 'len', type: 'pure-token', token: 'LEN', optional: true },
      { name: 'idx', type: 'pure-token', token: 'IDX', optional: true },
      { name: 'min-match-len', type: 'integer', token: 'MINMATCHLEN', optional: true },
      { name: 'withmatchlen', type: 'pure-token', token: 'WITHMATCHLEN', optional: true },
    ],
    run: lcs,
  },
]

/** What Redis's table has for each pair of prefixes. The limit on it is kept, though ours is a thirtieth of its size. */
const CELL_BYTES = 4

const first = new StringView()
const second = new StringView()

interface LcsOptions {
  onlyLength: boolean
  indexes: boolean
  withLength: boolean
  minLength: number
}

/** LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]. Bulk, integer or map reply, by option. */
function lcs(ctx: CommandContext): void {
  const { reply } = ctx
  const a = read(ctx, 1, first)
  const b = read(ctx, 2, second)
  if (a === null || b === null) {
    reply.error('ERR The specified keys must contain string values')
    return
  }
  const options = parseOptions(ctx)
  if (options === null) return
  if (options.onlyLength && options.indexes) {
    reply.error('ERR If you want both the length and indexes, please just use IDX.')
    return
  }
  if ((a.length + 1) * (b.length + 1) * CELL_BYTES > ctx.server.config.values['proto-max-bulk-len']) {
    reply.error('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len')
    return
  }
  if (options.onlyLength) {
    reply.integer(lcsLength(a, b))
    return
  }
  const { bytes, runs } = longestCommonSubsequence(a, b)
  if (options.indexes) replyIndexes(ctx, options, bytes.length, runs)
  else reply.bulkReference(bytes)
}

/** The string of key argument `index`, empty when missing; null for another type. */
function read(ctx: CommandContext, index: number, view: StringView): Buffer | null {
  const address = ctx.findForRead(index)
  if (address === 0) return Buffer.alloc(0)
  if (ctx.db.entries.type(address) !== TYPE_STRING) return null
  view.of(ctx.db.entries, address)
  return view.bytes.subarray(view.start, view.end)
}

/** Null when the error has been replied. */
function parseOptions(ctx: CommandContext): LcsOptions | null {
  const { args, reply } = ctx
  const options = { onlyLength: false, indexes: false, withLength: false, minLength: 0 }
  for (let i = 3; i < args.argc; i++) {
    if (args.is(i, 'idx')) options.indexes = true
    else if (args.is(i, 'len')) options.onlyLength = true
    else if (args.is(i, 'withmatchlen')) options.withLength = true
    else if (args.is(i, 'minmatchlen') && i + 1 < args.argc) {
      const length = args.int64(++i)
      if (length === null) {
        reply.error(NOT_AN_INTEGER)
        return null
      }
      options.minLength = Number(length)
    } else {
      reply.error(SYNTAX_ERROR)
      return null
    }
  }
  return options
}

/** A map of "matches", each a pair of ranges with or without its length, and "len". */
function replyIndexes(ctx: CommandContext, options: LcsOptions, length: number, runs: readonly CommonRun[]): void {
  const { reply } = ctx
  const shown = runs.filter(({ aStart, aEnd }) => aEnd - aStart + 1 >= options.minLength)
  reply.map(2)
  reply.bulkText('matches')
  reply.array(shown.length)
  for (const { aStart, aEnd, bStart, bEnd } of shown) {
    reply.array(options.withLength ? 3 : 2)
    reply.array(2)
    reply.integer(aStart)
    reply.integer(aEnd)
    reply.array(2)
    reply.integer(bStart)
    reply.integer(bEnd)
    if (options.withLength) reply.integer(aEnd - aStart + 1)
  }
  reply.bulkText('len')
  reply.integer(length)
}
