/** Sorted set commands that name members: ZADD, ZINCRBY, ZREM, ZSCORE, ZRANK and their kin. */
import { parseDouble } from '../../bytes/floats/doubles.js'
import { EVENT_GENERIC, EVENT_ZSET } from '../../config/keyspace-events.js'
import { INCREMENT, ONLY_EXISTING, ONLY_GREATER, ONLY_LESS, ONLY_NEW } from '../../types/sorted-set/sorted-set.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import {
  BRIEF,
  type CommandSpec,
  DELETE_IN_KEY,
  DENYOOM,
  FAST,
  MODIFY_KEY,
  PEEK_KEY,
  READ_KEY,
  READONLY,
  UPDATE_KEY,
  WRITE,
} from '../spec.js'
import { knownHash, memberAhead, openForRead, openForWrite, sortedSet } from './access.js'
import { addMembers, scoresFor } from './add-members.js'
import { KEY, MEMBER, MEMBERS } from './argument-docs.js'

const LOG_N = 'O(log(N)) for a sorted set of N members'

export const memberCommands: readonly CommandSpec[] = [
  {
    name: 'zadd',
    arity: -4,
    flags: WRITE | DENYOOM | FAST | BRIEF,
    keys: MODIFY_KEY,
    element: 3,
    group: 'sorted-set',
    since: '1.2.0',
    summary: 'Adds members to a sorted set, or gives those that are there other scores.',
    complexity: 'O(log(N)) for each member, in a sorted set of N',
    history: [
      ['2.4.0', 'Takes several members.'],
      ['3.0.2', 'XX, NX, CH and INCR came.'],
      ['6.2.0', 'GT and LT came.'],
    ],
    arguments: [
      KEY,
      {
        name: 'condition',
        type: 'oneof',
        since: '3.0.2',
        optional: true,
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
        ],
      },
      {
        name: 'comparison',
        type: 'oneof',
        since: '6.2.0',
        optional: true,
        arguments: [
          { name: 'gt', type: 'pure-token', token: 'GT' },
          { name: 'lt', type: 'pure-token', token: 'LT' },
        ],
      },
      { name: 'change', type: 'pure-token', token: 'CH', since: '3.0.2', optional: true },
      { name: 'increment', type: 'pure-token', token: 'INCR', since: '3.0.2', optional: true },
      { name: 'data', type: 'block', multiple: true, arguments: [{ name: 'score', type: 'double' }, MEMBER] },
    ],
    run: ctx => add(ctx, 0),
  },
  {
    name: 'zincrby',
    arity: 4,
    flags: WRITE | DENYOOM | FAST | BRIEF,
    keys: UPDATE_KEY,
    element: 3,
    group: 'sorted-set',
    since: '1.2.0',
    summary: 'Adds to the score of a member; a missing one counts as 0.',
    complexity: LOG_N,
    arguments: [KEY, { name: 'increment', type: 'integer' }, MEMBER],
    run: ctx => add(ctx, INCREMENT),
  },
  {
    name: 'zrem',
    arity: -3,
    flags: WRITE | FAST,
    keys: DELETE_IN_KEY,
    element: 2,
    group: 'sorted-set',
    since: '1.2.0',
    summary: 'Removes members of a sorted set, and the sorted set with its last member.',
    complexity: 'O(M*log(N)) for M members of a sorted set of N',
    history: [['2.4.0', 'Takes several members.']],
    arguments: [KEY, MEMBERS],
    run: zrem,
  },
  {
    name: 'zcard',
    arity: 2,
    flags: READONLY | FAST | BRIEF,
    keys: PEEK_KEY,
    group: 'sorted-set',
    since: '1.2.0',
    summary: 'Returns the number of members of a sorted set.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: zcard,
  },
  {
    name: 'zscore',
    arity: 3,
    flags: READONLY | FAST | BRIEF,
    keys: READ_KEY,
    element: 2,
    group: 'sorted-set',
    since: '1.2.0',
    summary: 'Returns the score of a member.',
    complexity: 'O(1)',
    arguments: [KEY, MEMBER],
    run: zscore,
  },
  {
    name: 'zmscore',
    arity: -3,
    flags: READONLY | FAST,
    keys: READ_KEY,
    element: 2,
    group: 'sorted-set',
    since: '6.2.0',
    summary: 'Returns the scores of several members.',
    complexity: 'O(N) for N members',
    arguments: [KEY, MEMBERS],
    run: zmscore,
  },
  rankCommand('zrank', 'Returns how many members come before one, from the lowest score on.', false),
  rankCommand('zrevrank', 'Returns how many members come before one, from the highest score on.', true),
]

function rankCommand(name: string, summary: string, reverse: boolean): CommandSpec {
  return {
    name,
    arity: -3,
    flags: READONLY | FAST | BRIEF,
    keys: READ_KEY,
    element: 2,
    group: 'sorted-set',
    since: '2.0.0',
    summary,
    complexity: LOG_N,
    history: [['7.2.0', 'WITHSCORE came.']],
    arguments: [KEY, MEMBER, { name: 'withscore', type: 'pure-token', token: 'WITHSCORE', optional: true }],
    run: ctx => replyRank(ctx, reverse),
  }
}

