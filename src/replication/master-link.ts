/**
 * The replica's side: finds the master, synchronizes, and hands the stream on to be executed. Every failure ends in the
 * same place: the link is down and is tried again within a second. Source of behaviour and of the log's words:
 * replication.c.
 */

import type { Clock, ClockTimer } from '../clock/clock.js'
import { setImmediate, setTimeout } from '../clock/platform.js'
import type { Config } from '../config/config.js'
import { strerror } from '../config/strerror.js'
import type { Log } from '../observe/log.js'
import { encodeRequest } from '../resp/request.js'
import { Handshake, type HandshakeResult } from './handshake.js'
import { NO_AOF } from './identity.js'
import { type Dial, MasterSocket, type MasterSocketOwner, type MasterStream } from './master-socket.js'
import { type SnapshotReceiver, SocketTransfer } from './socket-transfer.js'
import {
  openTransfer,
  parseTransferHeader,
  renameFailure,
  type SyncProgress,
  syncFailure,
  type Transfer,
} from './transfer.js'

const NOTHING = Buffer.alloc(0)
const LOST = 'Connection with master lost.'
const LINE_MAX_BYTES = 1024
const RETRY_MS = 1000
/** Most breaks are short: so soon, and for so long, a link is tried again that was up a moment ago or has just been asked for. */
const EAGER_RETRY_MS = 100
const EAGER_MS = 2000

/** Number of the last temporary file: one given up may be on its way out when the next begins. */
let lastTransfer = 0

/** The other end of a link that is up. */
export interface MasterPeer {
  readonly socket: MasterStream
  /** Breaks the link, which will be tried anew. */
  disconnect(): void
}

/** What the link needs of replication and of the server. */
export interface MasterLinkHost {
  /** Its socket keeps the process from ending. */
  readonly holdsProcess: boolean
  /** How to connect to a master; null: by TCP. */
  readonly dial: Dial | null
  readonly clock: Clock
  readonly config: Config
  readonly log: Log
  readonly listeningPort: number
  /** Where a partial resynchronization could go on. */
  resumePoint(): { replid: string; firstWanted: number } | null
  /** The master has accepted to continue, under this id. */
  continued(replid: string | null): void
  /** The master is asked to become one, by this one's PSYNC (FAILOVER). */
  readonly asksForFailover: boolean
  /** The master continues or sends everything. */
  psyncAccepted(): void
  /** The master does neither. True: this was its last chance, and the link has been closed. */
  psyncRefused(): boolean
  /** The stream made no sense: where it broke is no place to resume from. */
  abandonHistory(): void
  /** Whether this full synchronization is to be loaded from the socket (repl-diskless-load). */
  readonly loadsFromSocket: boolean
  /** Begins to load beside the old data, from the socket; size -1 when unknown. */
  receiveSnapshot(replid: string, totalBytes: number): SnapshotReceiver
  /** That snapshot is whole: it takes the place of the old data; the new history is `replid` at `offset`. */
  adoptSnapshot(receiver: SnapshotReceiver, replid: string, offset: number): void
  /** Loads the received file; the new history is `replid` at `offset`. An error says in its message what the log is to say. */
  loadFile(file: string, replid: string, offset: number, done: (error: Error | null) => void): void
  /** Bytes of the stream. */
  apply(bytes: Buffer): void
  /** The link is up: a new stream begins. */
  beginStream(peer: MasterPeer): void
  /** The link is down: what was left of an unfinished request is void. */
  endStream(): void
  /** The link went up or down. */
  changed(): void
  /** The link was up and broke. */
  masterLost(): void
  /** Up to where the append-only file is on disk, NO_AOF without one. */
  readonly fsyncedOffset: number
  /** Offset to acknowledge. */
  readonly appliedOffset: number
  /** Bytes received from the master, for INFO. */
  countInput(bytes: number): void
}

