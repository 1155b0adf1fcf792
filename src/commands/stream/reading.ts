/** XREAD and XREADGROUP. Source of behaviour: xreadCommand in Redis's t_stream.c. */
import { ReplyWriter } from '../../resp/reply-writer.js'
import { type Request, requestFromArguments } from '../../resp/request.js'
import { TYPE_STREAM } from '../../store/entries.js'
import type { ConsumerGroup } from '../../types/stream/consumer-group.js'
import type { Stream } from '../../types/stream/stream.js'
import { StreamId } from '../../types/stream/stream-id.js'
import { waitForKeys } from '../blocking/wait-for-keys.js'
import type { CommandContext } from '../context.js'
import { BLOCKING, type CommandSpec, KEY_ACCESS, KEY_RO, type KeySpec, READONLY, WRITE } from '../spec.js'
import { readId, readStream, WRONG } from './access.js'
import { CONSUMER, COUNT, GROUP } from './argument-docs.js'
import { areInOrder, type OrderedGroup } from './claim-order.js'
import { giveAgain, giveIdle, giveNew, oldestDelivery, type Recipient } from './delivery.js'
import { isLong, LAST_ID, writeRange } from './entry-replies.js'
import { consumerFor, createConsumer, findGroup, propagateConsumer, replyNoGroup } from './group-access.js'
import { type Asked, type Delivery, deliveriesReply, History, NewEntries } from './in-slices/deliveries.js'
import { carryOut, concludes, LONG_FROM_ENTRIES } from './in-slices/long-changes.js'
import { RangePart, RangeReply, type ReplyPart } from './long-replies.js'
import { ReadArguments } from './read-arguments.js'

function streamsKeys(startFrom: number): readonly KeySpec[] {
  return [
    {
      flags: KEY_RO | KEY_ACCESS,
      begin: { type: 'keyword', keyword: 'streams', startFrom },
      find: { type: 'range', last: -1, step: 1, limit: 2 },
    },
  ]
}

const STREAMS = {
  name: 'streams',
  type: 'block',
  token: 'STREAMS',
  arguments: [
    { name: 'key', type: 'key', keySpecIndex: 0, multiple: true },
    { name: 'id', type: 'string', multiple: true },
  ],
} as const
const BLOCK = { name: 'milliseconds', type: 'integer', token: 'BLOCK', optional: true } as const

export const readingCommands: readonly CommandSpec[] = [
  {
    name: 'xread',
    arity: -4,
    flags: BLOCKING | READONLY,
    keys: streamsKeys(1),
    group: 'stream',
    since: '5.0.0',
    summary: 'Returns the entries of streams behind given IDs, and may wait for some.',
    arguments: [COUNT, BLOCK, STREAMS],
    run: ctx => read(ctx, false),
  },
  {
    name: 'xreadgroup',
    arity: -7,
    flags: BLOCKING | WRITE,
    keys: streamsKeys(4),
    group: 'stream',
    since: '5.0.0',
    summary:
      'Returns entries that no consumer of a group has been given yet, or those pending with one, and may wait for some.',
    complexity: 'O(M) for M entries returned',
    history: [['8.4.0', 'CLAIM came.']],
    arguments: [
      { name: 'group-block', type: 'block', token: 'GROUP', arguments: [GROUP, CONSUMER] },
      COUNT,
      BLOCK,
      { name: 'min-idle-time', type: 'integer', token: 'CLAIM', optional: true, since: '8.4.0' },
      { name: 'noack', type: 'pure-token', token: 'NOACK', optional: true },
      STREAMS,
    ],
    run: ctx => read(ctx, true),
  },
]

const parsed = new ReadArguments()
/** Where nothing is pending yet, who waits looks for what may have been delivered meanwhile, but not more often than this. */
const LOOK_LEAST_MS = 10

