import { type Bytes, toWire } from './bytes.js'
import { checked, isError, type Reply } from './reply.js'
import type { Credentials, Session } from './session.js'

/** A command's words: bytes (ASCII is its own bytes; what a user has typed goes through `utf8`) and numbers. */
export type Command = readonly (string | number)[]

/** The server could not be asked, or would not take the request. */
export class RequestError extends Error {}

const TOO_LONG = 'ERR the replies to one request may have'
const COMMANDS_A_REQUEST = 100
const BUSY_PAUSE_MS = 200
const BUSY_TRIES = 10

/** Commands to the server. */
export class Api {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** The replies of commands in a database, errors among them as replies. Throws a RequestError. */
  async replies(db: number, commands: readonly Command[], signal?: AbortSignal): Promise<Reply[]> {
    const all: Reply[] = []
    for (let from = 0; from < commands.length; from += COMMANDS_A_REQUEST)
      all.push(...(await this.#request(db, commands.slice(from, from + COMMANDS_A_REQUEST), signal)))
    return all
  }

  /** One command's reply. Throws a RequestError, or the CommandError that it is. */
  async reply(db: number, ...command: Command): Promise<Reply> {
    return checked((await this.replies(db, [command]))[0]!)
  }

  /**
   * The replies of commands that ask for `size` elements, or for fewer where so many are more than a request's replies may
   * have, and how many it were.
   */
  async repliesOfUpTo(db: number, size: number, commands: (size: number) => Command[]): Promise<[Reply[], number]> {
    for (let asked = size; ; asked = Math.max(1, Math.floor(asked / 4))) {
      const replies = await this.replies(db, commands(asked))
      if (asked === 1 || !replies.some(isTooLong)) return [replies, asked]
    }
  }

  /** Whether these would be let in. Throws a RequestError. */
  async accepts(credentials: Credentials): Promise<boolean> {
    const response = await this.#post(0, [['PING']], this.#session.headers(credentials))
    if (!response.ok && response.status !== 401) throw new RequestError(await refusal(response))
    return response.ok
  }

  async #request(db: number, commands: readonly Command[], signal?: AbortSignal): Promise<Reply[]> {
    for (let tries = 1; ; tries++) {
      const response = await this.#post(db, commands, this.#session.headers(), signal)
      if (response.ok) return ((await response.json()) as { replies: Reply[] }).replies
      if (response.status === 401) {
        this.#session.ask()
        throw new RequestError('The server asks for a password.')
      }
      const busy = response.status === 429 || response.status === 503
      if (!busy || tries === BUSY_TRIES) throw new RequestError(await refusal(response))
      await new Promise(resolve => setTimeout(resolve, BUSY_PAUSE_MS))
    }
  }

  async #post(
    db: number,
    commands: readonly Command[],
    headers: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Response> {
    const body = JSON.stringify({ db, commands: commands.map(words => words.map(wireOf)) })
    try {
      return await fetch('/api/commands', {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        ...(signal && { signal }),
      })
    } catch (error) {
      if (signal?.aborted) throw error
      throw new RequestError('The server does not answer.')
    }
  }
}

function isTooLong(reply: Reply): boolean {
  return isError(reply) && reply.error.startsWith(TOO_LONG)
}

function wireOf(word: string | number) {
  return typeof word === 'number' ? String(word) : toWire(word as Bytes)
}

/** What a refused request says: `{"error": "..."}`, or text, or only its status. */
export async function refusal(response: Response): Promise<string> {
  const text = (await response.text()).trim()
  try {
    const { error } = JSON.parse(text) as { error?: string }
    if (error) return error
  } catch {
    // Text, then.
  }
  return text || `The server answers ${response.status} ${response.statusText}.`
}
