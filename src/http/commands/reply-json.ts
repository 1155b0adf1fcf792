/**
 * Replies in RESP3 become JSON as they come, in slices: a reply may have a million elements, or be one string of megabytes.
 *
 * A string that is UTF-8 is a JSON string, any other {"base64":"..."}; status {"status":"OK"}; an integer is a number, {"integer":"..."}
 * where a number would not hold it; {"double":"1.5"}, booleans, null; arrays; {"map":[[key,value],...]}, {"set":[...]}; verbatim text
 * {"text":"..."}; {"error":"ERR ..."}.
 */
import { isUtf8 } from 'node:buffer'
import { performance } from '../../clock/platform.js'
import { LargeString } from './large-string.js'

interface Open {
  readonly type: string
  readonly size: number
  /** Values so far; of a map, keys and values in turn. */
  count: number
}

const LF = 10
const CRLF_BYTES = 2
/** Longer strings are not turned into JSON in one go. */
const LARGE_BYTES = 64 * 1024
/** Of so many characters a piece of JSON is at least, but for the last. */
const PIECE_CHARS = 32 * 1024
const VALUES_PER_CLOCK_READ = 64

const BEGINNINGS: Readonly<Record<string, string>> = { '*': '[', '>': '[', '~': '{"set":[', '%': '{"map":[' }
const ENDS: Readonly<Record<string, string>> = { '*': ']', '>': ']', '~': ']}', '%': ']}' }

export class ReplyJson {
  private readonly queue: Buffer[] = []
  private input: Buffer = Buffer.alloc(0)
  private at = 0
  /** The beginning of a line whose end has not come. */
  private line: Buffer | null = null
  /** A string that has not come as a whole, or is long. */
  private large: LargeString | null = null
  private readonly open: Open[] = []
  /** Values still to be left out: those of an attribute, which says something about the reply behind it. */
  private skipped = 0
  private text = ''
  private pieces: string[] = []
  private isComplete = false

  /** Takes bytes that nobody changes any more. */
  push(bytes: Buffer): void {
    this.queue.push(bytes)
  }

  /** Goes on until `deadlineMs` (performance.now()). True: a reply is complete. */
  run(deadlineMs: number): boolean {
    let left = VALUES_PER_CLOCK_READ
    this.isComplete = false
    while (!this.isComplete) {
      if (--left === 0) {
        if (performance.now() >= deadlineMs) return false
        left = VALUES_PER_CLOCK_READ
      }
      if (this.at === this.input.length && this.large?.isWhole !== true) {
        const next = this.queue.shift()
        if (next === undefined) return false
        this.input = next
        this.at = 0
      }
      if (this.large === null) this.readLine()
      else if (!this.large.isWhole) this.at += this.large.push(this.input.subarray(this.at))
      else if (this.goOnWithLarge(this.large)) left = 1
    }
    return true
  }

  /** Nothing can go on before more has come. */
  get isHungry(): boolean {
    return this.at === this.input.length && this.queue.length === 0 && this.large?.isWhole !== true
  }

  /** The JSON of the complete reply, in pieces. */
  take(): string[] {
    const { pieces, text } = this
    this.pieces = []
    this.text = ''
    if (text !== '') pieces.push(text)
    return pieces
  }

  private readLine(): void {
    const { at, input } = this
    const end = input.indexOf(LF, at) + 1
    if (end === 0) {
      const rest = input.subarray(at)
      this.line = this.line === null ? rest : Buffer.concat([this.line, rest])
      this.at = input.length
      return
    }
    this.at = end
    let line = input.subarray(at, end)
    if (this.line !== null) line = Buffer.concat([this.line, line])
    this.line = null
    this.takeLine(String.fromCharCode(line[0]), line.subarray(1, line.length - CRLF_BYTES))
  }

  private takeLine(type: string, line: Buffer): void {
    switch (type) {
      case '$':
      case '=':
      case '!':
        this.beginString(type, Number(line.toString('latin1')))
        return
      case '*':
      case '~':
      case '%':
      case '>':
        this.begin(type, Number(line.toString('latin1')))
        return
      case '|':
        this.skipped += 2 * Number(line.toString('latin1'))
        return
      default:
        this.value(lineJson(type, line))
    }
  }

  private beginString(type: string, length: number): void {
    if (length < 0) {
      this.value('null')
      return
    }
    const { at, input } = this
    const end = at + length
    if (length > LARGE_BYTES || end + CRLF_BYTES > input.length) {
      this.large = new LargeString(type, length)
      return
    }
    this.at = end + CRLF_BYTES
    this.value(stringJson(type, input.subarray(at, end)))
  }

  /** True: it took a while. */
  private goOnWithLarge(large: LargeString): boolean {
    if (large.length <= LARGE_BYTES) {
      this.large = null
      this.value(stringJson(large.type, large.bytes))
      return false
    }
    if (!large.step()) return true
    this.large = null
    if (this.skipped > 0) this.skipped--
    else {
      this.before()
      for (const piece of large.takePieces()) this.add(piece)
      this.after()
    }
    return true
  }

  private begin(type: string, count: number): void {
    if (count < 0) {
      this.value('null')
      return
    }
    const size = type === '%' ? 2 * count : count
    if (this.skipped > 0) {
      this.skipped += size - 1
      return
    }
    this.before()
    this.add(BEGINNINGS[type])
    this.open.push({ type, size, count: 0 })
    this.closeFull()
  }

  private value(json: string): void {
    if (this.skipped > 0) {
      this.skipped--
      return
    }
    this.before()
    this.add(json)
    this.after()
  }

  private before(): void {
    const last = this.open.at(-1)
    if (last === undefined) return
    const { count, type } = last
    if (type === '%') this.text += count % 2 === 1 ? ',' : count === 0 ? '[' : ',['
    else if (count > 0) this.text += ','
  }

  private after(): void {
    const last = this.open.at(-1)
    if (last === undefined) {
      this.isComplete = true
      return
    }
    last.count++
    if (last.type === '%' && last.count % 2 === 0) this.text += ']'
    this.closeFull()
  }

  private closeFull(): void {
    const last = this.open.at(-1)
    if (last === undefined || last.count < last.size) return
    this.open.pop()
    this.add(ENDS[last.type])
    this.after()
  }

  private add(json: string): void {
    this.text += json
    if (this.text.length < PIECE_CHARS) return
    this.pieces.push(this.text)
    this.text = ''
  }
}

function lineJson(type: string, line: Buffer): string {
  const text = line.toString()
  switch (type) {
    case '+':
      return `{"status":${JSON.stringify(text)}}`
    case '-':
      return `{"error":${JSON.stringify(text)}}`
    case ':':
      return Number.isSafeInteger(Number(text)) ? text : `{"integer":"${text}"}`
    case '(':
      return `{"integer":"${text}"}`
    case ',':
      return `{"double":"${text}"}`
    case '#':
      return text === 't' ? 'true' : 'false'
    default:
      return 'null'
  }
}

/** Bytes of a verbatim string that name its format: "txt:". */
const FORMAT_BYTES = 4

function stringJson(type: string, bytes: Buffer): string {
  const shown = type === '=' ? bytes.subarray(FORMAT_BYTES) : bytes
  if (!isUtf8(shown)) return `{"base64":"${shown.toString('base64')}"}`
  const json = JSON.stringify(shown.toString())
  return type === '$' ? json : type === '=' ? `{"text":${json}}` : `{"error":${json}}`
}
