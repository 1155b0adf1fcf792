/** The master's side of full synchronizations: whose turn a snapshot is, by which way it goes, and what becomes of those who get it. */
import type { Clock, ClockTimer } from '../clock/clock.js'
import { setImmediate } from '../clock/platform.js'
import type { Config } from '../config/config.js'
import type { Log } from '../observe/log.js'
import type { Saver } from '../persistence/saver.js'
import { FileSender, type FileSenderHost } from './file-sender.js'
import type { Identity } from './identity.js'
import type { ReplicaLink } from './replica-link.js'
import { ReplicaSink } from './replica-sink.js'
import type { ReplicationStream } from './stream.js'

/** A timer may fire a little before its time. */
const TIMER_EARLY_MS = 2

/** What a full synchronization needs of the master's side as a whole. */
export interface FullSyncHost {
  readonly links: ReadonlySet<ReplicaLink>
  readonly clock: Clock
  readonly identity: Identity
  readonly stream: ReplicationStream
  readonly saver: Saver
  readonly config: Config
  readonly log: Log
  /** The replica is gone, or is to go. */
  remove(link: ReplicaLink): void
  /** Its socket takes more: sends it the stream, if it is online. */
  drained(link: ReplicaLink): void
  countOutput(bytes: number): void
  /** Who is online has changed. */
  onChange(): void
}

export class FullSyncs implements FileSenderHost {
  private readonly host: FullSyncHost
  /** When the waiting diskless synchronization begins. */
  private delayTimer: ClockTimer | null = null

  constructor(host: FullSyncHost) {
    this.host = host
  }

  get clock(): Clock {
    return this.host.clock
  }

  /** The replica waits for a snapshot from now on. */
  begin(link: ReplicaLink): void {
    if (this.host.saver.inProgress) this.join(link)
    else if (this.host.saver.isBusy) {
      this.host.log.notice('No BGSAVE in progress, but another BG operation is active. BGSAVE for replication delayed')
    } else if (
      this.host.config.values['repl-diskless-sync'] &&
      link.traits.understandsEof &&
      this.host.config.values['repl-diskless-sync-delay'] > 0
    ) {
      this.host.log.notice('Delay next BGSAVE for diskless SYNC')
      this.delaySnapshot()
    } else this.startSnapshot()
  }

  private join(link: ReplicaLink): void {
    if (this.host.saver.target === 'socket') {
      this.host.log.notice('Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC')
      return
    }
    for (const other of this.host.links) {
      if (other.state !== 'wait_bgsave_end' || other.diskless || isFiltered(link)) continue
      // What follows the snapshot is kept only for those who want it.
      if (other.traits.rdbOnly && !link.traits.rdbOnly) continue
      this.host.log.notice('Waiting for end of BGSAVE for SYNC')
      this.announceFull(link, other.snapshotOffset)
      return
    }
    this.host.log.notice("Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC")
  }

  /** A file that was to be sent to replicas which have all left is of use only where one is kept anyway. */
  abandon(): void {
    const { config, links, saver } = this.host
    if (!saver.inProgress || saver.target !== 'disk' || config.values.save.length > 0) return
    for (const link of links) if (link.state === 'wait_bgsave_end') return
    saver.abort()
  }

  /** Those who wait for a snapshot and want the same as the first of them. */
  private waiting(): ReplicaLink[] {
    const all = [...this.host.links].filter(link => link.state === 'wait_bgsave_start')
    return all.filter(link => wantsSame(link, all[0]))
  }

  private delaySnapshot(): void {
    this.beginForWaiting()
    if (this.delayTimer !== null || this.waiting().length === 0) return
    const delayMs = this.host.config.values['repl-diskless-sync-delay'] * 1000
    this.delayTimer = this.host.clock.setTimeout(() => {
      this.delayTimer = null
      this.beginForWaiting()
    }, delayMs + TIMER_EARLY_MS)
  }

  /** A snapshot has ended, or a delay, or a setting has changed: whoever has waited long enough gets the next one. */
  beginForWaiting(): void {
    if (this.host.saver.mayStart && this.snapshotDue) this.startSnapshot()
  }

  private get snapshotDue(): boolean {
    const { values } = this.host.config
    const waiting = this.waiting()
    if (waiting.length === 0 || !values['repl-diskless-sync']) return waiting.length > 0
    const enough = values['repl-diskless-sync-max-replicas']
    if (enough > 0 && waiting.length >= enough) return true
    const longest = this.host.clock.now() - Math.min(...waiting.map(link => link.joinedMs))
    return longest >= values['repl-diskless-sync-delay'] * 1000
  }

