/** What commands may ask of the server that runs them. */
import type { Acl } from '../acl/acl.js'
import type { Config } from '../config/config.js'
import type { LatencyMonitor } from '../observe/latency-monitor.js'
import type { Log } from '../observe/log.js'
import type { Monitors } from '../observe/monitors.js'
import type { SlowLog } from '../observe/slowlog.js'
import type { Saver } from '../persistence/saver.js'
import type { KeyspaceEvents } from '../pubsub/keyspace-events.js'
import type { PubSub } from '../pubsub/pubsub.js'
import type { Replication } from '../replication/replication.js'
import type { Keyspace } from '../store/keyspace.js'
import type { Client, QueuedCommand } from './client.js'
import type { CommandTable } from './command.js'

export interface ServerStats {
  startedMs: number
  connectionsReceived: number
  connectionsRejected: number
  commandsProcessed: number
  bytesIn: number
  bytesOut: number
  /** Error replies by their code ("ERR", "WRONGTYPE"). */
  readonly errors: Map<string, number>
  errorReplies: number
  clientOutputBufferDisconnections: number
}

export interface ShutdownOptions {
  /** SAVE or NOSAVE; undefined: save when there are save points. */
  readonly save?: boolean
  /** Do not wait for replicas that lag. */
  readonly now: boolean
  /** Go down even when saving fails. */
  readonly force: boolean
}

/** How far the loading of a file has come. */
export interface LoadProgress {
  readonly loading: boolean
  readonly startedMs: number
  /** Size of the file, and how much of it has been read. */
  readonly totalBytes: number
  readonly loadedBytes: number
}

export interface ServerApi {
  readonly config: Config
  readonly keyspace: Keyspace
  readonly log: Log
  readonly commands: CommandTable
  readonly clients: Map<number, Client>
  readonly saver: Saver
  readonly loader: LoadProgress
  readonly replication: Replication
  readonly stats: ServerStats
  readonly pubsub: PubSub
  readonly events: KeyspaceEvents
  readonly latency: LatencyMonitor
  readonly monitors: Monitors
  readonly slowlog: SlowLog
  readonly acl: Acl
  /** Random identity of this process (INFO run_id). */
  readonly runId: string
  /** Active expiry runs (DEBUG SET-ACTIVE-EXPIRE). */
  activeExpire: boolean
  /** Runs a command of a transaction in its turn (EXEC). */
  callQueued(client: Client, queued: QueuedCommand): void
  /** Prepares to exit. Replies come later through the callback: null when it goes down, or an error's text. */
  shutdown(options: ShutdownOptions, onFailure: (error: string) => void): void
  /** SHUTDOWN ABORT: false when none is under way. */
  abortShutdown(): boolean
  /** INFO's text for the named sections, in lower case ("default", "all", "everything" too). */
  info(sections: readonly string[]): string
  /** Closes a client's connection; the one being served is closed behind its replies. */
  disconnect(client: Client, current: Client): void
  /** Runs a task when the current turn is over. */
  afterTurn(task: () => void): void
  /** DEBUG RESTART, DEBUG CRASH-AND-RECOVER and the like end here. */
  exit(code: number): void
}
