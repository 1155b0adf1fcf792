/** Commands on several sets: SINTER, SUNION, SDIFF, what counts and what stores their results. */
import type { CommandContext } from '../context.js'
import { SYNTAX_ERROR } from '../context.js'
import { readCount } from '../counts.js'
import {
  type ArgumentDoc,
  type CommandSpec,
  countedKeys,
  DENYOOM,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  type KeySpec,
  keyRange,
  READ_ALL_KEYS,
  READONLY,
  WRITE,
} from '../spec.js'
import { replyCardinality, replyDifference, replyIntersection, replyUnion } from './combine-replies.js'
import { storeDifference, storeIntersection, storeUnion } from './combine-store.js'
import { findSets, type NamedSet } from './named-sets.js'

const KEYS: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0, multiple: true }
const DESTINATION: ArgumentDoc = { name: 'destination', type: 'key', keySpecIndex: 0 }
const SOURCES: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 1, multiple: true }
const READ_SOURCES = keyRange(KEY_RO | KEY_ACCESS, 2, -1)
const UPDATE_FROM_KEYS: readonly KeySpec[] = [keyRange(KEY_RW | KEY_UPDATE, 1), READ_SOURCES]
const OVERWRITE_FROM_KEYS: readonly KeySpec[] = [keyRange(KEY_OW | KEY_UPDATE, 1), READ_SOURCES]
const WORST_INTERSECTION = 'O(N*M) at worst, for M sets of which the smallest has N members'
const ALL_MEMBERS = 'O(N) for N members in all sets together'

export const combineCommands: readonly CommandSpec[] = [
  {
    name: 'sinter',
    arity: -2,
    flags: READONLY,
    keys: READ_ALL_KEYS,
    group: 'set',
    since: '1.0.0',
    summary: 'Returns the members that all of several sets have.',
    complexity: WORST_INTERSECTION,
    tips: ['nondeterministic_output_order'],
    arguments: [KEYS],
    run: sinter,
  },
  {
    name: 'sintercard',
    arity: -3,
    flags: READONLY,
    keys: [countedKeys(KEY_RO | KEY_ACCESS, 1)],
    group: 'set',
    since: '7.0.0',
    summary: 'Returns how many members all of several sets have.',
    complexity: WORST_INTERSECTION,
    arguments: [
      { name: 'numkeys', type: 'integer' },
      KEYS,
      { name: 'limit', type: 'integer', token: 'LIMIT', optional: true },
    ],
    run: sintercard,
  },
  {
    name: 'sinterstore',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: UPDATE_FROM_KEYS,
    group: 'set',
    since: '1.0.0',
    summary: 'Stores the members that all of several sets have in a key.',
    complexity: WORST_INTERSECTION,
    arguments: [DESTINATION, SOURCES],
    run: ctx => store(ctx, storeIntersection),
  },
  {
    name: 'sunion',
    arity: -2,
    flags: READONLY,
    keys: READ_ALL_KEYS,
    group: 'set',
    since: '1.0.0',
    summary: 'Returns the members that any of several sets has.',
    complexity: ALL_MEMBERS,
    tips: ['nondeterministic_output_order'],
    arguments: [KEYS],
    run: sunion,
  },
  {
    name: 'sunionstore',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: OVERWRITE_FROM_KEYS,
    group: 'set',
    since: '1.0.0',
    summary: 'Stores the members that any of several sets has in a key.',
    complexity: ALL_MEMBERS,
    arguments: [DESTINATION, SOURCES],
    run: ctx => store(ctx, storeUnion),
  },
  {
    name: 'sdiff',
    arity: -2,
    flags: READONLY,
    keys: READ_ALL_KEYS,
    group: 'set',
    since: '1.0.0',
    summary: 'Returns the members of a set that none of others has.',
    complexity: ALL_MEMBERS,
    tips: ['nondeterministic_output_order'],
    arguments: [KEYS],
    run: sdiff,
  },
  {
    name: 'sdiffstore',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: OVERWRITE_FROM_KEYS,
    group: 'set',
    since: '1.0.0',
    summary: 'Stores the members of a set that none of others has in a key.',
    complexity: ALL_MEMBERS,
    arguments: [DESTINATION, SOURCES],
    run: ctx => store(ctx, storeDifference),
  },
]

/** SINTER key [key ...]. */
function sinter(ctx: CommandContext): void {
  const sets = findSets(ctx, 1, ctx.args.argc)
  if (sets !== null) replyIntersection(ctx, sets)
}

/** SUNION key [key ...]. */
function sunion(ctx: CommandContext): void {
  const sets = findSets(ctx, 1, ctx.args.argc)
  if (sets !== null) replyUnion(ctx, sets)
}

/** SDIFF key [key ...]. */
function sdiff(ctx: CommandContext): void {
  const sets = findSets(ctx, 1, ctx.args.argc)
  if (sets !== null) replyDifference(ctx, sets)
}

/** SINTERSTORE, SUNIONSTORE, SDIFFSTORE destination key [key ...]. */
function store(ctx: CommandContext, run: (ctx: CommandContext, sets: readonly (NamedSet | null)[]) => void): void {
  const sets = findSets(ctx, 2, ctx.args.argc)
  if (sets !== null) run(ctx, sets)
}

/** SINTERCARD numkeys key [key ...] [LIMIT limit]: a limit of 0 is none. */
function sintercard(ctx: CommandContext): void {
  const { args, reply } = ctx
  const count = readCount(ctx, 1, 1n, 'ERR numkeys should be greater than 0')
  if (Number.isNaN(count)) return
  const behind = 2 + count
  if (behind > args.argc) {
    reply.error("ERR Number of keys can't be greater than number of args")
    return
  }
  let limit = 0
  for (let i = behind; i < args.argc; i += 2) {
    if (i + 1 === args.argc || !args.is(i, 'limit')) {
      reply.error(SYNTAX_ERROR)
      return
    }
    limit = readCount(ctx, i + 1, 0n, "ERR LIMIT can't be negative")
    if (Number.isNaN(limit)) return
  }
  const sets = findSets(ctx, 2, behind)
  if (sets !== null) replyCardinality(ctx, sets, limit === 0 ? Number.POSITIVE_INFINITY : limit)
}
