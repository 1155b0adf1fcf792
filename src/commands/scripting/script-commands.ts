/** SCRIPT. No script can run here yet: KILL, which Sentinel sends and its ACL users are allowed, has nothing to end. */
import { helpSubcommand } from '../help.js'
import { ALLOW_BUSY, type CommandSpec, NOSCRIPT } from '../spec.js'

const subcommands: CommandSpec[] = [
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
    run: ctx => ctx.reply.error('NOTBUSY No scripts in execution right now.'),
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
