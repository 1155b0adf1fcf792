/**
 * What is pending with groups, in order of time, before XREADGROUP CLAIM takes from it. For a group that has not been asked so before,
 * and has much, that takes a while: it is done in slices, and then the command is run again. Afterwards the order is kept.
 */
import { performance, setImmediate } from '../../clock/platform.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import type { ConsumerGroup } from '../../types/stream/consumer-group.js'
import { readPendingId } from '../../types/stream/pending.js'
import type { Stream } from '../../types/stream/stream.js'
import { StreamId } from '../../types/stream/stream-id.js'
import { Unfinished } from '../blocking/key-wait.js'
import { mayWait } from '../blocking/wait-for-keys.js'
import type { CommandContext } from '../context.js'
import { streamNow } from './access.js'

const SLICE_MS = 1
const LEFT_OUT_BETWEEN_CLOCK_READS = 64

/** A group of a stream, by the argument that names its key. */
export interface OrderedGroup {
  readonly key: number
  readonly stream: Stream
  readonly group: ConsumerGroup
}

const cursor = new TreeCursor()
const id = new StreamId()

/** Whether what is pending is in order; else the command will be run again when it is. `untilMs`: when its wait for entries ends. */
export function areInOrder(ctx: CommandContext, groups: readonly OrderedGroup[], untilMs: number): boolean {
  const deadline = mayWait(ctx) && !ctx.inScript ? performance.now() + SLICE_MS : Number.POSITIVE_INFINITY
  if (groups.every(({ group, stream }) => putInOrder(stream, group, deadline))) return true
  orderLater(ctx, groups, untilMs)
  return false
}

/** Goes on; true when the group has an order, and what has been pending for longest is in the stream. */
function putInOrder(stream: Stream, { byTime }: ConsumerGroup, deadlineMs: number): boolean {
  if (!byTime.make(deadlineMs)) return false
  for (let leftOut = 1; byTime.first(cursor); leftOut++) {
    const { address } = cursor
    if (stream.has(readPendingId(stream.entries, address, id))) return true
    // An entry that is gone will not come back: nobody needs to pass it by again.
    byTime.remove(address)
    if (leftOut % LEFT_OUT_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) return false
  }
  return true
}

function orderLater(ctx: CommandContext, groups: readonly OrderedGroup[], untilMs: number): void {
  const { args, client, command, db, server } = ctx
  const unfinished = client.unfinished ?? new Unfinished(command, args.keep(), untilMs)
  const left = groups.map(({ group, key }) => ({ key: args.copy(key), name: group.name.toString('latin1'), group }))
  let over = false
  const end = (): void => {
    over = true
  }
  /** Those that have gone meanwhile, the command will see to. */
  const goOn = (): void => {
    if (over) return
    const deadline = performance.now() + SLICE_MS
    for (const { group, key, name } of left) {
      const stream = streamNow(db, key)
      if (stream === null || stream.groups.get(name) !== group || putInOrder(stream, group, deadline)) continue
      setImmediate(goOn)
      return
    }
    end()
    client.blocked = null
    server.runAgain(client, unfinished)
    if (client.blocked === null && client.transport.pendingInputBytes > 0) {
      server.afterTurn(() => client.transport.resume())
    }
  }
  client.unfinished = unfinished
  client.blocked = { kind: 'key', cancel: end, timeOut: null }
  setImmediate(goOn)
}
