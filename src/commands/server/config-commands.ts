/** CONFIG: directives at run time, and the statistics' reset. */
import { SENSITIVE } from '../../config/directive.js'
import { lookupDirective } from '../../config/directives.js'
import type { Request } from '../../resp/request.js'
import type { Client } from '../client.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { helpSubcommand } from '../help.js'
import { ADMIN, type CommandSpec, LOADING, NOSCRIPT, STALE } from '../spec.js'
import { resetStatistics } from './reset-statistics.js'

const ANYTIME = ADMIN | NOSCRIPT | LOADING | STALE
const ON_ALL_NODES = ['request_policy:all_nodes', 'response_policy:all_succeeded']

const subcommands: CommandSpec[] = [
  {
    name: 'get',
    arity: -3,
    flags: ANYTIME,
    group: 'server',
    since: '2.0.0',
    summary: 'Returns the directives that match a name or pattern, and their values.',
    complexity: 'O(N) when N is the number of configuration parameters provided',
    history: [['7.0.0', 'Takes several patterns.']],
    arguments: [{ name: 'parameter', type: 'string', multiple: true }],
    run: configGet,
  },
  helpSubcommand('config', 'server', '5.0.0'),
  {
    name: 'resetstat',
    arity: 2,
    flags: ANYTIME,
    group: 'server',
    since: '2.0.0',
    summary: 'Sets the statistics of INFO back to zero.',
    complexity: 'O(1)',
    tips: ON_ALL_NODES,
    run: ctx => {
      resetStatistics(ctx.server)
      ctx.reply.ok()
    },
  },
  {
    name: 'rewrite',
    arity: 2,
    flags: ANYTIME,
    group: 'server',
    since: '2.8.0',
    summary: 'Writes the configuration as it stands into the config file.',
    complexity: 'O(1)',
    tips: ON_ALL_NODES,
    run: configRewrite,
  },
  {
    name: 'set',
    arity: -4,
    flags: ANYTIME,
    group: 'server',
    since: '2.0.0',
    summary: 'Sets directives, all or none of them.',
    complexity: 'O(N) when N is the number of configuration parameters provided',
    history: [['7.0.0', 'Sets several directives at once.']],
    tips: ON_ALL_NODES,
    arguments: [
      {
        name: 'data',
        type: 'block',
        multiple: true,
        arguments: [
          { name: 'parameter', type: 'string' },
          { name: 'value', type: 'string' },
        ],
      },
    ],
    secrets: sensitiveValues,
    run: configSet,
  },
]

export const configCommands: CommandSpec[] = [
  {
    name: 'config',
    arity: -2,
    flags: 0,
    group: 'server',
    since: '2.0.0',
    summary: 'The commands about the configuration.',
    complexity: 'Depends on subcommand.',
    subcommands,
    // The dispatcher finds a subcommand or refuses the request.
    run: ctx => ctx.reply.error(SYNTAX_ERROR),
  },
]

/** CONFIG GET pattern [pattern ...]: a map of names and values. */
function configGet({ args, reply, server }: CommandContext): void {
  const patterns = Array.from({ length: args.argc - 2 }, (_, i) => args.latin1(i + 2))
  const found = server.config.getAll(patterns)
  reply.map(found.length)
  for (const [name, text] of found) {
    reply.bulkText(name)
    reply.bulkText(text)
  }
}

/** The values of passwords and the like. */
function sensitiveValues(args: Request): number[] {
  const secrets: number[] = []
  for (let i = 2; i + 1 < args.argc; i += 2) {
    const found = lookupDirective(args.latin1(i))
    if (found !== undefined && (found.directive.flags & SENSITIVE) !== 0) secrets.push(i + 1)
  }
  return secrets
}

/** CONFIG SET name value [name value ...]. */
function configSet({ args, client, keyspace, reply, server }: CommandContext): void {
  if (args.argc % 2 !== 0) {
    reply.error(SYNTAX_ERROR)
    return
  }
  const pairs: [string, string][] = []
  for (let i = 2; i < args.argc; i += 2) pairs.push([args.latin1(i), args.latin1(i + 1)])
  const error = server.config.set(pairs, { loading: keyspace.loading || server.loader.async, local: isLocal(client) })
  if (error === null) reply.ok()
  else reply.error(error)
}

/** Whether the client is on this machine, as far as its address tells. */
function isLocal({ transport }: Client): boolean {
  return transport.isUnixSocket || /^(127\.|\[::1\]|::1:)/.test(transport.remoteAddress)
}

function configRewrite({ reply, server }: CommandContext): void {
  const error = server.config.rewrite()
  if (error === null) {
    server.log.notice('CONFIG REWRITE executed with success.')
    reply.ok()
    return
  }
  const failure = /^ERR Rewriting config file: (.*)$/s.exec(error)
  if (failure !== null) server.log.warning(`CONFIG REWRITE failed: ${failure[1]}`)
  reply.error(error)
}
