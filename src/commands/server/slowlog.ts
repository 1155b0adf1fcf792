/** SLOWLOG: the last commands that took long. Source of behaviour: slowlogCommand in Redis's slowlog.c. */
import type { CommandLog, CommandLogEntry } from '../../observe/command-log.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { helpSubcommand, subcommandSyntaxError } from '../help.js'
import { ADMIN, type CommandSpec, LOADING, STALE } from '../spec.js'

const ANY_TIME = ADMIN | LOADING | STALE
const DEFAULT_COUNT = 10
export const INVALID_COUNT = 'ERR count should be greater than or equal to -1'
const ON_ALL_NODES = 'request_policy:all_nodes'

const subcommands: CommandSpec[] = [
  {
    name: 'get',
    arity: -2,
    flags: ANY_TIME,
    group: 'server',
    since: '2.2.12',
    summary: 'Returns the latest entries of the slow log: 10 unless told, all for -1.',
    complexity: 'O(N) where N is the number of entries returned',
    history: [['4.0.0', 'Entries tell the address and the name of the client.']],
    tips: [ON_ALL_NODES, 'nondeterministic_output'],
    arguments: [{ name: 'count', type: 'integer', optional: true }],
    run: get,
  },
  helpSubcommand('slowlog', 'server', '6.2.0'),
  {
    name: 'len',
    arity: 2,
    flags: ANY_TIME,
    group: 'server',
    since: '2.2.12',
    summary: 'Returns the number of entries in the slow log.',
    complexity: 'O(1)',
    tips: [ON_ALL_NODES, 'response_policy:agg_sum', 'nondeterministic_output'],
    run: ({ reply, server }) => reply.integer(server.commandLogs.slow.length),
  },
  {
    name: 'reset',
    arity: 2,
    flags: ANY_TIME,
    group: 'server',
    since: '2.2.12',
    summary: 'Forgets all entries of the slow log.',
    complexity: 'O(N) where N is the number of entries in the slowlog',
    tips: [ON_ALL_NODES, 'response_policy:all_succeeded'],
    run: ({ reply, server }) => {
      server.commandLogs.slow.reset()
      reply.ok()
    },
  },
]

export const slowlogCommands: CommandSpec[] = [
  {
    name: 'slowlog',
    arity: -2,
    flags: 0,
    group: 'server',
    since: '2.2.12',
    summary: 'The commands about the slow log.',
    complexity: 'Depends on subcommand.',
    subcommands,
    run: ({ reply }) => reply.error(SYNTAX_ERROR),
  },
]

/** SLOWLOG GET [count]: an array of entries, newest first. */
function get({ args, reply, server }: CommandContext): void {
  if (args.argc > 3) {
    reply.error(subcommandSyntaxError(args, 'SLOWLOG'))
    return
  }
  const count = args.argc === 3 ? args.safeInteger(2) : DEFAULT_COUNT
  if (!(count >= -1)) reply.error(INVALID_COUNT)
  else replyLatest(reply, server.commandLogs.slow, count)
}

/** An array of the last `count` entries, newest first; all of them for -1. */
export function replyLatest(reply: ReplyWriter, log: CommandLog, count: number): void {
  const entries = log.latest(count === -1 ? log.length : count)
  reply.array(entries.length)
  for (const entry of entries) replyEntry(reply, entry)
}

/** Id, seconds of Unix time, microseconds or bytes, arguments, address and name of the client. */
function replyEntry(reply: ReplyWriter, entry: CommandLogEntry): void {
  reply.array(6)
  reply.integer(entry.id)
  reply.integer(entry.seconds)
  reply.integer(entry.value)
  reply.bulkArray(entry.args)
  reply.bulkText(entry.address)
  reply.bulkText(entry.clientName)
}
