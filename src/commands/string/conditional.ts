/** The string commands that came with Valkey 9: DELIFEQ, MSETEX. Source of behaviour: Valkey's t_string.c. */
import { EVENT_GENERIC, EVENT_STRING } from '../../config/keyspace-events.js'
import { KEEP_TTL, NEVER } from '../../store/database.js'
import { TYPE_STRING } from '../../store/entries.js'
import { ExpiryTime } from '../../store/expiry-time.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { readExpiry } from '../generic/expiry-options.js'
import {
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_DELETE,
  KEY_OW,
  KEY_RM,
  KEY_UPDATE,
  type KeySpec,
  keyRange,
  WRITE,
} from '../spec.js'
import { equalsArgument, KEY, storeArgument, VALUE } from './access.js'
import { EXPIRY_CHOICES, StringOptions } from './options.js'

/** As many pairs as argument 1 says. */
const COUNTED_PAIRS: readonly KeySpec[] = [
  {
    flags: KEY_OW | KEY_UPDATE,
    begin: { type: 'index', index: 1 },
    find: { type: 'keynum', numIndex: 0, first: 1, step: 2 },
  },
]

export const conditionalCommands: readonly CommandSpec[] = [
  {
    name: 'delifeq',
    arity: 3,
    flags: WRITE | FAST,
    keys: [keyRange(KEY_RM | KEY_DELETE, 1)],
    group: 'string',
    since: '9.0.0',
    summary: 'Deletes a key if it has the given string value.',
    complexity: 'O(1)',
    arguments: [KEY, VALUE],
    run: delifeq,
  },
  {
    name: 'msetex',
    arity: -4,
    flags: WRITE | DENYOOM,
    keys: COUNTED_PAIRS,
    group: 'string',
    since: '9.1.0',
    summary:
      'Sets several keys to string values, as one step, with an expiry if told, and if all or none of them exist.',
    complexity: 'O(N), N being the number of keys',
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'data', type: 'block', multiple: true, arguments: [KEY, VALUE] },
      {
        name: 'condition',
        type: 'oneof',
        optional: true,
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
        ],
      },
      {
        name: 'expiration',
        type: 'oneof',
        optional: true,
        arguments: [...EXPIRY_CHOICES, { name: 'keepttl', type: 'pure-token', token: 'KEEPTTL' }],
      },
    ],
    run: msetex,
  },
]

const MOST_PAIRS = 2 ** 31 - 1
const FIRST_PAIR = 2

const options = new StringOptions()
const expiry = new ExpiryTime()

/** DELIFEQ key value. Integer reply: 1 when deleted. */
function delifeq(ctx: CommandContext): void {
  const address = ctx.findForWrite(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  if (address === 0 || !equalsArgument(ctx, address, 2)) {
    ctx.reply.integer(0)
    return
  }
  ctx.db.remove(address)
  ctx.touch(1)
  ctx.notify(EVENT_GENERIC, 'del', 1)
  ctx.reply.integer(1)
  ctx.propagateAs('DEL', ctx.args.view(1))
}

/**
 * MSETEX numkeys key value [key value ...] [NX | XX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]. Integer reply: 1 when all were
 * set, else 0.
 */
function msetex(ctx: CommandContext): void {
  const { args, reply } = ctx
  const pairs = args.safeInteger(1)
  if (!(pairs >= 1 && pairs <= MOST_PAIRS)) {
    reply.error('ERR invalid numkeys value or out of range')
    return
  }
  const end = FIRST_PAIR + pairs * 2
  if (end > args.argc || !options.parseMsetex(args, end)) {
    reply.error(SYNTAX_ERROR)
    return
  }
  const expires = options.expiryIndex !== 0
  if (expires && !readExpiry(ctx, options.expiryIndex, options.expiryKind, expiry)) return
  const conditional = options.onlyIfMissing || options.onlyIfExists
  if (conditional && !allAreThere(ctx, end, options.onlyIfExists)) {
    reply.integer(0)
    return
  }
  for (let i = FIRST_PAIR; i < end; i += 2) {
    const address = conditional ? ctx.findAgain(i) : ctx.findForWrite(i, ctx.hashAhead(i, FIRST_PAIR, 2))
    storePair(ctx, address, i)
  }
  reply.integer(1)
  if (ctx.propagates) propagatePairs(ctx, end)
}

/** Whether all keys exist or, for `exist` false, none. */
function allAreThere(ctx: CommandContext, end: number, exist: boolean): boolean {
  for (let i = FIRST_PAIR; i < end; i += 2) {
    const there = ctx.findForWrite(i, ctx.hashAhead(i, FIRST_PAIR, 2)) !== 0
    if (there !== exist) return false
  }
  return true
}

function storePair(ctx: CommandContext, address: number, index: number): void {
  if (options.expiryIndex === 0) {
    storeArgument(ctx, address, index, index + 1, options.keepTtl && address !== 0 ? KEEP_TTL : NEVER)
    ctx.notify(EVENT_STRING, 'set', index)
    return
  }
  expiry.complete(ctx.db.entries, storeArgument(ctx, address, index, index + 1, expiry.ms))
  ctx.notify(EVENT_STRING, 'set', index)
  ctx.notify(EVENT_GENERIC, 'expire', index)
}

/** Replicas of Redis do not know MSETEX: they get MSET, or a SET for each key where that cannot tell what becomes of the expiry. */
function propagatePairs(ctx: CommandContext, end: number): void {
  const { args } = ctx
  const expires = options.expiryIndex !== 0
  if (!expires && !options.keepTtl) {
    const mset: (string | Buffer)[] = ['MSET']
    for (let i = FIRST_PAIR; i < end; i++) mset.push(args.view(i))
    ctx.propagateArguments(mset)
    return
  }
  const how = expires ? ['PXAT', expiry.toString()] : ['KEEPTTL']
  for (let i = FIRST_PAIR; i < end; i += 2) ctx.propagateAs('SET', args.view(i), args.view(i + 1), ...how)
}
