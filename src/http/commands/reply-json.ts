/**
 * Replies in RESP3 become JSON as they come, in slices: a reply may have a million elements, or be one string of megabytes.
 *
 * A string that is UTF-8 is a JSON string, any other {"base64":"..."}; status {"status":"OK"}; an integer is a number, {"integer":"..."}
 * where a number would not hold it; {"double":"1.5"}, booleans, null; arrays; {"map":[[key,value],...]}, {"set":[...]}; verbatim text
 * {"text":"..."}; {"error":"ERR ..."}.
 */
import { isUtf8 } from 'node:buffer'
import { latin1 } from '../../bytes/latin1.js'
import { performance } from '../../clock/platform.js'
import { JsonOutput } from './json-output.js'
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
const LARGE_BYTES = 16 * 1024
/** Integers of so many digits are held by numbers. */
const SAFE_DIGITS = 15
/** Bytes of a verbatim string that name its format: "txt:". */
const FORMAT_BYTES = 4
const VALUES_PER_CLOCK_READ = 64

const BEGINNINGS: Readonly<Record<string, string>> = { '*': '[', '>': '[', '~': '{"set":[', '%': '{"map":[' }
const ENDS: Readonly<Record<string, string>> = { '*': ']', '>': ']', '~': ']}', '%': ']}' }

export class ReplyJson {
  private readonly out = new JsonOutput()
  private readonly queue: Buffer[] = []
  private input: Buffer = Buffer.alloc(0)
  private at = 0
  /** The beginning of a line whose end has not come. */
  private line: Buffer | null = null
  /** A string that has not come as a whole, or is long. */
  private large: LargeString | null = null
  private largeBegun = false
  private readonly open: Open[] = []
  /** Values still to be left out: those of an attribute, which says something about the reply behind it. */
  private skipped = 0
  private isComplete = false

  /** Takes bytes that nobody changes until isHungry. */
  push(bytes: Buffer): void {
    this.queue.push(bytes)
  }

  /** Nothing can go on before more has come. */
  get isHungry(): boolean {
    return this.at === this.input.length && this.queue.length === 0 && this.large?.isWhole !== true
  }

  /** Bytes of all JSON so far. */
  get bytes(): number {
    return this.out.total
  }

