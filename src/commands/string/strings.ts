/** The commands that read and set whole strings. Source of behaviour: Redis's t_string.c. */
import { EVENT_GENERIC, EVENT_STRING } from '../../config/keyspace-events.js'
import { KEEP_TTL, NEVER } from '../../store/database.js'
import { TYPE_STRING } from '../../store/entries.js'
import { ExpiryTime } from '../../store/expiry-time.js'
import { type CommandContext, SYNTAX_ERROR, WRONG_TYPE } from '../context.js'
import { findSetKey } from '../find-keys.js'
import { EXPIRY_IN_SECONDS, EXPIRY_RELATIVE, readExpiry } from '../generic/expiry-options.js'
import {
  type ArgumentDoc,
  BRIEF,
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_INSERT,
  KEY_OW,
  KEY_RW,
  KEY_UPDATE,
  KEY_VARIABLE_FLAGS,
  keyRange,
  OVERWRITE_KEY,
  OVERWRITE_PAIRS,
  READ_ALL_KEYS,
  READ_KEY,
  READONLY,
  WRITE,
} from '../spec.js'
import { equalsArgument, KEY, replyString, storeArgument, VALUE } from './access.js'
import { EXPIRY_CHOICES, StringOptions } from './options.js'

const PAIRS: ArgumentDoc = { name: 'data', type: 'block', multiple: true, arguments: [KEY, VALUE] }

/** SET's expiry options came one after the other. */
const SET_EXPIRY_SINCE = ['2.6.12', '2.6.12', '6.2.0', '6.2.0']

const SET_KEY = [
  keyRange(KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS, 1, 0, 1, 'The old value is only read with GET.'),
]

export const stringCommands: readonly CommandSpec[] = [
  {
    name: 'get',
    arity: 2,
    flags: READONLY | FAST | BRIEF,
    keys: READ_KEY,
    group: 'string',
    since: '1.0.0',
    summary: 'Returns the string value of a key.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: get,
  },
  {
    name: 'set',
    arity: -3,
    flags: WRITE | DENYOOM | BRIEF,
    keys: SET_KEY,
    findKeys: findSetKey,
    group: 'string',
    since: '1.0.0',
    summary: 'Sets a key to a string value, whatever it held before, and drops its expiry.',
    complexity: 'O(1)',
    history: [
      ['2.6.12', 'EX, PX, NX and XX came.'],
      ['6.0.0', 'KEEPTTL came.'],
      ['6.2.0', 'GET, EXAT and PXAT came.'],
      ['7.0.0', 'NX and GET go together.'],
      ['8.1.0', 'IFEQ came, in Valkey.'],
    ],
    arguments: [
      KEY,
      VALUE,
      {
        name: 'condition',
        type: 'oneof',
        optional: true,
        since: '2.6.12',
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
          { name: 'comparison-value', type: 'string', token: 'IFEQ', since: '8.1.0' },
        ],
      },
      { name: 'get', type: 'pure-token', token: 'GET', optional: true, since: '6.2.0' },
      {
        name: 'expiration',
        type: 'oneof',
        optional: true,
        arguments: [
          ...EXPIRY_CHOICES.map((choice, i) => ({ ...choice, since: SET_EXPIRY_SINCE[i] })),
          { name: 'keepttl', type: 'pure-token', token: 'KEEPTTL', since: '6.0.0' },
        ],
      },
    ],
    run: set,
  },
  {
    name: 'setnx',
    arity: 3,
    flags: WRITE | DENYOOM | FAST | BRIEF,
    keys: [keyRange(KEY_OW | KEY_INSERT, 1)],
    group: 'string',
    since: '1.0.0',
    summary: 'Sets a key to a string value if the key does not exist.',
    complexity: 'O(1)',
    deprecatedSince: '2.6.12',
    replacedBy: 'SET with NX',
    arguments: [KEY, VALUE],
    run: setnx,
  },
  {
    name: 'setex',
    arity: 4,
    flags: WRITE | DENYOOM,
    keys: OVERWRITE_KEY,
    group: 'string',
    since: '2.0.0',
    summary: 'Sets a key to a string value with an expiry in seconds.',
    complexity: 'O(1)',
    deprecatedSince: '2.6.12',
    replacedBy: 'SET with EX',
    arguments: [KEY, { name: 'seconds', type: 'integer' }, VALUE],
    run: ctx => setWithExpiry(ctx, EXPIRY_RELATIVE | EXPIRY_IN_SECONDS),
  },
  {
    name: 'psetex',
    arity: 4,
    flags: WRITE | DENYOOM,
    keys: OVERWRITE_KEY,
    group: 'string',
    since: '2.6.0',
    summary: 'Sets a key to a string value with an expiry in milliseconds.',
    complexity: 'O(1)',
    deprecatedSince: '2.6.12',
    replacedBy: 'SET with PX',
    arguments: [KEY, { name: 'milliseconds', type: 'integer' }, VALUE],
    run: ctx => setWithExpiry(ctx, EXPIRY_RELATIVE),
  },
  {
    name: 'mget',
    arity: -2,
    flags: READONLY | FAST,
    keys: READ_ALL_KEYS,
    group: 'string',
    since: '1.0.0',
    summary: 'Returns the string values of several keys.',
    complexity: 'O(N), N being the number of keys',
    tips: ['request_policy:multi_shard'],
    arguments: [{ ...KEY, multiple: true }],
    run: mget,
  },
  {
    name: 'mset',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: OVERWRITE_PAIRS,
    group: 'string',
    since: '1.0.1',
    summary: 'Sets several keys to string values, as one step.',
    complexity: 'O(N), N being the number of keys',
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    arguments: [PAIRS],
    run: mset,
  },
  {
    name: 'msetnx',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: [keyRange(KEY_OW | KEY_INSERT, 1, -1, 2)],
    group: 'string',
    since: '1.0.1',
    summary: 'Sets several keys to string values, if none of them exists.',
    complexity: 'O(N), N being the number of keys',
    arguments: [PAIRS],
    run: msetnx,
  },
]

