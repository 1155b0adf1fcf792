/**
 * Replication as a whole: who this server is (replication ids and offset), its replicas, and its master if it has one.
 */
import type { Clock } from '../clock/clock.js'
import { setImmediate } from '../clock/platform.js'
import type { Config } from '../config/config.js'
import type { Log } from '../observe/log.js'
import type { Saver } from '../persistence/saver.js'
import { encodeRequest, type Request } from '../resp/request.js'
import type { Keyspace } from '../store/keyspace.js'
import { Failover, type FailoverHost } from './failover.js'
import { type Identity, NO_AOF } from './identity.js'
import { MasterLink, type MasterLinkHost, type MasterPeer } from './master-link.js'
import type { Dial } from './master-socket.js'
import type { ReplicaLink } from './replica-link.js'
import { Replicas } from './replicas.js'
import type { SnapshotReceiver } from './socket-transfer.js'
import { ReplicationStream, randomId } from './stream.js'
import { Waiters } from './waiters.js'

const NO_ID = '0'.repeat(40)
const PING = encodeRequest('ping')
const GETACK = encodeRequest('REPLCONF', 'GETACK', '*')

/** What replication needs of the server. */
export interface ReplicationHost {
  /** Port that a master shall know this replica by. */
  readonly listeningPort: number
  /** Empties the keyspace and loads a file; requests get -LOADING meanwhile. */
  loadFile(file: string, done: (error: Error | null) => void): void
  /** Begins to load from the socket, beside the old data; `async`: with which clients may go on meanwhile. */
  loadFromSocket(totalBytes: number, async: boolean): SnapshotReceiver
  /** Executes bytes of the master's stream. */
  applyStream(bytes: Buffer): void
  beginStream(peer: MasterPeer): void
  endStream(): void
  /** Bytes of the master's stream that have come and are not executed yet. */
  readonly unappliedBytes: number
  /** A full synchronization is about to replace the data, and has, or this server goes on without a master. */
  stopAof(): void
  restartAof(): void
  /** This server becomes a replica: nobody can wait any longer for what only a master can give. */
  endWaits(host: string, port: number): void
  /** Writes wait, for a failover's sake. */
  beginFailoverPause(): void
  endFailoverPause(): void
  /** Role, link or number of good replicas changed: what clients may do has to be looked at again. */
  stateChanged(): void
}

export class Replication implements MasterLinkHost, FailoverHost {
  readonly identity: Identity = { replid: randomId(), replid2: NO_ID, secondOffset: -1 }
  readonly stream: ReplicationStream
  readonly replicas: Replicas
  readonly waiters: Waiters
  readonly failover: Failover
  readonly config: Config
  readonly log: Log
  master: MasterLink | null = null
  /** Up to where this server's own append-only file is on disk; NO_AOF without one. */
  fsyncedOffset = NO_AOF
  /** Bytes received from masters (INFO total_net_repl_input_bytes). */
  bytesIn = 0
  private readonly keyspace: Keyspace
  private readonly saver: Saver
  private readonly host: ReplicationHost
  /** replid and offset are a master's: a partial resynchronization with it may work. */
  private mayResume = false
  private acknowledgementsWanted = false
  holdsProcess = true
  dial: Dial | null = null
  /** When the link to a master last broke, however many times it was tried since; 0 while there was none to break. */
  private linkLostMs = 0
  /** Calls of cron() so far, one a second. */
  private seconds = 0
  /** Database that the master's stream is in: after a partial resynchronization it goes on without a SELECT. */
  masterDatabase = 0

  constructor(keyspace: Keyspace, saver: Saver, config: Config, log: Log, host: ReplicationHost) {
    this.keyspace = keyspace
    this.saver = saver
    this.config = config
    this.log = log
    this.host = host
    this.stream = new ReplicationStream(keyspace.released.held)
    this.replicas = new Replicas(this.stream, this.identity, saver, config, log, this.clock)
    this.replicas.onChange = () => host.stateChanged()
    this.waiters = new Waiters(this.replicas)
    this.failover = new Failover(this)
    this.stream.windowBytes = config.values['repl-backlog-size']
    saver.onIdle = () => this.replicas.fullSyncs.beginForWaiting()
    saver.replicationAux = () => this.aux()
  }

  get clock(): Clock {
    return this.keyspace.time
  }
  get offset(): number {
    return this.stream.offset
  }
  get listeningPort(): number {
    return this.host.listeningPort
  }
  get appliedOffset(): number {
    return this.stream.offset
  }
  get isReplica(): boolean {
    return this.master !== null
  }

  // The stream of a top-level master

  feedRequest(database: number, request: Request): void {
    if (this.master === null) this.stream.feedRequest(database, request)
  }

  /** As feedRequest(), for a request in RESP whose bytes lie in several places. */
  feedPieces(database: number, pieces: readonly Buffer[]): void {
    if (this.master === null) this.stream.feedPieces(database, pieces)
  }

  feed(database: number, bytes: Buffer, start: number, end: number): void {
    if (this.master === null) this.stream.feed(database, bytes, start, end)
  }

