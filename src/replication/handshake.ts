/**
 * What a replica says to its master before the stream: PING; AUTH and REPLCONF together; PSYNC. The master's
 * replies are read line by line with redis-parser; what follows PSYNC's reply is no RESP and is left to the caller.
 */
import Parser from 'redis-parser'
import { encodeRequest } from '../resp/request.js'

export interface HandshakeOptions {
  readonly masterUser: string
  readonly masterAuth: string
  readonly listeningPort: number
  readonly announcedAddress: string
  /** Replication id and first wanted offset, or null for a full synchronization. */
  readonly resume: { readonly replid: string; readonly firstWanted: number } | null
  /** Ask the master, a replica until now, to become one. */
  readonly failover: boolean
}

/** How the handshake ended. */
export type HandshakeResult =
  | { readonly kind: 'full'; readonly replid: string; readonly offset: number }
  | { readonly kind: 'continue'; readonly replid: string | null }
  /** The master does not know PSYNC: SYNC was sent. */
  | { readonly kind: 'sync' }
  | { readonly kind: 'failed'; readonly text: string; readonly refusesPsync: boolean; readonly isTemporary: boolean }

/** What to log on the way. */
export interface HandshakeLog {
  notice(text: string): void
  warning(text: string): void
}

type Step = 'ping' | 'auth' | 'listening-port' | 'ip-address' | 'capa' | 'psync'

const OK_TO_GO_ON = /^(NOAUTH|NOPERM|ERR operation not permitted)/
/** How much of a line that is no reply the log repeats. */
const SHOWN_BYTES = 100
const NOTHING_TO_RESUME = { replid: '?', firstWanted: -1 }
const TRY_LATER = /^(NOMASTERLINK|LOADING)/

export class Handshake {
  private step: Step = 'ping'
  /** What was asked behind `step`, in one write with it. */
  private readonly unanswered: Step[] = []
  private readonly options: HandshakeOptions
  private readonly send: (bytes: Buffer) => void
  private readonly log: HandshakeLog
  private reply: string | Error | null = null
  private readonly parser: Parser

  constructor(options: HandshakeOptions, send: (bytes: Buffer) => void, log: HandshakeLog) {
    this.options = options
    this.send = send
    this.log = log
    this.parser = new Parser({
      returnReply: (reply: unknown) => {
        this.reply = String(reply)
      },
      returnError: (error: Error) => {
        this.reply = error
      },
      // No reply at all: the line itself tells more than the parser's complaint.
      returnFatalError: () => {},
    })
    this.send(encodeRequest('PING'))
  }

  /** The step under way, for logs and ROLE. */
  get state(): Step {
    return this.step
  }

  /** Takes one line of the master's (with its line end); returns the result once there is one. */
  line(line: Buffer): HandshakeResult | null {
    // Masters send empty lines to keep the link alive while they prepare a snapshot.
    if (line.length <= 2 && line[line.length - 1] === 10 && (line.length === 1 || line[0] === 13)) return null
    this.reply = null
    this.parser.execute(line)
    const { reply } = this
    if (reply === null) {
      const text = line.toString('latin1').trim()
      const what = this.step === 'ping' ? 'Error reply to PING from master' : 'Unexpected reply from master'
      return failed(`${what}: '${text.slice(0, SHOWN_BYTES)}'`, this.step === 'psync')
    }
    return this.answer(reply)
  }

  private answer(reply: string | Error): HandshakeResult | null {
    const text = reply instanceof Error ? reply.message : reply
    const isError = reply instanceof Error
    const { log } = this
    switch (this.step) {
      case 'ping':
        if (isError && !OK_TO_GO_ON.test(text)) return failed(`Error reply to PING from master: '-${text}'`)
        log.notice('Master replied to PING, replication can continue...')
        this.introduce()
        break
      case 'auth':
        if (isError) return failed(`Unable to AUTH to MASTER: -${text}`)
        break
      case 'listening-port':
      case 'ip-address':
      case 'capa':
        if (isError) log.notice(`(Non critical) Master does not understand REPLCONF ${this.step}: -${text}`)
        break
      case 'psync':
        return this.psyncAnswer(isError, text)
    }
    const next = this.unanswered.shift()
    if (next === undefined) this.sendPsync()
    else this.step = next
    return null
  }

  /** Says who this is, in one write; the replies come in the same order. */
  private introduce(): void {
    const { masterUser, masterAuth, listeningPort, announcedAddress } = this.options
    const requests: Buffer[] = []
    const ask = (step: Step, ...words: string[]): void => {
      this.unanswered.push(step)
      requests.push(encodeRequest(...words))
    }
    if (masterAuth !== '') ask('auth', 'AUTH', ...(masterUser === '' ? [] : [masterUser]), masterAuth)
    ask('listening-port', 'REPLCONF', 'listening-port', String(listeningPort))
    if (announcedAddress !== '') ask('ip-address', 'REPLCONF', 'ip-address', announcedAddress)
    ask('capa', 'REPLCONF', 'capa', 'eof', 'capa', 'psync2')
    this.send(Buffer.concat(requests))
  }

  private sendPsync(): void {
    const { failover, resume } = this.options
    this.step = 'psync'
    if (resume === null) this.log.notice('Partial resynchronization not possible (no cached master)')
    else this.log.notice(`Trying a partial resynchronization (request ${resume.replid}:${resume.firstWanted}).`)
    const { replid, firstWanted } = resume ?? NOTHING_TO_RESUME
    this.send(encodeRequest('PSYNC', replid, String(firstWanted), ...(failover ? ['FAILOVER'] : [])))
  }

  private psyncAnswer(isError: boolean, text: string): HandshakeResult {
    const words = text.split(' ')
    if (!isError && words[0] === 'FULLRESYNC') {
      const offset = Number(words[2])
      if (words.length < 3 || !/^[0-9a-f]{40}$/i.test(words[1]) || !Number.isSafeInteger(offset)) {
        return failed('Master replied with wrong +FULLRESYNC syntax.', true)
      }
      this.log.notice(`Full resync from master: ${words[1]}:${offset}`)
      return { kind: 'full', replid: words[1], offset }
    }
    if (!isError && words[0] === 'CONTINUE') {
      this.log.notice('Successful partial resynchronization with master.')
      return { kind: 'continue', replid: /^[0-9a-f]{40}$/i.test(words[1] ?? '') ? words[1] : null }
    }
    if (isError && TRY_LATER.test(text)) {
      return failed(`Master is currently unable to PSYNC but should be in the future: -${text}`, true, true)
    }
    if (!isError) return failed(`Unexpected reply to PSYNC from master: +${text}`, true)
    if (!text.startsWith('ERR')) return failed(`Unexpected reply to PSYNC from master: -${text}`, true)
    this.log.notice(`Master does not support PSYNC or is in error state (reply: -${text})`)
    this.log.notice('Retrying with SYNC...')
    this.send(encodeRequest('SYNC'))
    return { kind: 'sync' }
  }
}

/** `isTemporary`: the master says itself that it will be able to later. */
function failed(text: string, refusesPsync = false, isTemporary = false): HandshakeResult {
  return { kind: 'failed', text, refusesPsync, isTemporary }
}
