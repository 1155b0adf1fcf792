/** A connection whose replies are read as a batch, up to a mark, whatever the requests did to its state. */
import { connect, type Socket } from 'node:net'
import { type RawReply, ReplyParser } from '../commands/raw-client.js'

/** Brings the connection back to where PING is answered: no transaction, a user that may. */
const BACK: readonly (readonly string[])[] = [['DISCARD'], ['AUTH', 'default', 'any']]

const LONGEST_BATCH_MS = 20_000

export class Session {
  private readonly socket: Socket
  private readonly parser = new ReplyParser()
  private replies: RawReply[] = []
  private mark = ''
  private marks = 0
  private done: ((replies: RawReply[]) => void) | null = null
  private failed: ((error: Error) => void) | null = null

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', data => this.parser.push(data, reply => this.take(reply)))
    socket.on('close', () => this.failed?.(new Error('the server closed the connection')))
  }

  static connect(port: number): Promise<Session> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Session(socket)))
      socket.once('error', reject)
    })
  }

  /** Sends requests in one write; resolves with every reply and push that came, those of BACK included. */
  batch(requests: readonly (readonly string[])[]): Promise<RawReply[]> {
    this.mark = `mark ${++this.marks}`
    const all = [...requests, ...BACK, ['PING', this.mark]]
    const bytes = all.map(args => `*${args.length}\r\n${args.map(arg => `$${arg.length}\r\n${arg}\r\n`).join('')}`)
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`no answer to the end of\n${requests.join('\n')}`)),
        LONGEST_BATCH_MS,
      )
      this.done = replies => {
        clearTimeout(late)
        resolve(replies)
      }
      this.failed = reject
      this.socket.write(bytes.join(''), 'latin1')
    })
  }

  close(): void {
    this.failed = null
    this.socket.destroy()
  }

  private take(reply: RawReply): void {
    if (reply.text !== this.mark && reply.elements?.[1]?.text !== this.mark) {
      this.replies.push(reply)
      return
    }
    const { replies } = this
    this.replies = []
    this.done?.(replies)
  }
}
