/** The commands that return a string and change its key. Source of behaviour: Redis's t_string.c. */
import { EVENT_GENERIC, EVENT_STRING } from '../../config/keyspace-events.js'
import { NEVER } from '../../store/database.js'
import { HAS_EXPIRY, TYPE_STRING } from '../../store/entries.js'
import { ExpiryTime } from '../../store/expiry-time.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { EXPIRY_RELATIVE, hasPassed, readExpiry } from '../generic/expiry-options.js'
import { type CommandSpec, DENYOOM, FAST, TAKE_KEY, UPDATE_KEY, WRITE } from '../spec.js'
import { KEY, replyString, storeArgument, VALUE } from './access.js'
import { EXPIRY_CHOICES, StringOptions } from './options.js'

export const getAndChangeCommands: readonly CommandSpec[] = [
  {
    name: 'getset',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: UPDATE_KEY,
    group: 'string',
    since: '1.0.0',
    summary: 'Sets a key to a string value and returns the value it had.',
    complexity: 'O(1)',
    deprecatedSince: '6.2.0',
    replacedBy: 'SET with GET',
    arguments: [KEY, VALUE],
    run: getset,
  },
  {
    name: 'getdel',
    arity: 2,
    flags: WRITE | FAST,
    keys: TAKE_KEY,
    group: 'string',
    since: '6.2.0',
    summary: 'Returns the string value of a key and deletes the key.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: getdel,
  },
  {
    name: 'getex',
    arity: -2,
    flags: WRITE | FAST,
    keys: [{ ...UPDATE_KEY[0], notes: 'What is updated is the expiry.' }],
    group: 'string',
    since: '6.2.0',
    summary: 'Returns the string value of a key and sets its expiry or takes it away.',
    complexity: 'O(1)',
    arguments: [
      KEY,
      {
        name: 'expiration',
        type: 'oneof',
        optional: true,
        arguments: [...EXPIRY_CHOICES, { name: 'persist', type: 'pure-token', token: 'PERSIST' }],
      },
    ],
    run: getex,
  },
]

const options = new StringOptions()
const expiry = new ExpiryTime()

/** GETSET key value. */
function getset(ctx: CommandContext): void {
  const old = ctx.findForRead(1)
  if (ctx.wrongType(old, TYPE_STRING)) return
  if (old === 0) ctx.reply.null()
  else replyString(ctx, old)
  storeArgument(ctx, ctx.findForWrite(1), 1, 2, NEVER)
  ctx.notify(EVENT_STRING, 'set', 1)
  ctx.propagateAs('SET', ctx.args.view(1), ctx.args.view(2))
}

/** GETDEL key. */
function getdel(ctx: CommandContext): void {
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  if (address === 0) {
    ctx.reply.null()
    return
  }
  replyString(ctx, address)
  ctx.db.remove(address)
  ctx.touch(1)
  ctx.notify(EVENT_GENERIC, 'del', 1)
  ctx.propagateAs('DEL', ctx.args.view(1))
}

/** GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]. Replicas get what it does to the key, never GETEX itself. */
function getex(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (!options.parseGetex(args)) {
    reply.error(SYNTAX_ERROR)
    return
  }
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  if (address === 0) {
    reply.null()
    return
  }
  if (options.expiryIndex === 0) {
    replyString(ctx, address)
    if (options.persist) persist(ctx)
    return
  }
  if (!readExpiry(ctx, options.expiryIndex, options.expiryKind, expiry)) return
  replyString(ctx, address)
  const relative = (options.expiryKind & EXPIRY_RELATIVE) !== 0
  if (!relative && hasPassed(ctx.keyspace, expiry.ms)) {
    ctx.db.remove(address)
    ctx.touch(1)
    ctx.notify(EVENT_GENERIC, 'del', 1)
    ctx.propagateAs(ctx.server.config.values['lazyfree-lazy-expire'] ? 'UNLINK' : 'DEL', args.view(1))
    return
  }
  // The second look-up is for the snapshot, which has to see the key before it changes.
  expiry.complete(ctx.db.entries, ctx.db.setExpiry(ctx.findAgain(1), expiry.ms))
  ctx.touch(1)
  ctx.notify(EVENT_GENERIC, 'expire', 1)
  if (ctx.propagates) ctx.propagateAs('PEXPIREAT', args.view(1), expiry.toString())
}

function persist(ctx: CommandContext): void {
  const address = ctx.findAgain(1)
  if ((ctx.db.entries.meta(address) & HAS_EXPIRY) === 0) return
  ctx.db.setExpiry(address, NEVER)
  ctx.touch(1)
  ctx.notify(EVENT_GENERIC, 'persist', 1)
  ctx.propagateAs('PERSIST', ctx.args.view(1))
}
