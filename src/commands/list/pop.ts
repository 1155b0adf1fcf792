/** LPOP, RPOP, LMPOP, and those that wait: BLPOP, BRPOP, BLMPOP. Source of behaviour: Redis's t_list.c. */
import { EVENT_GENERIC, EVENT_LIST } from '../../config/keyspace-events.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { TYPE_LIST } from '../../store/entries.js'
import type { List } from '../../types/list/list.js'
import { readTimeout, waitForKeys } from '../blocking/wait-for-keys.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { MUST_BE_POSITIVE, readCount } from '../counts.js'
import { element, list, openForWrite, readEnd } from './access.js'
import { replyPart } from './list-replies.js'

const BRIEF_MAX_ELEMENTS = 8

/** LPOP key [count]. Bulk reply: the first element; with a count an array of so many. */
export function lpop(ctx: CommandContext): void {
  pop(ctx, true)
}

/** RPOP key [count]: as LPOP, from the tail. */
export function rpop(ctx: CommandContext): void {
  pop(ctx, false)
}

function pop(ctx: CommandContext, atHead: boolean): void {
  const { args, reply } = ctx
  if (args.argc > 2) {
    popSeveral(ctx, atHead)
    return
  }
  if (!openForWrite(ctx)) return
  if (list.address === 0) {
    reply.null()
    return
  }
  list.showEnd(atHead, element)
  element.writeTo(reply)
  list.removeEnd(atHead)
  elementsRemoved(ctx, list, 1, atHead, 1)
}

function popSeveral(ctx: CommandContext, atHead: boolean): void {
  const { args, reply } = ctx
  if (args.argc > 3) {
    reply.error(`ERR wrong number of arguments for '${ctx.command.fullName}' command`)
    return
  }
  const count = readCount(ctx, 2, 0n, MUST_BE_POSITIVE)
  if (Number.isNaN(count) || !openForWrite(ctx)) return
  if (list.address === 0) reply.nullArray()
  else if (count === 0) reply.array(0)
  else take(ctx, 1, atHead, count, (out, taken) => out.array(taken))
}

/** Takes up to `count` elements out of the list that is open, that of argument `key`, and replies them. Returns how many. */
function take(
  ctx: CommandContext,
  key: number,
  atHead: boolean,
  count: number,
  head: (out: ReplyWriter, taken: number) => void,
): number {
  const { length } = list
  const taken = Math.min(count, length)
  if (taken > BRIEF_MAX_ELEMENTS) ctx.takesLonger()
  const from = atHead ? 0 : length - 1
  replyPart(ctx, list, { from, count: taken, backward: !atHead }, out => head(out, taken))
  list.deleteRange(atHead ? 0 : length - taken, taken)
  elementsRemoved(ctx, list, key, atHead, taken)
  return taken
}

/** `count` elements have been popped from the list of key argument `key`: what follows from that. */
export function elementsRemoved(ctx: CommandContext, from: List, key: number, atHead: boolean, count: number): void {
  const dropped = from.dropIfEmpty()
  if (!dropped) from.shrunk(ctx.server.valueLimits.list)
  ctx.touch(key)
  ctx.notify(EVENT_LIST, atHead ? 'lpop' : 'rpop', key)
  if (dropped) ctx.notify(EVENT_GENERIC, 'del', key)
  ctx.keyspace.dirty += count - 1
}

/** LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count]. Array reply: the first key that is a list, and its elements. */
export function lmpop(ctx: CommandContext): void {
  const options = readOptions(ctx, 1)
  if (options !== null && !takeFromFirst(ctx, options)) ctx.reply.nullArray()
}

/** BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]. */
export function blmpop(ctx: CommandContext): void {
  const options = readOptions(ctx, 2)
  if (options === null) return
  const timeoutMs = readTimeout(ctx, 1)
  if (Number.isNaN(timeoutMs) || takeFromFirst(ctx, options)) return
  waitForKeys(ctx, TYPE_LIST, options.firstKey, options.behindKeys, timeoutMs)
}

interface PopOptions {
  readonly firstKey: number
  readonly behindKeys: number
  readonly atHead: boolean
  readonly count: number
}

/** Reads numkeys, argument `index`, and what follows. Replies the error and returns null when that makes no sense. */
function readOptions(ctx: CommandContext, index: number): PopOptions | null {
  const { args, reply } = ctx
  const keys = readCount(ctx, index, 1n, 'ERR numkeys should be greater than 0')
  if (Number.isNaN(keys)) return null
  const behindKeys = index + 1 + keys
  if (behindKeys >= args.argc) {
    reply.error(SYNTAX_ERROR)
    return null
  }
  const atHead = readEnd(ctx, behindKeys)
  if (atHead === null) return null
  let count = -1
  for (let i = behindKeys + 1; i < args.argc; i++) {
    if (count >= 0 || !args.is(i, 'count') || i + 1 === args.argc) {
      reply.error(SYNTAX_ERROR)
      return null
    }
    count = readCount(ctx, ++i, 1n, 'ERR count should be greater than 0')
    if (Number.isNaN(count)) return null
  }
  return { firstKey: index + 1, behindKeys, atHead, count: Math.max(1, count) }
}

/** Takes elements out of the first key that is there; false when none is. Replicas get it as LPOP or RPOP. */
function takeFromFirst(ctx: CommandContext, { atHead, behindKeys, count, firstKey }: PopOptions): boolean {
  const { args } = ctx
  for (let key = firstKey; key < behindKeys; key++) {
    if (!openForWrite(ctx, list, key)) return true
    if (list.address === 0) continue
    const name = args.copy(key)
    const taken = take(ctx, key, atHead, count, (out, elements) => {
      out.array(2)
      out.bulk(name, 0, name.length)
      out.array(elements)
    })
    ctx.propagateAs(atHead ? 'LPOP' : 'RPOP', name, String(taken))
    return true
  }
  return false
}

/** BLPOP key [key ...] timeout. Array reply: the first key that is a list, and its first element. */
export function blpop(ctx: CommandContext): void {
  blockingPop(ctx, true)
}

/** BRPOP key [key ...] timeout: as BLPOP, with the last element. */
export function brpop(ctx: CommandContext): void {
  blockingPop(ctx, false)
}

function blockingPop(ctx: CommandContext, atHead: boolean): void {
  const { args, reply } = ctx
  const behindKeys = args.argc - 1
  const timeoutMs = readTimeout(ctx, behindKeys)
  if (Number.isNaN(timeoutMs)) return
  for (let key = 1; key < behindKeys; key++) {
    if (!openForWrite(ctx, list, key)) return
    if (list.address === 0) continue
    reply.array(2)
    reply.bulk(args.buffer, args.starts[key], args.ends[key])
    list.showEnd(atHead, element)
    element.writeTo(reply)
    list.removeEnd(atHead)
    elementsRemoved(ctx, list, key, atHead, 1)
    ctx.propagateAs(atHead ? 'LPOP' : 'RPOP', args.view(key))
    return
  }
  waitForKeys(ctx, TYPE_LIST, 1, behindKeys, timeoutMs)
}
