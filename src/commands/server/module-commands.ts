/** MODULE: Redis's modules are native libraries, which this server cannot load; it says so in Redis's words. */
import type { CommandContext } from '../context.js'
import { helpSubcommand } from '../help.js'
import { ADMIN, type CommandSpec, NO_ASYNC_LOADING, NOSCRIPT, PROTECTED } from '../spec.js'

const CHANGES = NO_ASYNC_LOADING | ADMIN | NOSCRIPT | PROTECTED

const subcommands: CommandSpec[] = [
  helpSubcommand('module', 'server', '5.0.0'),
  {
    name: 'list',
    arity: 2,
    flags: ADMIN | NOSCRIPT,
    group: 'server',
    since: '4.0.0',
    summary: 'Lists the modules that are loaded: none.',
    complexity: 'O(1)',
    tips: ['nondeterministic_output_order'],
    run: ctx => ctx.reply.array(0),
  },
  {
    name: 'load',
    arity: -3,
    flags: CHANGES,
    group: 'server',
    since: '4.0.0',
    summary: 'Loads a module: refused.',
    complexity: 'O(1)',
    arguments: [
      { name: 'path', type: 'string' },
      { name: 'arg', type: 'string', optional: true, multiple: true },
    ],
    run: load,
  },
  {
    name: 'loadex',
    arity: -3,
    flags: CHANGES,
    group: 'server',
    since: '7.0.0',
    summary: 'Loads a module with settings of its own: refused.',
    complexity: 'O(1)',
    arguments: [
      { name: 'path', type: 'string' },
      {
        name: 'configs',
        type: 'block',
        token: 'CONFIG',
        optional: true,
        multiple: true,
        multipleToken: true,
        arguments: [
          { name: 'name', type: 'string' },
          { name: 'value', type: 'string' },
        ],
      },
      { name: 'args', type: 'string', token: 'ARGS', optional: true, multiple: true },
    ],
    run: load,
  },
  {
    name: 'unload',
    arity: 3,
    flags: CHANGES,
    group: 'server',
    since: '4.0.0',
    summary: 'Unloads a module: there is none.',
    complexity: 'O(1)',
    arguments: [{ name: 'name', type: 'string' }],
    run: ctx => ctx.reply.error('ERR Error unloading module: no such module with that name'),
  },
]

export const moduleCommands: CommandSpec[] = [
  {
    name: 'module',
    arity: -2,
    flags: 0,
    group: 'server',
    since: '4.0.0',
    summary: 'The commands about modules.',
    complexity: 'Depends on subcommand.',
    subcommands,
    // The dispatcher finds a subcommand or refuses the request.
    run: () => {},
  },
]

/** MODULE LOAD and LOADEX. */
function load({ args, reply, server }: CommandContext): void {
  server.log.warning(`Module ${args.latin1(2)} failed to load: redis-ts cannot load native libraries`)
  reply.error('ERR Error loading the extension. Please check the server logs.')
}
