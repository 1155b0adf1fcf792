/** The pairs of a small sorted set by their ranks: a copy, which stays as it is. */

import { LP_HEADER_SIZE, lpEntrySize, lpLength } from '../../store/listpack/listpack.js'
import type { ByteRange } from '../byte-range.js'
import { findMember, nextPair, scoreAt } from './sorted-set-listpack.js'

export class ListpackPairs {
  readonly count: number
  readonly memoryBytes: number
  private readonly listpack: Buffer
  private readonly positions: Int32Array

  /** @param listpack all of a copy. */
  constructor(listpack: Buffer) {
    this.listpack = listpack
    this.count = lpLength(listpack, 0) >>> 1
    this.positions = new Int32Array(this.count)
    this.memoryBytes = listpack.length + this.positions.byteLength
    for (let pos = LP_HEADER_SIZE, rank = 0; rank < this.count; rank++) {
      this.positions[rank] = pos
      pos = nextPair(listpack, pos)
    }
  }

  /** Shows the member at a rank, and returns its score. O(1). */
  show(rank: number, member: ByteRange): number {
    const { listpack } = this
    const pos = this.positions[rank]
    member.readListpack(listpack, pos)
    return scoreAt(listpack, pos + lpEntrySize(listpack, pos))
  }

  /** The score of a member; NaN when it is not there. O(n). */
  scoreOf(member: Buffer, start: number, end: number): number {
    const { listpack } = this
    const pos = findMember(listpack, 0, member, start, end)
    return pos < 0 ? Number.NaN : scoreAt(listpack, pos + lpEntrySize(listpack, pos))
  }

  close(): void {}
}
