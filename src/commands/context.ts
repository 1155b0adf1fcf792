/**
 * What a handler gets: the request, the client's database, the reply writer. One context serves all requests in turn, so
 * nothing of it may be kept beyond the handler's return.
 */
import { hashBytes } from '../bytes/hash.js'
import { EVENT_KEY_MISS } from '../config/keyspace-events.js'
import type { KeyspaceEvents } from '../pubsub/keyspace-events.js'
import type { ReplySource } from '../resp/reply-source.js'
import type { ReplyWriter } from '../resp/reply-writer.js'
import { encodePieces, isLargeRequest, type Request, requestFromArguments } from '../resp/request.js'
import { REPL_REPLICA } from '../scripting/script-run.js'
import type { Database } from '../store/database.js'
import type { Keyspace } from '../store/keyspace.js'
import type { HashTable } from '../store/table/hash-table.js'
import { AHEAD_MAX, LookAhead } from '../store/table/look-ahead.js'
import type { Client } from './client.js'
import type { Command } from './command.js'
import type { ServerApi } from './server-api.js'

/** A write that reaches replicas in a form of its own: a request, or the pieces of one in RESP. */
export interface Propagated {
  readonly database: number
  readonly request: Request | null
  readonly pieces: readonly Buffer[]
  /** The pieces are those of more than one request. */
  readonly several?: boolean
  /** Where it goes, REPL_AOF and REPL_REPLICA; both unless told. */
  readonly targets?: number
}

const NO_PIECES: readonly Buffer[] = []

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
export const SYNTAX_ERROR = 'ERR syntax error'
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'
export const NO_SUCH_KEY = 'ERR no such key'
export const SAME_OBJECT = 'ERR source and destination objects are the same'

export class CommandContext {
  readonly server: ServerApi
  readonly keyspace: Keyspace
  readonly reply: ReplyWriter
  private readonly events: KeyspaceEvents
  args: Request
  client: Client
  db: Database
  command: Command
  /** Memory was over maxmemory when the command came, with nothing left to evict. */
  outOfMemory = false
  /** Where the command's own reply begins in the reply writer. */
  replyFromByte = 0
  /** Inside EXEC: commands run one after another, and reach replicas as one transaction. */
  inTransaction = false
  /** Writes to propagate in place of the request's own bytes, and deletions of expired keys that precede them. */
  propagated: Propagated[] = []
  private readonly ahead = new LookAhead()
  /** It is a script that runs the command: nothing may wait, and orders have to be the same everywhere. */
  inScript = false
  /** The error that the handler replies has been counted, as that of a command which a script called. */
  errorCounted = false
  /** The handler has decided itself what is propagated. */
  rewritten = false

  /** A BRIEF command says so when it meets data that makes it a long one, ahead of the work. */
  readonly takesLonger: () => void

  constructor(
    server: ServerApi,
    reply: ReplyWriter,
    args: Request,
    client: Client,
    command: Command,
    takesLonger: () => void,
  ) {
    this.takesLonger = takesLonger
    this.server = server
    this.keyspace = server.keyspace
    this.reply = reply
    this.events = server.events
    this.args = args
    this.client = client
    this.db = client.db
    this.command = command
  }

  /** Address of key argument `index` for a command that reads it, or 0. */
  findForRead(index: number, hash = this.hashOf(index)): number {
    const { args } = this
    const address = this.db.findForRead(args.buffer, args.starts[index], args.ends[index], hash)
    if (address === 0 && this.events.classes !== 0) this.notify(EVENT_KEY_MISS, 'keymiss', index)
    return address
  }

  /** Address of key argument `index` for a command that may change it, or 0; see Database.findForWrite. */
  findForWrite(index: number, hash = this.hashOf(index)): number {
    const { args } = this
    return this.db.findForWrite(args.buffer, args.starts[index], args.ends[index], hash)
  }

  /** The hash of argument `index`, which may be known already. */
  hashOf(index: number): number {
    const { args } = this
    if (index === args.hashedIndex) return args.hash
    if (index === args.hashedElement) return args.elementHash
    return hashBytes(args.buffer, args.starts[index], args.ends[index])
  }

