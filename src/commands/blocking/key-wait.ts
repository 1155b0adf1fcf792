/** A client that waits for keys, as the register of waits (key-waits.ts) keeps it. */
import type { Request } from '../../resp/request.js'
import type { Database } from '../../store/database.js'
import type { KeyWatcher } from '../../store/watchers.js'
import type { BlockedState, Client } from '../client.js'
import type { Command } from '../command.js'
import type { Deadline } from './deadlines.js'

/** A command that did not find what it wants and is to be run again: what is kept of it from one run to the next. */
export class Unfinished {
  readonly command: Command
  /** Unix time in milliseconds from which on the client waits no more, Infinity for never. */
  readonly untilMs: number
  /** The request, in memory that stays. */
  request: Request
  private bytes = -1
  runs = 0
  /** Time that its runs have taken so far, milliseconds. */
  ranMs = 0

  constructor(command: Command, request: Request, untilMs: number) {
    this.command = command
    this.untilMs = untilMs
    this.request = request
  }

  /** Size of all its arguments together. O(arguments) for the first who asks: there may be a million. */
  get argumentBytes(): number {
    if (this.bytes < 0) this.bytes = this.request.argumentBytes
    return this.bytes
  }

  /** From here on it is another request: what an argument stood for has become known, or it was put off. */
  replace(request: Request): void {
    if (request === this.request) return
    this.bytes = -1
    this.request = request
  }
}

/** How a wait that is over in one way or another leaves the register. */
export interface KeyWaitOwner {
  forget(wait: KeyWait): void
  timeOut(wait: KeyWait): void
}

/** One client's wait, for one or several keys of a database. */
export class KeyWait implements BlockedState {
  readonly kind = 'key'
  readonly client: Client
  readonly database: Database
  /** What a key has to hold for the client: a TYPE_ of store/entries.ts. */
  readonly type: number
  /** A key that goes, or gets a value of another type, ends the wait as well (XREADGROUP). */
  readonly untilGone: boolean
  readonly unfinished: Unfinished
  readonly places: Place[] = []
  /** Its place among the deadlines; -1: none. */
  heapIndex = -1
  /** When its command is to be run again whatever becomes of the keys; null: never. */
  look: Look | null = null
  private readonly owner: KeyWaitOwner

  constructor(
    owner: KeyWaitOwner,
    client: Client,
    database: Database,
    type: number,
    untilGone: boolean,
    unfinished: Unfinished,
  ) {
    this.owner = owner
    this.client = client
    this.database = database
    this.type = type
    this.untilGone = untilGone
    this.unfinished = unfinished
  }

  get untilMs(): number {
    return this.unfinished.untilMs
  }

  cancel(): void {
    this.owner.forget(this)
  }

  timeOut(): void {
    this.owner.timeOut(this)
  }
}

/** A moment at which what a client waits for may have come to be by itself: entries have been idle for long enough. */
export class Look implements Deadline {
  readonly wait: KeyWait
  readonly untilMs: number
  heapIndex = -1

  constructor(wait: KeyWait, untilMs: number) {
    this.wait = wait
    this.untilMs = untilMs
  }
}

/** A wait's place in the queue for one of its keys. */
export class Place {
  readonly wait: KeyWait
  readonly key: AwaitedKey
  previous: Place | null = null
  next: Place | null = null
  /** It is in the queue. */
  held = true

  constructor(wait: KeyWait, key: AwaitedKey) {
    this.wait = wait
    this.key = key
  }
}

/** A key that clients wait for, in the order in which they came. */
export class AwaitedKey implements KeyWatcher {
  readonly database: Database
  /** One character a byte. */
  readonly name: string
  first: Place | null = null
  last: Place | null = null
  count = 0
  /** How many of them wait for it to go, too. */
  untilGone = 0
  /** It is in the list of keys whose clients are to be served. */
  ready = false
  /** The type that those wait for: there is one command that does. */
  goneType = 0
  private readonly onChange: (key: AwaitedKey, isReplaced: boolean) => void

  /**
   * @param onChange called when the key has changed, and may have gone, or when all keys of its database are about to give way to
   * others (`isReplaced`); only while somebody waits for that
   */
  constructor(database: Database, name: string, onChange: (key: AwaitedKey, isReplaced: boolean) => void) {
    this.database = database
    this.name = name
    this.onChange = onChange
  }

  bytes(): Buffer {
    return Buffer.from(this.name, 'latin1')
  }

  /** Queues a wait. A key that is named twice is one. */
  add(wait: KeyWait): void {
    const { last } = this
    if (last !== null && last.wait === wait) return
    const place = new Place(wait, this)
    place.previous = last
    if (last === null) this.first = place
    else last.next = place
    this.last = place
    this.count++
    wait.places.push(place)
    if (!wait.untilGone) return
    this.goneType = wait.type
    if (this.untilGone++ === 0) this.database.watchers.add(this.name, this)
  }

  remove(place: Place): void {
    const { next, previous } = place
    if (previous === null) this.first = next
    else previous.next = next
    if (next === null) this.last = previous
    else next.previous = previous
    place.held = false
    this.count--
    if (place.wait.untilGone && --this.untilGone === 0) this.database.watchers.remove(this.name, this)
  }

  watchedKeyChanged(): void {
    this.onChange(this, false)
  }

  watchedKeyReplaced(): void {
    this.onChange(this, true)
  }
}
