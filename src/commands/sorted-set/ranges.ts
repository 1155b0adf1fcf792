/** Sorted set commands that take a range: of ranks, of scores, of members. What they reply, count, remove or store. */
import { EVENT_GENERIC, EVENT_ZSET } from '../../config/keyspace-events.js'
import { SortedSetBuilder } from '../../types/sorted-set/sorted-set-builder.js'
import type { CommandContext } from '../context.js'
import {
  type ArgumentDoc,
  type CommandSpec,
  DELETE_IN_KEY,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  keyRange,
  READ_KEY,
  READONLY,
  WRITE,
} from '../spec.js'
import { openForRead, openForWrite, sortedSet, span } from './access.js'
import { KEY, LIMIT, rangeOptions, WITHSCORES } from './argument-docs.js'
import { BY_LEX, BY_RANK, BY_SCORE, RangeArgument, type RangeKind } from './range-arguments.js'
import { replyRange, shownWith } from './replies.js'
import { storeResult } from './store.js'

const range = new RangeArgument()

const COUNT_COMPLEXITY = 'O(log(N)) for a sorted set of N members'
const RANGE_COMPLEXITY = 'O(log(N)+M) for M members of a sorted set of N'

function ends(type: ArgumentDoc['type'], first: string, second: string): readonly ArgumentDoc[] {
  return [
    { name: first, type },
    { name: second, type },
  ]
}
const SCORES = ends('double', 'min', 'max')
const SCORES_IN_REVERSE = ends('double', 'max', 'min')
const NAMES = ends('string', 'min', 'max')
const NAMES_IN_REVERSE = ends('string', 'max', 'min')
const RANKS = ends('integer', 'start', 'stop')

export const rangeCommands: readonly CommandSpec[] = [
  {
    name: 'zrange',
    arity: -4,
    flags: READONLY,
    keys: READ_KEY,
    group: 'sorted-set',
    since: '1.2.0',
    summary: 'Returns the members in a range of ranks, scores or members.',
    complexity: RANGE_COMPLEXITY,
    history: [['6.2.0', 'REV, BYSCORE, BYLEX and LIMIT came.']],
    arguments: [KEY, ...ends('string', 'start', 'stop'), ...rangeOptions({ since: '6.2.0' }), WITHSCORES],
    run: ctx => reply(ctx, null, null),
  },
  {
    name: 'zrangestore',
    arity: -5,
    flags: WRITE | DENYOOM,
    keys: [keyRange(KEY_OW | KEY_UPDATE, 1), keyRange(KEY_RO | KEY_ACCESS, 2)],
    group: 'sorted-set',
    since: '6.2.0',
    summary: 'Stores the members in a range of a sorted set in a key.',
    complexity: RANGE_COMPLEXITY,
    arguments: [
      { name: 'dst', type: 'key', keySpecIndex: 0 },
      { name: 'src', type: 'key', keySpecIndex: 1 },
      ...NAMES,
      ...rangeOptions({}),
    ],
    run: zrangestore,
  },
  {
    name: 'zrevrange',
    arity: -4,
    flags: READONLY,
    keys: READ_KEY,
    group: 'sorted-set',
    since: '1.2.0',
    summary: 'Returns the members in a range of ranks, from the greatest to the least.',
    complexity: RANGE_COMPLEXITY,
    deprecatedSince: '6.2.0',
    replacedBy: 'ZRANGE with REV',
    arguments: [KEY, ...RANKS, WITHSCORES],
    run: ctx => reply(ctx, BY_RANK, true),
  },
  {
    name: 'zrangebyscore',
    arity: -4,
    flags: READONLY,
    keys: READ_KEY,
    group: 'sorted-set',
    since: '1.0.5',
    summary: 'Returns the members in a range of scores.',
    complexity: RANGE_COMPLEXITY,
    deprecatedSince: '6.2.0',
    replacedBy: 'ZRANGE with BYSCORE',
    history: [['2.0.0', 'WITHSCORES came.']],
    arguments: [KEY, ...SCORES, { ...WITHSCORES, since: '2.0.0' }, LIMIT],
    run: ctx => reply(ctx, BY_SCORE, false),
  },
  {
    name: 'zrevrangebyscore',
    arity: -4,
    flags: READONLY,
    keys: READ_KEY,
    group: 'sorted-set',
    since: '2.2.0',
    summary: 'Returns the members in a range of scores, from the greatest to the least.',
    complexity: RANGE_COMPLEXITY,
    deprecatedSince: '6.2.0',
    replacedBy: 'ZRANGE with REV and BYSCORE',
    history: [['2.1.6', 'The ends may be left out of the range.']],
    arguments: [KEY, ...SCORES_IN_REVERSE, WITHSCORES, LIMIT],
    run: ctx => reply(ctx, BY_SCORE, true),
  },
  {
    name: 'zrangebylex',
    arity: -4,
    flags: READONLY,
    keys: READ_KEY,
    group: 'sorted-set',
    since: '2.8.9',
    summary: 'Returns the members in a range of members, where all scores are the same.',
    complexity: RANGE_COMPLEXITY,
    deprecatedSince: '6.2.0',
    replacedBy: 'ZRANGE with BYLEX',
    arguments: [KEY, ...NAMES, LIMIT],
    run: ctx => reply(ctx, BY_LEX, false),
  },
  {
    name: 'zrevrangebylex',
    arity: -4,
    flags: READONLY,
    keys: READ_KEY,
    group: 'sorted-set',
    since: '2.8.9',
    summary:
      'Returns the members in a range of members, from the greatest to the least, where all scores are the same.',
    complexity: RANGE_COMPLEXITY,
    deprecatedSince: '6.2.0',
    replacedBy: 'ZRANGE with REV and BYLEX',
    arguments: [KEY, ...NAMES_IN_REVERSE, LIMIT],
    run: ctx => reply(ctx, BY_LEX, true),
  },
  {
    name: 'zcount',
    arity: 4,
    flags: READONLY | FAST,
    keys: READ_KEY,
    group: 'sorted-set',
    since: '2.0.0',
    summary: 'Returns how many members have scores in a range.',
    complexity: COUNT_COMPLEXITY,
    arguments: [KEY, ...SCORES],
    run: ctx => count(ctx, BY_SCORE),
  },
  {
    name: 'zlexcount',
    arity: 4,
    flags: READONLY | FAST,
    keys: READ_KEY,
    group: 'sorted-set',
    since: '2.8.9',
    summary: 'Returns how many members are in a range of members, where all scores are the same.',
    complexity: COUNT_COMPLEXITY,
    arguments: [KEY, ...NAMES],
    run: ctx => count(ctx, BY_LEX),
  },
  removal('zremrangebyrank', '2.0.0', 'Removes the members in a range of ranks.', RANKS, BY_RANK),
  removal('zremrangebyscore', '1.2.0', 'Removes the members with scores in a range.', SCORES, BY_SCORE),
  removal(
    'zremrangebylex',
    '2.8.9',
    'Removes the members in a range of members, where all scores are the same.',
    NAMES,
    BY_LEX,
  ),
]

