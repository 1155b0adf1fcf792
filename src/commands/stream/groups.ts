/** XGROUP: consumer groups and their consumers. Source of behaviour: xgroupCommand in Redis's t_stream.c. */
import { EVENT_STREAM } from '../../config/keyspace-events.js'
import { type Consumer, type ConsumerGroup, ENTRIES_READ_UNKNOWN } from '../../types/stream/consumer-group.js'
import { MOST_COUNTED } from '../../types/stream/entries-read.js'
import type { Stream } from '../../types/stream/stream.js'
import { StreamId } from '../../types/stream/stream-id.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'
import { helpSubcommand, subcommandSyntaxError } from '../help.js'
import {
  type ArgumentDoc,
  type CommandSpec,
  DENYOOM,
  KEY_DELETE,
  KEY_INSERT,
  KEY_RW,
  KEY_UPDATE,
  keyRange,
  WRITE,
} from '../spec.js'
import { changeStream, createStream, MISSING, readAnyId, readId, streamChanged, WRONG } from './access.js'
import { CONSUMER, GROUP, KEY } from './argument-docs.js'
import { createConsumer, findGroup, replyNoGroupOfKey } from './group-access.js'
import { ConsumerRemoval } from './in-slices/consumer-removal.js'
import { carryOut, concludes, LONG_FROM_ENTRIES } from './in-slices/long-changes.js'

const NO_STREAM =
  'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.'

const ID_SELECTOR: ArgumentDoc = {
  name: 'id-selector',
  type: 'oneof',
  arguments: [
    { name: 'id', type: 'string' },
    { name: 'new-id', type: 'pure-token', token: '$' },
  ],
}
const ENTRIES_READ = { type: 'integer', token: 'ENTRIESREAD', optional: true } as const

function subcommand(name: string, since: string, rest: Omit<CommandSpec, 'name' | 'group' | 'since'>): CommandSpec {
  return { name, group: 'stream', since, ...rest }
}

export const groupCommands: readonly CommandSpec[] = [
  {
    name: 'xgroup',
    arity: -2,
    flags: 0,
    group: 'stream',
    since: '5.0.0',
    summary: 'Manages the consumer groups of a stream.',
    complexity: 'Depends on the subcommand',
    subcommands: [
      subcommand('create', '5.0.0', {
        arity: -5,
        flags: WRITE | DENYOOM,
        keys: [keyRange(KEY_RW | KEY_INSERT, 2)],
        summary: 'Makes a group, whose consumers get what lies behind an ID.',
        complexity: 'O(1)',
        history: [['7.0.0', 'ENTRIESREAD came.']],
        arguments: [
          KEY,
          GROUP,
          ID_SELECTOR,
          { name: 'mkstream', type: 'pure-token', token: 'MKSTREAM', optional: true },
          { name: 'entries-read', ...ENTRIES_READ },
        ],
        run: create,
      }),
      subcommand('createconsumer', '6.2.0', {
        arity: 5,
        flags: WRITE | DENYOOM,
        keys: [keyRange(KEY_RW | KEY_INSERT, 2)],
        summary: 'Adds a consumer to a group.',
        complexity: 'O(1)',
        arguments: [KEY, GROUP, CONSUMER],
        run: addConsumer,
      }),
      subcommand('delconsumer', '5.0.0', {
        arity: 5,
        flags: WRITE,
        keys: [keyRange(KEY_RW | KEY_DELETE, 2)],
        summary: 'Removes a consumer from a group, and what is pending with it.',
        complexity: 'O(N) for N entries pending with it',
        arguments: [KEY, GROUP, CONSUMER],
        run: removeConsumer,
      }),
      subcommand('destroy', '5.0.0', {
        arity: 4,
        flags: WRITE,
        keys: [keyRange(KEY_RW | KEY_DELETE, 2)],
        summary: 'Removes a group.',
        complexity: 'O(C) for C consumers: what is pending is freed later on',
        arguments: [KEY, GROUP],
        run: destroy,
      }),
      helpSubcommand('xgroup', 'stream', '5.0.0'),
      subcommand('setid', '5.0.0', {
        arity: -5,
        flags: WRITE,
        keys: [keyRange(KEY_RW | KEY_UPDATE, 2)],
        summary: 'Sets the ID behind which a group goes on.',
        complexity: 'O(1)',
        history: [['7.0.0', 'ENTRIESREAD came.']],
        arguments: [KEY, GROUP, ID_SELECTOR, { name: 'entriesread', displayText: 'entries-read', ...ENTRIES_READ }],
        run: setId,
      }),
    ],
    run: () => {},
  },
]

const id = new StreamId()
/** What options said: CREATE's and SETID's. */
let entriesRead = ENTRIES_READ_UNKNOWN
let makesStream = false

