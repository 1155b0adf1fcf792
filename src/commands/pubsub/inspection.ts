/** PUBSUB: which channels and patterns are listened to, and by how many. Source of behaviour: Redis's pubsub.c. */
import { MATCH, UNDECIDED } from '../../bytes/glob.js'
import type { Kind } from '../../pubsub/pubsub.js'
import type { CommandContext } from '../context.js'
import { helpSubcommand, subcommandSyntaxError } from '../help.js'
import { NameMatcher } from '../name-matcher.js'
import { type CommandSpec, LOADING, PUBSUB, STALE } from '../spec.js'

const INSPECTING = PUBSUB | LOADING | STALE

const subcommands: CommandSpec[] = [
  {
    name: 'channels',
    arity: -2,
    flags: INSPECTING,
    group: 'pubsub',
    since: '2.8.0',
    summary: 'Returns the channels that somebody listens to.',
    complexity:
      'O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)',
    arguments: [{ name: 'pattern', type: 'pattern', optional: true }],
    run: ctx => replyChannels(ctx, 'channels'),
  },
  helpSubcommand('pubsub', 'pubsub', '6.2.0'),
  {
    name: 'numpat',
    arity: 2,
    flags: INSPECTING,
    group: 'pubsub',
    since: '2.8.0',
    summary: 'Returns the number of patterns that somebody listens to.',
    complexity: 'O(1)',
    run: ({ reply, server }) => reply.integer(server.pubsub.patterns.size),
  },
  {
    name: 'numsub',
    arity: -2,
    flags: INSPECTING,
    group: 'pubsub',
    since: '2.8.0',
    summary: 'Returns how many clients listen to each channel by its name.',
    complexity: 'O(N) for the NUMSUB subcommand, where N is the number of requested channels',
    arguments: [{ name: 'channel', type: 'string', optional: true, multiple: true }],
    run: ctx => replyCounts(ctx, 'channels'),
  },
  {
    name: 'shardchannels',
    arity: -2,
    flags: INSPECTING,
    group: 'pubsub',
    since: '7.0.0',
    summary: 'Returns the shard channels that somebody listens to.',
    complexity:
      'O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels).',
    arguments: [{ name: 'pattern', type: 'pattern', optional: true }],
    run: ctx => replyChannels(ctx, 'shardChannels'),
  },
  {
    name: 'shardnumsub',
    arity: -2,
    flags: INSPECTING,
    group: 'pubsub',
    since: '7.0.0',
    summary: 'Returns how many clients listen to each shard channel.',
    complexity: 'O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels',
    arguments: [{ name: 'shardchannel', type: 'string', optional: true, multiple: true }],
    run: ctx => replyCounts(ctx, 'shardChannels'),
  },
]

export const pubsubInspection: CommandSpec[] = [
  {
    name: 'pubsub',
    arity: -2,
    flags: 0,
    group: 'pubsub',
    since: '2.8.0',
    summary: 'The commands that look at pub/sub.',
    complexity: 'Depends on subcommand.',
    subcommands,
    // The dispatcher finds a subcommand or refuses the request.
    run: () => {},
  },
]

/** PUBSUB CHANNELS and SHARDCHANNELS [pattern]. Array reply. */
function replyChannels(ctx: CommandContext, kind: Kind): void {
  const { args, reply, server } = ctx
  if (args.argc > 3) {
    reply.error(subcommandSyntaxError(args, 'PUBSUB'))
    return
  }
  const channels = [...server.pubsub[kind].keys()]
  if (args.argc === 2) {
    reply.bulkArray(channels)
    return
  }
  const names = new NameMatcher(args.view(2))
  const matching = channels.filter(channel => {
    const bytes = Buffer.from(channel, 'latin1')
    const result = names.decide(bytes, 0, bytes.length)
    if (result === UNDECIDED) names.putOff(bytes)
    return result === MATCH
  })
  if (names.undecided) {
    const certain = matching.map(channel => Buffer.from(channel, 'latin1'))
    ctx.replyFrom(names.laterReply([], certain))
  } else reply.bulkArray(matching)
}

/** PUBSUB NUMSUB and SHARDNUMSUB [name ...]. Array reply: each name and its number, in RESP3 too. */
function replyCounts({ args, reply, server }: CommandContext, kind: Kind): void {
  reply.array((args.argc - 2) * 2)
  for (let i = 2; i < args.argc; i++) {
    const name = args.latin1(i)
    reply.bulkText(name)
    reply.integer(server.pubsub[kind].get(name)?.size ?? 0)
  }
}
