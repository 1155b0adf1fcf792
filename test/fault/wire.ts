import { once } from 'node:events'
import { type ConnectOpts, connect, type NetConnectOpts, type Socket } from 'node:net'

/** A socket that is connected; its errors count as its end. */
export async function dial(where: number | (NetConnectOpts & ConnectOpts)): Promise<Socket> {
  const socket = connect(typeof where === 'number' ? { port: where, host: '127.0.0.1' } : where)
  await once(socket, 'connect')
  socket.on('error', () => {})
  socket.setNoDelay(true)
  return socket
}

/** Everything that comes until the connection ends, one character a byte. */
export async function everything(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk)).resume()
  // A reset is an end, too.
  await new Promise(resolve => socket.on('error', () => {}).once('close', resolve))
  return Buffer.concat(chunks).toString('latin1')
}

/** Sends these pieces, each in a packet of its own, then no more; resolves with all that the server says to it. */
export async function exchange(where: number | NetConnectOpts, ...pieces: (string | Buffer)[]): Promise<string> {
  const socket = await dial(where)
  const answer = everything(socket)
  for (const piece of pieces) {
    await new Promise(resolve => {
      socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece, resolve)
    })
    if (pieces.length > 1) await new Promise(resolve => setImmediate(resolve))
  }
  socket.end()
  return answer
}

/** Reads until this many bytes have come (or the end); the socket is paused again afterwards. */
export function receive(socket: Socket, bytes: number): Promise<Buffer> {
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    let length = 0
    const finish = (): void => {
      socket.off('data', take).off('close', finish)
      socket.pause()
      resolve(Buffer.concat(chunks))
    }
    const take = (chunk: Buffer): void => {
      chunks.push(chunk)
      length += chunk.length
      if (length >= bytes) finish()
    }
    socket.on('data', take).on('close', finish)
    socket.resume()
  })
}

/** A request in RESP, arguments of one character a byte. */
export function resp(...args: string[]): string {
  return `*${args.length}\r\n${args.map(arg => `$${arg.length}\r\n${arg}\r\n`).join('')}`
}

/** Asks again and again, without a pause that would have to be guessed, until the answer passes. */
export async function until<T>(ask: () => Promise<T>, passes: (answer: T) => boolean, timeoutMs = 15_000): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (passes(answer)) return answer
    if (Date.now() > deadline) throw new Error(`not in ${timeoutMs} ms; last answer: ${String(answer).slice(0, 2000)}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
