/** The held form of a value that is one long string to RDB: a string, or a packed value in a Buffer of its own. */
import type { Entries } from '../store/entries.js'
import type { HeldBuffer } from '../store/held-buffers.js'
import type { FormTaker, HeldForm, HoldOptions } from './held-form.js'

const NO_BYTES = Buffer.alloc(0)

export class HeldString implements HeldForm {
  readonly table = null
  readonly memoryBytes = 0
  private readonly head: Buffer
  private held: HeldBuffer | null

  /** @param head bytes that come before the string. */
  constructor(held: HeldBuffer, head: Buffer = NO_BYTES) {
    this.held = held
    this.head = head
  }

  next(taker: FormTaker): boolean {
    const { held } = this
    if (held === null) return false
    this.held = null
    taker.out.raw(this.head)
    taker.string(held)
    return true
  }

  beforeWrite(): void {}

  close(): void {
    this.held?.release()
    this.held = null
  }
}

/** Holds the bytes that the entry at `address` has in a Buffer of its own. */
export function holdBuffer(entries: Entries, address: number, options: HoldOptions): HeldBuffer {
  return holdBytes(entries, entries.buffers.get(entries.payload(address)), options)
}

/** Holds bytes; what that takes is in the store's account for a snapshot, and in that of its own for a value alone. */
export function holdBytes(entries: Entries, bytes: Buffer, { snapshot }: HoldOptions): HeldBuffer {
  return entries.held.hold(bytes, snapshot !== null)
}
