/** Pub/sub: subscriptions of a connection, and publishing. Source of behaviour: Redis's pubsub.c. */
import type { Kind } from '../../pubsub/pubsub.js'
import type { CommandContext } from '../context.js'
import {
  ALLOWED_TO_SUBSCRIBERS,
  type ArgumentDoc,
  CHANNEL_PATTERN,
  CHANNEL_PUBLISH,
  CHANNEL_SUBSCRIBE,
  CHANNEL_UNSUBSCRIBE,
  type CommandSpec,
  FAST,
  KEY_NOT_KEY,
  keyRange,
  LOADING,
  MAY_REPLICATE,
  NOSCRIPT,
  PUBSUB,
  STALE,
} from '../spec.js'

const SUBSCRIBING = PUBSUB | NOSCRIPT | LOADING | STALE | ALLOWED_TO_SUBSCRIBERS
const PUBLISHING = PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE

const CHANNEL: ArgumentDoc = { name: 'channel', type: 'string' }
const PATTERN: ArgumentDoc = { name: 'pattern', type: 'pattern' }
const SHARD_CHANNEL_NAME: ArgumentDoc = { name: 'shardchannel', type: 'string' }
const MESSAGE: ArgumentDoc = { name: 'message', type: 'string' }

export const pubsubCommands: CommandSpec[] = [
  {
    name: 'subscribe',
    arity: -2,
    flags: SUBSCRIBING,
    channels: { flags: CHANNEL_SUBSCRIBE, index: 1, all: true },
    group: 'pubsub',
    since: '2.0.0',
    summary: 'Listens to channels.',
    complexity: 'O(N) where N is the number of channels to subscribe to.',
    arguments: [{ ...CHANNEL, multiple: true }],
    run: ctx => subscribe(ctx, 'channels', 'subscribe'),
  },
  {
    name: 'unsubscribe',
    arity: -1,
    flags: SUBSCRIBING,
    channels: { flags: CHANNEL_UNSUBSCRIBE, index: 1, all: true },
    group: 'pubsub',
    since: '2.0.0',
    summary: 'Stops listening to channels, or to all of them.',
    complexity: 'O(N) where N is the number of channels to unsubscribe.',
    arguments: [{ ...CHANNEL, optional: true, multiple: true }],
    run: ctx => unsubscribe(ctx, 'channels', 'unsubscribe'),
  },
  {
    name: 'psubscribe',
    arity: -2,
    flags: SUBSCRIBING,
    channels: { flags: CHANNEL_SUBSCRIBE | CHANNEL_PATTERN, index: 1, all: true },
    group: 'pubsub',
    since: '2.0.0',
    summary: 'Listens to all channels whose names match patterns.',
    complexity: 'O(N) where N is the number of patterns to subscribe to.',
    arguments: [{ ...PATTERN, multiple: true }],
    run: ctx => subscribe(ctx, 'patterns', 'psubscribe'),
  },
  {
    name: 'punsubscribe',
    arity: -1,
    flags: SUBSCRIBING,
    channels: { flags: CHANNEL_UNSUBSCRIBE | CHANNEL_PATTERN, index: 1, all: true },
    group: 'pubsub',
    since: '2.0.0',
    summary: 'Stops listening to patterns, or to all of them.',
    complexity: 'O(N) where N is the number of patterns to unsubscribe.',
    arguments: [{ ...PATTERN, optional: true, multiple: true }],
    run: ctx => unsubscribe(ctx, 'patterns', 'punsubscribe'),
  },
  {
    name: 'ssubscribe',
    arity: -2,
    flags: SUBSCRIBING,
    keys: [keyRange(KEY_NOT_KEY, 1, -1)],
    channels: { flags: CHANNEL_SUBSCRIBE, index: 1, all: true },
    group: 'pubsub',
    since: '7.0.0',
    summary: 'Listens to shard channels.',
    complexity: 'O(N) where N is the number of shard channels to subscribe to.',
    arguments: [{ ...SHARD_CHANNEL_NAME, multiple: true }],
    run: ssubscribe,
  },
  {
    name: 'sunsubscribe',
    arity: -1,
    flags: SUBSCRIBING,
    keys: [keyRange(KEY_NOT_KEY, 1, -1)],
    channels: { flags: CHANNEL_UNSUBSCRIBE, index: 1, all: true },
    group: 'pubsub',
    since: '7.0.0',
    summary: 'Stops listening to shard channels, or to all of them.',
    complexity: 'O(N) where N is the number of shard channels to unsubscribe.',
    arguments: [{ ...SHARD_CHANNEL_NAME, optional: true, multiple: true }],
    run: ctx => unsubscribe(ctx, 'shardChannels', 'sunsubscribe'),
  },
  {
    name: 'publish',
    arity: 3,
    flags: PUBLISHING,
    channels: { flags: CHANNEL_PUBLISH, index: 1, all: false },
    group: 'pubsub',
    since: '2.0.0',
    summary: 'Sends a message to everybody who listens to a channel.',
    complexity:
      'O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).',
    arguments: [CHANNEL, MESSAGE],
    run: publish,
  },
  {
    name: 'spublish',
    arity: 3,
    flags: PUBLISHING,
    keys: [keyRange(KEY_NOT_KEY, 1)],
    channels: { flags: CHANNEL_PUBLISH, index: 1, all: false },
    group: 'pubsub',
    since: '7.0.0',
    summary: 'Sends a message to everybody who listens to a shard channel.',
    complexity: 'O(N) where N is the number of clients subscribed to the receiving shard channel.',
    arguments: [SHARD_CHANNEL_NAME, MESSAGE],
    run: spublish,
  },
]