/** What is read of one key. */
interface Wanted {
  readonly key: number
  readonly stream: Stream | null
  readonly group: ConsumerGroup | null
  /** Entries behind this ID; for a group: those pending with the consumer. */
  readonly behind: StreamId
  /** Entries that the group has not read. */
  readonly isNew: boolean
  /** And first of all what has been pending for long. */
  readonly claims: boolean
}

/**
 * XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...],
 * XREADGROUP GROUP group consumer [...] [CLAIM min-idle-time] [NOACK] STREAMS ...
 * Map reply, in RESP2 an array of pairs: the streams that have something, with their entries; null where none has.
 */
function read(ctx: CommandContext, ofGroup: boolean): void {
  if (concludes(ctx) || !parsed.read(ctx, ofGroup)) return
  const wanted = readWanted(ctx, ofGroup)
  if (wanted === null) return
  const hasMuch = wanted.some(each => isLongRange(each) || isLongHistory(each, ctx))
  if (ofGroup) {
    for (const { group, key } of wanted) if (group !== null) ctx.findAgain(key)
    ctx.propagateNothing()
    if (wanted.some(isClaiming)) {
      if (!areInOrder(ctx, wanted.filter(isClaiming), endOfWait(ctx))) return
    } else if (hasMuch) {
      deliverInSlices(ctx, wanted)
      return
    }
  }
  if (hasMuch) {
    const parts = longParts(ctx, wanted)
    if (parts.length > 0) {
      ctx.replyFrom(new RangeReply(parts))
      return
    }
  } else if (reply(ctx, wanted)) return
  const { firstKey, streams, timeoutMs } = parsed
  if (Number.isNaN(timeoutMs)) ctx.reply.nullArray()
  else {
    waitForKeys(ctx, TYPE_STREAM, firstKey, firstKey + streams, timeoutMs, {
      untilGone: ofGroup,
      request: withKnownIds(ctx, wanted),
      lookMs: claims() ? timeToLook(ctx, wanted) : Number.POSITIVE_INFINITY,
    })
  }
}

function claims(): boolean {
  return !Number.isNaN(parsed.minIdleMs)
}

function isClaiming(wanted: Wanted): wanted is Wanted & OrderedGroup {
  return wanted.claims
}

/** Unix time from which on the client waits no more. */
function endOfWait({ keyspace }: CommandContext): number {
  return parsed.timeoutMs > 0 ? keyspace.nowMs + parsed.timeoutMs : Number.POSITIVE_INFINITY
}

/** Unix time at which some entry may have been idle for long enough; Infinity: none ever will be. */
function timeToLook({ keyspace }: CommandContext, wanted: readonly Wanted[]): number {
  const { minIdleMs } = parsed
  let timeMs = Number.POSITIVE_INFINITY
  for (const { group, stream } of wanted.filter(isClaiming)) {
    const oldestMs = oldestDelivery(stream, group)
    const lookMs = Number.isNaN(oldestMs) ? keyspace.nowMs + Math.max(minIdleMs, LOOK_LEAST_MS) : oldestMs + minIdleMs
    timeMs = Math.min(timeMs, lookMs)
  }
  return timeMs
}

/** Looks the streams up; null when an error was replied. */
function readWanted(ctx: CommandContext, ofGroup: boolean): Wanted[] | null {
  const { args, reply } = ctx
  const wanted: Wanted[] = []
  let mayClaim = claims()
  for (let i = 0; i < parsed.streams; i++) {
    const key = parsed.firstKey + i
    const idIndex = key + parsed.streams
    const stream = readStream(ctx, key)
    if (stream === WRONG) return null
    const group = ofGroup ? findGroup(ctx, stream, parsed.group) : null
    if (ofGroup && group === null) {
      replyNoGroup(ctx, key, parsed.group, ' in XREADGROUP with GROUP option')
      return null
    }
    const behind = new StreamId()
    let isNew = false
    if (args.is(idIndex, '$')) {
      if (ofGroup) {
        reply.error(
          'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
        )
        return null
      }
      if (stream !== null) behind.set(stream.lastId)
    } else if (args.is(idIndex, '>')) {
      if (!ofGroup) {
        reply.error(
          'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
        )
        return null
      }
      isNew = true
    } else {
      if (!readId(ctx, idIndex, behind)) return null
      // The greatest ID stands for ">" to a group.
      isNew = ofGroup && behind.isLast
    }
    // As in Redis, from a stream on of which the consumer's history is read, CLAIM is forgotten.
    mayClaim &&= isNew
    wanted.push({ key, stream, group, behind, isNew, claims: mayClaim })
  }
  return wanted
}

