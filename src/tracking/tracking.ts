/**
 * Client-side caching: tells clients that keys which they may hold copies of have changed. By default the server remembers
 * which keys each client has read and tells it once of each (tracked-keys.ts); in broadcast mode a client hears of all keys
 * that start with its prefixes (broadcasts.ts). Source of behaviour: Redis's tracking.c.
 */

import { latin1 } from '../bytes/latin1.js'
import { performance } from '../clock/platform.js'
import { Broadcasts, type Prefix } from './broadcasts.js'
import { Invalidation, redirectBroken } from './invalidation.js'
import { TrackedKeys } from './tracked-keys.js'
import type { TrackingClient, TrackingState } from './tracking-client.js'

/** What CLIENT TRACKING ON asks for. */
export interface TrackingOptions {
  readonly redirect: number
  readonly broadcast: boolean
  readonly optIn: boolean
  readonly optOut: boolean
  readonly noLoop: boolean
  readonly prefixes: readonly string[]
}

/** What tracking needs of the server. */
export interface TrackingHost {
  readonly clients: ReadonlyMap<number, TrackingClient>
  /** The client whose request is being executed. */
  readonly serving: TrackingClient | null
  /** Whether changes of keys are reported at all. */
  readonly keyspace: { reportsChanges: boolean }
  /** Calls broadcast() when the turn is over. */
  broadcastLater(): void
}

/** Keys that limit() forgets in one go, and again as many for each time in a row that it was not enough. */
const KEYS_FORGOTTEN_AT_ONCE = 100
/** How long it may take, in milliseconds. */
const FORGET_MAX_MS = 1

export class Tracking {
  readonly keys = new TrackedKeys()
  private readonly broadcasts = new Broadcasts()
  /** Config tracking-table-max-keys; 0: no limit. */
  maxKeys = 0
  private readonly host: TrackingHost
  private readonly tracked = new Set<TrackingClient>()
  /** Invalidations for the client being served, which come behind its reply: keys, or null for all of them. */
  private pending: (Buffer | null)[] = []
  private notEnough = 0

  constructor(host: TrackingHost) {
    this.host = host
  }

  /** Clients with tracking on (INFO tracking_clients). */
  get clientCount(): number {
    return this.tracked.size
  }
  get prefixCount(): number {
    return this.broadcasts.size
  }

  /**
   * Turns tracking on, or changes its options. Prefixes add to those there are; without any of its own a broadcast is about
   * all keys.
   */
  enable(client: TrackingClient, options: TrackingOptions): void {
    const { redirect, broadcast, optIn, optOut, noLoop, prefixes } = options
    const caching = client.tracking?.caching ?? false
    const listening = client.tracking?.prefixes ?? new Set<string>()
    client.tracking = {
      redirect,
      redirectBroken: false,
      broadcast,
      optIn,
      optOut,
      noLoop,
      caching,
      prefixes: listening,
    }
    this.tracked.add(client)
    if (broadcast) {
      for (const prefix of prefixes.length === 0 ? [''] : prefixes) {
        listening.add(prefix)
        this.broadcasts.listen(client, prefix)
      }
    }
    this.reportChanges()
  }

  /** Turns tracking off. Keys that the client has read stay in the table until they change: O(prefixes). */
  disable(client: TrackingClient): void {
    const { tracking } = client
    if (tracking === null) return
    if (client === this.host.serving) this.flushPending(client, tracking)
    for (const prefix of tracking.prefixes) this.broadcasts.leave(client, prefix)
    client.tracking = null
    this.tracked.delete(client)
    this.reportChanges()
  }

  private reportChanges(): void {
    this.host.keyspace.reportsChanges = this.tracked.size > 0 || this.keys.size > 0
  }

  /** Whether what the client reads now is to be remembered. */
  remembers({ broadcast, optIn, optOut, caching }: TrackingState): boolean {
    return !broadcast && (!optIn || caching) && (!optOut || !caching)
  }

  /** The client has read key[start, end). */
  remember(client: TrackingClient, key: Uint8Array, start: number, end: number): void {
    this.keys.add(client.id, key, start, end)
  }

  /** key[start, end) has changed; `by` is null when it expired or was evicted. */
  keyChanged(key: Buffer, start: number, end: number, by: TrackingClient | null): void {
    if (this.broadcasts.size > 0 && this.broadcasts.add(latin1(key, start, end), by)) this.host.broadcastLater()
    this.invalidate(key, start, end)
  }

