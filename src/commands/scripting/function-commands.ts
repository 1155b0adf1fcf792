/** FUNCTION: the table of its subcommands. */
import { helpSubcommand } from '../help.js'
import { ALLOW_BUSY, type CommandSpec, DENYOOM, NOSCRIPT, WRITE } from '../spec.js'
import { functionDelete, functionDump, functionFlush, functionLoad, functionRestore } from './function-changes.js'
import { functionList, functionStats } from './function-reports.js'

const EVERYWHERE = ['request_policy:all_shards', 'response_policy:all_succeeded']
const ALL_FUNCTIONS = 'O(N), N is the number of functions'

const subcommands: CommandSpec[] = [
  {
    name: 'delete',
    arity: 3,
    flags: NOSCRIPT | WRITE,
    group: 'scripting',
    since: '7.0.0',
    summary: 'Deletes a library with its functions.',
    complexity: 'O(1)',
    categories: ['scripting'],
    tips: EVERYWHERE,
    arguments: [{ name: 'library-name', type: 'string' }],
    run: functionDelete,
  },
  {
    name: 'dump',
    arity: 2,
    flags: NOSCRIPT,
    group: 'scripting',
    since: '7.0.0',
    summary: 'Shows all libraries as one payload for FUNCTION RESTORE.',
    complexity: ALL_FUNCTIONS,
    categories: ['scripting'],
    run: functionDump,
  },
  {
    name: 'flush',
    arity: -2,
    flags: NOSCRIPT | WRITE,
    group: 'scripting',
    since: '7.0.0',
    summary: 'Deletes all libraries.',
    complexity: ALL_FUNCTIONS,
    categories: ['scripting'],
    tips: EVERYWHERE,
    arguments: [
      {
        name: 'flush-type',
        type: 'oneof',
        optional: true,
        arguments: [
          { name: 'async', type: 'pure-token', token: 'ASYNC' },
          { name: 'sync', type: 'pure-token', token: 'SYNC' },
        ],
      },
    ],
    run: functionFlush,
  },
  helpSubcommand('function', 'scripting', '7.0.0', ['scripting']),
  {
    name: 'kill',
    arity: 2,
    flags: NOSCRIPT | ALLOW_BUSY,
    group: 'scripting',
    since: '7.0.0',
    summary: 'Ends the function that is running, if it has not written yet.',
    complexity: 'O(1)',
    categories: ['scripting'],
    tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
    run: ({ reply, server }) => {
      const refusal = server.scripts.kill(false)
      if (refusal === null) reply.ok()
      else reply.error(refusal)
    },
  },
  {
    name: 'list',
    arity: -2,
    flags: NOSCRIPT,
    group: 'scripting',
    since: '7.0.0',
    summary: 'Lists libraries with their functions.',
    complexity: ALL_FUNCTIONS,
    categories: ['scripting'],
    tips: ['nondeterministic_output_order'],
    arguments: [
      { name: 'library-name-pattern', type: 'string', token: 'LIBRARYNAME', optional: true },
      { name: 'withcode', type: 'pure-token', token: 'WITHCODE', optional: true },
    ],
    run: functionList,
  },
  {
    name: 'load',
    arity: -3,
    flags: NOSCRIPT | WRITE | DENYOOM,
    group: 'scripting',
    since: '7.0.0',
    summary: 'Adds a library.',
    complexity: 'O(1), compiling it left aside',
    categories: ['scripting'],
    tips: EVERYWHERE,
    arguments: [
      { name: 'replace', type: 'pure-token', token: 'REPLACE', optional: true },
      { name: 'function-code', type: 'string' },
    ],
    run: functionLoad,
  },
  {
    name: 'restore',
    arity: -3,
    flags: NOSCRIPT | WRITE | DENYOOM,
    group: 'scripting',
    since: '7.0.0',
    summary: "Adds the libraries of FUNCTION DUMP's payload.",
    complexity: ALL_FUNCTIONS,
    categories: ['scripting'],
    tips: EVERYWHERE,
    arguments: [
      { name: 'serialized-value', type: 'string' },
      {
        name: 'policy',
        type: 'oneof',
        optional: true,
        arguments: [
          { name: 'flush', type: 'pure-token', token: 'FLUSH' },
          { name: 'append', type: 'pure-token', token: 'APPEND' },
          { name: 'replace', type: 'pure-token', token: 'REPLACE' },
        ],
      },
    ],
    run: functionRestore,
  },
  {
    name: 'stats',
    arity: 2,
    flags: NOSCRIPT | ALLOW_BUSY,
    group: 'scripting',
    since: '7.0.0',
    summary: 'Shows the function that is running, and how many libraries there are.',
    complexity: 'O(1)',
    categories: ['scripting'],
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    run: functionStats,
  },
]

export const functionCommands: CommandSpec[] = [
  {
    name: 'function',
    arity: -2,
    flags: 0,
    group: 'scripting',
    since: '7.0.0',
    summary: 'The commands about libraries of functions.',
    complexity: 'Depends on subcommand.',
    subcommands,
    // The dispatcher finds a subcommand or refuses the request.
    run: () => {},
  },
]