const last = new StreamId()

function hasMore({ behind, stream }: Wanted): boolean {
  return stream !== null && stream.length > 0 && stream.lastEntryId(last) && last.compare(behind) > 0
}

/** Whether there is a reply for a stream, now that those before it have theirs: it may be one of them. A consumer has been heard of. */
function isServed(ctx: CommandContext, wanted: Wanted): boolean {
  const { group, isNew, key, stream } = wanted
  if (group === null || stream === null) return hasMore(wanted)
  const { consumer: index } = parsed
  let consumer = group.consumer(ctx.args.latin1(index))
  if (consumer === undefined) {
    consumer = createConsumer(ctx, group, ctx.args.latin1(index), key)
    if (parsed.noAck) propagateConsumer(ctx, { key, group: parsed.group }, consumer)
  }
  consumer.seenTimeMs = ctx.keyspace.nowMs
  if (!isNew) return true
  if (wanted.claims && ctx.keyspace.nowMs - oldestDelivery(stream, group) >= parsed.minIdleMs) return true
  return stream.length > 0 && stream.lastEntryId(last) && last.compare(group.lastId) > 0
}

/** The request with IDs in the place of "$": what is behind them counts from now on. */
function withKnownIds({ args, client }: CommandContext, wanted: readonly Wanted[]): Request {
  const idOf = ({ key }: Wanted): number => key + parsed.streams
  if (!wanted.some(each => args.is(idOf(each), '$'))) {
    return client.unfinished?.request === args ? args : args.keep()
  }
  const known = Array.from({ length: args.argc }, (_, i) => args.view(i))
  for (const each of wanted) {
    if (args.is(idOf(each), '$')) known[idOf(each)] = Buffer.from(each.behind.toString(), 'latin1')
  }
  return requestFromArguments(known)
}

const start = new StreamId()

/** What is wanted of a stream, beside what is pending. */
function isLongRange({ behind, group, isNew, stream }: Wanted): boolean {
  if (stream === null || (group !== null && !isNew)) return false
  start.set(group?.lastId ?? behind)
  return start.increment() && isLong(stream, { start, end: LAST_ID, backward: false, most: parsed.most })
}

/** What is pending with the consumer. */
function isLongHistory({ group, isNew }: Wanted, { args }: CommandContext): boolean {
  if (group === null || isNew || parsed.most <= LONG_FROM_ENTRIES) return false
  return (group.consumer(args.latin1(parsed.consumer))?.pending.count ?? 0) > LONG_FROM_ENTRIES
}

/** Replies what there is; false, and nothing, where there is none. */
function reply(ctx: CommandContext, wanted: readonly Wanted[]): boolean {
  const { reply } = ctx
  const { most, noAck } = parsed
  const mark = reply.mark()
  let served = 0
  for (const each of wanted) {
    const { behind, group, isNew, key, stream } = each
    if (stream === null || !isServed(ctx, each)) continue
    served++
    if (reply.resp === 2) reply.array(2)
    writeKey(ctx, key, reply)
    if (group === null) {
      start.set(behind).increment()
      writeRange(reply, stream, { start, end: LAST_ID, backward: false, most })
      continue
    }
    const arrayMark = reply.mark()
    const to = recipient(ctx, stream, group, key)
    let count = each.claims ? giveIdle(ctx, to, parsed.minIdleMs, most, reply) : 0
    if (isNew) count += giveNew(ctx, to, { most: most - count, noAck, asDelivered: each.claims }, reply)
    else count = giveAgain(ctx, to, behind, most, reply)
    reply.arrayAt(arrayMark, count)
    ctx.keyspace.dirty++
  }
  if (served > 0) reply.mapAt(mark, served)
  return served > 0
}

