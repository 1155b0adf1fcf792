import { connect, type Socket } from 'node:net'

/** A reply as it came: its type byte, and text of one character a byte, or its elements. */
export interface RawReply {
  readonly type: string
  readonly text: string | null
  readonly elements: RawReply[] | null
}

/** Splits what a server sends into replies, in RESP2 and RESP3. */
export class ReplyParser {
  private received: Buffer = Buffer.alloc(0)
  private at = 0

  /** Takes bytes as they come and calls back with each reply that is complete. */
  push(data: Buffer, take: (reply: RawReply) => void): void {
    this.received = this.received.length === 0 ? data : Buffer.concat([this.received, data])
    this.at = 0
    for (;;) {
      const start = this.at
      const reply = this.parse()
      if (reply === null) {
        this.received = this.received.subarray(start)
        return
      }
      take(reply)
    }
  }

  private parse(): RawReply | null {
    const end = this.received.indexOf('\r\n', this.at)
    if (end < 0) return null
    const type = String.fromCharCode(this.received[this.at])
    const line = this.received.toString('latin1', this.at + 1, end)
    this.at = end + 2
    switch (type) {
      case '$':
      case '=': {
        const length = Number(line)
        if (length < 0) return { type, text: null, elements: null }
        if (this.at + length + 2 > this.received.length) return null
        const text = this.received.toString('latin1', this.at, this.at + length)
        this.at += length + 2
        return { type, text, elements: null }
      }
      case '*':
      case '~':
      case '>':
      case '%': {
        if (line === '-1') return { type, text: null, elements: null }
        const elements: RawReply[] = []
        for (let left = Number(line) * (type === '%' ? 2 : 1); left > 0; left--) {
          const element = this.parse()
          if (element === null) return null
          elements.push(element)
        }
        return { type, text: null, elements }
      }
      default:
        return { type, text: line, elements: null }
    }
  }
}

/** A client that shows replies exactly as they are on the wire, in RESP2 and RESP3. */
export class RawClient {
  private readonly socket: Socket
  private readonly parser = new ReplyParser()
  private readonly waiting: ((reply: RawReply) => void)[] = []
  /** Came without being asked for. */
  private readonly unclaimed: RawReply[] = []

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', data => this.parser.push(data, reply => this.take(reply)))
  }

  static connect(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new RawClient(socket)))
      socket.once('error', reject)
    })
  }

  /** Sends commands, arguments of one character a byte, in one write; resolves with their replies. */
  pipeline(commands: readonly (readonly string[])[]): Promise<RawReply[]> {
    const replies = commands.map(() => new Promise<RawReply>(resolve => this.waiting.push(resolve)))
    this.write(...commands)
    return Promise.all(replies)
  }

  /** Sends commands whose replies, if there are any, next() will give. */
  write(...commands: readonly (readonly string[])[]): void {
    const bytes = commands.map(args => `*${args.length}\r\n${args.map(arg => `$${arg.length}\r\n${arg}\r\n`).join('')}`)
    this.socket.write(bytes.join(''), 'latin1')
  }

  async call(...args: string[]): Promise<RawReply> {
    const [reply] = await this.pipeline([args])
    return reply
  }

  /** What the server sends next without being asked: a push, a message. */
  async next(): Promise<RawReply> {
    return this.unclaimed.shift() ?? new Promise(resolve => this.waiting.push(resolve))
  }

  close(): void {
    this.socket.destroy()
  }

  /** Resolves when the connection is closed, by whichever side. */
  closed(): Promise<void> {
    return new Promise(resolve => {
      if (this.socket.closed) resolve()
      else this.socket.once('close', () => resolve())
    })
  }

  private take(reply: RawReply): void {
    const waiting = this.waiting.shift()
    if (waiting === undefined) this.unclaimed.push(reply)
    else waiting(reply)
  }
}

/** The texts of an array's elements. */
export function texts(reply: RawReply): string[] {
  return (reply.elements ?? []).map(element => element.text ?? '(null)')
}
