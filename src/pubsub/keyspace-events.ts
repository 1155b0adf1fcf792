/** Keyspace events: what happens to keys, published to channels. Source of behaviour: Redis's notify.c. */

import { latin1 } from '../bytes/latin1.js'
import { KEYEVENT_CHANNEL, KEYSPACE_CHANNEL } from '../config/keyspace-events.js'
import type { PubSub } from './pubsub.js'

export class KeyspaceEvents {
  /** Config notify-keyspace-events, as the bits of config/keyspace-events.ts. Without a channel's bit it is 0. */
  classes = 0
  private readonly pubsub: PubSub

  constructor(pubsub: PubSub) {
    this.pubsub = pubsub
  }

  /** Sets the classes that are published: none unless at least one of the channels is asked for. */
  setClasses(bits: number): void {
    this.classes = (bits & (KEYSPACE_CHANNEL | KEYEVENT_CHANNEL)) === 0 ? 0 : bits
  }

  /** Publishes an event of key[start, end) when its class is asked for. */
  notify(eventClass: number, event: string, key: Buffer, start: number, end: number, database: number): void {
    const { classes, pubsub } = this
    if ((classes & eventClass) === 0 || pubsub.isSilent) return
    const name = latin1(key, start, end)
    if (classes & KEYSPACE_CHANNEL) pubsub.publish(`__keyspace@${database}__:${name}`, Buffer.from(event, 'latin1'))
    if (classes & KEYEVENT_CHANNEL) {
      pubsub.publish(`__keyevent@${database}__:${event}`, Buffer.from(name, 'latin1'))
    }
  }
}
