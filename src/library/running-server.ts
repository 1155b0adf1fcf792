/** A server inside a program. */
import fs from 'node:fs'
import type { Duplex } from 'node:stream'
import { types } from 'node:util'
import type { Clock } from '../clock/clock.js'
import { ManualClock } from '../clock/manual-clock.js'
import { wallClock } from '../clock/platform.js'
import { Http } from '../http/http.js'
import { Log } from '../observe/log.js'
import { Server } from '../server/server.js'
import { putData, takeData } from './data-snapshot.js'
import { DirectClient } from './direct-client.js'
import { ServerEmitter, type ServerEvents } from './events.js'
import { ServerFaults } from './faults.js'
import { MemoryStream } from './memory-stream.js'
import { type Directives, settingsOf } from './options.js'
import type { Reply } from './reply-values.js'
import type { Argument } from './requests.js'
import { type Seed, seedCommands } from './seed.js'

/** What createServer() takes besides directives. */
export interface OwnOptions {
  /**
   * 'manual': time stands still until `server.clock` moves it; a ManualClock is one that several servers live by. The time that it begins
   * with is the system's.
   */
  readonly clock?: 'system' | 'manual' | ManualClock
}

export type ServerOptions = Directives & OwnOptions

export class RunningServer implements AsyncDisposable {
  /** Resolves when the server is down, by close() or by a client's SHUTDOWN. */
  readonly closed: Promise<void>
  /** What goes wrong because a test wants it to. */
  readonly faults: ServerFaults
  private readonly server: Server
  private readonly manualClock: ManualClock | null
  private readonly emitter: ServerEmitter
  private texts: DirectClient | null = null
  private bytes: DirectClient | null = null
  private isClosed = false

  /** @internal createServer() makes it. */
  constructor(server: Server, closed: Promise<void>, clock: ManualClock | null) {
    this.server = server
    this.manualClock = clock
    this.emitter = new ServerEmitter(server)
    this.faults = new ServerFaults(server)
    this.closed = closed.then(() => {
      this.isClosed = true
    })
  }

  /** The TCP port listened on; 0 when there is none (any more). */
  get port(): number {
    return this.server.listeningPort
  }

  /** The address to connect to: the first that is listened on, loopback for all of them. '' without TCP. */
  get host(): string {
    if (this.port === 0) return ''
    const first = (this.server.config.values.bind[0] ?? '').replace(/^-/, '')
    if (first === '*' || first === '0.0.0.0') return '127.0.0.1'
    return first === '::*' || first === '::' ? '::1' : first
  }

  /** For a client: redis://host:port, with the password where one is needed; redis+unix: for a server with a Unix socket only. */
  get url(): string {
    const { requirepass, unixsocket } = this.server.config.values
    const { host, port } = this
    const login = requirepass === '' ? '' : `:${encodeURIComponent(Buffer.from(requirepass, 'latin1').toString())}@`
    if (port !== 0) return `redis://${login}${host.includes(':') ? `[${host}]` : host}:${port}`
    return unixsocket === '' ? '' : `redis+unix://${login}${this.server.config.path(unixsocket)}`
  }

  /** The time that it lives by; only with `clock: 'manual'` or a ManualClock. */
  get clock(): ManualClock {
    if (this.manualClock === null) {
      throw new Error(
        "redis-ts: the server's clock is the system's: createServer({ clock: 'manual' }) has one that can be moved",
      )
    }
    return this.manualClock
  }

  /**
   * Runs a command without a socket. Resolves to the reply as JavaScript values (see Reply); rejects with a ReplyError. ACL rules and
   * passwords do not concern it.
   *
   * @example await server.command('SET', 'greeting', 'hello') // 'OK'
   */
  command(...args: [name: string, ...Argument[]]): Promise<Reply> {
    return this.run(args)
  }

  private run(args: readonly Argument[]): Promise<Reply> {
    if (this.isClosed) return closedError()
    if (this.texts === null || this.texts.isClosed) this.texts = new DirectClient(this.server, false)
    return this.texts.run(args)
  }

  /** The same, with strings as Buffers, and maps as arrays of keys and values in turn. */
  commandBytes(...args: [name: string, ...Argument[]]): Promise<Reply> {
    if (this.isClosed) return closedError()
    if (this.bytes === null || this.bytes.isClosed) this.bytes = new DirectClient(this.server, true)
    return this.bytes.run(args)
  }

