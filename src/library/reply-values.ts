/** Replies as JavaScript values. */
import type { ReplyShape } from '../resp/reply-reader.js'

/**
 * Strings and statuses are strings; integers and doubles numbers, bigints where a number would not be exact; nil is null; booleans; arrays
 * and sets are arrays; maps are objects. An error within an array (EXEC's) is a ReplyError in its place.
 */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | Buffer
  | ReplyError
  | Reply[]
  | { [field: string]: Reply }

/** An error that the server replied with. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
  /** Its first word: ERR, WRONGTYPE, NOSCRIPT. */
  readonly code: string

  constructor(text: string) {
    super(text)
    this.code = text.split(' ', 1)[0]
  }
}

/** Length of the format in front of a verbatim string, with its colon. */
const FORMAT_LENGTH = 4

function number(text: string): number | bigint {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

function double(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text)
}

function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8')
}

/** Keys and values in turn, as an object. What is not a string is written as one. */
function object(items: readonly Reply[]): { [field: string]: Reply } {
  const result: { [field: string]: Reply } = {}
  for (let i = 0; i < items.length; i += 2) {
    const field = String(items[i])
    if (field !== '__proto__') result[field] = items[i + 1]
    else
      Object.defineProperty(result, field, {
        value: items[i + 1],
        enumerable: true,
        writable: true,
        configurable: true,
      })
  }
  return result
}

/** @param bytes bulk strings are Buffers instead of UTF-8 texts. */
export function valueShape(bytes: boolean): ReplyShape<Reply> {
  return {
    nothing: null,
    line(type, text) {
      switch (type) {
        case ':':
          return number(text)
        case ',':
          return double(text)
        case '(':
          return BigInt(text)
        case '#':
          return text === 't'
        case '_':
          return null
        case '-':
          return new ReplyError(utf8(text))
        default:
          return utf8(text)
      }
    },
    bulk(type, bulk) {
      if (type === '!') return new ReplyError(bulk.toString())
      const value = type === '=' ? bulk.subarray(FORMAT_LENGTH) : bulk
      return bytes ? Buffer.from(value) : value.toString()
    },
    aggregate: (type, items) => (type === '%' && !bytes ? object(items) : items),
  }
}