const options = new StringOptions()
const expiry = new ExpiryTime()

/** GET key. */
function get(ctx: CommandContext): void {
  const address = ctx.findForRead(1)
  if (address === 0) ctx.reply.null()
  else if (ctx.db.entries.type(address) !== TYPE_STRING) ctx.reply.error(WRONG_TYPE)
  else replyString(ctx, address)
}

/** SET key value [NX | XX | IFEQ comparison-value] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]. */
function set(ctx: CommandContext): void {
  if (ctx.args.argc > 3) {
    setWithOptions(ctx)
    return
  }
  storeArgument(ctx, ctx.findForWrite(1), 1, 2, NEVER)
  ctx.notify(EVENT_STRING, 'set', 1)
  ctx.reply.ok()
}

function setWithOptions(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (!options.parseSet(args)) {
    reply.error(SYNTAX_ERROR)
    return
  }
  const expires = options.expiryIndex !== 0
  if (expires && !readExpiry(ctx, options.expiryIndex, options.expiryKind, expiry)) return
  if (options.returnOld) {
    const old = ctx.findForRead(1)
    if (ctx.wrongType(old, TYPE_STRING)) return
    if (old === 0) reply.null()
    else replyString(ctx, old)
  }
  const address = ctx.findForWrite(1)
  const compares = options.comparisonIndex !== 0
  if (compares && ctx.wrongType(address, TYPE_STRING)) return
  if (!conditionHolds(ctx, address)) {
    if (!options.returnOld) reply.null()
    return
  }
  if (expires) storeWithExpiry(ctx, address, 2)
  else storeArgument(ctx, address, 1, 2, options.keepTtl && address !== 0 ? KEEP_TTL : NEVER)
  ctx.notify(EVENT_STRING, 'set', 1)
  if (expires) ctx.notify(EVENT_GENERIC, 'expire', 1)
  if (!options.returnOld) reply.ok()
  // Replicas get the time itself, not a span that would start when they read it. PXAT is that time already.
  if (expires && (options.expiryKind !== 0 || compares)) propagateSet(ctx, 2)
  else if ((options.returnOld || compares) && !expires) propagateChangeOnly(ctx)
}