/** SUBSCRIBE and PSUBSCRIBE name [name ...]: one confirmation each, with the number of subscriptions by then. */
function subscribe(ctx: CommandContext, kind: Kind, verb: string): void {
  const { args, client, server } = ctx
  for (let i = 1; i < args.argc; i++) {
    const name = args.latin1(i)
    server.pubsub.subscribe(client, kind, name)
    confirm(ctx, kind, verb, name)
  }
  client.updateChecks()
}

/** SSUBSCRIBE. A transaction promises one reply a command, so it is refused there; SUBSCRIBE is allowed only because it always was. */
function ssubscribe(ctx: CommandContext): void {
  if (ctx.inTransaction) ctx.reply.error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
  else subscribe(ctx, 'shardChannels', 'ssubscribe')
}

/** UNSUBSCRIBE, PUNSUBSCRIBE and SUNSUBSCRIBE [name ...]: one confirmation each, and one even when there is nothing to end. */
function unsubscribe(ctx: CommandContext, kind: Kind, verb: string): void {
  const { args, client, server } = ctx
  const named = Array.from({ length: args.argc - 1 }, (_, i) => args.latin1(i + 1))
  const names = named.length > 0 ? named : [...client.subscriptions[kind]]
  for (const name of names) {
    server.pubsub.unsubscribe(client, kind, name)
    confirm(ctx, kind, verb, name)
  }
  if (names.length === 0) confirm(ctx, kind, verb, null)
  client.updateChecks()
}

/** Three elements: the verb, the name or null, the number of subscriptions left. */
function confirm({ client, reply }: CommandContext, kind: Kind, verb: string, name: string | null): void {
  const { subscriptions } = client
  const count = kind === 'shardChannels' ? subscriptions.shardChannels.size : subscriptions.count
  const nameText = name !== null ? bulk(name) : client.resp === 3 ? '_\r\n' : '$-1\r\n'
  const text = `${client.resp === 3 ? '>' : '*'}3\r\n${bulk(verb)}${nameText}:${count}\r\n`
  // It is a push as messages are, and no reply: CLIENT REPLY OFF does not keep it back, and what is in the writer will not leave.
  if (client.isMuted) client.transport.send(Buffer.from(text, 'latin1'))
  else reply.raw(text)
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`
}

/** PUBLISH channel message. Integer reply: to how many subscriptions of this server it went. */
function publish(ctx: CommandContext): void {
  const { args, reply, server } = ctx
  reply.integer(server.pubsub.isSilent ? 0 : server.pubsub.publish(args.latin1(1), args.view(2)))
  ctx.propagateMessage()
}

/** SPUBLISH shardchannel message. */
function spublish(ctx: CommandContext): void {
  const { args, reply, server } = ctx
  reply.integer(server.pubsub.publishShard(args.latin1(1), args.view(2)))
  ctx.propagateMessage()
}
