/** What this server does for replication, above all as a replica: executes its master's stream, and takes the copies it sends. */

import { setTimeout } from '../clock/platform.js'
import { PAUSE_WRITES } from '../commands/blocking/pause.js'
import { endAllWaits } from '../commands/blocking/unblock.js'
import type { Client } from '../commands/client.js'
import type { Command, CommandTable } from '../commands/command.js'
import type { LoadProgress, PayloadWaits, ServerApi } from '../commands/server-api.js'
import type { MasterPeer } from '../replication/master-link.js'
import type { Replication, ReplicationHost } from '../replication/replication.js'
import type { SnapshotReceiver } from '../replication/socket-transfer.js'
import type { Request } from '../resp/request.js'
import type { Keyspace } from '../store/keyspace.js'
import { MasterStream, type MasterStreamHost } from './master-stream.js'

/** How often, and after how long, turning the append-only file on is tried again behind a full synchronization. */
const AOF_TRIES = 10
const AOF_RETRY_MS = 1000

/** The server that follows a master. */
export interface FollowingHost extends ServerApi {
  readonly limits: { readonly queryBufferBytes: number }
  readonly listeningPort: number
  readonly loader: LoadProgress & SnapshotLoader
  stateChanged(): void
  beginTurn(): void
  beginRequests(bytes: Buffer): void
  endRequests(): void
  takeClientId(): number
  executeFromMaster(client: Client, request: Request, command?: Command | null): void
  queryBufferExceeded(client: Client): void
}

/** Loads what a master sends. */
interface SnapshotLoader {
  loadFromMaster(file: string, done: (error: Error | null) => void): void
  loadFromSocket(totalBytes: number, async: boolean): SnapshotReceiver
}

export class Following implements ReplicationHost, MasterStreamHost {
  private readonly server: FollowingHost
  private stream: MasterStream | null = null

  constructor(server: FollowingHost) {
    this.server = server
  }

  get keyspace(): Keyspace {
    return this.server.keyspace
  }
  get payloads(): PayloadWaits {
    return this.server.payloads
  }
  get limits(): { readonly queryBufferBytes: number } {
    return this.server.limits
  }
  get replication(): Replication {
    return this.server.replication
  }

  // ReplicationHost

  get listeningPort(): number {
    return this.server.listeningPort
  }

  stateChanged(): void {
    this.server.stateChanged()
  }

  endWaits(host: string, port: number): void {
    endAllWaits(this.server, host, port)
  }

  beginFailoverPause(): void {
    this.server.pause.begin('failover', PAUSE_WRITES, Number.POSITIVE_INFINITY)
  }

  endFailoverPause(): void {
    this.server.pause.end('failover')
  }

  stopAof(): void {
    this.server.aof.stop()
  }

  restartAof(triesLeft = AOF_TRIES): void {
    const { aof, config, log } = this.server
    if (!config.values.appendonly || aof.state !== 'off' || aof.start(false)) return
    if (triesLeft > 1) {
      log.warning('Failed enabling the AOF after successful master synchronization! Trying it again in one second.')
      setTimeout(() => this.restartAof(triesLeft - 1), AOF_RETRY_MS)
      return
    }
    log.warning(
      "FATAL: this replica instance finished the synchronization with its master, but the AOF can't be turned on. Exiting now.",
    )
    this.server.exit(1)
  }

  loadFile(file: string, done: (error: Error | null) => void): void {
    this.server.loader.loadFromMaster(file, done)
  }

  loadFromSocket(totalBytes: number, async: boolean): SnapshotReceiver {
    return this.server.loader.loadFromSocket(totalBytes, async)
  }

  beginStream(peer: MasterPeer): void {
    const { server } = this
    this.stream = new MasterStream(server.takeClientId(), peer, this)
    server.clients.set(this.stream.client.id, this.stream.client)
  }

  applyStream(bytes: Buffer): void {
    const { server } = this
    server.beginTurn()
    server.stats.reads++
    server.beginRequests(bytes)
    this.stream?.apply(bytes)
    server.endRequests()
  }

  endStream(): void {
    if (this.stream === null) return
    this.stream.end()
    this.server.clients.delete(this.stream.client.id)
    this.stream = null
  }

  get unappliedBytes(): number {
    return this.stream?.unappliedBytes ?? 0
  }

  // MasterStreamHost

  beginTurn(): void {
    this.server.beginTurn()
  }

  get commands(): CommandTable {
    return this.server.commands
  }

  executeFromMaster(client: Client, request: Request, command?: Command | null): void {
    this.server.executeFromMaster(client, request, command)
  }

  relay(bytes: Buffer, start: number, end: number): void {
    this.replication.relay(bytes, start, end)
  }

  streamBroken(text: string): void {
    this.server.log.warning(`Protocol error (${text}) from master`)
    this.replication.master?.restart()
  }

  queryBufferExceeded(client: Client): void {
    this.server.queryBufferExceeded(client)
  }
}
