/** Commands that remove the members with the lowest or the highest scores and return them: ZPOPMIN, ZMPOP, BZPOPMIN and their kin. */
import { EVENT_GENERIC, EVENT_ZSET } from '../../config/keyspace-events.js'
import { TYPE_ZSET } from '../../store/entries.js'
import { readTimeout, waitForKeys } from '../blocking/wait-for-keys.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { MUST_BE_POSITIVE, readCount } from '../counts.js'
import {
  type ArgumentDoc,
  BLOCKING,
  BRIEF,
  type CommandSpec,
  countedKeys,
  FAST,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_RW,
  keyRange,
  TAKE_KEY,
  WRITE,
} from '../spec.js'
import { member, openForWrite, sortedSet } from './access.js'
import { COUNT, KEY, KEYS, NUMKEYS, WHERE } from './argument-docs.js'
import { FLAT_PAIRS, NESTED_PAIRS, replyRange, type Shown, writeHead, writeShown } from './replies.js'

const TIMEOUT: ArgumentDoc = { name: 'timeout', type: 'double' }
const TAKE = KEY_RW | KEY_ACCESS | KEY_DELETE
const COMPLEXITY = 'O(log(N)*M) for M members of a sorted set of N'
const MANY_COMPLEXITY = 'O(K)+O(M*log(N)) for K keys, and M members of a sorted set of N'

export const popCommands: readonly CommandSpec[] = [
  pop('zpopmin', 'Removes the members with the lowest scores and returns them.', false),
  pop('zpopmax', 'Removes the members with the highest scores and returns them.', true),
  {
    name: 'zmpop',
    arity: -4,
    flags: WRITE,
    keys: [countedKeys(TAKE, 1)],
    group: 'sorted-set',
    since: '7.0.0',
    summary:
      'Removes the members with the lowest or highest scores of the first sorted set that is there, and returns them.',
    complexity: MANY_COMPLEXITY,
    arguments: [NUMKEYS, KEYS, WHERE, COUNT],
    run: zmpop,
  },
  blockingPop(
    'bzpopmin',
    'Removes the member with the lowest score of the first sorted set that is there, waiting for one, and returns it.',
    false,
  ),
  blockingPop(
    'bzpopmax',
    'Removes the member with the highest score of the first sorted set that is there, waiting for one, and returns it.',
    true,
  ),
  {
    name: 'bzmpop',
    arity: -5,
    flags: WRITE | BLOCKING,
    keys: [countedKeys(TAKE, 2)],
    group: 'sorted-set',
    since: '7.0.0',
    summary:
      'Removes the members with the lowest or highest scores of the first sorted set that is there, waiting for one, and returns them.',
    complexity: MANY_COMPLEXITY,
    arguments: [TIMEOUT, NUMKEYS, KEYS, WHERE, COUNT],
    run: bzmpop,
  },
]

function pop(name: string, summary: string, highest: boolean): CommandSpec {
  return {
    name,
    arity: -2,
    flags: WRITE | FAST | BRIEF,
    keys: TAKE_KEY,
    group: 'sorted-set',
    since: '5.0.0',
    summary,
    complexity: COMPLEXITY,
    arguments: [KEY, { name: 'count', type: 'integer', optional: true }],
    run: ctx => popFromKey(ctx, highest),
  }
}

function blockingPop(name: string, summary: string, highest: boolean): CommandSpec {
  return {
    name,
    arity: -3,
    flags: WRITE | BLOCKING | FAST,
    keys: [keyRange(TAKE, 1, -2)],
    group: 'sorted-set',
    since: '5.0.0',
    summary,
    complexity: 'O(log(N)) for a sorted set of N members',
    history: [['6.0.0', 'The time-out may have a fraction.']],
    arguments: [KEYS, TIMEOUT],
    run: ctx => waitAndPop(ctx, highest),
  }
}

/** ZPOPMIN, ZPOPMAX key [count]. */
function popFromKey(ctx: CommandContext, highest: boolean): void {
  const { args, reply } = ctx
  if (args.argc > 3) {
    reply.error(SYNTAX_ERROR)
    return
  }
  let count = 1
  if (args.argc === 3) {
    count = readCount(ctx, 2, 0n, MUST_BE_POSITIVE)
    if (Number.isNaN(count)) return
  }
  if (!openForWrite(ctx)) return
  const { length } = sortedSet
  if (length === 0 || count === 0) {
    reply.array(0)
    return
  }
  take(ctx, 1, Math.min(count, length), highest, args.argc === 3 && reply.resp === 3 ? NESTED_PAIRS : FLAT_PAIRS)
}

