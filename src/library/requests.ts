/** Requests made of JavaScript values. */
import { types } from 'node:util'

/** An argument of a command: text is sent as UTF-8, bytes as they are. */
export type Argument = string | number | bigint | Uint8Array

const HEADER_MAX_BYTES = 16
const UTF8_MAX_BYTES_A_CHARACTER = 3

/**
 * Writes a request at `at`; returns where it ends, or -1 when there may not be room for it. Throws a TypeError that says which argument is
 * no argument.
 */
export function writeRequest(into: Buffer, at: number, args: readonly Argument[]): number {
  let end = writeHead(into, at, '*', args.length)
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]
    if (typeof arg === 'string') {
      if (end + HEADER_MAX_BYTES * 2 + arg.length * UTF8_MAX_BYTES_A_CHARACTER > into.length) return -1
      end = writeText(into, end, arg)
    } else if (typeof arg === 'number' || typeof arg === 'bigint') {
      if (end + HEADER_MAX_BYTES * 4 > into.length) return -1
      end = writeText(into, end, String(arg))
    } else {
      // Of whatever realm.
      if (!(arg instanceof Uint8Array) && !types.isUint8Array(arg)) throw new TypeError(wrongArgument(args, i))
      if (end + HEADER_MAX_BYTES * 2 + arg.length > into.length) return -1
      end = writeHead(into, end, '$', arg.length)
      into.set(arg, end)
      end = writeLineEnd(into, end + arg.length)
    }
  }
  return end
}

/** The same in memory of its own. */
export function encodeArguments(args: readonly Argument[]): Buffer {
  let size = HEADER_MAX_BYTES
  for (const arg of args) {
    const length =
      typeof arg === 'string' ? arg.length * UTF8_MAX_BYTES_A_CHARACTER : ((arg as Uint8Array)?.length ?? 32)
    size += HEADER_MAX_BYTES * 4 + length
  }
  const bytes = Buffer.allocUnsafe(size)
  return bytes.subarray(0, writeRequest(bytes, 0, args))
}

function wrongArgument(args: readonly unknown[], index: number): string {
  const given =
    args[index] === null ? 'null' : Array.isArray(args[index]) ? 'an array' : `a value of type ${typeof args[index]}`
  const where = index === 0 ? 'the name of the command' : `argument ${index} of ${String(args[0])}`
  return `redis-ts: ${where} is ${given}; it has to be a string, a number, a bigint or bytes (Buffer, Uint8Array)`
}

function writeHead(into: Buffer, at: number, type: '*' | '$', count: number): number {
  into[at] = type.charCodeAt(0)
  let end = at + 1
  if (count < 10) into[end++] = 48 + count
  else end += into.write(String(count), end, 'latin1')
  return writeLineEnd(into, end)
}

function writeLineEnd(into: Buffer, at: number): number {
  into[at] = 13
  into[at + 1] = 10
  return at + 2
}

const SHORT_TEXT = 64

function writeText(into: Buffer, at: number, text: string): number {
  const { length } = text
  if (length < SHORT_TEXT) {
    // Short plain text, as most is, without a call out of JavaScript.
    let end = writeHead(into, at, '$', length)
    let i = 0
    for (; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) break
      into[end++] = code
    }
    if (i === length) return writeLineEnd(into, end)
  }
  const bytes = Buffer.byteLength(text)
  const start = writeHead(into, at, '$', bytes)
  return writeLineEnd(into, start + into.write(text, start, 'utf8'))
}
