/** A client as commands see it: who it is and what state its connection is in. Sockets are the server's business. */
import type { User } from '../acl/user.js'
import type { PayloadLoading } from '../persistence/dump/payload-loading.js'
import { NO_SUBSCRIPTIONS, type Subscriber, type Subscriptions } from '../pubsub/subscriber.js'
import type { ReplicaLink, ReplicaTraits } from '../replication/replica-link.js'
import type { ReplySource } from '../resp/reply-source.js'
import type { Request } from '../resp/request.js'
import type { Database } from '../store/database.js'
import type { TrackingClient, TrackingState } from '../tracking/tracking-client.js'
import type { Unfinished } from './blocking/key-wait.js'
import type { Command } from './command.js'
import type { WatchedKey } from './transactions/watched-key.js'

/** The connection behind a client. */
export interface Transport {
  readonly remoteAddress: string
  readonly localAddress: string
  /** Socket number, as far as there is one (CLIENT LIST fd=). */
  readonly fd: number
  readonly isUnixSocket: boolean
  /** Replies that wait for the client to read, or for the end of the turn; of these, the short ones that then leave as one text. */
  readonly pendingOutputBytes: number
  readonly replyBytes: number
  readonly pendingOutputChunks: number
  /** Most bytes of replies in one turn lately, and how large a reply buffer of the client's own would be for that. */
  readonly replyPeakBytes: number
  readonly replyBufferBytes: number
  /** Bytes that have arrived and are not parsed yet. */
  readonly pendingInputBytes: number
  /** Memory set aside for a request that has not arrived as a whole, beyond what has; trimInput() gives it back. */
  readonly freeInputBytes: number
  /** Bytes of memory that unfinished requests take, and replies that did not leave with their turn. */
  readonly memoryBytes: number
  /** Called when all output has left: replicas get the stream piece by piece. */
  onDrain: (() => void) | null
  trimInput(): void
  /** TCP_NODELAY. */
  setNoDelay(on: boolean): void
  /** Whether its socket keeps the process from ending. */
  holdProcess?(holds: boolean): void
  /** From here on nothing is read, and nothing is sent; false: as before. */
  freeze?(frozen: boolean): void
  /** Sends bytes that nobody changes any more, outside the turn of a request. */
  send(bytes: Buffer): void
  sendAll(chunks: readonly Buffer[]): void
  /** Sends at the end of the turn, behind the replies written so far, those of a request being served included. */
  post(bytes: Buffer): void
  /**
   * Takes over what the reply writer holds, which are replies to this client: they leave at the end of the turn. `behind`: not at
   * the same time as others, but behind them and in slices.
   */
  flush(behind?: boolean): void
  /**
   * Sends a reply piece by piece, as the client reads, behind the replies written so far. What is written later waits for its
   * end, and so do the client's further requests.
   */
  replyFrom(source: ReplySource): void
  /** Puts a request back in front of those that wait, to be executed anew by resume(). */
  postpone(request: Request): void
  /** Forgets the request that was put back: the client gets another answer to it. */
  dropPostponed(): void
  /** Closes at once; what was not sent is lost. */
  close(): void
  /** As close(), and the server forgets the client without waiting for the socket to end. */
  drop(): void
  /** Closes as soon as the replies written so far are sent. */
  closeAfterReplies(): void
  /** Goes on with requests that waited while the client was blocked. */
  resume(): void
}

export interface QueuedCommand {
  readonly command: Command
  readonly request: Request
}

/** A transaction between MULTI and EXEC. */
export interface Transaction {
  readonly queue: QueuedCommand[]
  /** Flags of the queued commands, all together, and bytes of their arguments. */
  flags: number
  argumentBytes: number
  /** Flags that every one of them has. */
  commonFlags: number
  /** A command was refused while queueing: EXEC will abort. */
  failed: boolean
}

/** Client.replyFlags: CLIENT REPLY OFF. */
export const REPLY_OFF = 1
/** The command being executed gets no reply, as CLIENT REPLY SKIP was the one before. */
export const REPLY_SKIP = 2
/** CLIENT REPLY SKIP has been executed: the next request's reply is skipped. */
export const REPLY_SKIP_NEXT = 4

/** Why a client waits, and how to end it (client gone, CLIENT UNBLOCK). */
export interface BlockedState {
  readonly kind: 'wait' | 'key' | 'migrate' | 'shutdown' | 'postponed' | 'reply' | 'payload' | 'script' | 'load'
  /** Takes the wait back: the client is gone, or gets another answer. */
  cancel(): void
  /** Answers as when the time is up, and lets the client go on; null when only what it waits for can end the wait. */
  readonly timeOut: (() => void) | null
}

/** Payloads that are loaded before their RESTORE runs: by the request of a transaction's queue, or null for the client's own. */
export interface Preparation {
  readonly loadings: Map<Request | null, PayloadLoading>
}

/** The wait of a client for a reply that comes in pieces: one to this server only, not to its users. */
export const LONG_REPLY: BlockedState = { kind: 'reply', cancel: () => {}, timeOut: null }