/** Replies an array of `count` members of the sorted set that is open, of key argument `key`, and removes them. */
function take(ctx: CommandContext, key: number, count: number, highest: boolean, shown: Shown): void {
  const { reply } = ctx
  const { length } = sortedSet
  const from = highest ? length - count : 0
  const to = from + count
  if (count === 1) {
    writeHead(reply, 1, shown)
    writeShown(reply, member, sortedSet.showAt(from, member), shown)
  } else replyRange(ctx, sortedSet, from, to, highest, shown)
  sortedSet.removeRange(from, to)
  taken(ctx, key, count, highest)
}

function taken(ctx: CommandContext, key: number, count: number, highest: boolean): void {
  ctx.touch(key)
  ctx.notify(EVENT_ZSET, highest ? 'zpopmax' : 'zpopmin', key)
  if (sortedSet.address === 0) ctx.notify(EVENT_GENERIC, 'del', key)
  ctx.keyspace.dirty += count - 1
}

/** What ZMPOP and BZMPOP say behind the keys. */
const where = { highest: false, count: 1 }

/** ZMPOP numkeys key [key ...] MIN|MAX [COUNT count]. Null when none of the keys is there. */
function zmpop(ctx: CommandContext): void {
  const behind = readWhere(ctx, 1)
  if (behind < 0) return
  const key = openFirst(ctx, 2, behind)
  if (key === 0) ctx.reply.nullArray()
  else if (key > 0) takeMany(ctx, key)
}

/** BZMPOP timeout numkeys key [key ...] MIN|MAX [COUNT count]. */
function bzmpop(ctx: CommandContext): void {
  const behind = readWhere(ctx, 2)
  if (behind < 0) return
  const timeoutMs = readTimeout(ctx, 1)
  if (Number.isNaN(timeoutMs)) return
  const key = openFirst(ctx, 3, behind)
  if (key === 0) waitForKeys(ctx, TYPE_ZSET, 3, behind, timeoutMs)
  else if (key > 0) takeMany(ctx, key)
}

/** BZPOPMIN, BZPOPMAX key [key ...] timeout. The reply is flat in RESP3, too. */
function waitAndPop(ctx: CommandContext, highest: boolean): void {
  const { args, reply } = ctx
  const last = args.argc - 1
  const timeoutMs = readTimeout(ctx, last)
  if (Number.isNaN(timeoutMs)) return
  const key = openFirst(ctx, 1, last)
  if (key < 0) return
  if (key === 0) {
    waitForKeys(ctx, TYPE_ZSET, 1, last, timeoutMs)
    return
  }
  const rank = highest ? sortedSet.length - 1 : 0
  reply.array(3)
  reply.bulk(args.buffer, args.starts[key], args.ends[key])
  writeShown(reply, member, sortedSet.showAt(rank, member), FLAT_PAIRS)
  sortedSet.removeRange(rank, rank + 1)
  taken(ctx, key, 1, highest)
  ctx.propagateAs(popName(highest), args.view(key))
}

function popName(highest: boolean): string {
  return highest ? 'ZPOPMAX' : 'ZPOPMIN'
}

/** Opens the first of the keys from argument `first` to before `behind` that is there: its argument; 0 for none, -1 for WRONGTYPE. */
function openFirst(ctx: CommandContext, first: number, behind: number): number {
  for (let index = first; index < behind; index++) {
    if (!openForWrite(ctx, index)) return -1
    if (sortedSet.address !== 0) return index
  }
  return 0
}

function takeMany(ctx: CommandContext, key: number): void {
  const { args, reply } = ctx
  const count = Math.min(where.count, sortedSet.length)
  reply.array(2)
  reply.bulk(args.buffer, args.starts[key], args.ends[key])
  const { highest } = where
  take(ctx, key, count, highest, NESTED_PAIRS)
  ctx.propagateAs(popName(highest), args.view(key), String(count))
}

/** Reads numkeys at argument `index` and what comes behind the keys into `where`. Returns the argument behind the keys; -1: error. */
function readWhere(ctx: CommandContext, index: number): number {
  const { args, reply } = ctx
  const keys = readCount(ctx, index, 1n, 'ERR numkeys should be greater than 0')
  if (Number.isNaN(keys)) return -1
  const behind = index + 1 + keys
  const isLowest = behind < args.argc && args.is(behind, 'min')
  if (behind >= args.argc || (!isLowest && !args.is(behind, 'max'))) {
    reply.error(SYNTAX_ERROR)
    return -1
  }
  where.highest = !isLowest
  where.count = 1
  if (behind + 1 === args.argc) return behind
  if (!args.is(behind + 1, 'count') || behind + 2 === args.argc) {
    reply.error(SYNTAX_ERROR)
    return -1
  }
  where.count = readCount(ctx, behind + 2, 1n, 'ERR count should be greater than 0')
  if (Number.isNaN(where.count)) return -1
  if (behind + 3 === args.argc) return behind
  reply.error(SYNTAX_ERROR)
  return -1
}
