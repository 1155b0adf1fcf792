/** The commands that look at or change a part of a string. Source of behaviour: Redis's t_string.c. */
import { copyBytes } from '../../bytes/copy.js'
import { EVENT_STRING } from '../../config/keyspace-events.js'
import { NEVER } from '../../store/database.js'
import { ENCODING_EXTERNAL, TYPE_STRING } from '../../store/entries.js'
import { StringView, stringLength } from '../../types/string/string.js'
import { appendToString, openString } from '../../types/string/string-edit.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'
import { IndexRange } from '../index-range.js'
import {
  type ArgumentDoc,
  BRIEF,
  type CommandSpec,
  DENYOOM,
  FAST,
  INSERT_KEY,
  MODIFY_KEY,
  PEEK_KEY,
  READ_KEY,
  READONLY,
  WRITE,
} from '../spec.js'
import { KEY, storeArgument, tooLong, VALUE } from './access.js'

const RANGE: readonly ArgumentDoc[] = [KEY, { name: 'start', type: 'integer' }, { name: 'end', type: 'integer' }]

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
    flags: READONLY | FAST | BRIEF,
    keys: PEEK_KEY,
    group: 'string',
    since: '2.2.0',
    summary: 'Returns the length in bytes of a string value.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: strlen,
  },
  {
    name: 'setrange',
    arity: 4,
    flags: WRITE | DENYOOM,
    keys: MODIFY_KEY,
    group: 'string',
    since: '2.2.0',
    summary: 'Overwrites a part of a string value from an offset on; creates the key when missing.',
    complexity: 'O(M), M being the length of the value argument',
    arguments: [KEY, { name: 'offset', type: 'integer' }, VALUE],
    run: setrange,
  },
  {
    name: 'getrange',
    arity: 4,
    flags: READONLY,
    keys: READ_KEY,
    group: 'string',
    since: '2.4.0',
    summary: 'Returns a part of the string value of a key.',
    complexity: 'O(N), N being the length of the returned string',
    arguments: RANGE,
    run: getrange,
  },
  {
    name: 'substr',
    arity: 4,
    flags: READONLY,
    keys: READ_KEY,
    group: 'string',
    since: '1.0.0',
    summary: 'Returns a part of the string value of a key.',
    complexity: 'O(N), N being the length of the returned string',
    deprecatedSince: '2.0.0',
    replacedBy: '`GETRANGE`',
    arguments: RANGE,
    run: getrange,
  },
]

/** Parts of big strings up to this size are copied into the reply: lending costs the next write a copy of all of it. */
const COPIED_MAX_BYTES = 1024 * 1024

const range = new IndexRange()
const view = new StringView()

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

/** SETRANGE key offset value. Integer reply: the length after it. */
function setrange(ctx: CommandContext): void {
  const { args, db, reply } = ctx
  // Offsets beyond 2^53 are too long in any case; which double stands for them does not matter.
  const offset = Number(args.int64(2) ?? Number.NaN)
  if (Number.isNaN(offset)) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  if (offset < 0) {
    reply.error('ERR offset is out of range')
    return
  }
  const address = ctx.findForWrite(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  const added = args.length(3)
  if (added === 0) {
    reply.integer(address === 0 ? 0 : stringLength(db.entries, address))
    return
  }
  const end = offset + added
  if (tooLong(ctx, end)) return
  const string = openString(db, address, args.buffer, args.starts[1], args.ends[1], offset, end)
  copyBytes(args.buffer, args.starts[3], args.ends[3], string.bytes, string.start + offset)
  ctx.touch(1)
  ctx.notify(EVENT_STRING, 'setrange', 1)
  reply.integer(string.length)
}

/** GETRANGE key start end, SUBSTR key start end. */
function getrange(ctx: CommandContext): void {
  const { reply } = ctx
  if (!range.read(ctx, 2)) return
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  if (address === 0 || range.reversed) {
    reply.bulkText('')
    return
  }
  const { entries } = ctx.db
  view.of(entries, address)
  if (!range.clamp(view.length)) {
    reply.bulkText('')
    return
  }
  const { start, end } = range
  if (end - start < COPIED_MAX_BYTES || entries.encoding(address) !== ENCODING_EXTERNAL) {
    reply.bulk(view.bytes, view.start + start, view.start + end + 1)
  } else reply.bulkReference(entries.lendBuffer(entries.payload(address)).subarray(start, end + 1))
}
