/**
 * FAILOVER on the master: writes wait until a replica has everything, then this server becomes its replica and asks it, with
 * PSYNC FAILOVER, to become the master. Source of behaviour and of the log's words: replication.c.
 */
import type { Clock, ClockTimer } from '../clock/clock.js'
import type { Log } from '../observe/log.js'
import type { ReplicaLink } from './replica-link.js'

/** As INFO master_failover_state shows it. */
export type FailoverState = 'no-failover' | 'waiting-for-sync' | 'failover-in-progress'

export interface FailoverAddress {
  readonly host: string
  readonly port: number
}

export interface FailoverOptions {
  /** The replica to fail over to; null: the first that has everything. */
  readonly target: FailoverAddress | null
  /** When the time is up, fail over to the target all the same. */
  readonly force: boolean
  /** 0: as long as it takes. */
  readonly timeoutMs: number
}

/** What a failover needs of replication and of the server. */
export interface FailoverHost {
  readonly clock: Clock
  readonly log: Log
  readonly offset: number
  readonly replicas: { readonly links: Iterable<ReplicaLink> }
  follow(host: string, port: number): void
  promote(): void
  /** Writes wait from here on, until endFailoverPause(). */
  beginFailoverPause(): void
  endFailoverPause(): void
}

export class Failover {
  state: FailoverState = 'no-failover'
  private target: FailoverAddress | null = null
  private force = false
  private timer: ClockTimer | null = null
  private readonly host: FailoverHost

  constructor(host: FailoverHost) {
    this.host = host
  }

  get underWay(): boolean {
    return this.state !== 'no-failover'
  }

  /** This server follows the target, which may not know yet that it is to be the master. */
  get asksTarget(): boolean {
    return this.state === 'failover-in-progress'
  }

  /** The connected replica that is known by this address, or null. */
  findReplica({ host, port }: FailoverAddress): ReplicaLink | null {
    for (const link of this.host.replicas.links) {
      if (link.ip.toLowerCase() === host.toLowerCase() && link.traits.listeningPort === port) return link
    }
    return null
  }

  /** Pauses writes and waits for a replica; none may be under way. Call update() once the turn is over. */
  begin({ target, force, timeoutMs }: FailoverOptions): void {
    this.host.log.notice(`FAILOVER requested to ${target === null ? 'any replica' : nameOf(target)}.`)
    this.target = target
    this.force = force
    this.state = 'waiting-for-sync'
    if (timeoutMs > 0) this.timer = this.host.clock.setTimeout(() => this.timeIsUp(), timeoutMs)
    this.host.beginFailoverPause()
  }

  private timeIsUp(): void {
    if (this.state !== 'waiting-for-sync') return
    if (this.force && this.target !== null) {
      this.start(this.target, `FAILOVER to ${nameOf(this.target)} time out exceeded, failing over.`)
    } else this.abort('Replica never caught up before timeout')
  }

  /** A replica may have come as far as this server. Not to be called while one is being served: it may be disconnected. */
  update(): void {
    if (this.state !== 'waiting-for-sync') return
    const link = this.target === null ? this.anyInStep() : this.findReplica(this.target)
    if (link === null || link.acknowledgedOffset !== this.host.offset) return
    const target = this.target ?? { host: link.ip, port: link.traits.listeningPort }
    this.start(target, `Failover target ${nameOf(target)} is synced, failing over.`)
  }

  private anyInStep(): ReplicaLink | null {
    for (const link of this.host.replicas.links) {
      if (link.state === 'online' && link.acknowledgedOffset === this.host.offset) return link
    }
    return null
  }

  private start(target: FailoverAddress, message: string): void {
    this.target = target
    this.state = 'failover-in-progress'
    this.host.log.notice(message)
    this.host.follow(target.host, target.port)
  }

  /** The target goes on with this server as its replica: by now it is the master. */
  accepted(): void {
    if (this.asksTarget) this.clear()
  }

  /** Goes back to being the master that it was. */
  abort(reason: string): void {
    if (!this.underWay) return
    const { asksTarget, target } = this
    this.host.log.notice(`FAILOVER to ${target === null ? 'any replica' : nameOf(target)} aborted: ${reason}`)
    if (asksTarget) this.host.promote()
    this.clear()
  }

  private clear(): void {
    this.close()
    this.target = null
    this.force = false
    this.state = 'no-failover'
    this.host.endFailoverPause()
  }

  /** Takes the timer back. */
  close(): void {
    if (this.timer !== null) this.host.clock.clearTimeout(this.timer)
    this.timer = null
  }
}

function nameOf({ host, port }: FailoverAddress): string {
  return `${host}:${port}`
}
