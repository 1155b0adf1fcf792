/** The body of a request for commands: `{"db":0,"commands":[["GET","key"],["SET","key",{"base64":"/w=="}]]}`. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'

export const MAX_BODY_BYTES = 1024 * 1024
const MAX_COMMANDS = 100
/** Arguments, lists and objects together: what takes time in JSON.parse() is their number. */
const MAX_VALUES = 5000

const QUOTE = 34
const COMMA = 44
const BRACKET = 91
const BACKSLASH = 92
const BRACE = 123

const NO_JSON = 'The body is no JSON.'

/** An argument as it stands in JSON. */
type Argument = string | number | { readonly base64: string }

export interface CommandsBody {
  readonly db: number
  readonly commands: readonly (readonly Argument[])[]
}

/** What is wrong with a body, and the status that says so. */
export class BodyError extends Error {
  readonly status: number

  constructor(status: number, words: string) {
    super(words)
    this.status = status
  }
}

/** Rejects with BodyError when there is too much of it, or with whatever breaks the connection. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  const tooLong = new BodyError(413, `A body may have ${MAX_BODY_BYTES} bytes.`)
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
      reject(tooLong)
      return
    }
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
      else reject(tooLong)
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('close', () => reject(new Error('the connection is gone')))
  })
}

/** Throws BodyError for anything but what is documented. */
export function parseBody(bytes: Buffer): CommandsBody {
  if (countValues(bytes) > MAX_VALUES) throw new BodyError(413, `A body may have ${MAX_VALUES} arguments.`)
  if (!isUtf8(bytes)) throw new BodyError(400, NO_JSON)
  let body: unknown
  try {
    body = JSON.parse(bytes.toString())
  } catch {
    throw new BodyError(400, NO_JSON)
  }
  if (!isRecord(body) || !Array.isArray(body.commands)) throw new BodyError(400, 'The body has no list named commands.')
  const { commands, db = 0 } = body
  if (typeof db !== 'number' || !Number.isInteger(db)) throw new BodyError(400, 'db has to be a whole number.')
  if (commands.length > MAX_COMMANDS) throw new BodyError(413, `There may be ${MAX_COMMANDS} commands.`)
  for (const command of commands) {
    if (!Array.isArray(command) || command.length === 0 || !command.every(isArgument)) {
      throw new BodyError(400, 'A command is a list of strings, numbers, and {"base64":"..."}.')
    }
  }
  return { db, commands }
}

/** As the server takes it. */
export function argumentBytes(argument: Argument): Buffer {
  if (typeof argument === 'object') return Buffer.from(argument.base64, 'base64')
  return Buffer.from(String(argument))
}

/** What JSON.parse() would have to make, at least: counted outside of strings. O(bytes), a fraction of its time. */
function countValues(bytes: Buffer): number {
  let count = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inString) {
      if (byte === BACKSLASH) i++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === COMMA || byte === BRACKET || byte === BRACE) count++
  }
  return count
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isArgument(value: unknown): value is Argument {
  if (typeof value === 'string') return true
  if (typeof value === 'number') return Number.isFinite(value)
  return isRecord(value) && typeof value.base64 === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value.base64)
}
