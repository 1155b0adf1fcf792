/** What the keyspace reports and who is told: replicas of keys that expired or were evicted, clients that listen or keep copies. */
import type { ServerApi } from '../commands/server-api.js'
import { EVENT_EVICTED, EVENT_EXPIRED, EVENT_GENERIC, EVENT_HASH, EVENT_NEW } from '../config/keyspace-events.js'
import { requestFromArguments } from '../resp/request.js'
import type { Database } from '../store/database.js'
import type { KeyspaceListener } from '../store/keyspace.js'
import type { Dispatcher } from './dispatcher.js'

const DEL = Buffer.from('DEL', 'latin1')
const HDEL = Buffer.from('HDEL', 'latin1')
const UNLINK = Buffer.from('UNLINK', 'latin1')

export class KeyspaceReports implements KeyspaceListener {
  private readonly server: ServerApi
  private readonly dispatcher: Dispatcher

  constructor(server: ServerApi, dispatcher: Dispatcher) {
    this.server = server
    this.dispatcher = dispatcher
  }

  /** Replicas delete an expired key when the master says so. */
  keyExpired(database: Database, key: Buffer): void {
    this.propagateRemoval(database, key, database.keyspace.lazyfree.expire)
    this.notifyRemoval(EVENT_EXPIRED, 'expired', database, key)
  }

  fieldExpired(database: Database, key: Buffer, field: Buffer): void {
    this.propagate(database, HDEL, key, field)
  }

  fieldsExpired(database: Database, key: Buffer, removed: boolean): void {
    this.notifyRemoval(EVENT_HASH, 'hexpired', database, key)
    if (removed) this.notifyRemoval(EVENT_GENERIC, 'del', database, key)
  }

  keyEvicted(database: Database, key: Buffer): void {
    this.propagateRemoval(database, key, database.keyspace.lazyfree.eviction)
    this.notifyRemoval(EVENT_EVICTED, 'evicted', database, key)
  }

  private propagateRemoval(database: Database, key: Buffer, lazy: boolean): void {
    this.propagate(database, lazy ? UNLINK : DEL, key)
  }

  private propagate(database: Database, ...args: Buffer[]): void {
    if (this.server.propagation.isWanted) this.dispatcher.propagateAlso(database.index, requestFromArguments(args))
  }

  private notifyRemoval(eventClass: number, event: string, database: Database, key: Buffer): void {
    this.server.events.notify(eventClass, event, key, 0, key.length, database.index)
  }

  keyAdded(database: Database, address: number): void {
    const { entries, keyspace } = database
    if (keyspace.loading) return
    const { events, keyWaits } = this.server
    if (keyWaits.active) keyWaits.keyReady(database, address)
    if ((events.classes & EVENT_NEW) === 0) return
    const start = entries.keyStart(address)
    const end = start + entries.keyLength(address)
    events.notify(EVENT_NEW, 'new', entries.memory(address), start, end, database.index)
  }

  keysReplaced(database: Database): void {
    this.server.keyWaits.databaseReplaced(database)
  }

  keyChanged(_database: Database, key: Buffer, start: number, end: number, removed: boolean): void {
    this.server.tracking.keyChanged(key, start, end, removed ? null : this.server.serving)
  }

  flushed(): void {
    this.server.tracking.flushed()
  }
}
