/** A string of a reply that comes in pieces, or is so long that it becomes JSON piece by piece. */

const CRLF_BYTES = 2
/** What becomes JSON in one go; divisible by three, as base64 wants it. */
const STEP_BYTES = 48 * 1024
/** Bytes of a verbatim string that name its format: "txt:". */
const FORMAT_BYTES = 4

const BEGINNINGS: Readonly<Record<string, string>> = { $: '"', '=': '{"text":"', '!': '{"error":"' }
const ENDS: Readonly<Record<string, string>> = { $: '"', '=': '"}', '!': '"}' }

export class LargeString {
  readonly type: string
  readonly length: number
  /** With the line end behind it. */
  private readonly buffer: Buffer
  private filled = 0
  private at: number
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  private isText = true
  private pieces: string[] = []

  constructor(type: string, length: number) {
    this.type = type
    this.length = length
    this.buffer = Buffer.allocUnsafeSlow(length + CRLF_BYTES)
    this.at = this.start
  }

  private get start(): number {
    return this.type === '=' ? FORMAT_BYTES : 0
  }

  get isWhole(): boolean {
    return this.filled === this.buffer.length
  }

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length)
  }

  /** Takes what belongs to it; returns how many bytes that are. */
  push(bytes: Buffer): number {
    const taken = bytes.copy(this.buffer, this.filled)
    this.filled += taken
    return taken
  }

  /** Turns more of the whole string into JSON. True: all of it. */
  step(): boolean {
    const end = Math.min(this.at + STEP_BYTES, this.length)
    const piece = this.buffer.subarray(this.at, end)
    const isLast = end === this.length
    if (!this.isText) this.pieces.push(piece.toString('base64'))
    else if (!this.addText(piece, isLast)) {
      this.isText = false
      this.pieces = []
      this.at = this.start
      return false
    }
    this.at = end
    return isLast
  }

  /** False: it is no UTF-8. */
  private addText(piece: Buffer, isLast: boolean): boolean {
    try {
      this.pieces.push(JSON.stringify(this.decoder.decode(piece, { stream: !isLast })).slice(1, -1))
      return true
    } catch {
      return false
    }
  }

  /** To be called when step() has come to the end. */
  takePieces(): string[] {
    const [begin, end] = this.isText ? [BEGINNINGS[this.type], ENDS[this.type]] : ['{"base64":"', '"}']
    return [begin, ...this.pieces, end]
  }
}
