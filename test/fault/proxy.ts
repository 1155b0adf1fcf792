import net from 'node:net'

/**
 * Looks at all that a connection has carried one way so far and says how many bytes of it may pass before the connection is
 * cut; -1 for all of them.
 */
export type Cut = (seen: Buffer) => number

/** Cuts when `marker` has come, `extra` bytes behind its end (negative: before). */
export function cutAt(marker: string, extra = 0): Cut {
  return seen => {
    const at = seen.indexOf(marker, 0, 'latin1')
    return at < 0 ? -1 : at + marker.length + extra
  }
}

interface Pair {
  readonly client: net.Socket
  readonly server: net.Socket
}

/** A TCP proxy on 127.0.0.1 that can cut, hold up, delay and slow down what passes between a server and its clients. */
export class TcpProxy {
  /** Where new connections go. */
  target: number
  /** One for each of the next connections, in order, on what comes from the server; later ones pass as they are. */
  readonly cuts: Cut[] = []
  /** The same on what comes from the client. */
  readonly requestCuts: Cut[] = []
  /** Connections so far. */
  connections = 0
  /** Connections that were cut. */
  cutsDone = 0
  /** Bytes a second, each way of each connection; 0 for no limit. */
  bytesPerSecond = 0
  /** How long each piece takes to get through. */
  delayMs = 0
  private held = false
  private readonly listener: net.Server
  private readonly pairs = new Set<Pair>()
  private readonly waiting = new Set<() => void>()

  private constructor(target: number) {
    this.target = target
    this.listener = net.createServer(client => this.accept(client))
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    await new Promise<void>(resolve => proxy.listener.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    const address = this.listener.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Resolves when so many connections have been cut; rejects after 20 seconds. */
  cutCount(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.cutsDone < count) return
        clearTimeout(timer)
        this.waiting.delete(look)
        resolve()
      }
      const timer = setTimeout(() => {
        this.waiting.delete(look)
        reject(new Error(`${this.cutsDone} of ${count} connections were cut`))
      }, 20_000)
      this.waiting.add(look)
      look()
    })
  }

  /** Cuts all connections now, by a reset. */
  cutAll(): void {
    for (const pair of [...this.pairs]) this.cut(pair)
  }

  /** Lets nothing pass, on no connection, until `release`. */
  hold(): void {
    this.held = true
    for (const { client, server } of this.pairs) {
      client.pause()
      server.pause()
    }
  }

  release(): void {
    this.held = false
    for (const { client, server } of this.pairs) {
      client.resume()
      server.resume()
    }
  }

  async close(): Promise<void> {
    this.cutAll()
    await new Promise(resolve => this.listener.close(resolve))
  }

  private accept(client: net.Socket): void {
    this.connections++
    const server = net.connect(this.target, '127.0.0.1')
    const pair = { client, server }
    this.pairs.add(pair)
    const end = () => this.drop(pair)
    for (const socket of [client, server]) socket.on('error', end).on('close', end)
    this.relay(pair, client, server, this.requestCuts.shift())
    this.relay(pair, server, client, this.cuts.shift())
    if (this.held) this.hold()
  }

  private relay(pair: Pair, from: net.Socket, to: net.Socket, cut: Cut | undefined): void {
    let seen: Buffer = Buffer.alloc(0)
    from.on('data', data => {
      if (cut === undefined) {
        this.pass(from, to, data)
        return
      }
      const before = seen.length
      seen = Buffer.concat([seen, data])
      const allowed = cut(seen)
      if (allowed < 0) this.pass(from, to, data)
      else {
        to.write(data.subarray(0, Math.max(0, allowed - before)), () => this.cut(pair))
        from.pause()
      }
    })
  }

  private pass(from: net.Socket, to: net.Socket, data: Buffer): void {
    const goOn = () => {
      if (!this.held) from.resume()
    }
    const write = () => {
      if (!to.write(data)) {
        from.pause()
        to.once('drain', goOn)
      } else if (from.isPaused()) goOn()
    }
    const ms = this.delayMs + (this.bytesPerSecond === 0 ? 0 : (data.length * 1000) / this.bytesPerSecond)
    if (ms === 0) {
      write()
      return
    }
    from.pause()
    setTimeout(write, ms)
  }

  private cut(pair: Pair): void {
    if (!this.drop(pair)) return
    this.cutsDone++
    for (const look of [...this.waiting]) look()
  }

  private drop(pair: Pair): boolean {
    if (!this.pairs.delete(pair)) return false
    // An orderly end for the client, so that it reads all that was let through.
    pair.client.end()
    pair.client.removeAllListeners('data').resume()
    pair.server.destroy()
    return true
  }
}
