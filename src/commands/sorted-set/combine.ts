/** Commands on several sorted sets, or sets: ZUNION, ZINTER, ZDIFF, what counts and what stores their results. */
import { parseDouble } from '../../bytes/floats/doubles.js'
import { TYPE_SET, TYPE_ZSET } from '../../store/entries.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR, WRONG_TYPE } from '../context.js'
import { readCount } from '../counts.js'
import {
  type ArgumentDoc,
  type CommandSpec,
  countedKeys,
  DENYOOM,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  keyRange,
  READONLY,
  WRITE,
} from '../spec.js'
import { KEYS, NUMKEYS, WEIGHTS_AND_AGGREGATE, WITHSCORES } from './argument-docs.js'
import { replyCardinality, replyCombined } from './combine-replies.js'
import { combineAtOnce, type Operation } from './combine-results.js'
import { type Input, lengthOf } from './combine-sources.js'
import type { Aggregate } from './combine-work.js'
import { storeResult } from './store.js'

const READ_COUNTED = countedKeys(KEY_RO | KEY_ACCESS, 1)
const STORE_KEYS = [keyRange(KEY_OW | KEY_UPDATE, 1), countedKeys(KEY_RO | KEY_ACCESS, 2)]
const DESTINATION: ArgumentDoc = { name: 'destination', type: 'key', keySpecIndex: 0 }
const SOURCES: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 1, multiple: true }
const UNION_COMPLEXITY = 'O(N)+O(M*log(M)) for N members in all inputs together, and M in the result'
const INTERSECTION_COMPLEXITY =
  'O(N*K)+O(M*log(M)) at worst, for K inputs of which the smallest has N members, and M in the result'
const DIFFERENCE_COMPLEXITY =
  'O(L+(N-K)log(N)) at worst, for L members in all inputs, N in the first and K in the result'

export const combineCommands: readonly CommandSpec[] = [
  reader('zunion', 'Returns the members of several sorted sets.', UNION_COMPLEXITY, 'union'),
  reader(
    'zinter',
    'Returns the members that all of several sorted sets have.',
    INTERSECTION_COMPLEXITY,
    'intersection',
  ),
  reader('zdiff', 'Returns the members of a sorted set that none of others has.', DIFFERENCE_COMPLEXITY, 'difference'),
  storer('zunionstore', '2.0.0', 'Stores the members of several sorted sets in a key.', UNION_COMPLEXITY, 'union'),
  storer(
    'zinterstore',
    '2.0.0',
    'Stores the members that all of several sorted sets have in a key.',
    INTERSECTION_COMPLEXITY,
    'intersection',
  ),
  storer(
    'zdiffstore',
    '6.2.0',
    'Stores the members of a sorted set that none of others has in a key.',
    DIFFERENCE_COMPLEXITY,
    'difference',
  ),
  {
    name: 'zintercard',
    arity: -3,
    flags: READONLY,
    keys: [READ_COUNTED],
    group: 'sorted-set',
    since: '7.0.0',
    summary: 'Returns how many members all of several sorted sets have.',
    complexity: 'O(N*K) at worst, for K inputs of which the smallest has N members',
    arguments: [NUMKEYS, KEYS, { name: 'limit', type: 'integer', token: 'LIMIT', optional: true }],
    run: zintercard,
  },
]

function reader(name: string, summary: string, complexity: string, operation: Operation): CommandSpec {
  const weights = operation === 'difference' ? [] : WEIGHTS_AND_AGGREGATE
  return {
    name,
    arity: -3,
    flags: READONLY,
    keys: [READ_COUNTED],
    group: 'sorted-set',
    since: '6.2.0',
    summary,
    complexity,
    arguments: [NUMKEYS, KEYS, ...weights, WITHSCORES],
    run: ctx => {
      if (readInputs(ctx, 1, operation)) replyCombined(ctx, operation, inputs, options.aggregate, options.withScores)
    },
  }
}

