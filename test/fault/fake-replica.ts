import type { Socket } from 'node:net'
import { dial, receive, resp } from './wire.js'

/** A replica that takes a master's file and keeps the bytes of its stream as they come. */
export class FakeReplica {
  readonly socket: Socket
  /** The offset ahead of the stream's first byte. */
  readonly startOffset: number
  private bytes: Buffer
  private changed: () => void = () => {}

  private constructor(socket: Socket, startOffset: number, bytes: Buffer) {
    this.socket = socket
    this.startOffset = startOffset
    this.bytes = bytes
    socket.on('data', data => {
      this.bytes = Buffer.concat([this.bytes, data])
      this.changed()
    })
    socket.on('close', () => this.changed())
    socket.resume()
  }

  /** Asks for everything, and resolves when the stream begins. */
  static async attach(port: number): Promise<FakeReplica> {
    const socket = await dial(port)
    socket.write(resp('REPLCONF', 'capa', 'eof', 'capa', 'psync2'))
    await receive(socket, '+OK\r\n'.length)
    let received = Buffer.alloc(0)
    const attached = new Promise<FakeReplica>((resolve, reject) => {
      socket.once('close', () => reject(new Error(`no copy: ${received.toString('latin1').slice(0, 200)}`)))
      const take = (data: Buffer): void => {
        received = Buffer.concat([received, data])
        const copy = copyIn(received)
        if (copy === null) return
        socket.off('data', take).pause()
        socket.write(resp('REPLCONF', 'ACK', String(copy.offset)))
        resolve(new FakeReplica(socket, copy.offset, received.subarray(copy.end)))
      }
      socket.on('data', take)
    })
    socket.write(resp('PSYNC', '?', '-1'))
    socket.resume()
    return attached
  }

  /** The stream's bytes from one offset to another, once they have come. */
  async between(from: number, to: number): Promise<Buffer> {
    while (this.bytes.length < to - this.startOffset) {
      if (this.socket.destroyed) throw new Error(`the master left at ${this.startOffset + this.bytes.length} of ${to}`)
      await new Promise<void>(resolve => {
        this.changed = resolve
      })
    }
    return this.bytes.subarray(from - this.startOffset, to - this.startOffset)
  }

  /** All that has come so far. */
  get stream(): Buffer {
    return this.bytes
  }

  close(): void {
    this.socket.destroy()
  }
}

/** Where the stream begins in what a master sends: behind a file of a known length, or one with a mark at its end. */
function copyIn(received: Buffer): { offset: number; end: number } | null {
  const text = received.toString('latin1')
  const offset = /\+FULLRESYNC \w+ (\d+)\r\n/.exec(text)
  if (offset === null) return null
  const file = /^\n*\$(EOF:(\w{40})|\d+)\r\n/.exec(text.slice(offset.index + offset[0].length))
  if (file === null) return null
  const start = offset.index + offset[0].length + file[0].length
  const mark = file[2]
  const end = mark === undefined ? start + Number(file[1]) : text.indexOf(mark, start) + 40
  if (end < start + 40 || end > received.length) return null
  return { offset: Number(offset[1]), end }
}
