/** Keys whose values a snapshot writes in pieces, as they were when their bucket was stamped. */
import { writeName } from '../rdb/entry-output.js'
import { RdbOutput } from '../rdb/output.js'
import type { AccessClock } from '../store/access-clock.js'
import type { Entries } from '../store/entries.js'
import { HeldBuffer } from '../store/held-buffers.js'
import type { Keyspace } from '../store/keyspace.js'
import type { HeldForm, HoldOptions } from '../types/held-form.js'
import { kindOf } from '../types/kinds.js'
import { isLarge, LARGE_BYTES } from '../types/large-value.js'
import { writeKeyTraits } from './rdb/encode.js'

const SCRATCH_BYTES = 1024

/** Bytes of the file, or a string that is to be written in pieces. */
export type Part = Buffer | HeldBuffer

const scratch = new RdbOutput(SCRATCH_BYTES)

/** Whether a key is too long, or its value too large, to be written in one go. */
export function isToBeHeld(entries: Entries, address: number): boolean {
  return entries.keyLength(address) > LARGE_BYTES || isLarge(entries, address)
}

/** A key whose turn to be written has not ended. */
export class HeldValue {
  readonly database: number
  /** What is to be written first, in order. */
  readonly parts: Part[] = []
  /** Then the value, unless that is in the parts. */
  readonly form: HeldForm | null
  /** The value has left the keyspace meanwhile: it is to be freed afterwards. */
  dropped = false

  constructor(database: number, keyspace: Keyspace, address: number, access: AccessClock | null, options: HoldOptions) {
    const { entries } = keyspace
    const kind = kindOf(entries, address)
    this.database = database
    writeKeyTraits(scratch, keyspace, address, access)
    if (entries.keyLength(address) <= LARGE_BYTES) writeName(scratch, entries, address, options.compress)
    else {
      this.seal()
      // Whoever names a long key hashes it, which takes longer than the copy.
      this.parts.push(entries.held.hold(entries.keyCopy(address)))
    }
    this.form = isLarge(entries, address) ? kind.hold(keyspace, address, options) : null
    if (this.form === null) kind.write(scratch, entries, address, options.compress)
    this.seal()
  }

  private seal(): void {
    if (scratch.length > 0) this.parts.push(scratch.take())
  }

  /** Lets go of all that has not been written. */
  release(): void {
    for (const part of this.parts) if (part instanceof HeldBuffer) part.release()
    this.form?.close()
  }
}