  /**
   * The hash of argument `index`, for commands of many keys, or fields in a large hash: to be called for each in turn, from argument
   * `first` on in steps of `step`. Looks at them ahead, AHEAD_MAX at a time.
   */
  hashAhead(index: number, first: number, step: number, table: HashTable = this.db.keys): number {
    const { ahead, args } = this
    const place = ((index - first) / step) % AHEAD_MAX
    if (place === 0) {
      // One alone, as in most requests, needs none of this.
      if (args.argc - index <= step) return this.hashOf(index)
      const end = Math.min(args.argc, index + AHEAD_MAX * step)
      for (let i = index; i < end; i += step) ahead.add(args.buffer, args.starts[i], args.ends[i])
      ahead.run(table)
    }
    return ahead.hashes[place]
  }

  /** Address of key argument `index`, which the same command has looked for before, to change it; see Database.findAgain. */
  findAgain(index: number): number {
    const { args } = this
    return this.db.findAgain(args.buffer, args.starts[index], args.ends[index])
  }

  /** Whether the entry (0: none) is of another type than `type`; if so, replies WRONGTYPE. */
  wrongType(address: number, type: number): boolean {
    if (address === 0 || this.db.entries.type(address) === type) return false
    this.reply.error(WRONG_TYPE)
    return true
  }

  /** Says that key argument `index` has changed. */
  touch(index: number): void {
    const { args } = this
    this.db.touch(args.buffer, args.starts[index], args.ends[index])
  }

  /**
   * Publishes a keyspace event about key argument `index`: to be called behind touch(), with Redis's name for the event and
   * the class of config/keyspace-events.ts it belongs to. `database`: where the key is, if not in the client's database.
   */
  notify(eventClass: number, event: string, index: number, database: Database = this.db): void {
    const { args, events } = this
    if ((events.classes & eventClass) === 0) return
    events.notify(eventClass, event, args.buffer, args.starts[index], args.ends[index], database.index)
  }

  /** Argument `index` as a safe integer; replies Redis's error and returns NaN when it is none. */
  integer(index: number): number {
    const value = this.args.safeInteger(index)
    if (Number.isNaN(value)) this.reply.error(NOT_AN_INTEGER)
    return value
  }

  /** Replies piece by piece, as the client reads: for replies that are long, or take long to make. */
  replyFrom(source: ReplySource): void {
    const { client } = this
    if (this.inScript) {
      // A script has the reply as a whole.
      while (!source.next(this.reply, Number.POSITIVE_INFINITY));
      source.close()
      return
    }
    if (!client.isMuted && !client.isReplica) {
      const begun = this.reply.totalBytes - this.replyFromByte
      client.transport.replyFrom(this.server.measured(source, client, this.command, this.args, begun))
      return
    }
    source.close()
    // Any reply ends the link to a replica.
    if (client.isReplica) this.reply.null()
  }

  /**
   * Replicas get these arguments in place of the request; several calls give several commands. Those that are Buffers have to
   * stay as they are until the command, or its transaction, is over.
   */
  propagateAs(...args: readonly (string | Buffer)[]): void {
    this.propagateArguments(args)
  }

  /** The same, of any number of arguments. */
  propagateArguments(args: readonly (string | Buffer)[]): void {
    this.rewritten = true
    if (!this.propagates) return
    const bytes = args.map(arg => (typeof arg === 'string' ? Buffer.from(arg, 'latin1') : arg))
    const { index } = this.db
    if (isLargeRequest(bytes)) this.propagated.push({ database: index, request: null, pieces: encodePieces(bytes) })
    else this.propagateRequest(index, requestFromArguments(bytes))
  }

  /** Replicas get a request with what else is propagated: it has to stay as it is until then. */
  propagateRequest(database: number, request: Request): void {
    this.propagated.push({ database, request, pieces: NO_PIECES })
  }

  /** Whether what is propagated goes anywhere: else a command that rewrites itself can save the work. */
  get propagates(): boolean {
    return this.server.propagation.isWanted
  }

  /** Replicas get the request although it changed no data: a message. Costs nothing while there are none. */
  propagateMessage(): void {
    this.rewritten = true
    if (!this.propagates) return
    const request = this.args.clone()
    this.propagated.push({ database: this.db.index, request, pieces: NO_PIECES, targets: REPL_REPLICA })
  }

  /** Replicas get nothing of this command. */
  propagateNothing(): void {
    this.rewritten = true
  }
}