/** Whether it is this server alone that makes the client wait: nobody sees, or can end that. */
export function isOwnWait({ kind }: BlockedState): boolean {
  return kind === 'reply' || kind === 'payload'
}

export class Client implements Subscriber, TrackingClient {
  readonly id: number
  readonly transport: Transport
  readonly createdMs: number
  db: Database
  resp = 2
  name = ''
  libraryName = ''
  libraryVersion = ''
  /** Whose rules hold for it; null, as for the link to a master, is nobody's. */
  user: User | null = null
  /** It has logged in, or come when that was not needed. Until then its user is the default one. */
  authenticated = false
  /** It has to log in before it may do anything else. Kept by updateChecks(). */
  mustLogIn = false
  /** Nothing about this client limits what it may run: the dispatcher need not ask. Kept by updateChecks(). */
  unrestricted = false
  /** Which server-wide reasons to look twice at its commands concern it: all of them, but for a master (Dispatcher.gate). */
  gates = -1
  subscriptions: Subscriptions = NO_SUBSCRIPTIONS
  /** CLIENT TRACKING. */
  tracking: TrackingState | null = null
  /** Gets every command that is executed (MONITOR). */
  monitoring = false
  lastInteractionMs: number
  lastCommand: Command | null = null
  transaction: Transaction | null = null
  /** The keys it WATCHes; null for none. */
  watched: WatchedKey[] | null = null
  /** A watched key has changed: EXEC will refuse. */
  watchFailed = false
  /** What CLIENT REPLY has asked for: a sum of the constants above, 0 for all replies. */
  replyFlags = 0
  /** It is the program that the server lives in. */
  isOwn = false
  noEvict = false
  noTouch = false
  /** Where a command would block, it answers as inside MULTI: nobody is there to be kept waiting. */
  deniesBlocking = false
  /** CLIENT IMPORT-SOURCE: what it does counts as copying data in, while the server is in import mode. */
  importsData = false
  /** CLIENT CAPA redirect: a replica tells it where its master is rather than serve it. */
  takesRedirects = false
  /** READONLY: a replica may serve its reads all the same. */
  readsReplica = false
  /** The link to this server's master: its commands are obeyed, its replies dropped. */
  isMaster = false
  /** A replica, from its PSYNC on. */
  replica: ReplicaLink | null = null
  blocked: BlockedState | null = null
  /** A command that waits for a key, or has been put off when it was to run again. */
  unfinished: Unfinished | null = null
  /** What has been prepared for the request that was put back, or is about to run. */
  preparation: Preparation | null = null
  /** No more requests are taken: QUIT, protocol error, CLIENT KILL of itself. */
  closing = false
  /** Offset of the replication stream behind this client's last write (WAIT). */
  lastWriteOffset = 0
  /** What it said of itself with REPLCONF, if anything. */
  replicaTraits: ReplicaTraits | null = null
  /** How this client stands in the account of client memory; the account's own (server/client-eviction.ts). */
  accountedBytes = 0
  memoryBucket = -1

  constructor(id: number, transport: Transport, db: Database, nowMs: number) {
    this.id = id
    this.transport = transport
    this.db = db
    this.createdMs = nowMs
    this.lastInteractionMs = nowMs
  }

  unwatchAll(): void {
    if (this.watched !== null) for (const watched of this.watched) watched.release()
    this.watched = null
    this.watchFailed = false
  }

  /** Replies go nowhere now. Messages are none. */
  get isMuted(): boolean {
    return (this.replyFlags & (REPLY_OFF | REPLY_SKIP)) !== 0
  }

  deliver(message: Buffer): void {
    this.transport.post(message)
  }

  /** In RESP2 a client with subscriptions may do little else (its replies could not be told from messages). */
  get inSubscriberMode(): boolean {
    return this.resp === 2 && this.subscriptions.total > 0
  }

  /** To be called when authentication, user, the user's rules, protocol, subscriptions, `replica` or `takesRedirects` have changed. */
  updateChecks(): void {
    const { user } = this
    this.mustLogIn = !this.authenticated && user !== null && !user.isOpen
    const mayRunAll = !this.mustLogIn && (user === null || user.isUnrestricted)
    this.unrestricted = mayRunAll && !this.inSubscriberMode && !this.isReplica && !this.takesRedirects
  }

  /** Its user's name as CLIENT LIST shows it. */
  get userName(): string {
    return this.user === null ? '(superuser)' : this.user.name
  }

  get isReplica(): boolean {
    return this.replica !== null
  }

  /** It waits for something else than its own payloads and replies. */
  get isBlocked(): boolean {
    return this.blocked !== null && !isOwnWait(this.blocked)
  }

  /** Where it comes from, as MONITOR shows it: an address, or "unix:" and the socket's path. */
  get origin(): string {
    return this.transport.isUnixSocket ? `unix:${this.address.slice(0, -':0'.length)}` : this.address
  }

  /** "127.0.0.1:50000", or the socket's path with ":0". */
  get address(): string {
    return this.transport.remoteAddress
  }
}
