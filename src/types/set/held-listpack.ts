/** The RDB form of a set in a listpack: its number of members, and each as a string, as if it were a table. */
import type { RdbOutput } from '../../rdb/output.js'
import type { Entries } from '../../store/entries.js'
import type { HeldBuffer } from '../../store/held-buffers.js'
import {
  lpIntegerHigh,
  lpIntegerLow,
  lpIsInteger,
  lpStringLength,
  lpStringStart,
} from '../../store/listpack/listpack.js'
import type { FormTaker, HeldForm, HoldOptions } from '../held-form.js'
import { holdBytes } from '../held-string.js'
import { LARGE_BYTES } from '../large-value.js'
import { PackedMembers } from './packed-members.js'

/** Writes the listpack element at `pos` as a string. */
export function writeMember(out: RdbOutput, listpack: Buffer, pos: number, compress: boolean): void {
  if (lpIsInteger(listpack, pos)) {
    out.int64(lpIntegerLow(listpack, pos), lpIntegerHigh(listpack, pos))
    return
  }
  const start = lpStringStart(listpack, pos)
  out.string(listpack, start, start + lpStringLength(listpack, pos), compress)
}

/** Such a set in a Buffer of its own, held. Its bytes stay as they are: edits of a held set go to another Buffer (packed-value.ts). */
export class HeldListpack implements HeldForm {
  readonly table = null
  readonly memoryBytes = 0
  private readonly entries: Entries
  private readonly held: HeldBuffer
  private readonly members: PackedMembers
  private readonly options: HoldOptions
  private place: number
  private begun = false

  constructor(entries: Entries, listpack: Buffer, options: HoldOptions) {
    this.entries = entries
    this.options = options
    this.held = holdBytes(entries, listpack, options)
    this.members = new PackedMembers(listpack, 0, false)
    this.place = this.members.first
  }

  next(taker: FormTaker): boolean {
    const { members, options } = this
    const { buffer } = members
    const { out } = taker
    if (this.place < 0) return false
    if (!this.begun) out.lengthCode(members.length)
    this.begun = true
    const until = out.length + out.compressedBytes + LARGE_BYTES
    while (this.place >= 0 && out.length + out.compressedBytes < until) {
      const pos = this.place
      this.place = members.next(pos)
      const start = lpStringStart(buffer, pos)
      if (lpIsInteger(buffer, pos) || lpStringLength(buffer, pos) <= LARGE_BYTES) {
        writeMember(out, buffer, pos, options.compress)
        continue
      }
      taker.string(holdBytes(this.entries, buffer.subarray(start, start + lpStringLength(buffer, pos)), options))
      break
    }
    return true
  }

  beforeWrite(): void {}

  close(): void {
    this.held.release()
  }
}
