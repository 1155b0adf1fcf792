/**
 * The HTTP server as its owner sees it: there while `http-port` is not 0, at run time too. Until then Node's own module is not loaded,
 * and no timer runs.
 */
import { createRequire } from 'node:module'
import type { ServerApi } from '../commands/server-api.js'
import type { Config } from '../config/config.js'
import { strerror } from '../config/strerror.js'
import { bindNow, mayBeHost } from '../network/bind-now.js'
import type { Companion } from '../server/server.js'
import type { Door } from './commands/caller.js'
import { HttpServer, type ListeningPlace } from './http-server.js'

const BACKLOG = 64
/** By require(): a bundle that holds an import() loads all that hangs on it in a slower way. Some milliseconds, once. */
const nodeHttp = (): typeof import('node:http') => createRequire(import.meta.url)('node:http')
/** An optional address that is missing here. */
const MISSING = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']

/** What it needs of the server. */
export interface HttpHost extends ServerApi, Door {
  companion: Companion | null
}

export class Http implements Companion {
  private readonly server: HttpHost
  private holdsProcess = true
  private running: HttpServer | null = null
  private closing: Promise<void> | null = null

  /** Goes with the server from here on, and follows `http-port` and `http-bind`. */
  constructor(server: HttpHost) {
    this.server = server
    server.companion = this
    const apply = (): string | null => this.reopen()
    server.config.onChange('http-port', apply)
    server.config.onChange('http-bind', apply)
  }

  async open(): Promise<void> {
    const problem = this.reopen()
    if (problem !== null) throw new Error(`Failed listening on port ${this.values['http-port']} (HTTP), aborting.`)
  }

  private get values(): Config['values'] {
    return this.server.config.values
  }

  /** Why it cannot listen as it is to, or null. What does not depend on looking up names is known at once. */
  private reopen(): string | null {
    void this.stop()
    if (this.values['http-port'] === 0 || this.closing !== null) return null
    const places = this.bind()
    if (places === null) return 'Unable to listen on this port. Check server logs.'
    const running = new HttpServer(this.server, nodeHttp().createServer, this.holdsProcess)
    for (const place of places) running.listen(place)
    this.running = running
    return null
  }

  private bind(): ListeningPlace[] | null {
    const { log } = this.server
    const port = this.values['http-port']
    const places: ListeningPlace[] = []
    for (const given of this.values['http-bind']) {
      const optional = given.startsWith('-')
      const address = optional ? given.slice(1) : given
      const host = address === '*' ? '0.0.0.0' : address === '::*' ? '::' : address
      try {
        if (!mayBeHost(host)) throw new Error('Name or service not known')
        places.push({ host, port, backlog: BACKLOG, handle: bindNow(host, port, BACKLOG) })
      } catch (error) {
        log.warning(`Warning: Could not create server HTTP listening socket ${address}:${port}: ${strerror(error)}`)
        if (optional && MISSING.includes((error as NodeJS.ErrnoException).code ?? '')) continue
        for (const { handle } of places) handle?.close()
        return null
      }
    }
    return places
  }

  /** Nothing new is taken; what is under way may end. */
  private stop(): Promise<void> {
    const { running } = this
    this.running = null
    return running?.close() ?? Promise.resolve()
  }

  holdProcess(holds: boolean): void {
    this.holdsProcess = holds
    this.running?.holdProcess(holds)
  }

  close(): Promise<void> {
    if (this.closing !== null) return this.closing
    const { running } = this
    this.closing = this.stop()
    running?.disconnect()
    return this.closing
  }
}
