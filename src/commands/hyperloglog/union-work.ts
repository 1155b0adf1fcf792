/** The union of many HyperLogLogs as they are at one moment, made in slices. */
import { performance } from '../../clock/platform.js'
import type { HeldBuffer } from '../../store/held-buffers.js'
import { HEADER_BYTES, REGISTERS } from '../../types/hyperloglog/layout.js'
import { SPARSE_MAX_BYTES } from '../../types/hyperloglog/sparse.js'
import type { StoredHyperLogLog } from '../../types/hyperloglog/stored.js'
import { Union } from '../../types/hyperloglog/union.js'
import type { CommandContext } from '../context.js'
import { CORRUPTED, hyperLogLog, open } from './access.js'

/** Up to so many bytes of HyperLogLogs are gone through at once: about two milliseconds. */
const AT_ONCE_BYTES = 2 * 1024 * 1024

/** Room for the longest that is sound, and a byte more. */
const scratch = Buffer.allocUnsafe(HEADER_BYTES + SPARSE_MAX_BYTES + 1)
/** The union of a command that is done at once. */
const atOnce = new Union()

export class UnionWork {
  readonly union: Union
  /** What is to be replied instead of a result; '' for nothing. */
  error = ''
  /** Large ones are held as they are, small ones are copied. */
  private readonly held: HeldBuffer[] = []
  private readonly copies: Buffer[] = []
  private readonly addresses = new Set<number>()
  private copiedBytes = 0

  constructor(union: Union) {
    this.union = union
  }

  get memoryBytes(): number {
    return this.copiedBytes + REGISTERS
  }

  get isDone(): boolean {
    return this.held.length === 0 && this.copies.length === 0
  }

  /** Holds the HyperLogLog at an address for later. */
  hold(one: StoredHyperLogLog, address: number): void {
    if (this.addresses.has(address)) return
    this.addresses.add(address)
    const held = one.hold()
    if (held !== null) {
      this.held.push(held)
      return
    }
    this.copies.push(Buffer.from(one.bytes.subarray(one.start, one.end)))
    this.copiedBytes += one.end - one.start
  }

  /** Goes on until `deadlineMs` (performance.now()); true when all is done. */
  run(deadlineMs: number): boolean {
    while (!this.isDone) {
      if (!this.step()) {
        this.error = CORRUPTED
        this.close()
        return true
      }
      if (performance.now() >= deadlineMs) break
    }
    return this.isDone
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

  /** Lets go of what is held. */
  close(): void {
    for (const held of this.held.splice(0)) held.release()
    this.copies.length = 0
  }
}

/**
 * Begins with the union of all keys of a request: what is little work is done when this returns, and `union` then is for the command
 * that is running alone. With `sliced` the rest may be left for later. Looks no further than to the first key that is wrong.
 */
export function beginUnion(ctx: CommandContext, sliced: boolean): UnionWork {
  atOnce.clear()
  let work = new UnionWork(atOnce)
  let left = sliced ? AT_ONCE_BYTES : Number.POSITIVE_INFINITY
  for (let i = 1; i < ctx.args.argc && work.error === ''; i++) {
    const address = ctx.findForRead(i, ctx.hashAhead(i, 1, 1))
    if (address === 0) continue
    work.error = open(ctx, address, i)
    if (work.error !== '') break
    const { bytes, end, start } = hyperLogLog
    left -= end - start
    if (left < 0) {
      if (work.union === atOnce) work = new UnionWork(atOnce.copy())
      work.hold(hyperLogLog, address)
    } else if (!atOnce.add(bytes, start, end)) work.error = CORRUPTED
  }
  return work
}