/** Reads options from argument 5 on. False: an error was replied. */
function readOptions(ctx: CommandContext, isCreate: boolean): boolean {
  const { args, reply } = ctx
  entriesRead = ENTRIES_READ_UNKNOWN
  makesStream = false
  for (let i = 5; i < args.argc; i++) {
    if (isCreate && args.is(i, 'mkstream')) makesStream = true
    else if (args.is(i, 'entriesread') && i + 1 < args.argc) {
      const read = args.int64(++i)
      if (read === null) {
        reply.error(NOT_AN_INTEGER)
        return false
      }
      if (read < 0n && read !== BigInt(ENTRIES_READ_UNKNOWN)) {
        reply.error('ERR value for ENTRIESREAD must be positive or -1')
        return false
      }
      entriesRead = Math.min(Number(read), MOST_COUNTED)
    } else {
      reply.error(subcommandSyntaxError(args, 'XGROUP'))
      return false
    }
  }
  return true
}

/** The stream of argument 2; null when an error was replied, that there is none for one. */
function openStream(ctx: CommandContext): Stream | null {
  const stream = changeStream(ctx, 2)
  if (stream === MISSING) ctx.reply.error(NO_STREAM)
  return stream ?? null
}

interface OpenGroup {
  readonly stream: Stream
  readonly group: ConsumerGroup
}

/** The group of arguments 2 and 3; null when an error was replied. */
function openGroup(ctx: CommandContext): OpenGroup | null {
  const stream = openStream(ctx)
  if (stream === null) return null
  const group = findGroup(ctx, stream, 3)
  if (group !== null) return { stream, group }
  replyNoGroupOfKey(ctx, 2, 3)
  return null
}

/** XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD entries-read]. */
function create(ctx: CommandContext): void {
  const { args, keyspace, reply } = ctx
  if (!readOptions(ctx, true)) return
  const found = makesStream ? changeStream(ctx, 2) : openStream(ctx)
  if (found === WRONG || (found === null && !makesStream)) return
  if (args.argc > 8) {
    reply.error(subcommandSyntaxError(args, 'XGROUP'))
    return
  }
  if (args.is(4, '$')) {
    if (found === MISSING) id.setZero()
    else id.set(found.lastId)
  } else if (!readId(ctx, 4, id)) return
  const stream = found ?? createStream(ctx, 2)
  if (found === MISSING) {
    ctx.touch(2)
    keyspace.dirty--
  }
  if (stream.addGroup(args.latin1(3), id, entriesRead) === null) {
    reply.error('BUSYGROUP Consumer Group name already exists')
    return
  }
  reply.ok()
  keyspace.dirty++
  ctx.notify(EVENT_STREAM, 'xgroup-create', 2)
}

/** XGROUP SETID key group id|$ [ENTRIESREAD entries-read]. */
function setId(ctx: CommandContext): void {
  const { args, keyspace, reply } = ctx
  if (!readOptions(ctx, false)) return
  const opened = openGroup(ctx)
  if (opened === null) return
  const { group, stream } = opened
  if (args.argc !== 5 && args.argc !== 7) {
    reply.error(subcommandSyntaxError(args, 'XGROUP'))
    return
  }
  if (args.is(4, '$')) id.set(stream.lastId)
  else if (!readAnyId(ctx, 4, id)) return
  group.lastId.set(id)
  group.entriesRead = entriesRead
  reply.ok()
  keyspace.dirty++
  ctx.notify(EVENT_STREAM, 'xgroup-setid', 2)
}

/** XGROUP DESTROY key group. Integer reply: 1 when there was one. */
function destroy(ctx: CommandContext): void {
  const { args, keyspace, reply } = ctx
  const stream = openStream(ctx)
  if (stream === null) return
  const removed = stream.removeGroup(args.latin1(3))
  reply.integer(removed ? 1 : 0)
  if (!removed) return
  keyspace.dirty++
  ctx.notify(EVENT_STREAM, 'xgroup-destroy', 2)
  // Who waits for entries of the group has to hear that it is gone.
  streamChanged(ctx, 2)
}

/** XGROUP CREATECONSUMER key group consumer. Integer reply: 1 when it is new. */
function addConsumer(ctx: CommandContext): void {
  const opened = openGroup(ctx)
  if (opened === null) return
  const { group } = opened
  const name = ctx.args.latin1(4)
  const isNew = group.consumer(name) === undefined
  if (isNew) createConsumer(ctx, group, name, 2)
  ctx.reply.integer(isNew ? 1 : 0)
}

/** XGROUP DELCONSUMER key group consumer. Integer reply: how many entries were pending with it. */
function removeConsumer(ctx: CommandContext): void {
  if (concludes(ctx)) return
  const { args, keyspace, reply } = ctx
  const opened = openGroup(ctx)
  if (opened === null) return
  const { group } = opened
  const consumer = group.consumer(args.latin1(4))
  const count = consumer?.pending.count ?? 0
  if (consumer !== undefined && count > LONG_FROM_ENTRIES) {
    removeInSlices(ctx, opened, consumer)
    return
  }
  reply.integer(count)
  if (consumer === undefined) return
  group.removeConsumer(consumer)
  keyspace.dirty++
  ctx.notify(EVENT_STREAM, 'xgroup-delconsumer', 2)
}

function removeInSlices(ctx: CommandContext, { stream, group }: OpenGroup, consumer: Consumer): void {
  const request = ctx.args.keep()
  const removal = new ConsumerRemoval(ctx, request, stream, group, consumer)
  carryOut(ctx, request, [removal], () => ({
    write: ({ reply }) => reply.integer(removal.count),
    close: () => {},
  }))
}