  private startSnapshot(): void {
    if (this.delayTimer !== null) this.host.clock.clearTimeout(this.delayTimer)
    this.delayTimer = null
    const waiting = this.waiting()
    // The file of all there is is not to be replaced by one of less.
    const wanted = this.host.config.values['repl-diskless-sync'] || isFiltered(waiting[0])
    const diskless = wanted && waiting.every(link => link.traits.understandsEof)
    this.host.log.notice(`Starting BGSAVE for SYNC with target: ${diskless ? 'replicas sockets' : 'disk'}`)
    if (!diskless) {
      if (this.host.saver.backgroundSave(failure => this.diskSnapshotDone(failure)) !== 'started') {
        this.refuseWaiting(waiting)
        return
      }
    }
    for (const link of waiting) {
      link.diskless = diskless
      this.announceFull(link, this.host.stream.offset)
    }
    this.host.stream.forgetDatabase()
    if (diskless) this.streamSnapshot(waiting)
  }

  private refuseWaiting(waiting: readonly ReplicaLink[]): void {
    this.host.log.warning('BGSAVE for replication failed')
    for (const link of waiting) {
      link.transport.send(Buffer.from("-ERR BGSAVE failed, replication can't continue\r\n", 'latin1'))
      this.host.remove(link)
      setImmediate(() => link.transport.close())
    }
  }

  private announceFull(link: ReplicaLink, offset: number): void {
    link.state = 'wait_bgsave_end'
    link.snapshotOffset = offset
    if (!link.traits.rdbOnly) link.position = offset
    link.acknowledgedMs = this.host.clock.now()
    if (link.understandsPsync) {
      link.transport.send(Buffer.from(`+FULLRESYNC ${this.host.identity.replid} ${offset}\r\n`, 'latin1'))
    }
  }

  private streamSnapshot(links: readonly ReplicaLink[]): void {
    const sink = new ReplicaSink(links, this.host.log, bytes => this.countOutput(bytes))
    this.host.saver.streamTo(sink, links[0].traits, failure => {
      for (const link of links) {
        if (!this.host.links.has(link)) continue
        link.onRemoved = null
        if (failure !== null) {
          this.host.remove(link)
          link.transport.close()
          continue
        }
        this.host.log.notice(
          `Streamed RDB transfer with replica ${link.name} succeeded (socket). Waiting for REPLCONF ACK from replica to enable streaming`,
        )
        link.state = 'online'
        link.startOnAck = true
        link.acknowledgedMs = this.host.clock.now()
        this.endRdbOnly(link)
      }
      this.host.onChange()
    })
    for (const link of links) {
      link.transport.onDrain = () => {
        if (link.streaming) {
          this.host.drained(link)
          return
        }
        link.acknowledgedMs = this.host.clock.now()
        sink.drained()
      }
      link.onRemoved = () => sink.dropped()
    }
  }

  private diskSnapshotDone(failure: Error | null): void {
    for (const link of [...this.host.links]) {
      if (link.state !== 'wait_bgsave_end' || link.diskless) continue
      if (failure !== null) {
        this.host.log.warning('SYNC failed. BGSAVE child returned an error')
        this.host.remove(link)
        link.transport.close()
      } else this.sendFile(link)
    }
    // Those that get it have it open.
    if (failure === null) {
      this.host.saver.removeSyncFile('Removing the RDB file used to feed replicas in a persistence-less instance')
    }
  }

  /** Sends the RDB file that was just saved. */
  private sendFile(link: ReplicaLink): void {
    try {
      new FileSender(link, this.host.saver.file, this).start()
    } catch (error) {
      this.host.log.warning(`SYNC failed. Can't open/stat DB after BGSAVE: ${(error as Error).message}`)
      this.host.remove(link)
      link.transport.close()
    }
  }

  fileFailed(link: ReplicaLink, text: string): void {
    this.host.log.warning(`Read error sending DB to replica: ${text}`)
    this.host.remove(link)
    link.transport.close()
  }

  fileSent(link: ReplicaLink): void {
    link.transport.onDrain = () => this.host.drained(link)
    link.state = 'online'
    link.acknowledgedMs = this.host.clock.now()
    if (this.endRdbOnly(link)) return
    this.host.log.notice(`Synchronization with replica ${link.name} succeeded`)
    this.host.onChange()
    this.host.drained(link)
  }

  private endRdbOnly(link: ReplicaLink): boolean {
    if (!link.traits.rdbOnly) return false
    this.host.log.notice(`RDB transfer completed, rdb only replica (${link.name}) should be disconnected asap`)
    this.host.remove(link)
    link.transport.closeAfterReplies()
    return true
  }

  countOutput(bytes: number): void {
    this.host.countOutput(bytes)
  }
}

function isFiltered({ traits }: ReplicaLink): boolean {
  return traits.withoutKeys || traits.withoutFunctions
}

function wantsSame({ traits: a }: ReplicaLink, { traits: b }: ReplicaLink): boolean {
  return a.withoutKeys === b.withoutKeys && a.withoutFunctions === b.withoutFunctions
}
