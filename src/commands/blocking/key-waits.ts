/**
 * Clients that wait for keys, and how they are served when one comes to be. Source of behaviour: Redis's blocked.c.
 *
 * Whoever comes first is served first, key by key: keys in the order in which they came to be, behind the command (the transaction,
 * the script) that made them and ahead of any other. To serve a client is to run its request once more, with all the questions
 * that a request is asked. If somebody was faster it waits again, last in the queue. What a served command pushes may serve others,
 * when all keys that were ready before have been seen to.
 *
 * While nobody waits all this costs nothing; while somebody does, a look for each new key of a type that is waited for.
 */
import { latin1 } from '../../bytes/latin1.js'
import type { Database } from '../../store/database.js'
import type { Client } from '../client.js'
import { hasExpired } from '../lookup.js'
import type { ServerApi } from '../server-api.js'
import { Deadlines } from './deadlines.js'
import { AwaitedKey, KeyWait, type KeyWaitOwner, Look } from './key-wait.js'
import { replyAndGoOn } from './unblock.js'

const TYPES = 8
const NOTHING = -1
const NULL_ARRAY = Buffer.from('*-1\r\n', 'latin1')
const NULL_RESP3 = Buffer.from('_\r\n', 'latin1')

export class KeyWaits implements KeyWaitOwner {
  /** There are keys whose clients are to be served: serve() has to follow. */
  hasReady = false
  private ready: AwaitedKey[] = []
  /** Waits whose commands are to be run again without a key that is ready. */
  private due: KeyWait[] = []
  private readonly server: ServerApi
  /** By number of the database. */
  private readonly keys: Map<string, AwaitedKey>[]
  private readonly deadlines: Deadlines<KeyWait>
  private readonly looks: Deadlines<Look>
  /** How many clients wait for keys of each type. */
  private readonly waiting = new Uint32Array(TYPES)
  private count = 0
  private readonly onChange = (key: AwaitedKey, isReplaced: boolean): void => {
    if (isReplaced || typeAt(key, key.bytes()) !== key.goneType) this.makeReady(key)
  }

  constructor(server: ServerApi) {
    const { time } = server.keyspace
    this.deadlines = new Deadlines(time, wait => this.timeOut(wait))
    this.looks = new Deadlines(time, ({ wait }) => this.lookAgain(wait))
    this.server = server
    this.keys = server.keyspace.databases.map(() => new Map<string, AwaitedKey>())
  }

  /** Whether any client waits for a key. */
  get active(): boolean {
    return this.count > 0
  }

  /** Keys that clients wait for (INFO total_blocking_keys), and those they also wait for to go. O(databases); O(keys). */
  get keyCount(): number {
    return this.keys.reduce((sum, { size }) => sum + size, 0)
  }
  get goneKeyCount(): number {
    let count = 0
    for (const keys of this.keys) for (const { untilGone } of keys.values()) if (untilGone > 0) count++
    return count
  }

  /** Clients whose wait has an end (INFO clients_in_timeout_table). */
  get timedCount(): number {
    return this.deadlines.count
  }

  /** The client waits for arguments [firstKey, behindLastKey) of its unfinished request. `lookMs`: Unix time to look again at; Infinity: never. */
  add(
    client: Client,
    type: number,
    firstKey: number,
    behindLastKey: number,
    untilGone: boolean,
    lookMs = Number.POSITIVE_INFINITY,
  ): void {
    const { db, unfinished } = client
    if (unfinished === null) throw new Error('a client that waits for keys has no command to finish')
    const { request } = unfinished
    const wait = new KeyWait(this, client, db, type, untilGone, unfinished)
    const keys = this.keys[db.index]
    for (let i = firstKey; i < behindLastKey; i++) {
      const name = request.latin1(i)
      let key = keys.get(name)
      if (key === undefined) keys.set(name, (key = new AwaitedKey(db, name, this.onChange)))
      key.add(wait)
    }
    if (unfinished.untilMs !== Number.POSITIVE_INFINITY) this.deadlines.add(wait)
    if (lookMs !== Number.POSITIVE_INFINITY) this.looks.add((wait.look = new Look(wait, lookMs)))
    this.waiting[type]++
    client.blocked = wait
    if (this.count++ === 0) this.server.updateReports()
  }