function conditionHolds(ctx: CommandContext, address: number): boolean {
  const { comparisonIndex, onlyIfExists, onlyIfMissing } = options
  if (address === 0) return !onlyIfExists && comparisonIndex === 0
  return !onlyIfMissing && (comparisonIndex === 0 || equalsArgument(ctx, address, comparisonIndex))
}

/** Stores argument `valueIndex` with the expiry that has been read. */
function storeWithExpiry(ctx: CommandContext, address: number, valueIndex: number): void {
  expiry.complete(ctx.db.entries, storeArgument(ctx, address, 1, valueIndex, expiry.ms))
}

function propagateSet(ctx: CommandContext, valueIndex: number): void {
  if (!ctx.propagates) return
  ctx.propagateAs('SET', ctx.args.view(1), ctx.args.view(valueIndex), 'PXAT', expiry.toString())
}

/**
 * A replica has nobody to return the old value to. That the value was the one compared with (IFEQ) is decided here: replicas of
 * Redis do not know the option.
 */
function propagateChangeOnly(ctx: CommandContext): void {
  const { args } = ctx
  const kept: Buffer[] = []
  for (let i = 0; i < args.argc; i++) {
    if (i >= 3 && i + 1 === options.comparisonIndex) i++
    else if (i < 3 || !args.is(i, 'get')) kept.push(args.view(i))
  }
  ctx.propagateArguments(kept)
}

/** SETEX key seconds value, PSETEX key milliseconds value. */
function setWithExpiry(ctx: CommandContext, kind: number): void {
  if (!readExpiry(ctx, 2, kind, expiry)) return
  storeWithExpiry(ctx, ctx.findForWrite(1), 3)
  ctx.notify(EVENT_STRING, 'set', 1)
  ctx.notify(EVENT_GENERIC, 'expire', 1)
  ctx.reply.ok()
  propagateSet(ctx, 3)
}

/** SETNX key value. Integer reply: 1 when set. */
function setnx(ctx: CommandContext): void {
  if (ctx.findForWrite(1) !== 0) {
    ctx.reply.integer(0)
    return
  }
  storeArgument(ctx, 0, 1, 2, NEVER)
  ctx.notify(EVENT_STRING, 'set', 1)
  ctx.reply.integer(1)
}

/** MGET key [key ...]. Keys of other types read as missing. */
function mget(ctx: CommandContext): void {
  const { args, reply } = ctx
  reply.array(args.argc - 1)
  for (let i = 1; i < args.argc; i++) {
    const address = ctx.findForRead(i, ctx.hashAhead(i, 1, 1))
    if (address === 0 || ctx.db.entries.type(address) !== TYPE_STRING) reply.null()
    else replyString(ctx, address)
  }
}

function pairsMissing(ctx: CommandContext): boolean {
  if ((ctx.args.argc & 1) === 1) return false
  ctx.reply.error(`ERR wrong number of arguments for '${ctx.command.fullName}' command`)
  return true
}

function storePair(ctx: CommandContext, address: number, index: number): void {
  storeArgument(ctx, address, index, index + 1, NEVER)
  ctx.notify(EVENT_STRING, 'set', index)
}

/** MSET key value [key value ...]. */
function mset(ctx: CommandContext): void {
  if (pairsMissing(ctx)) return
  for (let i = 1; i < ctx.args.argc; i += 2) storePair(ctx, ctx.findForWrite(i, ctx.hashAhead(i, 1, 2)), i)
  ctx.reply.ok()
}

/** MSETNX key value [key value ...]. Integer reply: 1 when all were set. */
function msetnx(ctx: CommandContext): void {
  if (pairsMissing(ctx)) return
  for (let i = 1; i < ctx.args.argc; i += 2) {
    if (ctx.findForWrite(i, ctx.hashAhead(i, 1, 2)) === 0) continue
    ctx.reply.integer(0)
    return
  }
  // A key that is there by now has been named twice.
  for (let i = 1; i < ctx.args.argc; i += 2) storePair(ctx, ctx.findAgain(i), i)
  ctx.reply.integer(1)
}
