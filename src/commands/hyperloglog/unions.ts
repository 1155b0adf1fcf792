/** Unions of many HyperLogLogs. What takes long to reply goes on in slices, with each as it was when the command came. */
import { performance } from 'node:perf_hooks'
import type { ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { HeldBuffer } from '../../store/held-buffers.js'
import { HEADER_BYTES, REGISTERS } from '../../types/hyperloglog/layout.js'
import { SPARSE_MAX_BYTES } from '../../types/hyperloglog/sparse.js'
import { Union } from '../../types/hyperloglog/union.js'
import { countFailure } from '../blocking/unblock.js'
import type { CommandContext } from '../context.js'
import { CORRUPTED, hyperLogLog, open, opened, replyCardinality } from './access.js'

/** Up to so many bytes of HyperLogLogs are gone through at once: about two milliseconds. */
const AT_ONCE_BYTES = 2 * 1024 * 1024

const union = new Union()
/** Room for the longest that is sound, and a byte more. */
const scratch = Buffer.allocUnsafe(HEADER_BYTES + SPARSE_MAX_BYTES + 1)

/** The union of all keys of a request; null when an error has been replied. */
export function unite(ctx: CommandContext): Union | null {
  union.clear()
  for (let i = 1; i < ctx.args.argc; i++) {
    const address = ctx.findForRead(i, ctx.hashAhead(i, 1, 1))
    if (address === 0) continue
    if (!opened(ctx, address, i)) return null
    if (union.add(hyperLogLog.bytes, hyperLogLog.start, hyperLogLog.end)) continue
    ctx.reply.error(CORRUPTED)
    return null
  }
  return union
}

/** Replies the cardinality of the union of all keys of a request. */
export function replyUnion(ctx: CommandContext): void {
  const { args, reply } = ctx
  ctx.takesLonger()
  union.clear()
  let looked = 0
  let later: LaterUnion | null = null
  for (let i = 1; i < args.argc; i++) {
    const address = ctx.findForRead(i, ctx.hashAhead(i, 1, 1))
    if (address === 0) continue
    const error = open(ctx, address, i)
    if (error !== '') {
      if (later === null) {
        reply.error(error)
        return
      }
      // Something before it may turn out to be wrong first.
      later.error = error
      break
    }
    const { bytes, end, start } = hyperLogLog
    looked += end - start
    if (looked > AT_ONCE_BYTES) {
      later ??= new LaterUnion(ctx)
      later.add(address)
    } else if (!union.add(bytes, start, end)) {
      reply.error(CORRUPTED)
      return
    }
  }
  if (later === null) replyCardinality(reply, union.count())
  else later.begin(ctx, union)
}

/** The rest of a union, and the reply. */
class LaterUnion implements ReplySource {
  /** To be replied instead, unless what is added turns out to be damaged. */
  error = ''
  /** Large ones are held as they are, small ones are copied. */
  private readonly held: HeldBuffer[] = []
  private readonly copies: Buffer[] = []
  private readonly addresses = new Set<number>()
  private readonly union = new Union()
  private copiedBytes = 0
  private readonly countFailure: (error: string) => void

  constructor({ command, server }: CommandContext) {
    this.countFailure = error => countFailure(server, command, error)
  }

  get memoryBytes(): number {
    return this.copiedBytes + REGISTERS
  }

  /** Adds the open HyperLogLog, which is at an address. */
  add(address: number): void {
    if (this.addresses.has(address)) return
    this.addresses.add(address)
    const held = hyperLogLog.hold()
    if (held !== null) {
      this.held.push(held)
      return
    }
    const { bytes, end, start } = hyperLogLog
    this.copies.push(Buffer.from(bytes.subarray(start, end)))
    this.copiedBytes += end - start
  }

  /** Replies in time, beginning with what is in `begun`. */
  begin(ctx: CommandContext, begun: Union): void {
    this.union.copy(begun)
    ctx.replyFrom(this)
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    do {
      const intact = this.step()
      if (!intact) {
        this.replyError(out, CORRUPTED)
        return true
      }
      if (this.held.length === 0 && this.copies.length === 0) {
        if (this.error !== '') this.replyError(out, this.error)
        else replyCardinality(out, this.union.count())
        return true
      }
    } while (performance.now() < deadlineMs)
    return false
  }

  /** Adds one more to the union. False: it is damaged. */
  private step(): boolean {
    const copy = this.copies.pop()
    if (copy !== undefined) return this.union.add(copy, 0, copy.length)
    const held = this.held.pop()
    if (held === undefined) return true
    const length = Math.min(held.length, scratch.length)
    held.read(0, length, scratch, 0)
    held.release()
    return this.union.add(scratch, 0, length)
  }

  private replyError(out: ReplyWriter, error: string): void {
    out.error(error)
    this.countFailure(error)
  }

  close(): void {
    for (const held of this.held) held.release()
  }
}