  /** Takes a wait out of all queues. O(its keys), and O(log n) for its deadline. */
  forget(wait: KeyWait): void {
    if (wait.places.length === 0) return
    const keys = this.keys[wait.database.index]
    for (const place of wait.places) {
      const { key } = place
      key.remove(place)
      if (key.count === 0) keys.delete(key.name)
    }
    wait.places.length = 0
    this.deadlines.remove(wait)
    if (wait.look !== null) this.looks.remove(wait.look)
    this.waiting[wait.type]--
    if (--this.count === 0) this.server.updateReports()
  }

  timeOut(wait: KeyWait): void {
    const { client } = wait
    this.forget(wait)
    replyAndGoOn(this.server, client, client.resp === 3 ? NULL_RESP3 : NULL_ARRAY)
  }

  // Keys come to be

  /** A key has come to be in the entry at `address`, or has more of what clients wait for (XADD). */
  keyReady(database: Database, address: number): void {
    const { entries } = database
    if (this.waiting[entries.type(address)] === 0) return
    const start = entries.keyStart(address)
    const name = latin1(entries.memory(address), start, start + entries.keyLength(address))
    const key = this.keys[database.index].get(name)
    if (key !== undefined) this.makeReady(key)
  }

  /** All keys of a database have been replaced (SWAPDB). O(keys waited for there). */
  databaseReplaced(database: Database): void {
    for (const key of this.keys[database.index].values()) {
      const type = typeAt(key, key.bytes())
      if (type !== NOTHING && this.waiting[type] !== 0) this.makeReady(key)
    }
  }

  private makeReady(key: AwaitedKey): void {
    if (key.ready) return
    key.ready = true
    this.ready.push(key)
    this.serveSoon(key.database)
  }

  private lookAgain(wait: KeyWait): void {
    this.due.push(wait)
    this.serveSoon(wait.database)
  }

  private serveSoon({ keyspace }: Database): void {
    if (this.hasReady) return
    this.hasReady = true
    // No command runs: an eviction, the end of a load.
    if (this.server.serving === null && !keyspace.obeysMaster) this.server.afterTurn(() => this.server.serveWaiting())
  }

  // Serving

  /** Serves those who wait for the keys that are ready. To be called between commands, when the reply writer is empty. */
  serve(): void {
    while (this.ready.length + this.due.length > 0) {
      const { due, ready } = this
      this.due = []
      this.ready = []
      // Others may have ended its wait meanwhile.
      for (const wait of due) if (wait.places.length > 0) this.serveWait(wait)
      for (const key of ready) {
        key.ready = false
        this.serveKey(key)
      }
    }
    this.hasReady = false
  }

  /** Each who waits for the key now gets one chance, for as long as the key is there. */
  private serveKey(key: AwaitedKey): void {
    const bytes = key.bytes()
    let { count } = key
    let place = key.first
    while (place !== null && count-- > 0) {
      const { next, wait } = place
      if (wait.untilGone || typeAt(key, bytes) === wait.type) this.serveWait(wait)
      // The next one may have left as well, closed for want of memory.
      place = next === null || next.held ? next : key.first
    }
  }

  private serveWait(wait: KeyWait): void {
    const { client, unfinished } = wait
    this.forget(wait)
    // Its connection has ended: the server is about to hear of it.
    if (client.closing) return
    client.blocked = null
    this.server.runAgain(client, unfinished)
    if (client.blocked === null && client.transport.pendingInputBytes > 0) {
      this.server.afterTurn(() => client.transport.resume())
    }
  }

  /** The server goes down. */
  close(): void {
    this.deadlines.close()
    this.looks.close()
  }
}

/** The type of what is at the key, NOTHING if nothing is, or nothing any more. */
function typeAt({ database }: AwaitedKey, key: Buffer): number {
  const address = database.findAny(key, 0, key.length)
  return address === 0 || hasExpired(database, address) ? NOTHING : database.entries.type(address)
}
