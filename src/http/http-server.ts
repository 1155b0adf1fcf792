/**
 * The page of this server, what it needs, and what Prometheus and load balancers ask, by HTTP. http.ts makes one when it is wanted:
 * of Node's module nothing but types is imported here.
 */
import type { createServer, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ServerApi } from '../commands/server-api.js'
import { strerror } from '../config/strerror.js'
import type { BoundHandle } from '../network/bind-now.js'
import { answer, leaveBody, refuse, setCommonHeaders } from './answers.js'
import type { Door } from './commands/caller.js'
import { CommandsApi } from './commands/commands.js'
import { healthOf } from './health.js'
import { Live } from './live.js'
import { LogTail } from './log-tail.js'
import { mayRun, type Visitor, visitorOf } from './login.js'
import { CONTENT_TYPE } from './metrics/exposition.js'
import { Scrape } from './metrics/scrape.js'
import { Page } from './page.js'
import { isForThisServer, isFromOwnPage, isJson, isLoopback } from './request-checks.js'
import { Sampler } from './samples/sampler.js'

/** An address to listen on, and the socket where that is bound already. */
export interface ListeningPlace {
  readonly host: string
  readonly port: number
  readonly backlog: number
  readonly handle: BoundHandle | null
}

const CONNECTIONS_AT_MOST = 64
const MAX_HEADER_BYTES = 16 * 1024
/** How long a request may take to come; and how long a connection may be silent between requests, or not read. */
const REQUEST_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 5000
const SILENCE_MS = 60_000
const CHECK_INTERVAL_MS = 2000

const PROTECTED_MODE =
  'Protected mode: the default user has no password, so that only this machine is answered. Set a password, or protected-mode no.'

interface Route {
  readonly method: 'GET' | 'POST'
  /** It shows or does something: the checks of browsers' requests and of the user come first. */
  readonly isGuarded: boolean
  run(request: IncomingMessage, response: ServerResponse, visitor: Visitor | null): void | Promise<void>
}

export class HttpServer {
  private readonly server: ServerApi & Door
  private readonly log: LogTail
  private readonly create: typeof createServer
  private holdsProcess: boolean
  private readonly sampler: Sampler
  private readonly live: Live
  private readonly scrape: Scrape
  private readonly commands: CommandsApi
  private readonly page = new Page()
  private readonly listeners: Server[] = []
  private readonly connections = new Set<Socket>()
  /** Of these, those with a request whose answer is not out. */
  private readonly answering = new Set<Socket>()
  private readonly routes: ReadonlyMap<string, Route>

  /**
   * @param create node:http's.
   * @param holdsProcess its sockets keep the process from ending.
   */
  constructor(server: ServerApi & Door, create: typeof createServer, holdsProcess: boolean) {
    this.create = create
    this.holdsProcess = holdsProcess
    this.server = server
    this.log = new LogTail(server.log)
    this.sampler = new Sampler(server, () => this.live.tick())
    this.live = new Live(server, this.sampler, this.log)
    this.scrape = new Scrape(server, this.sampler.loop)
    this.commands = new CommandsApi(server)
    this.routes = new Map<string, Route>([
      ['/', { method: 'GET', isGuarded: false, run: (request, response) => this.page.answer(request, response) }],
      ['/health', { method: 'GET', isGuarded: false, run: (_, response) => this.answerHealth(response) }],
      [
        '/metrics',
        { method: 'GET', isGuarded: true, run: (_, response, visitor) => this.answerMetrics(response, visitor) },
      ],
      [
        '/api/live',
        { method: 'GET', isGuarded: true, run: (_, response, visitor) => this.openLive(response, visitor) },
      ],
      [
        '/api/commands',
        {
          method: 'POST',
          isGuarded: true,
          run: (request, response, visitor) => this.runCommands(request, response, visitor),
        },
      ],
    ])
    this.log.start()
    this.sampler.start()
  }

  listen({ backlog, handle, host, port }: ListeningPlace): void {
    const listener = this.create(
      {
        headersTimeout: REQUEST_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: CHECK_INTERVAL_MS,
        maxHeaderSize: MAX_HEADER_BYTES,
      },
      (request, response) => this.begin(request, response),
    )
    listener.timeout = SILENCE_MS
    listener.on('connection', socket => this.take(socket))
    listener.on('error', error => {
      this.server.log.warning(`Could not create server HTTP listening socket ${host}:${port}: ${strerror(error)}`)
    })
    if (handle === null) listener.listen({ host, port, backlog })
    else listener.listen(handle, backlog)
    if (!this.holdsProcess) listener.unref()
    this.listeners.push(listener)
  }

  private take(socket: Socket): void {
    if (this.connections.size >= CONNECTIONS_AT_MOST) {
      socket.destroy()
      return
    }
    this.connections.add(socket)
    if (!this.holdsProcess) socket.unref()
    socket.once('close', () => this.connections.delete(socket))
  }

