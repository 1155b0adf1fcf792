/**
 * What SINTER, SDIFF and SUNION are made of: a walk through one set, which takes the members that all of the others have, or none of
 * them. Each member is hashed once; members are looked up in batches, so that waiting for memory overlaps.
 */

import { hashBytes } from '../../../bytes/hash.js'
import { performance } from '../../../clock/platform.js'
import { AHEAD_MAX } from '../../../store/table/look-ahead.js'
import { BATCH_MEMBERS, MemberBatch } from './member-batch.js'
import type { MemberWalk, Operand } from './operand.js'

/** Where members go that a pass has chosen. */
export interface MemberTaker {
  /** It looks members up by their hashes, as it is now. */
  readonly wantsHashes: boolean
  /** Members with these hashes are going to be taken. */
  ahead(hashes: Int32Array, count: number): void
  /** Takes the batch's member of number i. `hash`: the member's, if it has been worked out. False: it wants no more. */
  take(batch: MemberBatch, i: number, hash?: number): boolean
}

/** One pass at a time runs for the moment that it takes: nothing is left here between two calls. */
const batch = new MemberBatch()
const memberHashes = new Int32Array(AHEAD_MAX)
/** Which members of the batch are still candidates. */
const chosen = new Int32Array(AHEAD_MAX)

export class Pass {
  private readonly walk: MemberWalk
  private readonly tested: readonly Operand[]
  private readonly wanted: boolean
  private readonly taker: MemberTaker
  /** Some of the tested sets are tables. */
  private readonly testsTables: boolean
  private readonly batchMembers: number

  /** @param wanted whether all the `tested` sets are to have a member, or none is. */
  constructor(walked: Operand, tested: readonly Operand[], wanted: boolean, taker: MemberTaker) {
    this.walk = walked.walk()
    this.tested = tested
    this.wanted = wanted
    this.taker = taker
    this.testsTables = tested.some(({ table }) => table !== null)
    this.batchMembers = Math.max(1, Math.floor(BATCH_MEMBERS / Math.max(1, tested.length)))
  }

  /** Goes on until `deadlineMs` (performance.now()), for a batch at least; true when it has come to its end. */
  run(deadlineMs: number): boolean {
    const { batchMembers, walk } = this
    for (;;) {
      batch.clear()
      let more = true
      while (more && batch.count < batchMembers) more = walk.step(batch)
      // All of the batch: the members that a walk has passed may go.
      for (let from = 0; from < batch.count; from += AHEAD_MAX) {
        if (!this.sift(from, Math.min(AHEAD_MAX, batch.count - from))) return true
      }
      if (!more) return true
      if (deadlineMs !== Number.POSITIVE_INFINITY && performance.now() >= deadlineMs) return false
    }
  }

  /** Looks at `count` members of the batch, from that of number `first` on. False: the taker wants no more. */
  private sift(first: number, count: number): boolean {
    const { buffers, ends, starts } = batch
    const { taker, tested, wanted } = this
    const takerHashes = taker.wantsHashes
    const hashes = takerHashes || this.testsTables
    for (let k = 0; k < count; k++) {
      const i = first + k
      chosen[k] = i
      if (hashes) {
        batch.spell(i)
        memberHashes[k] = hashBytes(buffers[i], starts[i], ends[i])
      }
    }
    let left = count
    for (const operand of tested) {
      operand.table?.touch(memberHashes, left)
      let kept = 0
      for (let k = 0; k < left; k++) {
        const i = chosen[k]
        const hash = memberHashes[k]
        if (operand.has(batch, i, hash) !== wanted) continue
        chosen[kept] = i
        memberHashes[kept++] = hash
      }
      left = kept
      if (left === 0) return true
    }
    if (takerHashes) taker.ahead(memberHashes, left)
    for (let k = 0; k < left; k++) {
      if (!taker.take(batch, chosen[k], hashes ? memberHashes[k] : undefined)) return false
    }
    return true
  }
}
