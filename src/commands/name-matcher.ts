/**
 * Names against a client's pattern. Nearly all of them are decided on the spot; a long name that a pathological pattern takes
 * long over is put aside, and decided between the turns of others. The reply has what there was when the command came.
 */
import { Glob, MATCH, UNDECIDED } from '../bytes/glob.js'
import { encodeBulks } from '../resp/encode.js'
import type { CommandContext } from './context.js'
import { replyChunksAndGoOn } from './unblock.js'

/** Steps that every name may take, and for each of its bytes: what walking past it costs anyway. */
const FREE_STEPS = 64
const FREE_STEPS_A_BYTE = 4
/** Steps that all the names of a command may take beyond that before it gives way: a few milliseconds. */
const STEPS_AT_ONCE = 500_000
/** How long names are matched in one go, and steps between two looks at the clock. */
const SLICE_MS = 1
const STEPS_PER_CLOCK_READ = 20_000

/** A name that is not decided yet, and what the reply has of it if it matches. */
interface LateName {
  readonly name: Buffer
  readonly elements: readonly Buffer[]
}

export class NameMatcher {
  private readonly glob: Glob
  /** A transaction and a client that wants no reply get it over with. */
  private readonly atOnce: boolean
  private readonly late: LateName[] = []

  constructor({ client, inTransaction }: CommandContext, pattern: Uint8Array) {
    this.glob = new Glob(pattern)
    this.atOnce = inTransaction || client.replyMode !== 'on'
  }

  /** MATCH, NO_MATCH, or UNDECIDED: putOff() has to follow if the name is one that the reply may have. */
  decide(bytes: Uint8Array, start: number, end: number): number {
    const { glob } = this
    if (this.atOnce) return glob.begin(bytes, start, end, Number.POSITIVE_INFINITY)
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

  /** Whether names have been put aside; replyLater() has to follow. */
  get undecided(): boolean {
    return this.late.length > 0
  }

  /**
   * The client waits until the names put aside are decided. Its reply is the array of `certain` and of those that match,
   * behind the elements of `head` if there are any.
   */
  replyLater({ client, server }: CommandContext, head: readonly string[], certain: Buffer[]): void {
    const { glob, late } = this
    let next = 0
    let begun = false
    const slice = (): void => {
      if (client.blocked !== waiting || client.closing) return
      const deadline = performance.now() + SLICE_MS
      while (next < late.length && performance.now() < deadline) {
        const { elements, name } = late[next]
        const result = begun ? glob.goOn(STEPS_PER_CLOCK_READ) : glob.begin(name, 0, name.length, STEPS_PER_CLOCK_READ)
        begun = result === UNDECIDED
        if (begun) continue
        if (result === MATCH) certain.push(...elements)
        next++
      }
      if (next < late.length) {
        setImmediate(slice)
        return
      }
      const array = encodeBulks('*', certain)
      if (head.length === 0) replyChunksAndGoOn(server, client, [array])
      else replyChunksAndGoOn(server, client, [arrayOfArray(head, array)])
    }
    const waiting = { kind: 'list', cancel: () => {}, timeOut: null } as const
    client.blocked = waiting
    server.afterTurn(slice)
  }
}

/** An array of texts with an encoded array behind them. */
function arrayOfArray(head: readonly string[], array: Buffer): Buffer {
  const texts = head.map(text => `$${text.length}\r\n${text}\r\n`).join('')
  return Buffer.concat([Buffer.from(`*${head.length + 1}\r\n${texts}`, 'latin1'), array])
}
