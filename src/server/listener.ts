/** The listening sockets: `bind` addresses with `port`, and the Unix socket. */
import fs from 'node:fs'
import net from 'node:net'
import type { Log } from '../observe/log.js'
import { acceptInto, type StreamHandle } from './node-handles.js'

export interface ListenerOptions {
  /** redis.conf: bind. '*' is every IPv4 address, '::*' every IPv6 one; a leading '-' makes an address optional. */
  readonly bind: readonly string[]
  readonly port: number
  readonly backlog: number
  /** '' for none. */
  readonly unixSocket: string
  /** File mode of the Unix socket; 0 leaves the system's default. */
  readonly unixSocketMode: number
}

export type Accept = (
  socket: net.Socket,
  handle: StreamHandle | null,
  unixSocket: string | null,
) => (length: number) => boolean

/** Why a socket cannot be listened on, in Redis's words. */
export class ListenError extends Error {}

export class Listener {
  private servers: net.Server[] = []
  private readonly buffer: Buffer
  private readonly accept: Accept
  private readonly log: Log
  /** The port in use: the system's choice when 0 was asked of an embedded server. */
  port = 0

  constructor(buffer: Buffer, accept: Accept, log: Log) {
    this.buffer = buffer
    this.accept = accept
    this.log = log
  }

  /** Listens on everything `options` names. Throws ListenError; nothing stays open then. */
  async open(options: ListenerOptions): Promise<void> {
    try {
      if (options.port >= 0) await this.openTcp(options)
      if (options.unixSocket !== '') await this.openUnix(options)
    } catch (error) {
      this.close()
      throw error
    }
  }

  private async openTcp(options: ListenerOptions): Promise<void> {
    let port = options.port
    let listening = 0
    for (const given of options.bind) {
      const optional = given.startsWith('-')
      const address = optional ? given.slice(1) : given
      const host = address === '*' ? '0.0.0.0' : address === '::*' ? '::' : address
      try {
        const server = await listen({ host, port, backlog: options.backlog, ipv6Only: host.includes(':'), exclusive: true })
        const bound = server.address()
        if (bound !== null && typeof bound === 'object') port = bound.port
        this.take(server, null)
        listening++
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        const text = systemText(error as NodeJS.ErrnoException)
        const missing = code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL'
        if (optional && missing) continue
        this.log.warning(`Warning: Could not create server TCP listening socket ${address}:${port}: bind: ${text}`)
        throw new ListenError(`Failed listening on port ${port} (TCP), aborting.`)
      }
    }
    if (options.bind.length > 0 && listening === 0) throw new ListenError(`Failed listening on port ${port} (TCP), aborting.`)
    this.port = port
  }

  private async openUnix(options: ListenerOptions): Promise<void> {
    const file = options.unixSocket
    fs.rmSync(file, { force: true })
    try {
      const server = await listen({ path: file, backlog: options.backlog })
      if (options.unixSocketMode !== 0) fs.chmodSync(file, options.unixSocketMode)
      this.take(server, file)
    } catch (error) {
      this.log.warning(`Failed opening Unix socket: bind: ${systemText(error as NodeJS.ErrnoException)}`)
      throw new ListenError('Failed listening on Unix socket, aborting.')
    }
  }

  private take(server: net.Server, unixSocket: string | null): void {
    this.servers.push(server)
    acceptInto(server, this.buffer, (socket, handle) => this.accept(socket, handle, unixSocket))
  }

  /** Stops listening; connections stay. The Unix socket's file goes with its server. */
  close(): void {
    for (const server of this.servers) server.close()
    this.servers = []
  }
}

function listen(options: net.ListenOptions): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(options, () => resolve(server))
  })
}

function systemText(error: NodeJS.ErrnoException): string {
  const known: Record<string, string> = {
    EADDRINUSE: 'Address already in use',
    EACCES: 'Permission denied',
    EADDRNOTAVAIL: 'Cannot assign requested address',
    EAFNOSUPPORT: 'Address family not supported by protocol',
    ENOENT: 'No such file or directory',
    ENOTFOUND: 'Name or service not known',
  }
  return known[error.code ?? ''] ?? error.message
}
