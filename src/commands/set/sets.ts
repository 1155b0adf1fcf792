/** The set commands: the table, and those that work on single members. */
import { EVENT_GENERIC, EVENT_SET } from '../../config/keyspace-events.js'
import { TYPE_SET } from '../../store/entries.js'
import { MemberSet } from '../../types/set/set.js'
import type { CommandContext } from '../context.js'
import {
  type ArgumentDoc,
  BRIEF,
  type CommandSpec,
  DELETE_IN_KEY,
  DENYOOM,
  FAST,
  INSERT_KEY,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_INSERT,
  KEY_RW,
  keyRange,
  PEEK_KEY,
  READ_KEY,
  READONLY,
  TAKE_KEY,
  WRITE,
} from '../spec.js'
import { knownHash, memberAhead, openForRead, openForWrite, set } from './access.js'
import { spop } from './spop.js'
import { smembers, srandmember, sscan } from './walk.js'

const KEY: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0 }
const MEMBER: ArgumentDoc = { name: 'member', type: 'string' }
const MEMBERS: ArgumentDoc = { name: 'member', type: 'string', multiple: true }

export const setCommands: readonly CommandSpec[] = [
  {
    name: 'sadd',
    arity: -3,
    flags: WRITE | DENYOOM | FAST | BRIEF,
    keys: INSERT_KEY,
    element: 2,
    group: 'set',
    since: '1.0.0',
    summary: 'Adds members to a set, which comes into being with the first one.',
    complexity: 'O(N) for N members',
    history: [['2.4.0', 'Takes several members.']],
    arguments: [KEY, MEMBERS],
    run: sadd,
  },
  {
    name: 'srem',
    arity: -3,
    flags: WRITE | FAST | BRIEF,
    keys: DELETE_IN_KEY,
    element: 2,
    group: 'set',
    since: '1.0.0',
    summary: 'Removes members from a set, and the set with its last member.',
    complexity: 'O(N) for N members',
    history: [['2.4.0', 'Takes several members.']],
    arguments: [KEY, MEMBERS],
    run: srem,
  },
  {
    name: 'smove',
    arity: 4,
    flags: WRITE | FAST,
    keys: [keyRange(KEY_RW | KEY_ACCESS | KEY_DELETE, 1), keyRange(KEY_RW | KEY_INSERT, 2)],
    group: 'set',
    since: '1.0.0',
    summary: 'Moves a member from one set to another.',
    complexity: 'O(1)',
    arguments: [
      { name: 'source', type: 'key', keySpecIndex: 0 },
      { name: 'destination', type: 'key', keySpecIndex: 1 },
      MEMBER,
    ],
    run: smove,
  },
  {
    name: 'sismember',
    arity: 3,
    flags: READONLY | FAST | BRIEF,
    keys: PEEK_KEY,
    element: 2,
    group: 'set',
    since: '1.0.0',
    summary: 'Tells whether a set has a member.',
    complexity: 'O(1)',
    arguments: [KEY, MEMBER],
    run: sismember,
  },
  {
    name: 'smismember',
    arity: -3,
    flags: READONLY | FAST,
    keys: READ_KEY,
    element: 2,
    group: 'set',
    since: '6.2.0',
    summary: 'Tells of each of several members whether a set has it.',
    complexity: 'O(N) for N members',
    arguments: [KEY, MEMBERS],
    run: smismember,
  },
  {
    name: 'scard',
    arity: 2,
    flags: READONLY | FAST | BRIEF,
    keys: PEEK_KEY,
    group: 'set',
    since: '1.0.0',
    summary: 'Returns the number of members of a set.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: scard,
  },
  {
    name: 'smembers',
    arity: 2,
    flags: READONLY,
    keys: READ_KEY,
    group: 'set',
    since: '1.0.0',
    summary: 'Returns all members of a set.',
    complexity: 'O(N) for a set of N members',
    tips: ['nondeterministic_output_order'],
    arguments: [KEY],
    run: smembers,
  },
  {
    name: 'spop',
    arity: -2,
    flags: WRITE | FAST | BRIEF,
    keys: TAKE_KEY,
    group: 'set',
    since: '1.0.0',
    summary: 'Removes random members from a set and returns them.',
    complexity: 'O(1) without a count, else O(N) for N members',
    history: [['3.2.0', 'Takes a count.']],
    tips: ['nondeterministic_output'],
    arguments: [KEY, { name: 'count', type: 'integer', optional: true, since: '3.2.0' }],
    run: spop,
  },
  {
    name: 'srandmember',
    arity: -2,
    flags: READONLY,
    keys: READ_KEY,
    group: 'set',
    since: '1.0.0',
    summary: 'Returns random members of a set.',
    complexity: 'O(1) without a count, else O(N) for N members',
    history: [['2.6.0', 'Takes a count.']],
    tips: ['nondeterministic_output'],
    arguments: [KEY, { name: 'count', type: 'integer', optional: true, since: '2.6.0' }],
    run: srandmember,
  },
  {
    name: 'sscan',
    arity: -3,
    flags: READONLY,
    keys: READ_KEY,
    group: 'set',
    since: '2.8.0',
    summary: 'Goes through the members of a set, some at a time.',
    complexity: 'O(1) for a call, O(N) for all calls until the cursor is 0 again',
    tips: ['nondeterministic_output'],
    arguments: [
      KEY,
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    run: sscan,
  },
]

/** The other set of SMOVE. */
const destination = new MemberSet()

/** SADD key member [member ...]. Integer reply: how many are new. */
function sadd(ctx: CommandContext): void {
  const { args, keyspace } = ctx
  if (!openForWrite(ctx)) return
  const limits = ctx.server.valueLimits.set
  const added = set.addAll(args.buffer, args.starts, args.ends, 2, args.argc, limits, knownHash(ctx, 2))
  ctx.reply.integer(added)
  if (added === 0) return
  ctx.touch(1)
  ctx.notify(EVENT_SET, 'sadd', 1)
  keyspace.dirty += added - 1
}

/** SREM key member [member ...]. Integer reply: how many were there. */
function srem(ctx: CommandContext): void {
  const { args, keyspace } = ctx
  if (!openForWrite(ctx)) return
  let removed = 0
  for (let i = 2; i < args.argc && set.address !== 0; i++) {
    if (set.delete(args.buffer, args.starts[i], args.ends[i], memberAhead(ctx, i))) removed++
  }
  ctx.reply.integer(removed)
  if (removed === 0) return
  ctx.touch(1)
  ctx.notify(EVENT_SET, 'srem', 1)
  if (set.address === 0) ctx.notify(EVENT_GENERIC, 'del', 1)
  keyspace.dirty += removed - 1
}

/** SMOVE source destination member. Integer reply: 1 when it was in the source. */
function smove(ctx: CommandContext): void {
  const { args, db, reply } = ctx
  const { buffer, ends, starts } = args
  const from = ctx.findForWrite(1)
  const to = ctx.findForWrite(2)
  if (from === 0) {
    reply.integer(0)
    return
  }
  if (ctx.wrongType(from, TYPE_SET) || ctx.wrongType(to, TYPE_SET)) return
  set.open(db, from)
  if (from === to) {
    reply.integer(set.has(buffer, starts[3], ends[3]) ? 1 : 0)
    return
  }
  if (to === 0) destination.openNew(db, buffer, starts[2], ends[2])
  else destination.open(db, to)
  if (!set.delete(buffer, starts[3], ends[3])) {
    reply.integer(0)
    return
  }
  ctx.notify(EVENT_SET, 'srem', 1)
  if (set.address === 0) ctx.notify(EVENT_GENERIC, 'del', 1)
  const added = destination.add(buffer, starts[3], ends[3], ctx.server.valueLimits.set)
  ctx.touch(1)
  if (added) {
    ctx.touch(2)
    ctx.notify(EVENT_SET, 'sadd', 2)
  }
  reply.integer(1)
}

/** SISMEMBER key member. */
function sismember(ctx: CommandContext): void {
  const { args } = ctx
  if (!openForRead(ctx)) return
  ctx.reply.integer(set.has(args.buffer, args.starts[2], args.ends[2], knownHash(ctx, 2)) ? 1 : 0)
}

/** SMISMEMBER key member [member ...]. */
function smismember(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (!openForRead(ctx)) return
  reply.array(args.argc - 2)
  for (let i = 2; i < args.argc; i++) {
    reply.integer(set.has(args.buffer, args.starts[i], args.ends[i], memberAhead(ctx, i)) ? 1 : 0)
  }
}

/** SCARD key. */
function scard(ctx: CommandContext): void {
  if (openForRead(ctx)) ctx.reply.integer(set.length)
}
