/**
 * The held form of a large sorted set: the number of its members, then each of them and its score, from the greatest to the least as
 * Redis has them (rdb.c): to put each before the others is the least work for a skip list.
 */
import { writeName } from '../../rdb/entry-output.js'
import type { HeldBuffer } from '../../store/held-buffers.js'
import { TreeView } from '../../store/ordered-tree/view.js'
import type { FormTaker, HeldForm, HoldOptions } from '../held-form.js'
import { holdBytes } from '../held-string.js'
import { LARGE_BYTES } from '../large-value.js'
import { elementScore, type LargeSortedSet, type Member } from './large-sorted-set.js'

/** What is given at a time, by the bytes of its members before they are compressed. */
const GIVEN_BYTES = 16 * 1024
/** A length and a score. */
const MEMBER_OVERHEAD_BYTES = 10
/** In slab memory, names of at least this size have a chunk of their own, which stays as it is for as long as it is held. */
const OWN_CHUNK_BYTES = 64 * 1024

export class HeldSortedSet implements HeldForm {
  readonly table = null
  readonly memoryBytes = 0
  private readonly view: TreeView<Member>
  private readonly options: HoldOptions
  private begun = false
  /** There is a member at the view's cursor. */
  private more = true
  /** The member at the cursor is long, and has been given; its score has not. */
  private scoreIsDue = false

  constructor({ tree }: LargeSortedSet, options: HoldOptions) {
    this.view = new TreeView(tree, 'backward')
    this.options = options
  }

  next(taker: FormTaker): boolean {
    const { options, view } = this
    const { entries } = view.tree
    const { out } = taker
    if (!this.begun) {
      this.begun = true
      out.lengthCode(view.count)
      view.seek(view.count - 1)
    }
    for (let given = 0; this.more && given < GIVEN_BYTES; ) {
      const { address } = view.cursor
      const length = entries.keyLength(address)
      if (length > LARGE_BYTES && !this.scoreIsDue) {
        // What has been given so far comes before it.
        this.scoreIsDue = true
        taker.string(this.holdName(address))
        return true
      }
      if (!this.scoreIsDue) writeName(out, entries, address, options.compress)
      this.scoreIsDue = false
      out.double(elementScore(entries, address))
      given += Math.min(length, LARGE_BYTES) + MEMBER_OVERHEAD_BYTES
      this.more = view.step()
    }
    return this.more
  }

  /** The view keeps the element until the next step. */
  private holdName(address: number): HeldBuffer {
    const { entries } = this.view.tree
    const stays = entries.keyLength(address) >= OWN_CHUNK_BYTES
    return holdBytes(entries, stays ? entries.keyView(address) : entries.keyCopy(address), this.options)
  }

  beforeWrite(): void {}

  close(): void {
    this.view.close()
  }
}