export type MasterLinkState = 'connect' | 'connecting' | 'handshake' | 'sync' | 'loading' | 'connected'

export class MasterLink implements MasterSocketOwner {
  readonly host: string
  readonly port: number
  state: MasterLinkState = 'connect'
  lastIoMs: number
  private readonly owner: MasterLinkHost
  private socket: MasterSocket | null = null
  private handshake: Handshake | null = null
  /** The snapshot on its way to a file, or into memory. */
  private transfer: Transfer | null = null
  private socketTransfer: SocketTransfer | null = null
  private line: Buffer[] = []
  private lineBytes = 0
  private pendingFull: { replid: string; offset: number } | null = null
  private retryTimer: ClockTimer | null = null
  private eagerUntilMs: number
  private closed = false

  constructor(owner: MasterLinkHost, host: string, port: number) {
    this.owner = owner
    this.lastIoMs = owner.clock.now()
    this.eagerUntilMs = this.lastIoMs + EAGER_MS
    this.host = host
    this.port = port
    this.connect('Connecting')
  }

  get up(): boolean {
    return this.state === 'connected'
  }

  /** The snapshot that is coming in, or null. */
  get progress(): SyncProgress | null {
    return this.transfer ?? this.socketTransfer
  }

  /** Its socket does what the host's holdsProcess says. */
  hold(): void {
    if (this.owner.holdsProcess) this.socket?.net.ref()
    else this.socket?.net.unref()
  }

  /** Does not wait any longer before it tries again. */
  tryNow(): void {
    if (this.retryTimer === null || this.state !== 'connect') return
    this.owner.clock.clearTimeout(this.retryTimer)
    this.connect('Connecting')
  }

  /** Ends the link for good. */
  close(): void {
    this.closed = true
    if (this.retryTimer !== null) this.owner.clock.clearTimeout(this.retryTimer)
    this.teardown()
  }

  private teardown(): void {
    const { socket } = this
    this.socket = null
    this.owner.endStream()
    this.handshake = null
    this.line = []
    this.lineBytes = 0
    // A whole file is worth loading, whatever has become of the link.
    if (this.state !== 'loading') {
      this.pendingFull = null
      this.transfer?.discard()
      this.transfer = null
      this.socketTransfer?.discard()
      this.socketTransfer = null
    }
    socket?.close()
  }

  private connect(word: 'Connecting' | 'Reconnecting'): void {
    const { log, config } = this.owner
    if (this.closed) return
    this.retryTimer = null
    this.state = 'connecting'
    this.lastIoMs = this.owner.clock.now()
    log.notice(`${word} to MASTER ${this.host}:${this.port}`)
    const options = { host: this.host, port: this.port, sourceAddress: config.values['bind-source-addr'] }
    this.socket = new MasterSocket(options, this, this.owner.dial)
    this.hold()
    log.notice('MASTER <-> REPLICA sync started')
  }

  connected(): void {
    const { config, log } = this.owner
    const { values } = config
    log.notice('Non blocking connect for SYNC fired the event.')
    this.socket?.net.setKeepAlive(true, values['repl-timeout'] * 1000)
    this.lastIoMs = this.owner.clock.now()
    this.state = 'handshake'
    this.handshake = new Handshake(
      {
        masterUser: values.masteruser,
        masterAuth: values.masterauth,
        listeningPort: values['replica-announce-port'] || this.owner.listeningPort,
        announcedAddress: values['replica-announce-ip'],
        resume: this.owner.resumePoint(),
        failover: this.owner.asksForFailover,
      },
      bytes => this.send(bytes),
      log,
    )
  }

  failed(error: Error): void {
    if (this.state !== 'connected') this.lost(`Error condition on socket for SYNC: ${errorText(error)}`)
    else {
      this.owner.log.verbose(`Reading from client: ${errorText(error)}`)
      this.lost(LOST)
    }
  }