  /** The JSON of the complete reply. */
  take(): Buffer[] {
    return this.out.take()
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
      else if (this.goOnWithLarge(this.large)) left = 1
    }
    return true
  }

  private readLine(): void {
    const { at, input } = this
    const end = input.indexOf(LF, at) + 1
    if (end === 0) {
      // What comes next may take the place of this piece.
      const rest = input.subarray(at)
      this.line = this.line === null ? Buffer.from(rest) : Buffer.concat([this.line, rest])
      this.at = input.length
      return
    }
    this.at = end
    if (this.line === null) {
      this.takeLine(input, at, end - CRLF_BYTES)
      return
    }
    const line = Buffer.concat([this.line, input.subarray(at, end)])
    this.line = null
    this.takeLine(line, 0, line.length - CRLF_BYTES)
  }

  private takeLine(bytes: Buffer, start: number, end: number): void {
    const type = String.fromCharCode(bytes[start])
    switch (type) {
      case '$':
      case '=':
      case '!':
        this.beginString(type, numberIn(bytes, start + 1, end))
        return
      case '*':
      case '~':
      case '%':
      case '>':
        this.beginAggregate(type, numberIn(bytes, start + 1, end))
        return
      case '|':
        this.skipped += 2 * numberIn(bytes, start + 1, end)
        return
      default:
        if (!this.before()) return
        this.writeLine(type, bytes, start + 1, end)
        this.after()
    }
  }

  private writeLine(type: string, bytes: Buffer, start: number, end: number): void {
    const { out } = this
    switch (type) {
      case '+':
        this.writeText('{"status":"', bytes, start, end)
        return
      case '-':
        this.writeText('{"error":"', bytes, start, end)
        return
      case ':':
        if (end - start <= SAFE_DIGITS || Number.isSafeInteger(numberIn(bytes, start, end))) out.raw(bytes, start, end)
        else this.writeText('{"integer":"', bytes, start, end)
        return
      case '(':
        this.writeText('{"integer":"', bytes, start, end)
        return
      case ',':
        this.writeText('{"double":"', bytes, start, end)
        return
      case '#':
        out.ascii(bytes[start] === 't'.charCodeAt(0) ? 'true' : 'false')
        return
      default:
        out.ascii('null')
    }
  }

  /** A line's text: what is no UTF-8 in it is replaced. */
  private writeText(beginning: string, bytes: Buffer, start: number, end: number): void {
    const { out } = this
    const text = bytes.subarray(start, end)
    const shown = isUtf8(text) ? text : Buffer.from(text.toString())
    out.ascii(beginning)
    out.escaped(shown, 0, shown.length)
    out.ascii('"}')
  }

  private beginString(type: string, length: number): void {
    if (length < 0) {
      this.writeNull()
      return
    }
    const { at, input } = this
    const end = at + length
    if (length > LARGE_BYTES || end + CRLF_BYTES > input.length) {
      this.large = new LargeString(type, length, skippedBytes(type))
      this.largeBegun = false
      return
    }
    this.at = end + CRLF_BYTES
    this.writeString(type, input, at, end)
  }

  private writeNull(): void {
    if (!this.before()) return
    this.out.ascii('null')
    this.after()
  }

  private writeString(type: string, bytes: Buffer, begin: number, end: number): void {
    if (!this.before()) return
    const { out } = this
    const start = begin + skippedBytes(type)
    if (isUtf8(bytes.subarray(start, end))) {
      out.ascii(type === '$' ? '"' : type === '=' ? '{"text":"' : '{"error":"')
      out.escaped(bytes, start, end)
      out.ascii(type === '$' ? '"' : '"}')
    } else {
      out.ascii('{"base64":"')
      out.ascii(bytes.toString('base64', start, end))
      out.ascii('"}')
    }
    this.after()
  }

  /** True: it took a while. */
  private goOnWithLarge(large: LargeString): boolean {
    if (!large.isWhole) {
      const { at, input } = this
      this.at = large.push(input, at, input.length)
      return large.length > LARGE_BYTES
    }
    if (large.length <= LARGE_BYTES) {
      this.large = null
      this.writeString(large.type, large.bytes, 0, large.length)
      return false
    }
    if (!large.check()) return true
    const [beginning, end] = large.ends
    if (!this.largeBegun) {
      this.largeBegun = true
      if (this.before()) this.out.ascii(beginning)
      else this.large = null
    } else if (large.write(this.out)) {
      this.large = null
      this.out.ascii(end)
      this.after()
    }
    return true
  }

  private beginAggregate(type: string, count: number): void {
    if (count < 0) {
      this.writeNull()
      return
    }
    const size = type === '%' ? 2 * count : count
    if (!this.before()) {
      this.skipped += size
      return
    }
    this.out.ascii(BEGINNINGS[type])
    this.open.push({ type, size, count: 0 })
    this.closeFull()
  }

  /** A value begins. False: it is to be left out. */
  private before(): boolean {
    if (this.skipped > 0) {
      this.skipped--
      return false
    }
    const { open } = this
    if (open.length === 0) return true
    const { count, type } = open[open.length - 1]
    if (type === '%') this.out.ascii(count % 2 === 1 ? ',' : count === 0 ? '[' : ',[')
    else if (count > 0) this.out.ascii(',')
    return true
  }

  /** A value has ended. */
  private after(): void {
    const { open } = this
    if (open.length === 0) {
      this.isComplete = true
      return
    }
    const last = open[open.length - 1]
    last.count++
    if (last.type === '%' && last.count % 2 === 0) this.out.ascii(']')
    this.closeFull()
  }

  private closeFull(): void {
    const { open } = this
    const last = open[open.length - 1]
    if (last.count < last.size) return
    open.pop()
    this.out.ascii(ENDS[last.type])
    this.after()
  }
}

function skippedBytes(type: string): number {
  return type === '=' ? FORMAT_BYTES : 0
}

function numberIn(bytes: Buffer, start: number, end: number): number {
  return Number(latin1(bytes, start, end))
}
