/** TIME, INFO and SHUTDOWN. */
import { replyAndGoOn } from '../blocking/unblock.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import type { ShutdownOptions } from '../server-api.js'
import { ADMIN, ALLOW_BUSY, type CommandSpec, FAST, LOADING, NO_MULTI, NOSCRIPT, STALE } from '../spec.js'

export const serverCommands: CommandSpec[] = [
  {
    name: 'time',
    arity: 1,
    flags: LOADING | STALE | FAST,
    group: 'server',
    since: '2.6.0',
    summary: "Returns the server's time.",
    complexity: 'O(1)',
    tips: ['nondeterministic_output'],
    run: time,
  },
  {
    name: 'info',
    arity: -1,
    flags: LOADING | STALE,
    group: 'server',
    since: '1.0.0',
    summary: 'Describes the server and its statistics.',
    complexity: 'O(1)',
    history: [['7.0.0', 'Takes several sections.']],
    categories: ['dangerous'],
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    arguments: [{ name: 'section', type: 'string', optional: true, multiple: true }],
    run: info,
  },
  {
    name: 'shutdown',
    arity: -1,
    flags: ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY,
    group: 'server',
    since: '1.0.0',
    summary: 'Saves where that is configured or asked for, and ends the server.',
    complexity:
      'O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)',
    history: [['7.0.0', 'NOW, FORCE and ABORT came.']],
    arguments: [
      {
        name: 'save-selector',
        type: 'oneof',
        optional: true,
        arguments: [
          { name: 'nosave', type: 'pure-token', token: 'NOSAVE' },
          { name: 'save', type: 'pure-token', token: 'SAVE' },
        ],
      },
      { name: 'now', type: 'pure-token', token: 'NOW', optional: true, since: '7.0.0' },
      { name: 'force', type: 'pure-token', token: 'FORCE', optional: true, since: '7.0.0' },
      { name: 'abort', type: 'pure-token', token: 'ABORT', optional: true, since: '7.0.0' },
    ],
    run: shutdown,
  },
]

/** TIME: seconds of Unix time, and the microseconds of the second under way. */
function time({ inScript, reply, server }: CommandContext): void {
  const now = inScript ? server.scripts.microseconds : server.keyspace.time.microseconds()
  reply.array(2)
  reply.bulkInteger(Math.floor(now / 1e6))
  reply.bulkInteger(now % 1e6)
}

/** INFO [section ...]. */
function info({ args, reply, server }: CommandContext): void {
  const sections = Array.from({ length: args.argc - 1 }, (_, i) => args.lower(i + 1))
  reply.verbatim(server.info(sections.length === 0 ? ['default'] : sections))
}

/** SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] | ABORT. A client whose shutdown succeeds gets no reply. */
function shutdown(ctx: CommandContext): void {
  const { reply, server } = ctx
  const options = parseShutdown(ctx)
  if (options === null) reply.error(SYNTAX_ERROR)
  else if (options === 'abort') {
    if (server.abortShutdown()) reply.ok()
    else reply.error('ERR No shutdown in progress.')
  } else if (server.scripts.busy && options.save !== false) reply.error(server.scripts.busyText)
  else startShutdown(ctx, options)
}

function parseShutdown({ args }: CommandContext): ShutdownOptions | 'abort' | null {
  const words = new Set<string>()
  for (let i = 1; i < args.argc; i++) words.add(args.lower(i))
  for (const word of words) if (!['nosave', 'save', 'now', 'force', 'abort'].includes(word)) return null
  if (words.has('abort')) return words.size === 1 ? 'abort' : null
  const save = words.has('save')
  const nosave = words.has('nosave')
  if (save && nosave) return null
  const options = { now: words.has('now'), force: words.has('force') }
  return save || nosave ? { ...options, save } : options
}

/** The client waits until the server has ended or given up. */
function startShutdown({ client, reply, server }: CommandContext, options: ShutdownOptions): void {
  let running = true
  const waiting = { kind: 'shutdown', cancel: () => {}, timeOut: null } as const
  client.blocked = waiting
  server.shutdown(options, error => {
    // CLIENT UNBLOCK may have told it something else meanwhile.
    if (client.blocked !== waiting) return
    if (running) {
      client.blocked = null
      reply.error(error)
      return
    }
    replyAndGoOn(server, client, Buffer.from(`-${error}\r\n`, 'latin1'))
  })
  running = false
}