function writeKey({ args }: CommandContext, key: number, out: ReplyWriter): void {
  out.bulk(args.buffer, args.starts[key], args.ends[key])
}

function recipient(ctx: CommandContext, stream: Stream, group: ConsumerGroup, key: number): Recipient {
  return { stream, group, consumer: consumerFor(ctx, group, parsed.consumer, key), names: { key, group: parsed.group } }
}

/** As reply(), for a group, where at least one of the streams has much, and nothing is claimed. */
function deliverInSlices(ctx: CommandContext, wanted: readonly Wanted[]): void {
  const { args, client, keyspace } = ctx
  const request = client.unfinished?.request === args ? args : args.keep()
  const works: Delivery[] = []
  for (const each of wanted) {
    const { behind, group, isNew, key, stream } = each
    if (group === null || stream === null) continue
    // The consumer has been heard of; whether there is something for it depends on what comes before.
    isServed(ctx, each)
    const asked = askedOf(recipient(ctx, stream, group, key))
    works.push(isNew ? new NewEntries(ctx, request, asked, parsed.noAck) : new History(keyspace, asked, behind))
  }
  const { resp } = client
  carryOut(ctx, request, works, done => deliveriesReply(done, request, resp))
}

function askedOf({ consumer, group, names, stream }: Recipient): Asked {
  return { key: names.key, groupName: names.group, stream, group, consumer, most: parsed.most }
}

/** A reply with at least one long range, of the streams as they are now; no parts where there is nothing. */
function longParts(ctx: CommandContext, wanted: readonly Wanted[]): ReplyPart[] {
  const { args, client } = ctx
  const { resp } = client
  const { most, noAck } = parsed
  const parts: ReplyPart[] = []
  const writeHead = (out: ReplyWriter, name: Buffer, isFirst: boolean, served: number): void => {
    if (isFirst) {
      if (resp === 3) out.map(served)
      else out.array(served)
    }
    if (resp === 2) out.array(2)
    out.bulk(name, 0, name.length)
  }
  for (const each of wanted) {
    const { behind, group, isNew, key, stream } = each
    if (stream === null || !isServed(ctx, each)) continue
    const name = args.copy(key)
    const isFirst = parts.length === 0
    // Ranges are written when it is known how many there are.
    const head = (out: ReplyWriter): void => writeHead(out, name, isFirst, parts.length)
    if (group === null) {
      start.set(behind).increment()
      parts.push(new RangePart(stream, { start, end: LAST_ID, backward: false, most }, { head }))
      continue
    }
    const to = recipient(ctx, stream, group, key)
    if (!isNew) {
      const history = new History(ctx.keyspace, askedOf(to), behind)
      history.step(Number.POSITIVE_INFINITY)
      parts.push(history.part(head))
      continue
    }
    ctx.keyspace.dirty++
    const out = new ReplyWriter()
    out.resp = resp
    const beforeCount = each.claims ? giveIdle(ctx, to, parsed.minIdleMs, most, out) : 0
    const from = group.lastId.copy()
    from.increment()
    const count = giveNew(ctx, to, { most: most - beforeCount, noAck, asDelivered: each.claims }, null)
    const range = { start: from, end: LAST_ID, backward: false, most: count }
    const form = { head, count, before: out.takeChunks(), beforeCount, asDelivered: each.claims }
    parts.push(new RangePart(stream, range, form))
  }
  return parts
}
