/**
 * The master's side: partial and full synchronization of replicas, and sending the stream on. Source of behaviour and of
 * the log's words: replication.c.
 */
import type { Clock } from '../clock/clock.js'
import { performance, setImmediate } from '../clock/platform.js'
import type { Config } from '../config/config.js'
import type { Log } from '../observe/log.js'
import type { Saver } from '../persistence/saver.js'
import { type FullSyncHost, FullSyncs } from './full-syncs.js'
import type { Identity } from './identity.js'
import type { ReplicaLink } from './replica-link.js'
import { type ReplicationStream, randomId, sameId } from './stream.js'

const SEND_STEP_BYTES = 1024 * 1024
/** How much is sent to one replica in one go at least, and for how long at most: the kernel may take as much as there is. */
const SENT_AT_ONCE_BYTES = 2 * 1024 * 1024
const SEND_SLICE_MS = 1
const NEWLINE = Buffer.from('\n', 'latin1')

export interface ReplicaStats {
  syncFull: number
  syncPartialOk: number
  syncPartialErr: number
  bytesOut: number
  /** Replicas closed because of client-output-buffer-limit. */
  outputLimitDisconnections: number
}

export class Replicas implements FullSyncHost {
  readonly clock: Clock
  readonly links = new Set<ReplicaLink>()
  readonly stats: ReplicaStats = {
    syncFull: 0,
    syncPartialOk: 0,
    syncPartialErr: 0,
    bytesOut: 0,
    outputLimitDisconnections: 0,
  }
  /** Called when a replica went online or left: the number of good ones may have changed. */
  onChange: () => void = () => {}
  /** Since when there has been no replica, for repl-backlog-ttl. */
  idleSinceMs: number
  readonly stream: ReplicationStream
  readonly identity: Identity
  readonly saver: Saver
  readonly config: Config
  readonly log: Log
  readonly fullSyncs: FullSyncs = new FullSyncs(this)
  private flushScheduled = false

  constructor(stream: ReplicationStream, identity: Identity, saver: Saver, config: Config, log: Log, clock: Clock) {
    this.clock = clock
    this.idleSinceMs = clock.now()
    this.stream = stream
    this.identity = identity
    this.saver = saver
    this.config = config
    this.log = log
    stream.onFeed = () => this.scheduleFlush()
  }

  get count(): number {
    return this.links.size
  }

  /** Replicas that acknowledged within min-replicas-max-lag seconds. */
  get goodCount(): number {
    const maxLag = this.config.values['min-replicas-max-lag']
    let good = 0
    for (const link of this.links) if (link.state === 'online' && link.lagSeconds <= maxLag) good++
    return good
  }

  // Joining

  /** PSYNC: continues where the replica stands when the backlog allows it. */
  tryPartial(link: ReplicaLink, replid: string, firstWanted: number): boolean {
    const { identity, stream, log } = this
    const second = sameId(replid, identity.replid2) && firstWanted <= identity.secondOffset
    if (!sameId(replid, identity.replid) && !second) {
      this.logRefusedId(link, replid, firstWanted)
      return false
    }
    if (!stream.active || firstWanted - 1 < stream.windowStart || firstWanted - 1 > stream.offset) {
      log.notice(
        `Unable to partial resync with replica ${link.name} for lack of backlog (Replica request was: ${firstWanted}).`,
      )
      if (firstWanted - 1 > stream.offset) {
        log.warning(
          `Warning: replica ${link.name} tried to PSYNC with an offset that is greater than the master replication offset.`,
        )
      }
      this.stats.syncPartialErr++
      return false
    }
    link.state = 'online'
    link.acknowledgedMs = this.clock.now()
    link.position = firstWanted - 1
    this.add(link)
    const reply = link.traits.understandsPsync2 ? `+CONTINUE ${identity.replid}\r\n` : '+CONTINUE\r\n'
    link.transport.send(Buffer.from(reply, 'latin1'))
    const bytes = stream.offset - link.position
    log.notice(
      `Partial resynchronization request from ${link.name} accepted. Sending ${bytes} bytes of backlog starting from offset ${firstWanted}.`,
    )
    this.stats.syncPartialOk++
    this.onChange()
    this.pump(link)
    return true
  }

  private logRefusedId(link: ReplicaLink, replid: string, firstWanted: number): void {
    const { identity, log } = this
    // Asked for on purpose.
    if (replid.startsWith('?')) {
      log.notice(`Full resync requested by replica ${link.name}`)
      return
    }
    this.stats.syncPartialErr++
    if (!sameId(replid, identity.replid2)) {
      log.notice(
        `Partial resynchronization not accepted: Replication ID mismatch (Replica asked for '${replid}', my replication IDs are '${identity.replid}' and '${identity.replid2}')`,
      )
    } else {
      log.notice(
        `Partial resynchronization not accepted: Requested offset for second ID was ${firstWanted}, but I can reply up to ${identity.secondOffset}`,
      )
    }
  }

  /** PSYNC without a common history, and SYNC: the replica waits for a snapshot. */
  startFull(link: ReplicaLink, understandsPsync: boolean): void {
    this.stats.syncFull++
    link.understandsPsync = understandsPsync
    link.state = 'wait_bgsave_start'
    this.add(link)
    if (this.config.values['repl-disable-tcp-nodelay']) link.transport.setNoDelay(false)
    if (!this.stream.active) this.openBacklog()
    this.fullSyncs.begin(link)
  }

