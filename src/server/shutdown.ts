/** Going down: replicas catch up, the data is saved, files are removed. Source: prepareForShutdown in server.c. */
import fs from 'node:fs'
import { PAUSE_WRITES } from '../commands/pause.js'
import type { ShutdownOptions } from '../commands/server-api.js'
import type { Server } from './server.js'

const POLL_MS = 50

interface Pending {
  readonly options: ShutdownOptions
  readonly onFailure: (error: string) => void
  readonly timer: NodeJS.Timeout
  readonly deadlineMs: number
}

export class Shutdown {
  private readonly server: Server
  private readonly exit: (code: number) => void
  private pending: Pending | null = null
  private requested: (() => void) | null = null
  private done = false

  constructor(server: Server, exit: (code: number) => void) {
    this.server = server
    this.exit = exit
  }

  /** What a signal asks for: it begins with the cron's next run, until when it can be taken back. */
  request(options: ShutdownOptions, onFailure: (error: string) => void): void {
    this.requested = () => this.begin(options, onFailure)
  }

  /** To be called by the cron. */
  beginIfRequested(): void {
    const begin = this.requested
    this.requested = null
    begin?.()
  }

  begin(options: ShutdownOptions, onFailure: (error: string) => void): void {
    const { server } = this
    if (this.pending !== null || this.done) return
    server.log.notice('User requested shutdown...')
    const timeoutMs = server.config.values['shutdown-timeout'] * 1000
    if (options.now || timeoutMs === 0 || this.replicasInSync()) {
      this.finish(options, onFailure)
      return
    }
    server.log.notice('Waiting for replicas before shutting down.')
    const deadlineMs = Date.now() + timeoutMs
    const timer = setInterval(() => {
      if (!this.replicasInSync() && Date.now() < deadlineMs) return
      clearInterval(timer)
      this.pending = null
      this.finish(options, onFailure)
    }, POLL_MS)
    this.pending = { options, onFailure, timer, deadlineMs }
    server.replication.askForAcknowledgements()
    // Replicas would never catch up with writes that go on.
    server.pause.begin('shutdown', PAUSE_WRITES, Number.POSITIVE_INFINITY)
  }

  /** How much longer it waits for replicas, in milliseconds; null when it does not. */
  get leftMs(): number | null {
    return this.pending === null ? null : Math.max(0, this.pending.deadlineMs - Date.now())
  }

  /** SHUTDOWN ABORT. */
  abort(): boolean {
    if (this.pending === null && this.requested === null) return false
    this.server.log.notice('Shutdown manually aborted.')
    this.requested = null
    if (this.pending === null) return true
    clearInterval(this.pending.timer)
    this.pending.onFailure('ERR Errors trying to SHUTDOWN. Check logs.')
    this.pending = null
    this.server.pause.end('shutdown')
    return true
  }

  private replicasInSync(): boolean {
    const { replication } = this.server
    for (const link of replication.replicas.links) {
      if (link.state === 'online' && link.acknowledgedOffset !== replication.offset) return false
    }
    return true
  }

  private finish(options: ShutdownOptions, onFailure: (error: string) => void): void {
    const { server } = this
    const { log, saver, replication, config } = server
    const total = replication.replicas.count
    if (total > 0) {
      let lagging = 0
      for (const link of replication.replicas.links) if (link.acknowledgedOffset !== replication.offset) lagging++
      const level = lagging > 0 ? 'warning' : 'notice'
      log[level](`${total - lagging} of ${total} replicas are in sync when shutting down.`)
    }
    if (saver.inProgress) {
      log.warning('There is a child saving an .rdb. Killing it!')
      saver.abort()
    }
    const save = options.save ?? config.values.save.length > 0
    if (save && !server.loader.loading) {
      log.notice('Saving the final RDB snapshot before exiting.')
      if (saver.saveNow() !== null) {
        log.warning("Error trying to save the DB, can't exit.")
        if (!options.force) {
          server.pause.end('shutdown')
          onFailure('ERR Errors trying to SHUTDOWN. Check logs.')
          return
        }
      }
    }
    this.done = true
    if (server.pidFile !== null) {
      log.notice('Removing the pid file.')
      fs.rmSync(server.pidFile, { force: true })
    }
    log.warning('Redis is now ready to exit, bye bye...')
    this.exit(0)
  }
}
