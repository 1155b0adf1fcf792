/**
 * Names against a client's pattern. Nearly all of them are decided on the spot; a long name that a pathological pattern takes
 * long over is put aside, and decided between the turns of others. The reply has what there was when the command came.
 */

import { Glob, MATCH, UNDECIDED } from '../bytes/glob.js'
import { performance } from '../clock/platform.js'
import { encodeBulks } from '../resp/encode.js'
import type { ReplySource } from '../resp/reply-source.js'
import type { ReplyWriter } from '../resp/reply-writer.js'

/** Steps that every name may take, and for each of its bytes: what walking past it costs anyway. */
const FREE_STEPS = 64
const FREE_STEPS_A_BYTE = 4
/** Steps that all the names of a command may take beyond that before it gives way: a few milliseconds. */
const STEPS_AT_ONCE = 500_000
/** Steps between two looks at the clock. */
const STEPS_PER_CLOCK_READ = 20_000

/** A name that is not decided yet, and what the reply has of it if it matches. */
interface LateName {
  readonly name: Buffer
  readonly elements: readonly Buffer[]
}

export class NameMatcher {
  private readonly glob: Glob
  private readonly late: LateName[] = []
  /** How many of them are decided, and whether the next one has been begun. */
  private decided = 0
  private begun = false

  constructor(pattern: Uint8Array) {
    this.glob = new Glob(pattern)
  }

  /** MATCH, NO_MATCH, or UNDECIDED: putOff() has to follow if the name is one that the reply may have. */
  decide(bytes: Uint8Array, start: number, end: number): number {
    const { glob } = this
    const free = FREE_STEPS + FREE_STEPS_A_BYTE * (end - start)
    const before = glob.work
    const result = glob.begin(bytes, start, end, free)
    if (result !== UNDECIDED) {
      glob.work = before
      return result
    }
    const left = STEPS_AT_ONCE - before
    return left > 0 ? glob.goOn(left) : UNDECIDED
  }

  /** Puts a name aside that is UNDECIDED, with what the reply has behind it. The Buffers have to be copies. */
  putOff(name: Buffer, ...more: readonly Buffer[]): void {
    this.late.push({ name, elements: [name, ...more] })
  }

  /** Whether names have been put aside; laterReply() has to follow. */
  get undecided(): boolean {
    return this.late.length > 0
  }

  /** Decides names put aside until `deadlineMs` (performance.now()), and hands over what the reply has of those that match. */
  decideLate(deadlineMs: number, take: (elements: readonly Buffer[]) => void): boolean {
    const { glob, late } = this
    while (this.decided < late.length) {
      if (performance.now() >= deadlineMs) return false
      const { elements, name } = late[this.decided]
      const result = this.begun
        ? glob.goOn(STEPS_PER_CLOCK_READ)
        : glob.begin(name, 0, name.length, STEPS_PER_CLOCK_READ)
      this.begun = result === UNDECIDED
      if (this.begun) continue
      if (result === MATCH) take(elements)
      this.decided++
    }
    return true
  }

  /**
   * The reply once the names put aside are decided: the array of `certain` and of those that match, behind the texts of `head` if
   * there are any.
   */
  laterReply(head: readonly string[], certain: Buffer[]): ReplySource {
    return new LateReply(this, head, certain)
  }
}

class LateReply implements ReplySource {
  private readonly names: NameMatcher
  private readonly head: readonly string[]
  private readonly matching: Buffer[]

  constructor(names: NameMatcher, head: readonly string[], certain: Buffer[]) {
    this.names = names
    this.head = head
    this.matching = certain
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { head, matching, names } = this
    if (!names.decideLate(deadlineMs, elements => matching.push(...elements))) return false
    if (head.length > 0) {
      out.array(head.length + 1)
      for (const text of head) out.bulkText(text)
    }
    out.append(encodeBulks('*', matching))
    return true
  }

  close(): void {}
}