  /** The first replica, or a restart: the stream is kept from here on, under a new id. */
  private openBacklog(): void {
    this.identity.replid = randomId()
    this.identity.replid2 = '0'.repeat(40)
    this.identity.secondOffset = -1
    this.stream.open()
    this.log.notice(
      `Replication backlog created, my new replication IDs are '${this.identity.replid}' and '${this.identity.replid2}'`,
    )
  }

  private add(link: ReplicaLink): void {
    this.links.add(link)
    this.stream.readers.add(link)
    link.transport.onDrain = () => this.drained(link)
  }

  /** Its connection is gone. */
  remove(link: ReplicaLink): void {
    if (!this.links.delete(link)) return
    this.stream.readers.delete(link)
    this.stream.trim()
    link.transport.onDrain = null
    this.log.notice(`Connection with replica ${link.name} lost.`)
    if (this.links.size === 0) this.idleSinceMs = this.clock.now()
    link.onRemoved?.()
    this.onChange()
    if (link.state === 'wait_bgsave_end') this.fullSyncs.abandon()
  }

  disconnectAll(): void {
    for (const link of [...this.links]) {
      this.remove(link)
      link.transport.close()
    }
  }

  countOutput(bytes: number): void {
    this.stats.bytesOut += bytes
  }

  // Streaming

  /** REPLCONF ACK. */
  acknowledge(link: ReplicaLink, offset: number): void {
    if (offset > link.acknowledgedOffset) link.acknowledgedOffset = offset
    link.acknowledgedMs = this.clock.now()
    if (link.startOnAck && link.state === 'online') {
      link.startOnAck = false
      link.transport.onDrain = () => this.drained(link)
      this.log.notice(`Synchronization with replica ${link.name} succeeded`)
      this.onChange()
      this.pump(link)
    }
  }

  private scheduleFlush(): void {
    if (this.flushScheduled || this.links.size === 0) return
    this.flushScheduled = true
    setImmediate(this.flush)
  }

  /**
   * Sends what was fed since the last time to every replica that keeps up. The server calls it before replies leave: what clients
   * are told of has been handed to the kernel by then, where replicas keep up.
   */
  readonly flush = (): void => {
    if (!this.flushScheduled) return
    this.flushScheduled = false
    for (const link of this.links) if (link.streaming) this.pump(link)
  }

  private pump(link: ReplicaLink): void {
    if (link.transport.pendingOutputBytes > 0) {
      this.checkLimit(link)
      return
    }
    const deadline = performance.now() + SEND_SLICE_MS
    const begun = link.position
    while (link.position < this.stream.offset && link.transport.pendingOutputBytes === 0) {
      if (link.position - begun >= SENT_AT_ONCE_BYTES && performance.now() >= deadline) {
        this.scheduleFlush()
        break
      }
      const chunks = this.stream.read(link.position, SEND_STEP_BYTES)
      if (chunks.length === 0) break
      let size = 0
      for (const chunk of chunks) size += chunk.length
      link.position += size
      this.stats.bytesOut += size
      link.transport.sendAll(chunks)
    }
    link.overSoftLimitSinceMs = 0
  }

  drained(link: ReplicaLink): void {
    if (link.streaming) this.pump(link)
  }

  /** client-output-buffer-limit replica: never less than the backlog, as in Redis. */
  private checkLimit(link: ReplicaLink): void {
    const limit = this.config.values['client-output-buffer-limit'].replica
    const behind = this.stream.offset - link.position + link.transport.pendingOutputBytes
    const least = this.stream.windowBytes
    const now = this.clock.now()
    if (limit.hardBytes > 0 && behind > Math.max(limit.hardBytes, least)) this.drop(link)
    else if (limit.softBytes > 0 && behind > Math.max(limit.softBytes, least)) {
      if (link.overSoftLimitSinceMs === 0) link.overSoftLimitSinceMs = now
      else if (now - link.overSoftLimitSinceMs > limit.softSeconds * 1000) this.drop(link)
    } else link.overSoftLimitSinceMs = 0
  }

  private drop(link: ReplicaLink): void {
    this.stats.outputLimitDisconnections++
    this.log.warning(`Client ${link.name} scheduled to be closed ASAP for overcoming of output buffer limits.`)
    link.transport.close()
  }

  /** Once a second: time-outs, keep-alives during snapshots, output limits. */
  cron(): void {
    const now = this.clock.now()
    const timeoutMs = this.config.values['repl-timeout'] * 1000
    for (const link of [...this.links]) {
      this.checkLimit(link)
      const preSync = link.state === 'wait_bgsave_start' || (link.state === 'wait_bgsave_end' && !link.diskless)
      if (preSync) {
        link.acknowledgedMs = now
        link.transport.send(NEWLINE)
        continue
      }
      // In a diskless transfer only the replica whose socket is full holds up the others.
      if (link.state === 'wait_bgsave_end' && link.transport.pendingOutputBytes === 0) continue
      // A file may take as long as it likes: it holds up nobody.
      if (link.state === 'send_bulk') continue
      // One of old, that sent SYNC, never acknowledges.
      if (link.state === 'online' && !link.understandsPsync) continue
      if (now - link.acknowledgedMs > timeoutMs) {
        const phase = link.state === 'online' ? 'streaming' : 'full'
        this.log.warning(`Disconnecting timedout replica (${phase} sync): ${link.name}`)
        link.transport.close()
      }
    }
    this.fullSyncs.beginForWaiting()
  }
}
