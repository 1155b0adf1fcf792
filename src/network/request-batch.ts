/**
 * The whole requests of a read, up to 32 of them, are parsed before the first one runs, and what their look-ups will wait for is
 * brought into the cache meanwhile: their first keys' buckets, then their entries (store/table/look-ahead.ts has the figures). Then each
 * runs exactly as it would alone.
 *
 * Parsing ahead must not be seen. What a request may change for the parsing of those behind it (limits, and whether the client
 * has logged in) ends the batch: they are parsed anew. Whatever is no whole request ends it, too, so that an error in the protocol
 * shows behind the replies to what came before it.
 */
import type { Client } from '../commands/client.js'
import type { Command, CommandTable } from '../commands/command.js'
import { Request } from '../resp/request.js'
import { COMPLETE, type ProtocolLimits, type RequestParser } from '../resp/request-parser.js'
import type { Database } from '../store/database.js'
import type { HashTable } from '../store/table/hash-table.js'
import { AHEAD_MAX, LookAhead } from '../store/table/look-ahead.js'

/** Arguments that a request may have without losing its arrays behind it. */
const KEPT_ARGUMENTS = 4096
const NO_BYTES = Buffer.alloc(0)

export class RequestBatch {
  count = 0
  readonly requests: Request[] = Array.from({ length: AHEAD_MAX }, () => new Request())
  /** What each of them calls; null for no command there is. */
  readonly commands: (Command | null)[] = new Array<Command | null>(AHEAD_MAX).fill(null)
  private readonly table: CommandTable
  private readonly limits: ProtocolLimits
  private readonly ahead = new LookAhead()
  private maxBulkBytes = 0
  private loggedIn = false

  constructor(table: CommandTable, limits: ProtocolLimits) {
    this.table = table
    this.limits = limits
  }

  /**
   * Parses bytes[parser.at, end) up to the first thing that is no whole request (an empty one counts as such: it changes no client,
   * but it is part of a master's stream), or until the batch is full. Returns what the parser said last: COMPLETE when nothing is
   * known of what comes next.
   */
  parse(parser: RequestParser, bytes: Buffer, end: number, client: Client): number {
    const loggedIn = !client.mustLogIn
    this.loggedIn = loggedIn
    this.maxBulkBytes = this.limits.maxBulkBytes
    // Who has not logged in may be about to: one at a time.
    const most = loggedIn ? AHEAD_MAX : 1
    let count = 0
    let result = COMPLETE
    while (count < most && parser.at < end) {
      const request = this.requests[count]
      parser.request = request
      result = parser.parse(bytes, end, loggedIn)
      if (result === COMPLETE) {
        request.exclusive = false
        this.commands[count++] = this.table.find(request.buffer, request.starts[0], request.ends[0])
      } else break
    }
    this.count = count
    return result
  }

  /** Looks at the requests' first keys, in the client's database, and at the elements they name in a large value. */
  lookAhead(client: Client): void {
    const { ahead, commands, count, requests } = this
    if (count === 1) return
    let elements = false
    for (let i = 0; i < count; i++) {
      const command = commands[i]
      const request = requests[i]
      if (command === null || command.firstKey === 0 || command.firstKey >= request.argc) continue
      const { firstKey } = command
      request.hash = ahead.add(request.buffer, request.starts[firstKey], request.ends[firstKey])
      request.hashedIndex = firstKey
      if (command.firstElement !== 0) elements = true
    }
    ahead.run(client.db.keys)
    if (elements) this.lookAtElements(client.db)
  }

  private lookAtElements(db: Database): void {
    const { ahead, commands, count, requests } = this
    let table: HashTable | null = null
    /** Whose key `table` belongs to. */
    let owner: Request | null = null
    for (let i = 0; i < count; i++) {
      const element = commands[i]?.firstElement ?? 0
      const request = requests[i]
      if (element === 0 || element >= request.argc || request.hashedIndex === 0) continue
      if (owner === null || !sameKey(owner, request)) {
        if (table !== null) ahead.run(table)
        owner = request
        const key = request.hashedIndex
        table = db.peekTable(request.buffer, request.starts[key], request.ends[key], request.hash)
      }
      if (table === null) continue
      request.elementHash = ahead.add(request.buffer, request.starts[element], request.ends[element])
      request.hashedElement = element
    }
    if (table !== null) ahead.run(table)
  }

  /** Whether requests behind the one that has just run would be parsed as they were. */
  holds(client: Client): boolean {
    return client.mustLogIn !== this.loggedIn && this.limits.maxBulkBytes === this.maxBulkBytes
  }

  /** Drops memory that unusual requests have left, and what a request that had been put back lay in. */
  trim(): void {
    for (let i = 0; i < this.count; i++) {
      if (this.requests[i].exclusive) this.requests[i].buffer = NO_BYTES
      if (this.requests[i].starts.length > KEPT_ARGUMENTS) this.requests[i] = new Request()
    }
  }
}

function sameKey(a: Request, b: Request): boolean {
  if (a.hash !== b.hash) return false
  let at = a.starts[a.hashedIndex]
  const end = a.ends[a.hashedIndex]
  let other = b.starts[b.hashedIndex]
  if (end - at !== b.ends[b.hashedIndex] - other) return false
  while (at < end) if (a.buffer[at++] !== b.buffer[other++]) return false
  return true
}