  /**
   * One request at a time on a connection: who sends more before the answer, which no browser does, could have a thousand of them
   * handled in one turn of the event loop.
   */
  private begin(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    if (socket.destroyed) return
    if (this.answering.has(socket)) {
      socket.destroy()
      return
    }
    this.answering.add(socket)
    response.once('close', () => this.answering.delete(socket))
    this.answer(request, response)
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    setCommonHeaders(response)
    const problem = (status: number, words: string): void => refuse(response, status, words)
    const { headers, method, url = '' } = request
    if (!isForThisServer(headers, this.server.config.values['http-bind'])) {
      problem(421, 'This server does not go by that name. Use its address, or list the name in http-bind.')
      return
    }
    const route = this.routes.get(url.split('?', 1)[0])
    if (route === undefined) {
      problem(404, 'There is nothing here. There are /, /metrics and /health.')
      return
    }
    if (method !== route.method && !(method === 'HEAD' && route.method === 'GET')) {
      response.setHeader('allow', route.method === 'GET' ? 'GET, HEAD' : route.method)
      problem(405, `${url} is for ${route.method}.`)
      return
    }
    let visitor: Visitor | null = null
    if (route.isGuarded) {
      if (!isFromOwnPage(headers)) {
        problem(403, 'Pages of other sites are not answered.')
        return
      }
      if (this.isProtected(request)) {
        problem(403, PROTECTED_MODE)
        return
      }
      visitor = visitorOf(this.server, request)
      if (visitor === null) {
        // The page has a form of its own: a browser's would keep the password.
        if (!url.startsWith('/api/')) response.setHeader('www-authenticate', 'Basic realm="redis-ts", charset="UTF-8"')
        problem(401, 'A user of this server and the password are needed.')
        return
      }
    }
    if (route.method === 'POST' && !isJson(headers)) {
      problem(415, 'The content type has to be application/json.')
      return
    }
    if (route.method === 'GET') leaveBody(request)
    this.run(route, request, response, visitor)
  }

  private run(route: Route, request: IncomingMessage, response: ServerResponse, visitor: Visitor | null): void {
    const fail = (error: unknown): void => {
      this.server.log.warning(`HTTP ${request.url}: ${error instanceof Error ? error.stack : error}`)
      if (response.headersSent) response.destroy()
      else refuse(response, 500, 'Something went wrong here. The log says what.')
    }
    try {
      route.run(request, response, visitor)?.catch(fail)
    } catch (error) {
      fail(error)
    }
  }

  /** As for clients: without a password, only this machine is let in. */
  private isProtected({ socket }: IncomingMessage): boolean {
    const { acl, config } = this.server
    if (!config.values['protected-mode'] || !acl.defaultUser.noPassword) return false
    return !isLoopback(socket.remoteAddress ?? '')
  }

  private answerHealth(response: ServerResponse): void {
    const health = healthOf(this.server)
    answer(response, health.status === 'ok' ? 200 : 503, 'application/json', `${JSON.stringify(health)}\n`)
  }

  private async answerMetrics(response: ServerResponse, visitor: Visitor | null): Promise<void> {
    if (!this.maySeeInfo(response, visitor)) return
    answer(response, 200, CONTENT_TYPE, await this.scrape.text())
  }

  private openLive(response: ServerResponse, visitor: Visitor | null): void {
    if (!this.maySeeInfo(response, visitor)) return
    if (response.req.method === 'HEAD') answer(response, 200, 'text/event-stream', '')
    else if (this.live.isFull) refuse(response, 503, 'Too many pages are open.')
    else this.live.open(response, visitor)
  }

  private async runCommands(
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor | null,
  ): Promise<void> {
    if (visitor !== null) await this.commands.answer(request, response, visitor)
  }

  /** What is shown is what INFO shows. */
  private maySeeInfo(response: ServerResponse, visitor: Visitor | null): visitor is Visitor {
    if (visitor !== null && mayRun(this.server, visitor.user, 'info')) return true
    refuse(response, 403, 'NOPERM This user has no permissions to run the INFO command.')
    return false
  }

  holdProcess(holds: boolean): void {
    this.holdsProcess = holds
    for (const one of [...this.listeners, ...this.connections]) {
      if (holds) one.ref()
      else one.unref()
    }
  }

  /** Takes no more connections; requests under way are answered. Resolves when the last one is. */
  async close(): Promise<void> {
    this.sampler.stop()
    this.log.stop()
    this.live.close()
    await Promise.all(
      this.listeners.map(listener => {
        const closed = new Promise(resolve => listener.close(resolve))
        listener.closeIdleConnections()
        return closed
      }),
    )
  }

  /** Closes what is left at once. */
  disconnect(): void {
    for (const socket of this.connections) socket.destroy()
  }
}
