/** What commands may ask of the server that runs them. */
import type { Acl } from '../acl/acl.js'
import type { Config } from '../config/config.js'
import type { CommandLogs } from '../observe/command-log.js'
import type { EventLoop } from '../observe/event-loop.js'
import type { LatencyMonitor } from '../observe/latency-monitor.js'
import type { Log } from '../observe/log.js'
import type { Monitors } from '../observe/monitors.js'
import type { Rates } from '../observe/rates.js'
import type { RecentPeak } from '../observe/recent-peak.js'
import type { AppendOnlyFile } from '../persistence/aof/append-only-file.js'
import type { Saver } from '../persistence/saver.js'
import type { KeyspaceEvents } from '../pubsub/keyspace-events.js'
import type { PubSub } from '../pubsub/pubsub.js'
import type { Replication } from '../replication/replication.js'
import type { TargetConnections } from '../replication/target-connections.js'
import type { ReplySource } from '../resp/reply-source.js'
import type { Request } from '../resp/request.js'
import type { ActiveExpire } from '../store/active-expire.js'
import type { Compaction } from '../store/compaction.js'
import type { Keyspace } from '../store/keyspace.js'
import type { Tracking } from '../tracking/tracking.js'
import type { ValueLimits } from '../types/value-limits.js'
import type { Unfinished } from './blocking/key-wait.js'
import type { KeyWaits } from './blocking/key-waits.js'
import type { Pause } from './blocking/pause.js'
import type { Client, QueuedCommand } from './client.js'
import type { Command, CommandTable } from './command.js'
import type { Propagated } from './context.js'
import type { KeyLocks } from './generic/key-locks.js'
import type { Scripts } from './scripting/scripts.js'

export interface ServerStats {
  startedMs: number
  connectionsReceived: number
  connectionsRejected: number
  commandsProcessed: number
  /** Bytes that clients sent and were sent, and how often was read from their connections and written to them. */
  bytesIn: number
  bytesOut: number
  reads: number
  writes: number
  /** Error replies by their code ("ERR", "WRONGTYPE"). */
  readonly errors: Map<string, number>
  errorReplies: number
  /** Errors in reply to a master or a replica. */
  unexpectedErrorReplies: number
  /** Time in commands that EXEC ran, which is in that of EXEC as well; milliseconds. */
  nestedMs: number
  readonly rates: Rates
  /** The largest unfinished request and unread output of a client in the last seconds, bytes. */
  readonly recentInput: RecentPeak
  readonly recentOutput: RecentPeak
  /** Values that sanitize-dump-payload had checked (INFO dump_payload_sanitizations). */
  payloadSanitizations: number
  /** Clients closed because all together took too much memory (maxmemory-clients). */
  evictedClients: number
  /** Clients closed because of client-query-buffer-limit, and, other than replicas, because of client-output-buffer-limit. */
  queryBufferDisconnections: number
  outputLimitDisconnections: number
}

/** Where memory goes, all in bytes; server/memory.ts says what counts. */
export interface MemoryFigures {
  /** By the server's accounts: what maxmemory limits. */
  readonly used: number
  readonly peak: number
  readonly resident: number
  /** Used before there was any data. */
  readonly startup: number
  /** Used for anything but keys and values. */
  readonly overhead: number
  /** Used, and what is set aside for keys and values without being in use. */
  readonly reserved: number
  /** Reserved, and the JavaScript heap. */
  readonly withHeap: number
  readonly clients: number
  readonly backlog: number
  /** Part of the stream that is kept for replicas that lag behind the backlog's size. */
  readonly replicas: number
  /** Used, but no reason to evict. */
  readonly notCounted: number
}

/** The account of memory. */
export interface MemoryAccount {
  /** used_memory. */
  readonly usedBytes: number
  /** Notes the peak. */
  sample(): void
  /** O(clients + databases). */
  figures(): MemoryFigures
}

/** Where writes go: replicas, the append-only file. `targets`: REPL_AOF and REPL_REPLICA, both unless told. */
export interface WritePropagation {
  /** What is executed comes from the append-only file: it goes nowhere. */
  muted: boolean
  /** Whether they go anywhere. */
  readonly isWanted: boolean
  /** A command as it came, executed in `database`. */
  request(database: number, request: Request, targets?: number): void
  /** One whose bytes lie in several places. */
  pieces(database: number, pieces: readonly Buffer[], targets?: number): void
  /** One that needs no database. */
  bytes(bytes: Buffer): void
}

/** Time during which memory was over maxmemory, in milliseconds: in all, and since when it has been now. */
export interface EvictionTimes {
  readonly totalExceededMs: number
  readonly currentExceededMs: number
  resetStatistics(): void
}

export interface ShutdownOptions {
  /** SAVE or NOSAVE; undefined: save when there are save points. */
  readonly save?: boolean
  /** Do not wait for replicas that lag. */
  readonly now: boolean
  /** Go down even when saving fails. */
  readonly force: boolean
}

/** Commands that wait until large payloads among their arguments are prepared (Client.preparation). */
export interface PayloadWaits {
  /** Memory of values on their way into the store. O(clients that wait). */
  readonly memoryBytes: number
  /** Whether the client's request has to wait; it has been put back then, and the client goes on with it in time. */
  holdUp(client: Client, command: Command, request: Request): boolean
  /** The request has run, or will not run: what was prepared and not taken goes. */
  end(client: Client): void
}

/** How the reply buffers that clients would have in Redis follow what they need (DEBUG REPLYBUFFER). */
export interface ReplyBufferSettings {
  /** How long a peak counts, in milliseconds; negative: for ever. */
  peakResetMs: number
  /** They follow at all. */
  resizing: boolean
}

