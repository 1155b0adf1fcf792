/** LMOVE and RPOPLPUSH, and those that wait: BLMOVE, BRPOPLPUSH. Source of behaviour: Redis's t_list.c. */
import { EVENT_LIST } from '../../config/keyspace-events.js'
import { TYPE_LIST } from '../../store/entries.js'
import { parseInt64Halves } from '../../store/listpack/listpack-int64.js'
import { List } from '../../types/list/list.js'
import { mayWait, readTimeout, waitForKeys } from '../blocking/wait-for-keys.js'
import type { CommandContext } from '../context.js'
import { element, list, openForWrite, readEnd } from './access.js'
import { elementsRemoved } from './pop.js'

const destination = new List()
/** An element on its way. */
const moved = Buffer.allocUnsafeSlow(4096)

/** LMOVE source destination LEFT|RIGHT LEFT|RIGHT. Bulk reply: the element that was moved. */
export function lmove(ctx: CommandContext): void {
  const fromHead = readEnd(ctx, 3)
  if (fromHead === null) return
  const toHead = readEnd(ctx, 4)
  if (toHead === null) return
  if (openForWrite(ctx)) move(ctx, fromHead, toHead)
}

/** RPOPLPUSH source destination. */
export function rpoplpush(ctx: CommandContext): void {
  if (openForWrite(ctx)) move(ctx, false, true)
}

/** BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout. */
export function blmove(ctx: CommandContext): void {
  const { args } = ctx
  const fromHead = readEnd(ctx, 3)
  if (fromHead === null) return
  const toHead = readEnd(ctx, 4)
  if (toHead === null) return
  if (!moveOrWait(ctx, fromHead, toHead, 5)) return
  ctx.propagateAs('LMOVE', args.view(1), args.view(2), args.view(3), args.view(4))
}

/** BRPOPLPUSH source destination timeout. */
export function brpoplpush(ctx: CommandContext): void {
  const { args } = ctx
  if (moveOrWait(ctx, false, true, 3)) ctx.propagateAs('RPOPLPUSH', args.view(1), args.view(2))
}

/** Moves an element, or waits for one, for as long as argument `timeout` says. Returns whether one was moved. */
function moveOrWait(ctx: CommandContext, fromHead: boolean, toHead: boolean, timeout: number): boolean {
  const timeoutMs = readTimeout(ctx, timeout)
  if (Number.isNaN(timeoutMs) || !openForWrite(ctx)) return false
  if (list.address !== 0) return move(ctx, fromHead, toHead)
  if (mayWait(ctx)) waitForKeys(ctx, TYPE_LIST, 1, 2, timeoutMs)
  else ctx.reply.null()
  return false
}

/** Moves an element of the list that is open, that of argument 1, to that of argument 2, which may be the same. False: there was none. */
function move(ctx: CommandContext, fromHead: boolean, toHead: boolean): boolean {
  const { args, keyspace, reply } = ctx
  if (list.address === 0) {
    reply.null()
    return false
  }
  const isSame = args.view(1).equals(args.view(2))
  const target = isSame ? list : destination
  if (!isSame && !openForWrite(ctx, destination, 2)) return false
  list.showEnd(fromHead, element)
  const { length } = element
  const value = length <= moved.length ? moved : Buffer.allocUnsafeSlow(length)
  element.buffer.copy(value, 0, element.start, element.end)
  // Redis takes an integer that comes out of a quicklist for an object without bytes (listTypeTryConvertListpack).
  const counted = list.quicklist !== null && parseInt64Halves(value, 0, length) ? 0 : length
  list.removeEnd(fromHead)
  target.makeRoom(counted, 1, ctx.server.valueLimits.list)
  target.pushOne(toHead, value, 0, length)
  if (value === moved) reply.bulk(value, 0, length)
  else reply.bulkReference(value)
  ctx.touch(2)
  ctx.notify(EVENT_LIST, toHead ? 'lpush' : 'rpush', 2)
  elementsRemoved(ctx, list, 1, fromHead, 1)
  // It is one change to two keys.
  keyspace.dirty--
  return true
}