  /**
   * A connection without TCP, as a stream, for a client library that takes one: ioredis by a connector of one's own. node-redis takes
   * none: it connects to `url`.
   *
   * @example
   * class Connector {
   *   connect = async () => (this.stream = server.connect())
   *   disconnect = () => this.stream?.end()
   *   check = () => true
   * }
   * const client = new Redis({ Connector })
   */
  connect(): Duplex {
    if (this.isClosed) throw new Error('redis-ts: the server is closed')
    return new MemoryStream(this.server)
  }

  /** Removes all keys of all databases, and all functions. */
  async flush(): Promise<void> {
    await Promise.all([this.command('FLUSHALL'), this.command('FUNCTION', 'FLUSH')])
  }

  /** Puts keys in place; those that are there already are replaced. Rejects with a TypeError that says what is wrong with which. */
  async seed(seed: Seed): Promise<void> {
    const commands = seedCommands(seed)
    await Promise.all(commands.map(command => this.run(command)))
  }

  /** All data of this moment, functions included: the bytes of an RDB file. */
  snapshot(): Promise<Buffer> {
    return this.isClosed ? closedError() : takeData(this.server)
  }

  /** Replaces all data by that of a snapshot, or of an RDB file. Rejects when it is none; the data stays as it is then. */
  async restore(snapshot: Uint8Array): Promise<void> {
    if (!types.isUint8Array(snapshot)) throw new TypeError('redis-ts: restore() takes what snapshot() returned')
    if (this.isClosed) return closedError()
    await putData(this.server, Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength))
  }

  /**
   * 'command': each command that was executed, as MONITOR sees them; 'connection' and 'disconnection'; 'log': each line of the log
   * from notice on.
   */
  on<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): this {
    this.emitter.on(name, listener)
    return this
  }

  off<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): this {
    this.emitter.off(name, listener)
    return this
  }

  /** The server does not keep the process from ending any more. */
  unref(): this {
    this.server.holdProcess(false)
    return this
  }

  /** It does again. */
  ref(): this {
    this.server.holdProcess(true)
    return this
  }

  /**
   * Shuts down as SHUTDOWN does: waits for replicas, saves where there are save points, closes all connections. Resolves when
   * nothing of the server is left. Rejects when the data cannot be saved: the server then goes on.
   */
  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.closed.then(resolve)
      this.server.shutdown({ now: false, force: false }, () => {
        reject(new Error('redis-ts: the data could not be saved, the server goes on: its log says why'))
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function closedError(): Promise<never> {
  return Promise.reject(new Error('redis-ts: the server is closed'))
}

/**
 * Rejects with an Error that names the directive that is wrong, the port that is taken, or what is wrong with a file.
 *
 * @param prepare sees the server before it starts.
 */
export async function startServer(
  { clock = 'system', ...directives }: ServerOptions,
  prepare: (server: Server) => void = () => {},
): Promise<RunningServer> {
  const manual = manualClockOf(clock)
  const { config, temporary } = settingsOf(directives)
  const log = new Log()
  log.setLevel(config.values.loglevel)
  if (config.values.logfile !== '') log.setFile(config.path(config.values.logfile))
  for (const warning of config.warnings) log.warning(warning)
  let down: (last: Promise<unknown>) => void = () => {}
  const closed = new Promise<unknown>(resolve => {
    down = resolve
  }).then(() => {
    if (temporary !== null) fs.rmSync(temporary, { recursive: true, force: true })
  })
  const time: [] | [Clock] = manual === null ? [] : [manual]
  const server = new Server(config, log, () => down(server.disconnected()), ...time)
  server.mayListenNowhere = true
  new Http(server)
  prepare(server)
  const unfollow = manual?.follow(server.clockFollower)
  if (unfollow !== undefined) closed.then(unfollow)
  try {
    await server.start()
  } catch (error) {
    server.exit(1)
    await closed
    throw error
  }
  config.values.port = server.listeningPort
  return new RunningServer(server, closed, manual)
}

function manualClockOf(clock: unknown): ManualClock | null {
  if (clock === 'system') return null
  if (clock === 'manual') return new ManualClock(wallClock())
  if (clock instanceof ManualClock) return clock
  throw new TypeError(`redis-ts: clock is ${String(clock)}; right would be 'system', 'manual' or a ManualClock`)
}
