/** Channels and patterns of a server and who listens to them. Source of behaviour: Redis's pubsub.c. */
import { Glob } from '../bytes/glob.js'
import { encodeBulks } from '../resp/encode.js'
import { NO_SUBSCRIPTIONS, type Subscriber, Subscriptions } from './subscriber.js'

/** What can be subscribed to. Each kind has names of its own; shard channels are not matched against patterns. */
export type Kind = 'channels' | 'patterns' | 'shardChannels'

/** Names and messages are texts of one character a byte. */
export class PubSub {
  readonly channels = new Map<string, Set<Subscriber>>()
  readonly patterns = new Map<string, Set<Subscriber>>()
  readonly shardChannels = new Map<string, Set<Subscriber>>()
  /** The patterns again, to match with. */
  private readonly globs = new Map<string, Glob>()

  /** False when it was subscribed already. O(1). */
  subscribe(subscriber: Subscriber, kind: Kind, name: string): boolean {
    if (subscriber.subscriptions === NO_SUBSCRIPTIONS) subscriber.subscriptions = new Subscriptions()
    const own = subscriber.subscriptions[kind]
    if (own.has(name)) return false
    own.add(name)
    const subscribers = this[kind].get(name)
    if (subscribers === undefined) this.enter(kind, name, subscriber)
    else subscribers.add(subscriber)
    return true
  }

  /** False when it was not subscribed. O(1). */
  unsubscribe(subscriber: Subscriber, kind: Kind, name: string): boolean {
    if (!subscriber.subscriptions[kind].delete(name)) return false
    if (subscriber.subscriptions.total === 0) subscriber.subscriptions = NO_SUBSCRIPTIONS
    const subscribers = this[kind].get(name)
    subscribers?.delete(subscriber)
    if (subscribers?.size === 0) this.leave(kind, name)
    return true
  }

  private enter(kind: Kind, name: string, first: Subscriber): void {
    this[kind].set(name, new Set([first]))
    if (kind === 'patterns') this.globs.set(name, new Glob(Buffer.from(name, 'latin1')))
  }

  private leave(kind: Kind, name: string): void {
    this[kind].delete(name)
    if (kind === 'patterns') this.globs.delete(name)
  }

  /** Ends all of a subscriber's subscriptions without a message: it is gone, or was reset. */
  forget(subscriber: Subscriber): void {
    const { channels, patterns, shardChannels } = subscriber.subscriptions
    for (const name of channels) this.unsubscribe(subscriber, 'channels', name)
    for (const name of patterns) this.unsubscribe(subscriber, 'patterns', name)
    for (const name of shardChannels) this.unsubscribe(subscriber, 'shardChannels', name)
  }

  /** Nobody listens to a channel or pattern: a message would reach no one. */
  get isSilent(): boolean {
    return this.channels.size === 0 && this.patterns.size === 0
  }

  /** Delivers a message; returns to how many subscriptions. O(subscribers of the channel + patterns). */
  publish(channel: string, message: Uint8Array): number {
    let receivers = 0
    const subscribers = this.channels.get(channel)
    if (subscribers !== undefined) receivers += deliver(subscribers, ['message', channel, message])
    if (this.patterns.size === 0) return receivers
    const bytes = Buffer.from(channel, 'latin1')
    for (const [name, glob] of this.globs) {
      if (!glob.matches(bytes, 0, bytes.length)) continue
      const listening = this.patterns.get(name)
      if (listening !== undefined) receivers += deliver(listening, ['pmessage', name, channel, message])
    }
    return receivers
  }

  /** The same for a shard channel. */
  publishShard(channel: string, message: Uint8Array): number {
    const subscribers = this.shardChannels.get(channel)
    return subscribers === undefined ? 0 : deliver(subscribers, ['smessage', channel, message])
  }
}

/** Each version of the protocol is encoded once, however many listen. */
function deliver(subscribers: Set<Subscriber>, parts: readonly (string | Uint8Array)[]): number {
  const receivers = subscribers.size
  let array: Buffer | null = null
  let push: Buffer | null = null
  for (const subscriber of subscribers) {
    if (subscriber.resp === 3) subscriber.deliver((push ??= encodeBulks('>', parts)))
    else subscriber.deliver((array ??= encodeBulks('*', parts)))
  }
  return receivers
}
