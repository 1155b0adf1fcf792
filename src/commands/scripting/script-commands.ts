/** SCRIPT: the cache of scripts, and the end of one that runs for too long. SCRIPT DEBUG is not there. */
import type { CommandContext } from '../context.js'
import { helpSubcommand } from '../help.js'
import { ALLOW_BUSY, type CommandSpec, NOSCRIPT, STALE } from '../spec.js'

const subcommands: CommandSpec[] = [
  {
    name: 'exists',
    arity: -3,
    flags: NOSCRIPT,
    group: 'scripting',
    since: '2.6.0',
    summary: 'Tells which scripts the server knows, by their SHA1.',
    complexity: 'O(N), N is the number of scripts to look for',
    categories: ['scripting'],
    tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
    arguments: [{ name: 'sha1', type: 'string', multiple: true }],
    run: exists,
  },
  {
    name: 'flush',
    arity: -2,
    flags: NOSCRIPT,
    group: 'scripting',
    since: '2.6.0',
    summary: 'Forgets all scripts.',
    complexity: 'O(N), N is the number of scripts in the cache',
    history: [['6.2.0', 'ASYNC and SYNC came.']],
    categories: ['scripting'],
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    arguments: [
      {
        name: 'flush-type',
        type: 'oneof',
        optional: true,
        since: '6.2.0',
        arguments: [
          { name: 'async', type: 'pure-token', token: 'ASYNC' },
          { name: 'sync', type: 'pure-token', token: 'SYNC' },
        ],
      },
    ],
    run: flush,
  },
  helpSubcommand('script', 'scripting', '5.0.0', ['scripting']),
  {
    name: 'kill',
    arity: 2,
    flags: NOSCRIPT | ALLOW_BUSY,
    group: 'scripting',
    since: '2.6.0',
    summary: 'Ends the script that is running, if it has not written yet.',
    complexity: 'O(1)',
    categories: ['scripting'],
    tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
    run: ({ reply, server }) => {
      const refusal = server.scripts.kill(true)
      if (refusal === null) reply.ok()
      else reply.error(refusal)
    },
  },
  {
    name: 'load',
    arity: 3,
    flags: NOSCRIPT | STALE,
    group: 'scripting',
    since: '2.6.0',
    summary: 'Makes a script known without running it.',
    complexity: "O(N), N is the length of the script's body",
    categories: ['scripting'],
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    arguments: [{ name: 'script', type: 'string' }],
    run: load,
  },
  {
    name: 'show',
    arity: 3,
    flags: NOSCRIPT | STALE,
    group: 'scripting',
    since: '8.0.0',
    summary: 'Shows a script by its SHA1.',
    complexity: 'O(1)',
    categories: ['scripting'],
    arguments: [{ name: 'sha1', type: 'string' }],
    run: show,
  },
]

export const scriptCommands: CommandSpec[] = [
  {
    name: 'script',
    arity: -2,
    flags: 0,
    group: 'scripting',
    since: '2.6.0',
    summary: 'The commands about Lua scripts.',
    complexity: 'Depends on subcommand.',
    subcommands,
    // The dispatcher finds a subcommand or refuses the request.
    run: () => {},
  },
]

/** SCRIPT EXISTS sha1 [sha1 ...]. Array reply: 1 or 0 for each. */
function exists({ args, reply, server }: CommandContext): void {
  reply.array(args.argc - 2)
  for (let i = 2; i < args.argc; i++) {
    reply.integer(server.scripts.cache.find(args.lower(i)) === undefined ? 0 : 1)
  }
}

/** SCRIPT FLUSH [ASYNC | SYNC]: it is done at once in either case, by giving up the VM. */
function flush({ args, reply, server }: CommandContext): void {
  if (args.argc > 3 || (args.argc === 3 && !args.is(2, 'sync') && !args.is(2, 'async'))) {
    reply.error('ERR SCRIPT FLUSH only support SYNC|ASYNC option')
    return
  }
  server.scripts.cache.flush()
  reply.ok()
}

/** SCRIPT LOAD script. Bulk reply: its SHA1. */
function load({ args, reply, server }: CommandContext): void {
  const script = server.scripts.cache.findOrAdd(args.view(2))
  if (typeof script === 'string') reply.error(script)
  else reply.bulkText(script.sha)
}

/** SCRIPT SHOW sha1 (Valkey 8). Bulk reply: the script. */
function show({ args, reply, server }: CommandContext): void {
  const script = server.scripts.cache.find(args.lower(2))
  if (script === undefined) reply.error('NOSCRIPT No matching script. Please use EVAL.')
  else reply.bulkReference(script.body)
}