  /** A write went into the append-only file: where nobody wants the stream, the offset counts writes, for WAITAOF to wait for. */
  countWrite(): void {
    if (this.master === null && !this.stream.active) this.stream.offset++
  }

  // Roles

  /** Becomes a replica: REPLICAOF host port, FAILOVER. */
  follow(host: string, port: number): void {
    const wasMaster = this.master === null
    if (this.master?.up) this.masterLost()
    this.master?.close()
    this.host.endWaits(host, port)
    if (wasMaster) {
      // Without a backlog, too: its offset counts no writes then, but nobody else knows its id either.
      this.mayResume = true
      // Any: a master whose history goes back to this server's began its own stream with SELECT.
      this.masterDatabase = 0
      this.log.notice(
        'Before turning into a replica, using my own master parameters to synthesize a cached master: I may be able to synchronize with the new master with just a partial transfer.',
      )
    }
    this.keyspace.isReplica = true
    this.log.role = 'S'
    this.config.values.replicaof = { host, port }
    this.master = new MasterLink(this, host, port)
    this.host.stateChanged()
  }

  /** REPLICAOF NO ONE, PSYNC FAILOVER: replicas of this server go on, under a new id that shares the old one's history. */
  promote(): void {
    if (this.master === null) return
    this.master.close()
    this.master = null
    this.config.values.replicaof = null
    this.linkLostMs = 0
    this.mayResume = false
    this.keyspace.isReplica = false
    this.log.role = 'M'
    const { identity } = this
    identity.replid2 = identity.replid
    identity.secondOffset = this.stream.offset + 1
    identity.replid = randomId()
    this.log.notice(
      `Setting secondary replication ID to ${identity.replid2}, valid up to offset: ${identity.secondOffset}. New replication ID is ${identity.replid}`,
    )
    // Replicas learn the new id by joining again, which costs a partial resynchronization.
    this.replicas.disconnectAll()
    this.replicas.idleSinceMs = this.keyspace.time.now()
    this.stream.forgetDatabase()
    // A synchronization that has failed has left it off.
    this.host.restartAof()
    this.host.stateChanged()
  }

  /** DEBUG CHANGE-REPL-ID. */
  changeId(): void {
    this.identity.replid = randomId()
    this.identity.replid2 = NO_ID
    this.identity.secondOffset = -1
  }

  /** Asks all replicas how far they are (WAIT, shutdown); during a pause, which the offset must not outgrow, behind it. */
  askForAcknowledgements(): void {
    this.acknowledgementsWanted = this.keyspace.writesPaused
    if (!this.acknowledgementsWanted && this.master === null) this.stream.feed(-1, GETACK, 0, GETACK.length)
  }

  /** A pause has ended. */
  unpaused(): void {
    if (this.acknowledgementsWanted) this.askForAcknowledgements()
  }

  /** REPLCONF ACK. */
  acknowledged(link: ReplicaLink, offset: number): void {
    this.replicas.acknowledge(link, offset)
    this.waiters.acknowledged()
    if (this.failover.underWay) setImmediate(() => this.failover.update())
  }

  beginFailoverPause(): void {
    this.host.beginFailoverPause()
  }

  endFailoverPause(): void {
    this.host.endFailoverPause()
  }

  replicaGone(link: ReplicaLink): void {
    this.replicas.remove(link)
  }

  // MasterLinkHost

  resumePoint(): { replid: string; firstWanted: number } | null {
    return this.mayResume ? { replid: this.identity.replid, firstWanted: this.stream.offset + 1 } : null
  }

  continued(replid: string | null): void {
    const { identity } = this
    if (replid !== null && replid !== identity.replid) {
      identity.replid2 = identity.replid
      identity.secondOffset = this.stream.offset + 1
      identity.replid = replid
      this.log.notice(`Master replication ID changed to ${replid}`)
      this.replicas.disconnectAll()
    }
    if (!this.stream.active) this.stream.open()
    this.log.notice('MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.')
  }

  /** What is here is about to give way to another history. Until then a failed synchronization has cost nothing. */
  private leaveHistory(): void {
    if (this.mayResume) this.log.notice('Discarding previously cached master state.')
    this.replicas.disconnectAll()
    this.mayResume = false
  }

  psyncAccepted(): void {
    this.failover.accepted()
  }

  psyncRefused(): boolean {
    if (!this.failover.asksTarget) return false
    this.failover.abort('Failover target rejected psync request')
    return true
  }

  get asksForFailover(): boolean {
    return this.failover.asksTarget
  }

  abandonHistory(): void {
    this.mayResume = false
  }

  loadFile(file: string, replid: string, offset: number, done: (error: Error | null) => void): void {
    this.host.stopAof()
    this.saver.abort()
    this.leaveHistory()
    this.host.loadFile(file, error => {
      if (error === null) {
        this.beginHistory(replid, offset)
        this.host.restartAof()
      }
      done(error)
    })
  }

  private beginHistory(replid: string, offset: number): void {
    this.identity.replid = replid === '' ? randomId() : replid
    this.identity.replid2 = NO_ID
    this.identity.secondOffset = -1
    this.stream.open()
    this.stream.restartAt(offset)
    this.mayResume = replid !== ''
  }