  ended(): void {
    this.lost(this.state === 'connected' ? LOST : 'Master closed the connection during synchronization')
  }

  private send(bytes: Buffer): void {
    this.socket?.send(bytes)
  }

  arrived(bytes: number): void {
    this.lastIoMs = this.owner.clock.now()
    this.owner.countInput(bytes)
  }

  received(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && this.socket !== null) {
      if (this.state === 'connected') {
        this.owner.apply(at === 0 ? chunk : chunk.subarray(at))
        return
      }
      if (this.transfer !== null) at = this.receiveFile(chunk, at)
      else if (this.socketTransfer !== null) at = this.receiveInMemory(this.socketTransfer, chunk, at)
      else at = this.receiveLine(chunk, at)
    }
  }

  /** Collects one line; returns the offset behind what it took. */
  private receiveLine(chunk: Buffer, at: number): number {
    const lf = chunk.indexOf(10, at)
    const end = lf < 0 ? chunk.length : lf + 1
    this.line.push(Buffer.from(chunk.subarray(at, end)))
    this.lineBytes += end - at
    if (this.lineBytes > LINE_MAX_BYTES) {
      this.fail(
        'Bad protocol from MASTER: a line of the handshake is too long, are you sure the host and port are right?',
      )
      return chunk.length
    }
    if (lf < 0) return end
    const line = this.line.length === 1 ? this.line[0] : Buffer.concat(this.line)
    this.line = []
    this.lineBytes = 0
    if (this.handshake !== null) this.handshakeLine(this.handshake, line)
    else this.startTransfer(line.toString('latin1').trim())
    return end
  }

  private handshakeLine(handshake: Handshake, line: Buffer): void {
    const result = handshake.line(line)
    if (result !== null) this.handshakeDone(result)
  }

  private handshakeDone(result: HandshakeResult): void {
    this.handshake = null
    const accepted = result.kind === 'continue' || result.kind === 'full'
    if (accepted) this.owner.psyncAccepted()
    else if ((result.kind === 'sync' || result.refusesPsync) && this.owner.psyncRefused()) return
    switch (result.kind) {
      case 'failed':
        this.fail(result.text, result.isTemporary ? 'notice' : 'warning')
        return
      case 'continue':
        this.owner.continued(result.replid)
        this.goOnline()
        return
      case 'full':
        this.pendingFull = { replid: result.replid, offset: result.offset }
        break
      case 'sync':
        this.pendingFull = { replid: '', offset: 0 }
    }
    this.state = 'sync'
    this.owner.changed()
  }

  private startTransfer(header: string): void {
    // Empty lines keep the link alive while the master prepares its snapshot.
    if (header === '') return
    const { log, config, loadsFromSocket } = this.owner
    const { pendingFull } = this
    try {
      const parsed = parseTransferHeader(header)
      const { size } = parsed
      const what = size < 0 ? 'streamed RDB from master with EOF' : `${size} bytes from master`
      log.notice(`MASTER <-> REPLICA sync: receiving ${what} to ${loadsFromSocket ? 'parser' : 'disk'}`)
      if (size === 0) throw new Error('MASTER <-> REPLICA sync: the master announced an empty RDB file')
      if (!loadsFromSocket || pendingFull === null) {
        this.transfer = openTransfer(parsed, config.path(`temp-sync-${process.pid}.${++lastTransfer}.rdb`), config.disk)
        return
      }
      log.notice('MASTER <-> REPLICA sync: Loading DB in memory')
      this.socketTransfer = new SocketTransfer(parsed, this.owner.receiveSnapshot(pendingFull.replid, size))
    } catch (error) {
      this.fail((error as Error).message)
    }
  }

  /** Loads a piece of the snapshot, and leaves the rest of the chunk for later; returns the offset behind what it took. */
  private receiveInMemory(transfer: SocketTransfer, chunk: Buffer, at: number): number {
    const { log } = this.owner
    let taken: number
    try {
      taken = transfer.write(at === 0 ? chunk : chunk.subarray(at))
    } catch (error) {
      log.warning(`Failed trying to load the MASTER synchronization DB from socket: ${errorText(error as Error)}`)
      this.fail('MASTER <-> REPLICA sync: Discarding temporary DB')
      return chunk.length
    }
    if (!transfer.whole) {
      this.rest(transfer, chunk.subarray(at + taken))
      return chunk.length
    }
    const { pendingFull } = this
    this.socketTransfer = null
    this.pendingFull = null
    if (pendingFull === null) return chunk.length
    log.notice('MASTER <-> REPLICA sync: Swapping active DB with loaded DB')
    this.owner.adoptSnapshot(transfer.receiver, pendingFull.replid, pendingFull.offset)
    log.notice('MASTER <-> REPLICA sync: Finished with success')
    this.goOnline()
    this.acknowledge()
    return at + taken
  }

  /** Clients come first, before the next piece of the snapshot is loaded: `left` of what has come, then the socket's next. */
  private rest(transfer: SocketTransfer, left: Buffer): void {
    const { socket } = this
    if (socket === null) return
    const { receiver } = transfer
    const goOn = (): void => {
      if (socket !== this.socket) return
      if (left.length === 0 && receiver.isBusy) {
        this.receiveInMemory(transfer, NOTHING, 0)
        if (this.socketTransfer === transfer || socket !== this.socket) return
      }
      socket.resume()
    }
    const delayMs = receiver.takeDelayMs()
    socket.pause(left)
    if (delayMs < 1) setImmediate(goOn)
    else setTimeout(goOn, delayMs)
  }

  private receiveFile(chunk: Buffer, at: number): number {
    const { transfer } = this
    if (transfer === null) return chunk.length
    let taken: number
    try {
      taken = transfer.write(at === 0 ? chunk : chunk.subarray(at))
    } catch (error) {
      this.fail(
        `Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA synchronization: ${strerror(error)}`,
      )
      return chunk.length
    }
    if (taken < 0) return chunk.length
    // The stream that follows waits until the file is loaded.
    this.socket?.pause(chunk.subarray(at + taken))
    const problem = transfer.problem(this.owner.config.values.rdbchecksum)
    transfer.finish(error => {
      if (error === null) this.load(transfer, problem)
      else this.loaded(transfer, syncFailure(error))
    })
    this.state = 'loading'
    this.owner.changed()
    return chunk.length
  }

  private load(transfer: Transfer, problem: Error | null): void {
    const { pendingFull } = this
    if (this.closed || pendingFull === null) {
      transfer.discard()
      return
    }
    if (problem !== null) {
      this.loaded(transfer, `Failed trying to load the MASTER synchronization DB from disk: ${problem.message}`)
      return
    }
    const { config } = this.owner
    const name = config.values.dbfilename
    try {
      transfer.prepareRename(config.path(name))
    } catch (error) {
      this.loaded(transfer, renameFailure(name, error))
      return
    }
    const { replid, offset } = pendingFull
    this.owner.loadFile(transfer.file, replid, offset, error => this.loaded(transfer, error?.message ?? null))
  }

  /** The received file is the data now, or `failure` says why not. */
  private loaded(transfer: Transfer, failure: string | null): void {
    const { log } = this.owner
    this.transfer = null
    this.pendingFull = null
    if (failure !== null) {
      transfer.discard()
      log.warning(failure)
      this.retry(RETRY_MS)
      return
    }
    log.notice('MASTER <-> REPLICA sync: Finished with success')
    if (this.socket === null) {
      // Lost while loading: from here a partial resynchronization will do.
      this.retry(0)
      return
    }
    this.goOnline()
    this.acknowledge()
    this.socket.resume()
  }

  private goOnline(): void {
    const { socket } = this
    if (socket === null) return
    this.state = 'connected'
    this.owner.beginStream({
      socket: socket.net,
      disconnect: () => {
        if (socket === this.socket) this.fail(LOST)
      },
    })
    this.lastIoMs = this.owner.clock.now()
    this.owner.changed()
  }

  /** REPLCONF ACK: tells the master how far this replica is. */
  acknowledge(): void {
    if (this.state !== 'connected') return
    const { appliedOffset, fsyncedOffset } = this.owner
    const fsynced = fsyncedOffset === NO_AOF ? [] : ['FACK', String(fsyncedOffset)]
    this.send(encodeRequest('REPLCONF', 'ACK', String(appliedOffset), ...fsynced))
  }

  /** Nothing more comes from the master: a snapshot that was loaded from the socket has come to a sudden end. */
  private lost(text: string): void {
    const missing = this.socketTransfer?.shortRead()
    if (missing) {
      this.owner.log.warning(
        `Internal error in RDB reading offset ${missing.offset} -> ${missing.message}. Failure loading rdb format from socket, assuming connection error, resuming operation.`,
      )
    }
    this.fail(text)
  }

  /** The link is down; tries again, at the latest in a second. */
  private fail(text: string, level: 'warning' | 'notice' = 'warning'): void {
    if (this.closed || this.socket === null) return
    const { log } = this.owner
    if (this.state === 'loading') {
      log.warning(text)
      this.teardown()
      return
    }
    const wasUp = this.state === 'connected'
    if (wasUp) {
      if (text !== LOST) log.warning(text)
      log.notice(LOST)
      log.notice('Caching the disconnected master state.')
      this.owner.masterLost()
      this.eagerUntilMs = this.owner.clock.now() + EAGER_MS
    } else log[level](text)
    // A synchronization that fails again and again must not keep its master busy.
    const isCheap = this.state !== 'sync' && (this.owner.asksForFailover || this.owner.clock.now() < this.eagerUntilMs)
    if (wasUp) this.retry(0)
    else this.retry(isCheap ? EAGER_RETRY_MS : RETRY_MS)
  }

  private retry(delayMs: number): void {
    if (this.closed) return
    this.state = 'connect'
    this.teardown()
    this.retryTimer = this.owner.clock.setTimeout(
      () => this.connect(delayMs === 0 ? 'Reconnecting' : 'Connecting'),
      delayMs,
    )
    this.owner.changed()
  }

  /** The stream makes no sense: synchronizes anew. */
  restart(): void {
    this.owner.abandonHistory()
    this.fail('Protocol error in the stream of the master.')
  }

  /** Once a second: time-outs, acknowledgements, a sign of life while loading. */
  cron(): void {
    const timeoutMs = this.owner.config.values['repl-timeout'] * 1000
    const silentMs = this.owner.clock.now() - this.lastIoMs
    if (this.socketTransfer !== null) this.send(Buffer.from('\n', 'latin1'))
    if (this.state === 'loading') {
      this.send(Buffer.from('\n', 'latin1'))
      this.lastIoMs = this.owner.clock.now()
    } else if (silentMs > timeoutMs) {
      if (this.state === 'connected') this.fail('MASTER timeout: no data nor PING received...')
      else if (this.state === 'sync') {
        this.lost(
          "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter in redis.conf to a larger value.",
        )
      } else if (this.state !== 'connect') this.fail('Timeout connecting to the MASTER...')
    }
    this.acknowledge()
  }
}

function errorText(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  const known: Record<string, string> = {
    ECONNREFUSED: 'Connection refused',
    ECONNRESET: 'Connection reset by peer',
    ETIMEDOUT: 'Connection timed out',
    EHOSTUNREACH: 'No route to host',
    ENETUNREACH: 'Network is unreachable',
    EPIPE: 'Broken pipe',
    ENOTFOUND: 'Name or service not known',
    ENOSPC: 'No space left on device',
  }
  return known[code ?? ''] ?? error.message
}
