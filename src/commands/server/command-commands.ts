/** COMMAND: the command table as clients see it. */
import { Glob } from '../../bytes/glob.js'
import type { Command } from '../command.js'
import { CATEGORIES, categoriesOf } from '../command-categories.js'
import { keyArguments } from '../command-keys.js'
import { commandDocsBytes, commandInfoBytes } from '../command-replies.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { helpSubcommand } from '../help.js'
import { KeyArguments } from '../key-arguments.js'
import { type ArgumentDoc, type CommandSpec, LOADING, NO_MANDATORY_KEYS, STALE } from '../spec.js'
import { replyKeyFlags } from './command-info.js'

const ANYTIME = LOADING | STALE
const CATEGORY = ['connection']
const ANY_ORDER = ['nondeterministic_output_order']

const NAMES: readonly ArgumentDoc[] = [{ name: 'command-name', type: 'string', optional: true, multiple: true }]
const FULL_COMMAND: readonly ArgumentDoc[] = [
  { name: 'command', type: 'string' },
  { name: 'arg', type: 'string', optional: true, multiple: true },
]

const subcommands: CommandSpec[] = [
  {
    name: 'count',
    arity: 2,
    flags: ANYTIME,
    group: 'server',
    since: '2.8.13',
    summary: 'Counts the commands.',
    complexity: 'O(1)',
    categories: CATEGORY,
    run: ctx => ctx.reply.integer(ctx.server.commands.all.length),
  },
  {
    name: 'docs',
    arity: -2,
    flags: ANYTIME,
    group: 'server',
    since: '7.0.0',
    summary: 'Documents the named commands, or all.',
    complexity: 'O(N) where N is the number of commands to look up',
    categories: CATEGORY,
    tips: ANY_ORDER,
    arguments: NAMES,
    run: commandDocs,
  },
  {
    name: 'getkeys',
    arity: -3,
    flags: ANYTIME,
    group: 'server',
    since: '2.8.13',
    summary: 'Finds the keys in a whole command.',
    complexity: 'O(N) where N is the number of arguments to the command',
    categories: CATEGORY,
    arguments: FULL_COMMAND,
    run: ctx => commandGetKeys(ctx, false),
  },
  {
    name: 'getkeysandflags',
    arity: -3,
    flags: ANYTIME,
    group: 'server',
    since: '7.0.0',
    summary: 'Finds the keys in a whole command, and what it does to each.',
    complexity: 'O(N) where N is the number of arguments to the command',
    categories: CATEGORY,
    arguments: FULL_COMMAND,
    run: ctx => commandGetKeys(ctx, true),
  },
  helpSubcommand('command', 'server', '5.0.0', CATEGORY),
  {
    name: 'info',
    arity: -2,
    flags: ANYTIME,
    group: 'server',
    since: '2.8.13',
    summary: 'Describes the named commands, or all.',
    complexity: 'O(N) where N is the number of commands to look up',
    history: [['7.0.0', 'Without names it describes all commands.']],
    categories: CATEGORY,
    tips: ANY_ORDER,
    arguments: NAMES,
    run: commandInfo,
  },
  {
    name: 'list',
    arity: -2,
    flags: ANYTIME,
    group: 'server',
    since: '7.0.0',
    summary: 'Lists the names of commands and subcommands.',
    complexity: 'O(N) where N is the total number of commands',
    categories: CATEGORY,
    tips: ANY_ORDER,
    arguments: [
      {
        name: 'filterby',
        type: 'oneof',
        token: 'FILTERBY',
        optional: true,
        arguments: [
          { name: 'module-name', type: 'string', token: 'MODULE' },
          { name: 'category', type: 'string', token: 'ACLCAT' },
          { name: 'pattern', type: 'pattern', token: 'PATTERN' },
        ],
      },
    ],
    run: commandList,
  },
]