function removal(
  name: string,
  since: string,
  summary: string,
  bounds: readonly ArgumentDoc[],
  kind: RangeKind,
): CommandSpec {
  return {
    name,
    arity: 4,
    flags: WRITE,
    keys: DELETE_IN_KEY,
    group: 'sorted-set',
    since,
    summary,
    complexity: RANGE_COMPLEXITY,
    arguments: [KEY, ...bounds],
    run: ctx => remove(ctx, kind),
  }
}

/** ZRANGE key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES], and its older forms. */
function reply(ctx: CommandContext, kind: RangeKind | null, reverse: boolean | null): void {
  if (!range.read(ctx, 2, kind, reverse, false) || !openForRead(ctx)) return
  if (sortedSet.address === 0) {
    ctx.reply.array(0)
    return
  }
  range.findIn(sortedSet, span)
  replyRange(ctx, sortedSet, span.from, span.to, range.reverse, shownWith(ctx, range.withScores))
}

/** ZCOUNT, ZLEXCOUNT key min max. Integer reply. */
function count(ctx: CommandContext, kind: RangeKind): void {
  if (!range.readPlain(ctx, 2, kind) || !openForRead(ctx)) return
  range.findIn(sortedSet, span)
  ctx.reply.integer(span.to - span.from)
}

/** ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX key min max. Integer reply: how many members have gone. */
function remove(ctx: CommandContext, kind: RangeKind): void {
  if (!range.readPlain(ctx, 2, kind) || !openForWrite(ctx)) return
  range.findIn(sortedSet, span)
  const removed = span.to - span.from
  ctx.reply.integer(removed)
  if (removed === 0) return
  sortedSet.removeRange(span.from, span.to)
  ctx.touch(1)
  ctx.notify(EVENT_ZSET, ctx.command.fullName, 1)
  if (sortedSet.address === 0) ctx.notify(EVENT_GENERIC, 'del', 1)
  ctx.keyspace.dirty += removed - 1
}

/** ZRANGESTORE dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]. Integer reply: how many members have been stored. */
function zrangestore(ctx: CommandContext): void {
  if (!range.read(ctx, 3, null, null, true) || !openForRead(ctx, 2)) return
  const result = new SortedSetBuilder(ctx.db.entries, true)
  if (sortedSet.address !== 0) {
    range.findIn(sortedSet, span)
    sortedSet.iterateRange(span.from, span.to, false, ({ buffer, end, start }, score) => {
      result.append(buffer, start, end, score)
    })
  }
  result.order(Number.POSITIVE_INFINITY)
  storeResult(ctx, result, 'zrangestore')
}