  get loadsFromSocket(): boolean {
    const wanted = this.config.values['repl-diskless-load']
    return wanted === 'swapdb' || (wanted === 'on-empty-db' && this.keyspace.keyCount === 0)
  }

  receiveSnapshot(replid: string, totalBytes: number): SnapshotReceiver {
    // Of the same history, the old data is an earlier state of the new: clients may well read it meanwhile.
    const async = this.config.values['repl-diskless-load'] === 'swapdb' && replid === this.identity.replid
    return this.host.loadFromSocket(totalBytes, async)
  }

  adoptSnapshot(receiver: SnapshotReceiver, replid: string, offset: number): void {
    this.host.stopAof()
    this.saver.abort()
    this.leaveHistory()
    receiver.adopt()
    this.beginHistory(replid, offset)
    this.host.restartAof()
  }

  apply(bytes: Buffer): void {
    this.host.applyStream(bytes)
  }
  beginStream(peer: MasterPeer): void {
    this.host.beginStream(peer)
  }
  endStream(): void {
    this.host.endStream()
  }
  changed(): void {
    this.host.stateChanged()
  }
  masterLost(): void {
    this.linkLostMs = this.keyspace.time.now()
  }
  countInput(bytes: number): void {
    this.bytesIn += bytes
  }

  /** A command of the master's stream was executed: its bytes go to this server's own replicas. */
  relay(bytes: Buffer, start: number, end: number): void {
    this.stream.relay(bytes, start, end)
  }

  // Across restarts

  private aux(): [string, string][] {
    if (!this.stream.active && this.master === null) return []
    if (this.master !== null && !this.mayResume) return []
    return [
      ['repl-stream-db', String(this.master === null ? this.stream.currentDatabase : this.masterDatabase)],
      ['repl-id', this.identity.replid],
      ['repl-offset', String(this.stream.offset)],
    ]
  }

  /** The file that was loaded at start-up knew a replication id and offset, and the database that the stream was in. */
  restore(replid: string, offset: number, database: number): void {
    this.stream.open()
    this.stream.restartAt(offset)
    this.masterDatabase = database
    if (this.config.values.replicaof !== null) {
      this.identity.replid = replid
      this.mayResume = true
    } else {
      this.identity.replid2 = replid
      this.identity.secondOffset = offset + 1
    }
    this.replicas.idleSinceMs = this.keyspace.time.now()
  }

  /** Follows the master that the configuration names, once the data is loaded. */
  startFollowing(): void {
    const { replicaof } = this.config.values
    if (replicaof === null || this.master !== null) return
    const { mayResume } = this
    this.keyspace.isReplica = true
    this.log.role = 'S'
    this.master = new MasterLink(this, replicaof.host, replicaof.port)
    this.mayResume = mayResume
    this.host.stateChanged()
  }

  /** Once a second. */
  cron(): void {
    const { values } = this.config
    this.master?.cron()
    const pingDue = ++this.seconds % values['repl-ping-replica-period'] === 0
    // A failover waits for replicas to have come as far as the stream has: it must not grow meanwhile.
    const mayPing = this.master === null && this.replicas.count > 0 && !this.failover.underWay
    if (pingDue && mayPing) this.stream.feed(-1, PING, 0, PING.length)
    this.replicas.cron()
    this.expireBacklog()
    this.host.stateChanged()
  }

  /** repl-backlog-ttl: without replicas for so long, a partial resynchronization is not to be expected. */
  private expireBacklog(): void {
    const ttlMs = this.config.values['repl-backlog-ttl'] * 1000
    if (ttlMs === 0 || !this.stream.active || this.replicas.count > 0 || this.master !== null) return
    if (this.keyspace.time.now() - this.replicas.idleSinceMs < ttlMs) return
    this.changeId()
    this.stream.close()
    this.log.notice(`Replication backlog freed after ${ttlMs / 1000} seconds without connected replicas.`)
  }

  /** Whether a link to a master keeps the process from ending. */
  hold(holds: boolean): void {
    this.holdsProcess = holds
    this.master?.hold()
  }

  /** The data is another, which has not come through the stream: replicas have to synchronize anew. */
  startNewHistory(): void {
    this.changeId()
    this.replicas.disconnectAll()
  }

  close(): void {
    this.failover.close()
    this.master?.close()
    this.replicas.disconnectAll()
  }

  // What INFO and ROLE show

  /** There is a master, or what was kept of one, that this replica could go on with. */
  get hasHistory(): boolean {
    return this.master?.up === true || this.mayResume
  }

  /** Up to where the master's stream has come; of that, `offset` is executed. */
  get receivedOffset(): number {
    return this.stream.offset + this.host.unappliedBytes
  }

  /** Seconds since the link to a master broke, -1 while there was none to break. */
  get linkDownSeconds(): number {
    return this.linkLostMs === 0 ? -1 : Math.floor((this.keyspace.time.now() - this.linkLostMs) / 1000)
  }
}
