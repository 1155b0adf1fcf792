/** The listening sockets: `bind` addresses with `port`, and the Unix socket. */
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { strerror } from '../config/strerror.js'
import type { Log } from '../observe/log.js'
import { type BoundHandle, bindNow, bindOnly, mayBeHost } from './bind-now.js'
import { acceptHandles } from './node-handles.js'
import { SocketHandle } from './socket-handle.js'
import type { StreamHandle } from './stream-handle.js'

/** As `port`: whatever the system has free, the same for all addresses. What redis.conf calls port 0 is none at all. */
export const ANY_PORT = -1

const NOT_FOUND = 'Name or service not known'
const SOMAXCONN = '/proc/sys/net/core/somaxconn'

export interface ListenerOptions {
  /** redis.conf: bind. '*' is every IPv4 address, '::*' every IPv6 one; a leading '-' makes an address optional. */
  readonly bind: readonly string[]
  /** 0: none; ANY_PORT: one that is free. */
  readonly port: number
  readonly backlog: number
  /** '' for none. */
  readonly unixSocket: string
  /** File mode of the Unix socket; 0 leaves the system's default. */
  readonly unixSocketMode: number
}

export type Accept = (handle: StreamHandle, unixSocket: string | null) => void

/** Why a socket cannot be listened on, in Redis's words. */
export class ListenError extends Error {}

export class Listener {
  private servers: net.Server[] = []
  private readonly accept: Accept
  private readonly log: Log
  /** The port listened on; 0 while there is none. */
  port = 0
  private holds = true
  /** What was to be listened on could not be had. */
  failed = false
  private backlog = 0
  /** Who wants connections to be refused, and to hear of those that are; and ports that are kept meanwhile. */
  private readonly refusals = new Set<() => void>()
  private kept: BoundHandle[] = []

  constructor(accept: Accept, log: Log) {
    this.accept = accept
    this.log = log
  }

  get isIdle(): boolean {
    return this.servers.length === 0
  }

  /**
   * Listens on everything `options` names. Throws ListenError; nothing stays open then. With numeric addresses, and where something
   * cannot be an address at all, `port` or `failed` is set when this function returns, before its promise settles.
   */
  async open(options: ListenerOptions): Promise<void> {
    this.failed = false
    this.backlog = options.backlog
    this.warnOfShortBacklog(options.backlog)
    if (options.port !== 0) await this.openTcp(options)
    if (options.unixSocket !== '') await this.openUnix(options)
  }

  private warnOfShortBacklog(backlog: number): void {
    const most = kernelBacklog()
    if (most >= backlog) return
    this.log.warning(
      `WARNING: The TCP backlog setting of ${backlog} cannot be enforced because ${SOMAXCONN} is set to the lower value of ${most}.`,
    )
  }

  /** Closes at once what is open so far: by the time a promise is rejected, somebody may be listening again. */
  private failure(text: string): ListenError {
    this.close()
    this.failed = true
    return new ListenError(text)
  }

  private async openTcp(options: ListenerOptions): Promise<void> {
    let port = options.port === ANY_PORT ? 0 : options.port
    const targets = options.bind.map(bindTarget)
    // Ahead of all that takes time: CONFIG SET answers by what it knows by then.
    for (const { address, host } of targets) {
      if (!mayBeHost(host)) throw this.addressFailure(address, port, NOT_FOUND)
    }
    let listening = 0
    for (const { address, host, optional } of targets) {
      try {
        const handle = bindNow(host, port, options.backlog)
        const server =
          handle === null
            ? await listen({ host, port, backlog: options.backlog, exclusive: true })
            : listenOn(handle, options.backlog)
        const bound = server.address()
        if (bound !== null && typeof bound === 'object') port = bound.port
        this.take(server, null)
        listening++
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        const missing = code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL'
        const reason = bindFailure(error)
        if (!optional || !missing) throw this.addressFailure(address, port, reason)
        this.warnOfAddress(address, port, reason)
      }
    }
    // None at all is fine when all of them were optional.
    this.port = listening > 0 ? port : 0
  }

  private warnOfAddress(address: string, port: number, text: string): void {
    this.log.warning(`Warning: Could not create server TCP listening socket ${address}:${port}: ${text}`)
  }

  private addressFailure(address: string, port: number, text: string): ListenError {
    this.warnOfAddress(address, port, text)
    return this.failure(`Failed listening on port ${port} (TCP), aborting.`)
  }

  private async openUnix(options: ListenerOptions): Promise<void> {
    const file = options.unixSocket
    try {
      prepareUnix(file)
      const server = await listen({ path: file, backlog: options.backlog })
      if (options.unixSocketMode !== 0) fs.chmodSync(file, options.unixSocketMode)
      this.take(server, file)
    } catch (error) {
      this.log.warning(
        `Failed opening Unix socket: ${error instanceof ListenError ? error.message : bindFailure(error)}`,
      )
      throw this.failure('Failed listening on Unix socket, aborting.')
    }
  }

