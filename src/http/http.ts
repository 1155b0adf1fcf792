/**
 * The HTTP server as its owner sees it: there while `http-port` is not 0, at run time too. Until then nothing of it is loaded, Node's own
 * module neither, and no timer runs.
 */
import type { ServerApi } from '../commands/server-api.js'
import type { Config } from '../config/config.js'
import { strerror } from '../config/strerror.js'
import { bindNow, mayBeHost } from '../network/bind-now.js'
import type { Companion } from '../server/server.js'
import type { Door } from './commands/caller.js'
import type { HttpServer, ListeningPlace } from './http-server.js'

const BACKLOG = 64
/** An optional address that is missing here. */
const MISSING = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']

/** What it needs of the server. */
export interface HttpHost extends ServerApi, Door {
  companion: Companion | null
}

export class Http implements Companion {
  private readonly server: HttpHost
  private holdsProcess = true
  private places: ListeningPlace[] = []
  private running: HttpServer | null = null
  private loading: Promise<void> | null = null
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
    await this.loading
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
    this.places = places
    // The module is the only thing that comes later: connections wait in the backlog for it.
    const loading = import('./http-server.js').then(({ HttpServer }) => {
      if (this.loading !== loading) return
      this.loading = null
      this.places = []
      this.running = new HttpServer(this.server, this.holdsProcess)
      for (const place of places) this.running.listen(place)
    })
    this.loading = loading
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
    this.loading = null
    for (const { handle } of this.places) handle?.close()
    this.places = []
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
