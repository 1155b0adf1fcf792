/** Going down: replicas catch up, the data is saved, files are removed. Source: prepareForShutdown in server.c. */
import fs from 'node:fs'
import { clearInterval, setInterval, wallClock } from '../clock/platform.js'
import { PAUSE_ALL, PAUSE_WRITES } from '../commands/blocking/pause.js'
import type { ServerApi, ShutdownOptions } from '../commands/server-api.js'

const POLL_MS = 50

export interface ShutdownHost extends ServerApi {
  readonly pidFile: string | null
}

interface Pending {
  readonly timer: NodeJS.Timeout
  readonly deadlineMs: number
}

export class Shutdown {
  private readonly server: ShutdownHost
  private readonly exit: (code: number) => void
  private pending: Pending | null = null
  /** Who has to be told if it comes to nothing: clients that have called SHUTDOWN, one after another. */
  private onFailures: ((error: string) => void)[] = []
  private requested: (() => void) | null = null
  /** A signal has asked for what is not over yet. */
  private signalled = false
  /** How many saves there had been when the one that a signal asked for failed; null when none did. */
  private savesAtFailure: number | null = null
  /** The last save is under way. */
  private saving = false
  private done = false

  constructor(server: ShutdownHost, exit: (code: number) => void) {
    this.server = server
    this.exit = exit
  }

  /** What a signal asks for: it begins with the cron's next run, until when it can be taken back. */
  request(options: ShutdownOptions, onFailure: (error: string) => void): void {
    this.signalled = true
    this.requested = () => this.begin(options, onFailure)
  }

  /** A signal has asked for this already: it is under way, or has failed, and nothing was saved since. */
  get insisted(): boolean {
    return this.signalled || this.saveFailed
  }

  /** The save that a signal asked for has failed, and none has succeeded since. */
  get saveFailed(): boolean {
    return this.savesAtFailure === this.server.saver.saves
  }

  /** To be called by the cron. */
  beginIfRequested(): void {
    const begin = this.requested
    this.requested = null
    begin?.()
  }

  begin(options: ShutdownOptions, onFailure: (error: string) => void): void {
    const { server } = this
    if (this.done) return
    this.onFailures.push(onFailure)
    if (this.pending !== null || this.saving) return
    server.log.notice('User requested shutdown...')
    const timeoutMs = server.config.values['shutdown-timeout'] * 1000
    if (options.now || timeoutMs === 0 || this.replicasInSync()) {
      this.finish(options)
      return
    }
    server.log.notice('Waiting for replicas before shutting down.')
    // In real time, whatever clock the server lives by: one that stands still would keep it from going down.
    const deadlineMs = wallClock() + timeoutMs
    const timer = setInterval(() => {
      if (!this.replicasInSync() && wallClock() < deadlineMs) return
      clearInterval(timer)
      this.pending = null
      this.finish(options)
    }, POLL_MS)
    this.pending = { timer, deadlineMs }
    server.replication.askForAcknowledgements()
    // Replicas would never catch up with writes that go on.
    server.pause.begin('shutdown', PAUSE_WRITES, Number.POSITIVE_INFINITY)
  }

  /** How much longer it waits for replicas, in milliseconds; null when it does not. */
  get leftMs(): number | null {
    return this.pending === null ? null : Math.max(0, this.pending.deadlineMs - wallClock())
  }

  /** SHUTDOWN ABORT. */
  abort(): boolean {
    if (this.pending === null && this.requested === null) return false
    this.server.log.notice('Shutdown manually aborted.')
    this.requested = null
    this.signalled = false
    if (this.pending === null) return true
    clearInterval(this.pending.timer)
    this.pending = null
    this.giveUp()
    return true
  }

  private fail(): void {
    this.server.log.warning('Errors trying to shut down the server. Check the logs for more information.')
    if (this.signalled) this.savesAtFailure = this.server.saver.saves
    this.giveUp()
  }

  private giveUp(): void {
    this.signalled = false
    const onFailures = this.onFailures.splice(0)
    for (const onFailure of onFailures) onFailure('ERR Errors trying to SHUTDOWN. Check logs.')
    this.server.pause.end('shutdown')
  }

  private replicasInSync(): boolean {
    const { replication } = this.server
    for (const link of replication.replicas.links) {
      if (link.acknowledgedOffset !== replication.offset) return false
    }
    return true
  }

  private logLaggingReplicas(): void {
    const { log, replication } = this.server
    const { links } = replication.replicas
    let lagging = 0
    for (const { acknowledgedOffset, lagSeconds, name, state } of links) {
      const behind = replication.offset - acknowledgedOffset
      if (behind === 0) continue
      lagging++
      const stateName = state.startsWith('wait_bgsave') ? 'wait_bgsave' : state
      log.notice(
        `Lagging replica ${name} reported offset ${behind} behind master, lag=${lagSeconds}, state=${stateName}.`,
      )
    }
    if (links.size > 0) log.notice(`${links.size - lagging} of ${links.size} replicas are in sync when shutting down.`)
  }

  private finish(options: ShutdownOptions): void {
    const { aof } = this.server
    this.logLaggingReplicas()
    // What a thread is writing just now has to be written ahead of the rest.
    if (aof.log.isOpen && !this.done) aof.log.whenWritten(() => this.save(options))
    else this.save(options)
  }

  private save(options: ShutdownOptions): void {
    const { server } = this
    const { aof, log, saver, config } = server
    if (aof.rewriting.isUnderWay) {
      if (aof.state === 'waiting') {
        log.warning(`Writing initial AOF${options.force ? '. Exit anyway.' : ", can't exit."}`)
        if (!options.force) {
          this.fail()
          return
        }
      }
      log.warning('There is a child rewriting the AOF. Killing it!')
      aof.rewriting.abort()
    }
    aof.syncAtOnce()
    if (saver.inProgress) {
      log.warning('There is a child saving an .rdb. Killing it!')
      saver.abort()
    }
    const save = options.save ?? config.values.save.length > 0
    if (save && !server.loader.loading) {
      log.notice('Saving the final RDB snapshot before exiting.')
      this.saving = true
      // What came from here on would not be in it.
      server.pause.begin('shutdown', PAUSE_ALL, Number.POSITIVE_INFINITY)
      saver.saveLast(saved => this.saved(saved, options))
    } else this.leave()
  }

  private saved(saved: boolean, options: ShutdownOptions): void {
    const { aof, log } = this.server
    this.saving = false
    if (!saved && !options.force) {
      log.warning("Error trying to save the DB, can't exit.")
      this.fail()
      return
    }
    if (!saved) log.warning('Error trying to save the DB. Exit anyway.')
    // A master does not wait.
    aof.syncAtOnce()
    this.leave()
  }

  private leave(): void {
    const { log, pidFile } = this.server
    this.done = true
    if (pidFile !== null) {
      log.notice('Removing the pid file.')
      fs.rmSync(pidFile, { force: true })
    }
    log.warning('Redis is now ready to exit, bye bye...')
    this.exit(0)
  }
}