export const commandCommands: CommandSpec[] = [
  {
    name: 'command',
    arity: -1,
    flags: ANYTIME,
    group: 'server',
    since: '2.8.13',
    summary: 'Describes all commands.',
    complexity: 'O(N) where N is the total number of commands',
    categories: CATEGORY,
    tips: ANY_ORDER,
    subcommands,
    run: replyAll,
  },
]

function replyAll({ reply, server }: CommandContext): void {
  reply.array(server.commands.all.length)
  for (const command of server.commands.all) reply.append(commandInfoBytes(command, reply.resp))
}

/** COMMAND INFO [name ...]: null for a name that is none. */
function commandInfo(ctx: CommandContext): void {
  const { args, reply, server } = ctx
  if (args.argc === 2) {
    replyAll(ctx)
    return
  }
  reply.array(args.argc - 2)
  for (let i = 2; i < args.argc; i++) {
    const command = server.commands.byFullName(args.latin1(i))
    if (command === null) reply.null()
    else reply.append(commandInfoBytes(command, reply.resp))
  }
}

/** COMMAND DOCS [name ...]: names that are none are left out. */
function commandDocs({ args, reply, server }: CommandContext): void {
  const named: Command[] = []
  for (let i = 2; i < args.argc; i++) {
    const command = server.commands.byFullName(args.latin1(i))
    if (command !== null) named.push(command)
  }
  const commands = args.argc === 2 ? server.commands.all : named
  reply.map(commands.length)
  for (const command of commands) reply.append(commandDocsBytes(command, reply.resp))
}

type Filter = (command: Command) => boolean

/** COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN glob]. */
function commandList(ctx: CommandContext): void {
  const { args, reply, server } = ctx
  const filter = args.argc === 2 ? () => true : parseFilter(ctx)
  if (filter === null) {
    reply.error(SYNTAX_ERROR)
    return
  }
  const names: string[] = []
  for (const command of server.commands.all) {
    if (filter(command)) names.push(command.fullName)
    for (const subcommand of command.subcommands?.values() ?? []) {
      if (filter(subcommand)) names.push(subcommand.fullName)
    }
  }
  reply.bulkArray(names)
}

function parseFilter({ args }: CommandContext): Filter | null {
  if (args.argc !== 5 || !args.is(2, 'filterby')) return null
  switch (args.lower(3)) {
    case 'module':
      return () => false
    case 'aclcat': {
      const category = CATEGORIES.find(name => args.is(4, name))
      return command => category !== undefined && categoriesOf(command.spec).includes(category)
    }
    case 'pattern': {
      const glob = new Glob(args.view(4), true)
      return ({ fullName }) => glob.matches(Buffer.from(fullName, 'latin1'), 0, fullName.length)
    }
    default:
      return null
  }
}

/** COMMAND GETKEYS and GETKEYSANDFLAGS: the request behind the subcommand is looked at, not run. */
function commandGetKeys({ args, reply, server }: CommandContext, withFlags: boolean): void {
  let command = server.commands.find(args.buffer, args.starts[2], args.ends[2])
  if (command?.subcommands && args.argc > 3) command = command.subcommands.get(args.lower(3)) ?? null
  if (command === null) {
    reply.error('ERR Invalid command specified')
    return
  }
  if (!command.hasKeys) {
    reply.error('ERR The command has no key arguments')
    return
  }
  const argc = args.argc - 2
  if (command.arity > 0 ? command.arity !== argc : argc < -command.arity) {
    reply.error('ERR Invalid number of arguments specified for command')
    return
  }
  const keys = new KeyArguments()
  keyArguments(command, args, 2, keys)
  if (keys.count === 0 && (command.flags & NO_MANDATORY_KEYS) === 0) {
    reply.error('ERR Invalid arguments specified for command')
    return
  }
  reply.array(keys.count)
  for (let i = 0; i < keys.count; i++) {
    if (withFlags) reply.array(2)
    const index = keys.indexes[i]
    reply.bulk(args.buffer, args.starts[index], args.ends[index])
    if (withFlags) replyKeyFlags(reply, keys.flags[i])
  }
}
