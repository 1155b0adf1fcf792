import net from 'node:net'

/** What to send for a request, given its words, or null for nothing. */
export type Answer = (words: string[], socket: net.Socket) => string | Buffer | null

/** Listens on 127.0.0.1 and answers requests of a replica by `answer`. */
export class FakeMaster {
  connections = 0
  private readonly listener: net.Server
  private readonly sockets = new Set<net.Socket>()

  private constructor(answer: Answer) {
    this.listener = net.createServer(socket => {
      this.connections++
      this.sockets.add(socket)
      socket.on('error', () => {}).on('close', () => this.sockets.delete(socket))
      let text = ''
      socket.on('data', data => {
        text += data.toString('latin1')
        for (let request = firstRequest(text); request !== null; request = firstRequest(text)) {
          text = text.slice(request.length)
          const bytes = answer(request.words, socket)
          if (bytes !== null && socket.writable) socket.write(bytes)
        }
      })
    })
  }

  static async start(answer: Answer): Promise<FakeMaster> {
    const master = new FakeMaster(answer)
    await new Promise<void>(resolve => master.listener.listen(0, '127.0.0.1', resolve))
    return master
  }

  get port(): number {
    const address = this.listener.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise(resolve => this.listener.close(resolve))
  }
}

/** Answers the handshake as a master does; `psync` answers PSYNC. */
export function handshake(psync: Answer): Answer {
  return (words, socket) => {
    switch (words[0]) {
      case 'PING':
        return '+PONG\r\n'
      case 'PSYNC':
        return psync(words, socket)
      case 'REPLCONF':
        return words[1] === 'ACK' ? null : '+OK\r\n'
      case '':
        // What a replica sends while it loads, so that its master does not give it up.
        return null
      default:
        return '-ERR unknown command\r\n'
    }
  }
}

/** The first request of the text, an array of bulk strings or an empty line, or null while it is incomplete. */
function firstRequest(text: string): { words: string[]; length: number } | null {
  if (text.startsWith('\n')) return { words: [''], length: 1 }
  const head = /^\*(\d+)\r\n/.exec(text)
  if (head === null) return null
  let at = head[0].length
  const words: string[] = []
  for (let i = 0; i < Number(head[1]); i++) {
    const bulk = /^\$(\d+)\r\n/.exec(text.slice(at))
    if (bulk === null) return null
    const start = at + bulk[0].length
    at = start + Number(bulk[1]) + 2
    if (at > text.length) return null
    words.push(text.slice(start, at - 2))
  }
  return { words, length: at }
}
