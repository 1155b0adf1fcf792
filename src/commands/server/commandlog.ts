/** COMMANDLOG, of Valkey: the slow log, and those of large requests and replies. Source of behaviour: Valkey's commandlog.c. */
import { type CommandLog, LOG_NAMES } from '../../observe/command-log.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { helpSubcommand } from '../help.js'
import { ADMIN, type ArgumentDoc, type CommandSpec, LOADING, STALE } from '../spec.js'
import { INVALID_COUNT, replyLatest } from './slowlog.js'

const ANY_TIME = ADMIN | LOADING | STALE
const ON_ALL_NODES = 'request_policy:all_nodes'

const TYPE: ArgumentDoc = {
  name: 'type',
  type: 'oneof',
  arguments: LOG_NAMES.map(name => ({ name, type: 'pure-token', token: name.toUpperCase() })),
}

const subcommands: CommandSpec[] = [
  {
    name: 'get',
    arity: 4,
    flags: ANY_TIME,
    group: 'server',
    since: '8.1.0',
    summary: 'Returns the latest entries of a log of commands, all for -1.',
    complexity: 'O(N) where N is the number of entries returned',
    tips: [ON_ALL_NODES, 'nondeterministic_output'],
    arguments: [{ name: 'count', type: 'integer' }, TYPE],
    run: get,
  },
  helpSubcommand('commandlog', 'server', '8.1.0'),
  {
    name: 'len',
    arity: 3,
    flags: ANY_TIME,
    group: 'server',
    since: '8.1.0',
    summary: 'Returns the number of entries in a log of commands.',
    complexity: 'O(1)',
    tips: [ON_ALL_NODES, 'response_policy:agg_sum', 'nondeterministic_output'],
    arguments: [TYPE],
    run: len,
  },
  {
    name: 'reset',
    arity: 3,
    flags: ANY_TIME,
    group: 'server',
    since: '8.1.0',
    summary: 'Forgets all entries of a log of commands.',
    complexity: 'O(N) where N is the number of entries in the commandlog',
    tips: [ON_ALL_NODES, 'response_policy:all_succeeded'],
    arguments: [TYPE],
    run: reset,
  },
]

export const commandlogCommands: CommandSpec[] = [
  {
    name: 'commandlog',
    arity: -2,
    flags: 0,
    group: 'server',
    since: '8.1.0',
    summary: 'The commands about the logs of commands that took long, or had a large request or reply.',
    complexity: 'Depends on subcommand.',
    subcommands,
    run: ({ reply }) => reply.error(SYNTAX_ERROR),
  },
]

/** The log that argument `index` names; replies the error and returns null when it is none. */
function readLog({ args, reply, server }: CommandContext, index: number): CommandLog | null {
  const name = LOG_NAMES.find(name => args.is(index, name))
  if (name !== undefined) return server.commandLogs[name]
  reply.error(`ERR type should be one of the following: ${LOG_NAMES.join(', ')}`)
  return null
}

/** COMMANDLOG GET count type: an array of entries, newest first. */
function get(ctx: CommandContext): void {
  const count = ctx.args.safeInteger(2)
  if (!(count >= -1)) {
    ctx.reply.error(INVALID_COUNT)
    return
  }
  const log = readLog(ctx, 3)
  if (log !== null) replyLatest(ctx.reply, log, count)
}

function len(ctx: CommandContext): void {
  const log = readLog(ctx, 2)
  if (log !== null) ctx.reply.integer(log.length)
}

function reset(ctx: CommandContext): void {
  const log = readLog(ctx, 2)
  if (log === null) return
  log.reset()
  ctx.reply.ok()
}
