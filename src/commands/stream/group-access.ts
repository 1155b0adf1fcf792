/** Consumer groups as arguments, and what replicas hear of them. Source: t_stream.c. */
import { EVENT_STREAM } from '../../config/keyspace-events.js'
import { encodeRequest } from '../../resp/request.js'
import type { Consumer, ConsumerGroup } from '../../types/stream/consumer-group.js'
import { deliveryCount, deliveryTime } from '../../types/stream/pending.js'
import type { Stream } from '../../types/stream/stream.js'
import type { StreamId } from '../../types/stream/stream-id.js'
import type { CommandContext, Propagated } from '../context.js'

/** What an entry of the command's group is delivered by: its arguments. */
export interface GroupArguments {
  readonly key: number
  readonly group: number
}

export function findGroup({ args }: CommandContext, stream: Stream | null, index: number): ConsumerGroup | null {
  return stream?.groups.get(args.latin1(index)) ?? null
}

/** NOGROUP for a group that is not there, as XPENDING, XCLAIM and XAUTOCLAIM put it. */
export function replyNoGroup({ args, reply }: CommandContext, key: number, group: number, behind = ''): void {
  reply.error(`NOGROUP No such key '${args.latin1(key)}' or consumer group '${args.latin1(group)}'${behind}`)
}

/** NOGROUP as XGROUP and XINFO put it. */
export function replyNoGroupOfKey({ args, reply }: CommandContext, key: number, group: number): void {
  reply.error(`NOGROUP No such consumer group '${args.latin1(group)}' for key name '${args.latin1(key)}'`)
}

/** The consumer that argument `index` names, made if there is none: that is a change, but none that replicas hear of by itself. */
export function consumerFor(ctx: CommandContext, group: ConsumerGroup, index: number, key: number): Consumer {
  const name = ctx.args.latin1(index)
  return group.consumer(name) ?? createConsumer(ctx, group, name, key)
}

export function createConsumer(ctx: CommandContext, group: ConsumerGroup, name: string, key: number): Consumer {
  const { keyspace } = ctx
  const consumer = group.addConsumer(name, keyspace.nowMs)
  keyspace.dirty++
  ctx.notify(EVENT_STREAM, 'xgroup-createconsumer', key)
  return consumer
}

/**
 * Replicas get what is pending with `consumer` now, as XCLAIM. `given`: the argument that named the entry, which may be without a sequence
 * number; 0 for none.
 */
export function propagateClaim(
  ctx: CommandContext,
  { key, group: name }: GroupArguments,
  group: ConsumerGroup,
  consumer: Consumer,
  id: StreamId,
  pending: number,
  given = 0,
): void {
  if (!ctx.propagates) return
  const { entries } = ctx.keyspace
  ctx.propagateAs(
    'XCLAIM',
    ctx.args.view(key),
    ctx.args.view(name),
    consumer.name,
    '0',
    given > 0 ? ctx.args.view(given) : id.toString(),
    'TIME',
    String(deliveryTime(entries, pending)),
    'RETRYCOUNT',
    String(deliveryCount(entries, pending)),
    'FORCE',
    'JUSTID',
    'LASTID',
    group.lastId.toString(),
  )
}

/** Replicas get how far the group has read. */
export function propagateGroup(ctx: CommandContext, { key, group: name }: GroupArguments, group: ConsumerGroup): void {
  if (ctx.propagates) ctx.propagateAs(...groupArguments(ctx.args.view(key), ctx.args.view(name), group))
}

function groupArguments(key: Buffer, name: Buffer, { entriesRead, lastId }: ConsumerGroup): (string | Buffer)[] {
  return ['XGROUP', 'SETID', key, name, lastId.toString(), 'ENTRIESREAD', String(entriesRead)]
}

/** The same, for who sends it later. */
export function propagatedGroup(database: number, key: Buffer, name: Buffer, group: ConsumerGroup): Propagated {
  return { database, request: null, pieces: [encodeRequest(...groupArguments(key, name, group))] }
}

export function propagateConsumer(ctx: CommandContext, { key, group: name }: GroupArguments, consumer: Consumer): void {
  if (!ctx.propagates) return
  ctx.propagateAs('XGROUP', 'CREATECONSUMER', ctx.args.view(key), ctx.args.view(name), consumer.name)
}
