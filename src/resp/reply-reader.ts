/** Reads replies, RESP2 and RESP3, as they come: what they become is up to who asks. For clients inside this process. */

import { latin1 } from '../bytes/latin1.js'

/** What becomes of each kind of reply. `type` is its first byte in the protocol, as a character. */
export interface ReplyShape<T> {
  /** '+' simple string, '-' error, ':' integer, ',' double, '#' boolean, '(' big number, '_' null: the line without its end, one character a byte. */
  line(type: string, text: string): T
  /** '$' bulk string, '=' verbatim string with its "txt:", '!' bulk error; the bytes hold only until this returns. */
  bulk(type: string, bytes: Buffer): T
  /** '*' array, '~' set, '%' map (keys and values in turn), '>' push. */
  aggregate(type: string, items: T[]): T
  /** What RESP2 sends for nothing at all: "$-1", "*-1". */
  readonly nothing: T
}

interface Open<T> {
  readonly type: string
  readonly items: T[]
  readonly size: number
}

const CR = 13
const CRLF_BYTES = 2
const NO_BULK = -1

export class ReplyReader<T> {
  private readonly shape: ReplyShape<T>
  private readonly take: (reply: T, isPush: boolean) => void
  /** What has come of a reply that is not complete, and how much more it is known to need. */
  private pieces: Buffer[] = []
  private missing = 0
  private readonly open: Open<T>[] = []

  /** @param take called with each reply that is complete. */
  constructor(shape: ReplyShape<T>, take: (reply: T, isPush: boolean) => void) {
    this.shape = shape
    this.take = take
  }

  /** Nothing of a reply that is not complete has come. */
  get isIdle(): boolean {
    return this.pieces.length === 0 && this.open.length === 0
  }

  /** Takes bytes, which may change once this has returned. */
  push(bytes: Buffer): void {
    if (bytes.length < this.missing) {
      this.keep(bytes)
      return
    }
    let all = bytes
    if (this.pieces.length > 0) {
      all = Buffer.concat([...this.pieces, bytes])
      this.pieces = []
      this.missing = 0
    }
    let at = 0
    while (at < all.length) {
      const next = this.readOne(all, at)
      if (next < 0) {
        this.keep(all.subarray(at))
        return
      }
      at = next
    }
  }

  private keep(bytes: Buffer): void {
    this.pieces.push(Buffer.from(bytes))
    this.missing = Math.max(0, this.missing - bytes.length)
  }

  /** Reads a reply, or the head of an aggregate; where it ends, or -1 when it is not all there. */
  private readOne(bytes: Buffer, start: number): number {
    const end = bytes.indexOf(CR, start)
    if (end < 0 || end + 1 === bytes.length) return -1
    const type = String.fromCharCode(bytes[start])
    const behind = end + CRLF_BYTES
    switch (type) {
      case '$':
      case '=':
      case '!': {
        const length = Number(latin1(bytes, start + 1, end))
        if (length === NO_BULK) this.value(this.shape.nothing)
        else if (behind + length + CRLF_BYTES > bytes.length) {
          // keep() takes off what is there.
          this.missing = behind - start + length + CRLF_BYTES
          return -1
        } else {
          this.value(this.shape.bulk(type, bytes.subarray(behind, behind + length)))
          return behind + length + CRLF_BYTES
        }
        return behind
      }
      case '*':
      case '~':
      case '%':
      case '>':
      case '|': {
        const count = Number(latin1(bytes, start + 1, end))
        if (count === NO_BULK) this.value(this.shape.nothing)
        else {
          const size = type === '%' || type === '|' ? count * 2 : count
          this.open.push({ type, items: [], size })
          this.closeFull()
        }
        return behind
      }
      default:
        this.value(this.shape.line(type, latin1(bytes, start + 1, end)))
        return behind
    }
  }

  private value(value: T): void {
    const { open } = this
    if (open.length === 0) this.take(value, false)
    else {
      open[open.length - 1].items.push(value)
      this.closeFull()
    }
  }

  private closeFull(): void {
    const { open, shape } = this
    const last = open[open.length - 1]
    if (last.items.length < last.size) return
    open.pop()
    // Attributes say something about the reply behind them.
    if (last.type === '|') return
    const value = shape.aggregate(last.type, last.items)
    if (last.type === '>' && open.length === 0) this.take(value, true)
    else this.value(value)
  }
}