/** ZADD's options. */
let conditions = 0
let countsChanges = false

/**
 * ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...] replies how many members are new, with CH how many have got
 * a score; with INCR, as ZINCRBY key increment member, the new score, or null where a condition did not hold.
 */
function add(ctx: CommandContext, given: number): void {
  const { args, reply } = ctx
  const first = readOptions(ctx, given)
  if (first < 0) return
  const { argc, buffer, ends, starts } = args
  const members = (argc - first) / 2
  const scores = scoresFor(members)
  for (let i = 0; i < members; i++) {
    const at = first + 2 * i
    scores[i] = parseDouble(buffer, starts[at], ends[at])
    if (!Number.isNaN(scores[i])) continue
    reply.error('ERR value is not a valid float')
    return
  }
  addMembers(ctx, first + 1, 2, conditions, countsChanges)
}

/** Reads ZADD's options, beside those `given`, and returns the argument that is the first score; -1 when an error was replied. */
function readOptions(ctx: CommandContext, given: number): number {
  const { args, reply } = ctx
  conditions = given
  countsChanges = false
  let index = 2
  for (; index < args.argc; index++) {
    if (args.is(index, 'nx')) conditions |= ONLY_NEW
    else if (args.is(index, 'xx')) conditions |= ONLY_EXISTING
    else if (args.is(index, 'ch')) countsChanges = true
    else if (args.is(index, 'incr')) conditions |= INCREMENT
    else if (args.is(index, 'gt')) conditions |= ONLY_GREATER
    else if (args.is(index, 'lt')) conditions |= ONLY_LESS
    else break
  }
  const left = args.argc - index
  if (left === 0 || left % 2 !== 0) {
    reply.error(SYNTAX_ERROR)
    return -1
  }
  if (conditions === 0) return index
  const isNew = (conditions & ONLY_NEW) !== 0
  const isGreater = (conditions & ONLY_GREATER) !== 0
  const isLess = (conditions & ONLY_LESS) !== 0
  if (isNew && (conditions & ONLY_EXISTING) !== 0) {
    reply.error('ERR XX and NX options at the same time are not compatible')
    return -1
  }
  if ((isGreater && isNew) || (isLess && isNew) || (isGreater && isLess)) {
    reply.error('ERR GT, LT, and/or NX options at the same time are not compatible')
    return -1
  }
  if ((conditions & INCREMENT) !== 0 && left > 2) {
    reply.error('ERR INCR option supports a single increment-element pair')
    return -1
  }
  return index
}

/** ZREM key member [member ...]. Integer reply: how many members were there. */
function zrem(ctx: CommandContext): void {
  const { args, keyspace } = ctx
  if (!openForWrite(ctx)) return
  let removed = 0
  for (let i = 2; i < args.argc && sortedSet.address !== 0; i++) {
    if (sortedSet.remove(args.buffer, args.starts[i], args.ends[i], memberAhead(ctx, i, 2, 1))) removed++
  }
  ctx.reply.integer(removed)
  if (removed === 0) return
  ctx.touch(1)
  ctx.notify(EVENT_ZSET, 'zrem', 1)
  if (sortedSet.address === 0) ctx.notify(EVENT_GENERIC, 'del', 1)
  keyspace.dirty += removed - 1
}

/** ZCARD key. */
function zcard(ctx: CommandContext): void {
  if (openForRead(ctx)) ctx.reply.integer(sortedSet.length)
}

/** ZSCORE key member. */
function zscore(ctx: CommandContext): void {
  const { args } = ctx
  if (openForRead(ctx)) replyScore(ctx, sortedSet.scoreOf(args.buffer, args.starts[2], args.ends[2], knownHash(ctx, 2)))
}

/** ZMSCORE key member [member ...]. */
function zmscore(ctx: CommandContext): void {
  const { args } = ctx
  if (!openForRead(ctx)) return
  ctx.reply.array(args.argc - 2)
  for (let i = 2; i < args.argc; i++) {
    replyScore(ctx, sortedSet.scoreOf(args.buffer, args.starts[i], args.ends[i], memberAhead(ctx, i, 2, 1)))
  }
}

/** NaN: there is no such member. */
function replyScore({ reply }: CommandContext, score: number): void {
  if (Number.isNaN(score)) reply.null()
  else reply.double(score)
}

/** ZRANK, ZREVRANK key member [WITHSCORE]. */
function replyRank(ctx: CommandContext, reverse: boolean): void {
  const { args, reply } = ctx
  if (args.argc > 4) {
    reply.error(`ERR wrong number of arguments for '${ctx.command.fullName}' command`)
    return
  }
  const withScore = args.argc === 4
  if (withScore && !args.is(3, 'withscore')) {
    reply.error(SYNTAX_ERROR)
    return
  }
  if (!openForRead(ctx)) return
  const rank = sortedSet.rank(args.buffer, args.starts[2], args.ends[2], knownHash(ctx, 2))
  if (rank < 0) {
    if (withScore) reply.nullArray()
    else reply.null()
    return
  }
  if (withScore) reply.array(2)
  reply.integer(reverse ? sortedSet.length - 1 - rank : rank)
  if (withScore) reply.double(sortedSet.score)
}