  /** Tells everybody who has read the key, and forgets that they have. */
  private invalidate(key: Buffer, start: number, end: number): void {
    const readers = this.keys.take(key, start, end)
    if (readers === null) return
    const { clients, serving } = this.host
    let invalidation: Invalidation | null = null
    for (const id of readers) {
      const client = clients.get(id)
      const state = client?.tracking
      if (client === undefined || state === undefined || state === null || state.broadcast) continue
      if (client === serving) {
        if (!state.noLoop) this.pending.push(Buffer.from(key.subarray(start, end)))
      } else {
        invalidation ??= new Invalidation([Buffer.from(key.subarray(start, end))])
        this.send(client, state, invalidation)
      }
    }
    if (this.tracked.size === 0) this.reportChanges()
  }

  /** All keys of a database are gone, which to clients is as good as all keys of all databases. O(tracked clients). */
  flushed(): void {
    for (const client of this.tracked) {
      if (client === this.host.serving) this.pending.push(null)
      else if (client.tracking !== null) this.send(client, client.tracking, Invalidation.ofAllKeys)
    }
    this.keys.clear()
    this.reportChanges()
  }

  private send(client: TrackingClient, state: TrackingState, invalidation: Invalidation): void {
    let receiver = client
    if (state.redirect !== 0) {
      const redirected = this.host.clients.get(state.redirect)
      if (redirected === undefined || redirected.closing) {
        state.redirectBroken = true
        if (client.resp === 3) client.deliver(redirectBroken(state.redirect))
        return
      }
      receiver = redirected
    }
    if (receiver.resp === 3) receiver.deliver(invalidation.push)
    // RESP2 cannot tell a message from a reply unless the client awaits messages.
    else if (state.redirect !== 0 && receiver.subscriptions.total > 0) receiver.deliver(invalidation.message)
  }

  /** To be called with a tracked client being served whose command, or transaction as a whole, is over. */
  commandEnded(client: TrackingClient, state: TrackingState, keepsCaching: boolean): void {
    if (this.pending.length > 0) this.flushPending(client, state)
    if (!keepsCaching) state.caching = false
  }

  /** Delivers what the client being served has been waiting to hear. */
  flushPending(client: TrackingClient, state: TrackingState): void {
    const { pending } = this
    if (pending.length === 0) return
    this.pending = []
    for (const key of pending) {
      this.send(client, state, key === null ? Invalidation.ofAllKeys : new Invalidation([key]))
    }
  }

  /** The turn is over: tells the listeners of each prefix which keys have changed in it. */
  broadcast(): void {
    this.broadcasts.drain(prefix => {
      const invalidation = new Invalidation([...prefix.changed.keys()].sort())
      for (const client of prefix.listeners) {
        const { tracking } = client
        if (tracking === null) continue
        if (!tracking.noLoop) this.send(client, tracking, invalidation)
        else this.sendOthers(client, tracking, prefix)
      }
    })
  }

  /** NOLOOP: all keys but those that the client itself was the last to change. */
  private sendOthers(client: TrackingClient, state: TrackingState, { changed }: Prefix): void {
    const keys: string[] = []
    for (const [key, by] of changed) if (by !== client) keys.push(key)
    if (keys.length > 0) this.send(client, state, new Invalidation(keys.sort()))
  }

  /** Whether more keys are remembered than may be. */
  get overLimit(): boolean {
    return this.maxKeys > 0 && this.keys.size > this.maxKeys
  }

  /** Forgets keys at random, as if they had changed, until the table is within its limit; the more the longer it is not. */
  limit(): void {
    if (!this.overLimit) {
      this.notEnough = 0
      return
    }
    const deadline = performance.now() + FORGET_MAX_MS
    this.notEnough++
    for (let effort = KEYS_FORGOTTEN_AT_ONCE * this.notEnough; effort > 0 && this.overLimit; effort--) {
      const key = this.keys.randomKey()
      this.invalidate(key, 0, key.length)
      if (effort % KEYS_FORGOTTEN_AT_ONCE === 0 && performance.now() > deadline) return
    }
    if (!this.overLimit) this.notEnough = 0
  }
}