/** How far the loading of a file has come. */
export interface LoadProgress {
  readonly loading: boolean
  /** Clients go on with the old data meanwhile. */
  readonly async: boolean
  readonly startedMs: number
  /** Size of the file, and how much of it has been read. */
  readonly totalBytes: number
  readonly loadedBytes: number
  /** Memory that the data took where it was saved, 0 when the file does not say. */
  readonly savedUsedBytes: number
}

/** What a test makes the server appear to be: `unsaved` and `unappended` after a save, or a write of the append-only file, that failed. */
export type FaultState = 'loading' | 'readonly' | 'oom' | 'unsaved' | 'unappended'

export interface FaultStates {
  /** Whether the client is to find the server so; null: whether anybody is. */
  has(state: FaultState, client: Client | null): boolean
  /** The client has been refused something in these words. */
  refused(client: Client, text: string): void
}

export interface ServerApi {
  readonly config: Config
  readonly keyspace: Keyspace
  /** Up to where values keep their compact encodings; the object is the same all the time. */
  readonly valueLimits: ValueLimits
  readonly log: Log
  readonly commands: CommandTable
  readonly clients: Map<number, Client>
  readonly saver: Saver
  readonly loader: LoadProgress
  readonly replication: Replication
  readonly aof: AppendOnlyFile
  readonly propagation: WritePropagation
  readonly stats: ServerStats
  readonly memory: MemoryAccount
  readonly memoryLimit: EvictionTimes
  readonly compaction: Compaction
  readonly pubsub: PubSub
  readonly events: KeyspaceEvents
  readonly expiry: ActiveExpire
  readonly eventLoop: EventLoop
  readonly replyBuffer: ReplyBufferSettings
  readonly latency: LatencyMonitor
  readonly monitors: Monitors
  readonly commandLogs: CommandLogs
  readonly acl: Acl
  readonly tracking: Tracking
  readonly pause: Pause
  /** Keys that MIGRATE is moving, and connections to where it moves them. */
  readonly keyLocks: KeyLocks
  readonly targets: TargetConnections
  /** Clients that wait for keys. */
  readonly keyWaits: KeyWaits
  /** Payloads of large values, before their RESTORE runs. */
  readonly payloads: PayloadWaits
  readonly scripts: Scripts
  readonly faults: FaultStates
  /** Loads the append-only file in the place of all data (DEBUG LOADAOF). False: it cannot be, and the log says why. */
  reloadAppendOnlyFile(): Promise<boolean>
  /** The client whose request is being executed. */
  readonly serving: Client | null
  /** Random identity of this process (INFO run_id). */
  readonly runId: string
  /** Who supervises the process: upstart, systemd or nobody (no). */
  readonly supervisedBy: string
  /** Active expiry runs (DEBUG SET-ACTIVE-EXPIRE). */
  activeExpire: boolean
  /** The housekeeping by the clock rests (DEBUG PAUSE-CRON). */
  cronPaused: boolean
  /** RESTORE takes payloads with any checksum (DEBUG SET-SKIP-CHECKSUM-VALIDATION). */
  skipsChecksums: boolean
  /** Runs a command of a transaction in its turn (EXEC). */
  callQueued(client: Client, queued: QueuedCommand): void
  /** Serves clients that wait for keys which have come to be outside a command. */
  serveWaiting(): void
  /** Runs the command of a client that has waited for a key, here and now. */
  runAgain(client: Client, unfinished: Unfinished): void
  /** Runs the command of a client that has waited while its work was done, only to write the reply: nobody can refuse it any more. */
  conclude(client: Client, unfinished: Unfinished): void
  /** Sends writes to replicas, as one transaction, with the command being run if there is one. */
  propagateTogether(propagated: readonly Propagated[]): void
  /** Works out what the keyspace is to report, when what that follows from has changed. */
  updateReports(): void
  /** Prepares to exit. Replies come later through the callback: null when it goes down, or an error's text. */
  shutdown(options: ShutdownOptions, onFailure: (error: string) => void): void
  /** How much longer a shutdown waits for replicas, in milliseconds; null when none is under way. */
  readonly shutdownLeftMs: number | null
  /** A script was put aside because it takes too long, or has ended. */
  scriptPaused(): void
  /** The client's script has been put aside: what is left of its transaction follows the script. */
  afterScript(rest: () => void): void
  /** Sends a client what the reply writer holds, outside of a request of its own. */
  answer(client: Client): void
  /** Puts a command that had to wait into the logs it belongs into, now that it is done after `ms`. */
  logWaited(client: Client, command: Command, args: Request, ms: number, replyBytes: number): void
  /** A reply made in pieces, in a form that the log of large replies hears of. `begun`: its bytes ahead of them. */
  measured(source: ReplySource, client: Client, command: Command, args: Request, begun: number): ReplySource
  /** SHUTDOWN ABORT: false when none is under way. */
  abortShutdown(): boolean
  /** INFO's text for the named sections, in lower case ("default", "all", "everything" too). */
  info(sections: readonly string[]): string
  /** Puts what the client being served has to be told ahead of its reply, which is still to come. */
  pushAhead(): void
  /** Closes connections, whose clients are off the list at once; the one being served is closed behind its replies. */
  disconnect(clients: readonly Client[], current: Client): void
  /** Runs a task when the current turn is over. */
  afterTurn(task: () => void): void
  /** DEBUG RESTART, DEBUG CRASH-AND-RECOVER and the like end here. */
  exit(code: number): void
  /** DEBUG PANIC, SEGFAULT and the like: a report in the log, and the end. */
  crash(reason: string): void
}