  /** Whether the process goes on as long as somebody may connect. */
  hold(holds: boolean): void {
    this.holds = holds
    for (const server of this.servers)
      if (holds) server.ref()
      else server.unref()
  }

  private take(server: net.Server, unixSocket: string | null): void {
    this.servers.push(server)
    if (!this.holds) server.unref()
    const accept = (handle: StreamHandle): void => this.accept(handle, unixSocket)
    if (!acceptHandles(server, accept)) server.on('connection', socket => accept(new SocketHandle(socket)))
  }

  /**
   * From here on connecting fails as where nobody listens, while the port stays taken, until the returned function is called. A
   * Unix socket, and a port that this Node cannot keep so, goes on to listen: whoever connects is for refusesNow() to turn away.
   */
  refuse(refused: () => void): () => void {
    const refusal = (): void => refused()
    this.refusals.add(refusal)
    if (this.refusals.size === 1) this.keepPorts()
    return () => {
      if (this.refusals.delete(refusal) && this.refusals.size === 0) this.listenAgain()
    }
  }

  /** Whether somebody who has come all the same is to be turned away. */
  refusesNow(): boolean {
    for (const refused of this.refusals) refused()
    return this.refusals.size > 0
  }

  private keepPorts(): void {
    this.servers = this.servers.filter(server => {
      const bound = server.address()
      if (bound === null || typeof bound === 'string') return true
      // Whether that can be done at all, another port tells: this one can be bound only when it is closed.
      const trial = bindOnly(bound.address, 0)
      if (trial === null) return true
      trial.close()
      server.close()
      const handle = bindOnly(bound.address, bound.port)
      if (handle !== null) this.kept.push(handle)
      return false
    })
  }

  private listenAgain(): void {
    for (const handle of this.kept.splice(0)) {
      const server = listenOn(handle, this.backlog)
      server.once('error', error => this.log.warning(`Could not listen again: ${bindFailure(error)}`))
      this.take(server, null)
    }
  }

  /** Stops listening; connections stay. The Unix socket's file goes with its server. */
  close(): void {
    for (const server of this.servers) server.close()
    for (const handle of this.kept.splice(0)) handle.close()
    this.servers = []
    this.port = 0
  }
}

interface BindTarget {
  readonly address: string
  /** The same as Node names it. */
  readonly host: string
  readonly optional: boolean
}

function bindTarget(given: string): BindTarget {
  const optional = given.startsWith('-')
  const address = optional ? given.slice(1) : given
  return { address, host: address === '*' ? '0.0.0.0' : address === '::*' ? '::' : address, optional }
}

/** The longest backlog that the kernel grants, as far as it tells. */
function kernelBacklog(): number {
  try {
    return Number(fs.readFileSync(SOMAXCONN, 'latin1')) || Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

function listenOn(handle: BoundHandle, backlog: number): net.Server {
  const server = net.createServer()
  server.listen(handle, backlog)
  return server
}

function listen(options: net.ListenOptions): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(options, () => resolve(server))
  })
}

/** Bytes of a Unix socket's path, with the NUL at its end. */
const UNIX_PATH_BYTES = process.platform === 'linux' ? 108 : 104

/** Makes way for a Unix socket. Throws ListenError for what Node would cut short or call by another name. */
function prepareUnix(file: string): void {
  // A named pipe there, which is no file.
  if (process.platform === 'win32') return
  const length = Buffer.byteLength(file)
  if (length >= UNIX_PATH_BYTES) {
    throw new ListenError(`unix socket path too long (${length}), must be under ${UNIX_PATH_BYTES}`)
  }
  const directory = path.dirname(file)
  if (!fs.existsSync(directory)) {
    throw new ListenError(`bind: No such file or directory (there is no directory ${directory})`)
  }
  if (fs.lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new ListenError(`bind: Address already in use (${file} is a directory)`)
  }
  try {
    fs.unlinkSync(file)
  } catch {
    // What is in the way still, bind will tell.
  }
}

/** "bind: " and the system's words; those of a name that cannot be looked up stand alone. */
function bindFailure(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException
  return LOOKUP_FAILURES[code] ?? `bind: ${C_LIBRARY_WORDS[code] ?? strerror(error)}`
}

const LOOKUP_FAILURES: Readonly<Record<string, string>> = {
  ENOTFOUND: NOT_FOUND,
  EAI_AGAIN: 'Temporary failure in name resolution',
}

/** Where libuv has other words than the C library. */
const C_LIBRARY_WORDS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAFNOSUPPORT: 'Address family not supported by protocol',
}
