/** Who gets messages: a client, as far as pub/sub needs it, and what it listens to. */

/** Names of channels and patterns, one character a byte, in the order in which they were subscribed to. */
export class Subscriptions {
  readonly channels = new Set<string>()
  readonly patterns = new Set<string>()
  readonly shardChannels = new Set<string>()

  /** Channels and patterns: what SUBSCRIBE, PSUBSCRIBE and their counterparts count. */
  get count(): number {
    return this.channels.size + this.patterns.size
  }

  get total(): number {
    return this.channels.size + this.patterns.size + this.shardChannels.size
  }
}

/** Of everybody who listens to nothing: most clients never do, and three sets each would be most of what they cost. */
export const NO_SUBSCRIPTIONS = new Subscriptions()

export interface Subscriber {
  /** Protocol version: 3 gets pushes, 2 arrays. */
  readonly resp: number
  /** Kept by PubSub: NO_SUBSCRIPTIONS while there are none. */
  subscriptions: Subscriptions
  /** Takes a message's RESP bytes, which nobody changes any more. */
  deliver(message: Buffer): void
}
