/** Channels and patterns of a server and who listens to them. Source of behaviour: Redis's pubsub.c. */
import { globMatch } from '../bytes/glob.js'
import { encodeBulks } from '../resp/encode.js'
import type { Subscriber } from './subscriber.js'

/** Names and messages are texts of one character a byte. */
export class PubSub {
  readonly channels = new Map<string, Set<Subscriber>>()
  readonly patterns = new Map<string, Set<Subscriber>>()
  readonly shardChannels = new Map<string, Set<Subscriber>>()

  /** False when it was subscribed already; so for the five that follow. */
  subscribe(subscriber: Subscriber, channel: string): boolean {
    return enter(this.channels, subscriber.subscriptions.channels, subscriber, channel)
  }
  unsubscribe(subscriber: Subscriber, channel: string): boolean {
    return leave(this.channels, subscriber.subscriptions.channels, subscriber, channel)
  }
  subscribePattern(subscriber: Subscriber, pattern: string): boolean {
    return enter(this.patterns, subscriber.subscriptions.patterns, subscriber, pattern)
  }
  unsubscribePattern(subscriber: Subscriber, pattern: string): boolean {
    return leave(this.patterns, subscriber.subscriptions.patterns, subscriber, pattern)
  }
  subscribeShard(subscriber: Subscriber, channel: string): boolean {
    return enter(this.shardChannels, subscriber.subscriptions.shardChannels, subscriber, channel)
  }
  unsubscribeShard(subscriber: Subscriber, channel: string): boolean {
    return leave(this.shardChannels, subscriber.subscriptions.shardChannels, subscriber, channel)
  }

  /** Ends all of a subscriber's subscriptions without a message: it is gone, or was reset. */
  forget(subscriber: Subscriber): void {
    const { channels, patterns, shardChannels } = subscriber.subscriptions
    for (const channel of channels) this.unsubscribe(subscriber, channel)
    for (const pattern of patterns) this.unsubscribePattern(subscriber, pattern)
    for (const channel of shardChannels) this.unsubscribeShard(subscriber, channel)
  }

  /** Delivers a message; returns to how many subscriptions. O(subscribers of the channel + patterns). */
  publish(channel: string, message: Buffer): number {
    let receivers = 0
    const subscribers = this.channels.get(channel)
    if (subscribers !== undefined) receivers += deliver(subscribers, ['message', channel, message])
    if (this.patterns.size === 0) return receivers
    const bytes = Buffer.from(channel, 'latin1')
    for (const [pattern, listening] of this.patterns) {
      if (!globMatch(Buffer.from(pattern, 'latin1'), bytes)) continue
      receivers += deliver(listening, ['pmessage', pattern, channel, message])
    }
    return receivers
  }

  publishShard(channel: string, message: Buffer): number {
    const subscribers = this.shardChannels.get(channel)
    return subscribers === undefined ? 0 : deliver(subscribers, ['smessage', channel, message])
  }
}

type Index = Map<string, Set<Subscriber>>

function enter(index: Index, own: Set<string>, subscriber: Subscriber, name: string): boolean {
  if (own.has(name)) return false
  own.add(name)
  let subscribers = index.get(name)
  if (subscribers === undefined) index.set(name, (subscribers = new Set()))
  subscribers.add(subscriber)
  return true
}

function leave(index: Index, own: Set<string>, subscriber: Subscriber, name: string): boolean {
  if (!own.delete(name)) return false
  const subscribers = index.get(name)
  subscribers?.delete(subscriber)
  if (subscribers?.size === 0) index.delete(name)
  return true
}

/** Each version of the protocol is encoded once, however many listen. */
function deliver(subscribers: Set<Subscriber>, parts: readonly (string | Buffer)[]): number {
  let array: Buffer | null = null
  let push: Buffer | null = null
  for (const subscriber of subscribers) {
    if (subscriber.resp === 3) subscriber.deliver((push ??= encodeBulks('>', parts)))
    else subscriber.deliver((array ??= encodeBulks('*', parts)))
  }
  return subscribers.size
}