function storer(name: string, since: string, summary: string, complexity: string, operation: Operation): CommandSpec {
  const weights = operation === 'difference' ? [] : WEIGHTS_AND_AGGREGATE
  return {
    name,
    arity: -4,
    flags: WRITE | DENYOOM,
    keys: STORE_KEYS,
    group: 'sorted-set',
    since,
    summary,
    complexity,
    arguments: [DESTINATION, NUMKEYS, SOURCES, ...weights],
    run: ctx => {
      if (readInputs(ctx, 2, operation))
        storeResult(ctx, combineAtOnce(ctx, operation, inputs, options.aggregate), name)
    },
  }
}

/** ZINTERCARD numkeys key [key ...] [LIMIT limit]: a limit of 0 is none. */
function zintercard(ctx: CommandContext): void {
  if (readInputs(ctx, 1, 'cardinality')) replyCardinality(ctx, inputs, options.limit)
}

/** What the command that is running has said. */
let inputs: Input[] = []
const options: { aggregate: Aggregate; withScores: boolean; limit: number } = {
  aggregate: 'sum',
  withScores: false,
  limit: 0,
}

/**
 * Reads numkeys at argument `index`, the keys, which are looked up before anything else is looked at, and what comes behind them.
 * Replies Redis's error and returns false when something is wrong.
 */
function readInputs(ctx: CommandContext, index: number, operation: Operation | 'cardinality'): boolean {
  const { args, reply } = ctx
  const count = args.int64(index)
  if (count === null) {
    reply.error(NOT_AN_INTEGER)
    return false
  }
  if (count < 1n) {
    reply.error(`ERR at least 1 input key is needed for '${ctx.command.fullName}' command`)
    return false
  }
  const first = index + 1
  if (count > BigInt(args.argc - first)) {
    reply.error(SYNTAX_ERROR)
    return false
  }
  const behind = first + Number(count)
  return findInputs(ctx, first, behind) && readOptions(ctx, behind, operation, index > 1)
}

function findInputs(ctx: CommandContext, first: number, behind: number): boolean {
  const { entries } = ctx.db
  inputs = []
  for (let i = first; i < behind; i++) {
    const address = ctx.findForRead(i)
    const type = address === 0 ? TYPE_ZSET : entries.type(address)
    if (type !== TYPE_ZSET && type !== TYPE_SET) {
      ctx.reply.error(WRONG_TYPE)
      return false
    }
    inputs.push({ address, length: lengthOf(ctx.db, address), weight: 1 })
  }
  return true
}

function readOptions(
  ctx: CommandContext,
  first: number,
  operation: Operation | 'cardinality',
  stores: boolean,
): boolean {
  const { args, reply } = ctx
  const counts = operation === 'cardinality'
  const weighs = operation === 'union' || operation === 'intersection'
  options.aggregate = 'sum'
  options.withScores = false
  options.limit = 0
  for (let i = first; i < args.argc; i++) {
    const left = args.argc - i - 1
    if (weighs && left >= inputs.length && args.is(i, 'weights')) {
      if (!readWeights(ctx, i + 1)) return false
      i += inputs.length
    } else if (weighs && left >= 1 && args.is(i, 'aggregate')) {
      const word = args.lower(++i)
      if (word !== 'sum' && word !== 'min' && word !== 'max') {
        reply.error(SYNTAX_ERROR)
        return false
      }
      options.aggregate = word
    } else if (!stores && !counts && args.is(i, 'withscores')) {
      options.withScores = true
    } else if (counts && left >= 1 && args.is(i, 'limit')) {
      options.limit = readCount(ctx, ++i, 0n, "ERR LIMIT can't be negative")
      if (Number.isNaN(options.limit)) return false
    } else {
      reply.error(SYNTAX_ERROR)
      return false
    }
  }
  return true
}

function readWeights({ args, reply }: CommandContext, first: number): boolean {
  for (const [i, input] of inputs.entries()) {
    input.weight = parseDouble(args.buffer, args.starts[first + i], args.ends[first + i])
    if (!Number.isNaN(input.weight)) continue
    reply.error('ERR weight value is not a float')
    return false
  }
  return true
}
