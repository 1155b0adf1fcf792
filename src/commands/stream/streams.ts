/** Stream commands about entries: XADD, XLEN, XRANGE, XREVRANGE, XDEL, XTRIM, XSETID. Source of behaviour: Redis's t_stream.c. */
import { EVENT_STREAM } from '../../config/keyspace-events.js'
import { EntryDeletion } from '../../types/stream/deletion.js'
import { MOST_COUNTED } from '../../types/stream/entries-read.js'
import { StreamId } from '../../types/stream/stream-id.js'
import { TOO_LARGE } from '../../types/stream/stream-nodes.js'
import { type CommandContext, NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import {
  BRIEF,
  type CommandSpec,
  DELETE_IN_KEY,
  DENYOOM,
  FAST,
  KEY_RW,
  KEY_UPDATE,
  keyRange,
  MODIFY_KEY,
  PEEK_KEY,
  READ_KEY,
  READONLY,
  WRITE,
} from '../spec.js'
import {
  changeStream,
  createStream,
  MISSING,
  readBorder,
  readId,
  readStream,
  streamChanged,
  WRONG,
  writeId,
} from './access.js'
import { COUNT, END, IDS, KEY, START, TRIM } from './argument-docs.js'
import { replyRange } from './entry-replies.js'
import { concludes } from './in-slices/long-changes.js'
import { trimInSlices, trimsMany } from './in-slices/long-trims.js'
import { REFERENCES } from './reference-option.js'
import { TrimArguments } from './trim-arguments.js'
import { propagateAddition, propagateTrim, trimStream } from './trimming.js'

export const streamCommands: readonly CommandSpec[] = [
  {
    name: 'xadd',
    arity: -5,
    flags: WRITE | DENYOOM | FAST | BRIEF,
    keys: [keyRange(KEY_RW | KEY_UPDATE, 1, 0, 1, 'UPDATE instead of INSERT because of the optional trimming feature')],
    group: 'stream',
    since: '5.0.0',
    summary: 'Adds an entry to a stream, and may cut the stream short.',
    complexity: 'O(1), and O(N) for N entries that go',
    history: [
      ['6.2.0', 'NOMKSTREAM, MINID and LIMIT came.'],
      ['7.0.0', 'Takes IDs of which only the time is given.'],
      ['8.2.0', 'KEEPREF, DELREF and ACKED came.'],
    ],
    tips: ['nondeterministic_output'],
    arguments: [
      KEY,
      { name: 'nomkstream', type: 'pure-token', token: 'NOMKSTREAM', optional: true, since: '6.2.0' },
      { ...REFERENCES, since: '8.2.0' },
      { ...TRIM, optional: true },
      {
        name: 'id-selector',
        type: 'oneof',
        arguments: [
          { name: 'auto-id', type: 'pure-token', token: '*' },
          { name: 'id', type: 'string' },
        ],
      },
      {
        name: 'data',
        type: 'block',
        multiple: true,
        arguments: [
          { name: 'field', type: 'string' },
          { name: 'value', type: 'string' },
        ],
      },
    ],
    run: xadd,
  },
  {
    name: 'xlen',
    arity: 2,
    flags: READONLY | FAST | BRIEF,
    keys: PEEK_KEY,
    group: 'stream',
    since: '5.0.0',
    summary: 'Returns the number of entries of a stream.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: xlen,
  },
  {
    name: 'xrange',
    arity: -4,
    flags: READONLY,
    keys: READ_KEY,
    group: 'stream',
    since: '5.0.0',
    summary: 'Returns the entries of a stream between two IDs.',
    complexity: 'O(log(N)+M) for M entries returned of N',
    history: [['6.2.0', 'Ranges may exclude their ends.']],
    arguments: [KEY, START, END, COUNT],
    run: ctx => xrange(ctx, false),
  },
  {
    name: 'xrevrange',
    arity: -4,
    flags: READONLY,
    keys: READ_KEY,
    group: 'stream',
    since: '5.0.0',
    summary: 'Returns the entries of a stream between two IDs, the last one first.',
    complexity: 'O(log(N)+M) for M entries returned of N',
    history: [['6.2.0', 'Ranges may exclude their ends.']],
    arguments: [KEY, END, START, COUNT],
    run: ctx => xrange(ctx, true),
  },
  {
    name: 'xdel',
    arity: -3,
    flags: WRITE | FAST,
    keys: DELETE_IN_KEY,
    group: 'stream',
    since: '5.0.0',
    summary: 'Deletes entries of a stream and returns how many there were.',
    complexity: 'O(log(N)) for each of them in a stream of N',
    arguments: [KEY, IDS],
    run: xdel,
  },
  {
    name: 'xtrim',
    arity: -4,
    flags: WRITE,
    keys: DELETE_IN_KEY,
    group: 'stream',
    since: '5.0.0',
    summary: 'Cuts a stream short, and returns how many entries went.',
    complexity: 'O(N) for N entries that go',
    history: [
      ['6.2.0', 'MINID and LIMIT came.'],
      ['8.2.0', 'KEEPREF, DELREF and ACKED came.'],
    ],
    tips: ['nondeterministic_output'],
    arguments: [KEY, { ...TRIM, arguments: [...(TRIM.arguments ?? []), { ...REFERENCES, since: '8.2.0' }] }],
    run: xtrim,
  },
  {
    name: 'xsetid',
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    keys: MODIFY_KEY,
    group: 'stream',
    since: '5.0.0',
    summary: 'Sets the last ID of a stream: for replication, and repairs.',
    complexity: 'O(1)',
    history: [['7.0.0', 'ENTRIESADDED and MAXDELETEDID came.']],
    arguments: [
      KEY,
      { name: 'last-id', type: 'string' },
      { name: 'entries-added', type: 'integer', token: 'ENTRIESADDED', optional: true, since: '7.0.0' },
      { name: 'max-deleted-id', type: 'string', token: 'MAXDELETEDID', optional: true, since: '7.0.0' },
    ],
    run: xsetid,
  },
]

/** A node of so many bytes is copied in a microsecond or two. */
const BRIEF_NODE_MAX_BYTES = 16 * 1024

const parsed = new TrimArguments()
const id = new StreamId()
const otherId = new StreamId()

/**
 * XADD key [NOMKSTREAM] [KEEPREF|DELREF|ACKED] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value [field value ...]. Bulk
 * string reply: the entry's ID; null with NOMKSTREAM where there is no stream.
 */
function xadd(ctx: CommandContext): void {
  const { args, db, keyspace, reply, server } = ctx
  if (!parsed.read(ctx, true)) return
  const first = parsed.idIndex + 1
  if (args.argc - first < 2 || (args.argc - first) % 2 === 1) {
    reply.error("ERR wrong number of arguments for 'xadd' command")
    return
  }
  if (parsed.idGiven && parsed.sequenceGiven && parsed.id.isZero) {
    reply.error('ERR The ID specified in XADD must be greater than 0-0')
    return
  }
  const found = changeStream(ctx)
  if (found === WRONG) return
  if (found === MISSING && parsed.onlyExisting) {
    reply.null()
    return
  }
  if (found !== MISSING && found.lastId.isLast) {
    reply.error('ERR The stream has exhausted the last possible ID, unable to add more items')
    return
  }
  if (found !== MISSING) id.set(found.lastId)
  else id.setZero()
  if (!nextId(keyspace)) {
    reply.error('ERR The ID specified in XADD is equal or smaller than the target stream top item')
    return
  }
  const stream = found === MISSING ? createStream(ctx) : found
  const { length } = stream
  const limits = server.valueLimits.stream
  // Of large nodes one may have to be copied, to grow.
  if (parsed.trims || limits.nodeMaxBytes === 0 || limits.nodeMaxBytes > BRIEF_NODE_MAX_BYTES) ctx.takesLonger()
  if (stream.append(id, args.buffer, args.starts, args.ends, first, args.argc, limits) === TOO_LARGE) {
    if (found === MISSING) db.remove(ctx.findAgain(1))
    reply.error('ERR Elements are too large to be stored')
    return
  }
  writeId(reply, id)
  ctx.touch(1)
  ctx.notify(EVENT_STREAM, 'xadd', 1)
  if (parsed.trims && trimStream(ctx, stream, parsed) > 0) ctx.notify(EVENT_STREAM, 'xtrim', 1)
  propagateAddition(ctx, stream, parsed, id)
  if (length > 0 || found !== MISSING) streamChanged(ctx)
}

/** Makes `id`, the last one of the stream, that of the entry to come; false when it would not be greater. */
function nextId({ nowMs }: { readonly nowMs: number }): boolean {
  if (!parsed.idGiven) {
    otherId.setTime(nowMs)
    if (otherId.hasTimeOf(id) || otherId.compare(id) < 0) return id.increment()
    id.set(otherId)
    return true
  }
  if (parsed.sequenceGiven || !parsed.id.hasTimeOf(id)) {
    if (parsed.id.compare(id) <= 0) return false
    id.set(parsed.id)
    return true
  }
  return id.incrementSequence()
}

/** XLEN key. Integer reply. */
function xlen(ctx: CommandContext): void {
  const stream = readStream(ctx)
  if (stream !== WRONG) ctx.reply.integer(stream === MISSING ? 0 : stream.length)
}

const start = new StreamId()
const end = new StreamId()

/** XRANGE key start end [COUNT count], XREVRANGE key end start [COUNT count]. Array reply: entries. */
function xrange(ctx: CommandContext, backward: boolean): void {
  const { args, reply } = ctx
  if (!readBorder(ctx, backward ? 3 : 2, false, start) || !readBorder(ctx, backward ? 2 : 3, true, end)) return
  let most = Number.POSITIVE_INFINITY
  for (let i = 4; i < args.argc; i++) {
    if (!args.is(i, 'count') || i + 1 >= args.argc) {
      reply.error(SYNTAX_ERROR)
      return
    }
    const count = args.int64(++i)
    if (count === null) {
      reply.error(NOT_AN_INTEGER)
      return
    }
    most = Math.max(0, Number(count))
  }
  const stream = readStream(ctx)
  if (stream === WRONG) return
  if (stream === MISSING) reply.array(0)
  else if (most === 0) reply.nullArray()
  else replyRange(ctx, stream, { start, end, backward, most })
}

/** XDEL key id [id ...]. Integer reply: how many entries there were. */
function xdel(ctx: CommandContext): void {
  const { args, keyspace, reply } = ctx
  const stream = changeStream(ctx)
  if (stream === WRONG) return
  if (stream === MISSING) {
    reply.integer(0)
    return
  }
  for (let i = 2; i < args.argc; i++) if (!readId(ctx, i, id)) return
  const deletion = new EntryDeletion(stream)
  for (let i = 2; i < args.argc; i++) if (readId(ctx, i, id)) deletion.delete(id)
  const deleted = deletion.finish()
  if (deleted > 0) {
    ctx.touch(1)
    ctx.notify(EVENT_STREAM, 'xdel', 1)
    keyspace.dirty += deleted - 1
  }
  reply.integer(deleted)
}

/** XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count] [KEEPREF|DELREF|ACKED]. Integer reply: how many entries went. */
function xtrim(ctx: CommandContext): void {
  if (concludes(ctx)) return
  const { keyspace, reply } = ctx
  if (!parsed.read(ctx, false)) return
  const stream = changeStream(ctx)
  if (stream === WRONG) return
  if (stream !== MISSING && parsed.references !== 'keepref' && trimsMany(stream, parsed)) {
    trimInSlices(ctx, stream, parsed)
    return
  }
  const deleted = stream === MISSING ? 0 : trimStream(ctx, stream, parsed)
  if (deleted > 0 && stream !== MISSING) {
    ctx.touch(1)
    ctx.notify(EVENT_STREAM, 'xtrim', 1)
    keyspace.dirty += deleted - 1
    propagateTrim(ctx, stream, parsed)
  }
  reply.integer(deleted)
}

/** XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]. */
function xsetid(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (!readId(ctx, 2, id)) return
  otherId.setZero()
  let added = -1
  for (let i = 3; i < args.argc; i += 2) {
    const more = args.argc - 1 - i
    if (more > 0 && args.is(i, 'entriesadded')) {
      const count = args.int64(i + 1)
      if (count === null) reply.error(NOT_AN_INTEGER)
      else if (count < 0n) reply.error('ERR entries_added must be positive')
      if (count === null || count < 0n) return
      added = Math.min(Number(count), MOST_COUNTED)
    } else if (more > 0 && args.is(i, 'maxdeletedid')) {
      if (!readId(ctx, i + 1, otherId)) return
      if (id.compare(otherId) < 0) {
        reply.error('ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id')
        return
      }
    } else {
      reply.error(SYNTAX_ERROR)
      return
    }
  }
  const stream = changeStream(ctx)
  if (stream === WRONG) return
  if (stream === MISSING) {
    reply.error(NO_SUCH_KEY)
    return
  }
  if (id.compare(stream.maxDeletedId) < 0) {
    reply.error('ERR The ID specified in XSETID is smaller than current max_deleted_entry_id')
    return
  }
  if (stream.length > 0 && stream.lastEntryId(lastEntry) && id.compare(lastEntry) < 0) {
    reply.error('ERR The ID specified in XSETID is smaller than the target stream top item')
    return
  }
  if (stream.length > 0 && added !== -1 && stream.length > added) {
    reply.error('ERR The entries_added specified in XSETID is smaller than the target stream length')
    return
  }
  stream.lastId.set(id)
  if (added !== -1) stream.entriesAdded = added
  if (!otherId.isZero) stream.maxDeletedId.set(otherId)
  reply.ok()
  ctx.keyspace.dirty++
  ctx.notify(EVENT_STREAM, 'xsetid', 1)
}

const lastEntry = new StreamId()
