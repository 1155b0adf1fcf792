/** The commands that look at or change a part of a string. Source of behaviour: Redis's t_string.c. */
import { EVENT_STRING } from '../config/keyspace-events.js'
import { NEVER } from '../store/database.js'
import { TYPE_STRING } from '../store/entries.js'
import { appendToString, stringLength } from '../types/string.js'
import type { CommandContext } from './context.js'
import { type CommandSpec, DENYOOM, FAST, INSERT_KEY, PEEK_KEY, READONLY, WRITE } from './spec.js'
import { KEY, storeArgument, tooLong, VALUE } from './string-access.js'

export const rangeCommands: readonly CommandSpec[] = [
  {
    name: 'append',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: INSERT_KEY,
    group: 'string',
    since: '2.0.0',
    summary: 'Appends to the string value of a key, which is created when missing.',
    complexity: 'O(1) amortised',
    arguments: [KEY, VALUE],
    run: append,
  },
  {
    name: 'strlen',
    arity: 2,
    flags: READONLY | FAST,
    keys: PEEK_KEY,
    group: 'string',
    since: '2.2.0',
    summary: 'Returns the length in bytes of a string value.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: strlen,
  },
]

/** APPEND key value. Integer reply: the length after it. */
function append(ctx: CommandContext): void {
  const { args, db } = ctx
  const address = ctx.findForWrite(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  let length = args.length(2)
  if (address === 0) storeArgument(ctx, 0, 1, 2, NEVER)
  else {
    length += stringLength(db.entries, address)
    if (tooLong(ctx, length)) return
    appendToString(db, address, args.buffer, args.starts[1], args.ends[1], args.buffer, args.starts[2], args.ends[2])
    ctx.touch(1)
  }
  ctx.notify(EVENT_STRING, 'append', 1)
  ctx.reply.integer(length)
}

/** STRLEN key. */
function strlen(ctx: CommandContext): void {
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  ctx.reply.integer(address === 0 ? 0 : stringLength(ctx.db.entries, address))
}
