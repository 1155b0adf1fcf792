/** ACL: users and what they may do. */
import { randomBytes } from 'node:crypto'
import { secretFrom } from '../../observe/redaction.js'
import { CATEGORIES } from '../command-categories.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import { helpSubcommand, subcommandSyntaxError } from '../help.js'
import { ADMIN, type ArgumentDoc, type CommandSpec, LOADING, NOSCRIPT, STALE } from '../spec.js'
import { dryRun } from './check.js'
import { disconnectUsers, rulesChanged } from './clients.js'
import { aclLog } from './log.js'
import { aclDelUser, aclGetUser, aclList, aclSetUser, aclUsers } from './users.js'

const ANYONE = NOSCRIPT | LOADING | STALE
const ADMINS = ADMIN | ANYONE
const ON_ALL_NODES = ['request_policy:all_nodes', 'response_policy:all_succeeded']
const PER_USER = 'O(N) where N is the number of users'
const USERNAME: ArgumentDoc = { name: 'username', type: 'string' }

const NO_ACL_FILE =
  'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.'

const GENPASS_DEFAULT_BITS = 256n
const GENPASS_MAX_BITS = 4096n

const subcommands: CommandSpec[] = [
  {
    name: 'cat',
    arity: -2,
    flags: ANYONE,
    group: 'server',
    since: '6.0.0',
    summary: 'Lists the categories, or the commands of one.',
    complexity: 'O(1)',
    arguments: [{ name: 'category', type: 'string', optional: true }],
    run: atMost(3, aclCat),
  },
  {
    name: 'deluser',
    arity: -3,
    flags: ADMINS,
    group: 'server',
    since: '6.0.0',
    summary: 'Deletes users and closes their connections.',
    complexity: 'O(1) for each user, O(N) with N connections to look through',
    tips: ON_ALL_NODES,
    arguments: [{ ...USERNAME, multiple: true }],
    run: aclDelUser,
  },
  {
    name: 'dryrun',
    arity: -4,
    flags: ADMINS,
    group: 'server',
    since: '7.0.0',
    summary: 'Tells whether a user may run a command, without running it.',
    complexity: 'O(1)',
    arguments: [
      USERNAME,
      { name: 'command', type: 'string' },
      { name: 'arg', type: 'string', optional: true, multiple: true },
    ],
    run: aclDryRun,
  },
  {
    name: 'genpass',
    arity: -2,
    flags: ANYONE,
    group: 'server',
    since: '6.0.0',
    summary: 'Makes up a password of so many random bits, 256 unless told.',
    complexity: 'O(1)',
    arguments: [{ name: 'bits', type: 'integer', optional: true }],
    run: atMost(3, aclGenPass),
  },
  {
    name: 'getuser',
    arity: 3,
    flags: ADMINS,
    group: 'server',
    since: '6.0.0',
    summary: 'Shows the rules of a user.',
    complexity: 'O(N) where N is the number of passwords and rules that the user has',
    history: [
      ['6.2.0', 'Shows channels.'],
      ['7.0.0', 'Shows selectors; keys and channels are texts of rules.'],
    ],
    arguments: [USERNAME],
    run: aclGetUser,
  },
  helpSubcommand('acl', 'server', '6.0.0'),
  {
    name: 'list',
    arity: 2,
    flags: ADMINS,
    group: 'server',
    since: '6.0.0',
    summary: 'Shows all users as lines of an ACL file.',
    complexity: PER_USER,
    run: aclList,
  },
  {
    name: 'load',
    arity: 2,
    flags: ADMINS,
    group: 'server',
    since: '6.0.0',
    summary: 'Reads all users anew from the ACL file.',
    complexity: PER_USER,
    run: aclLoad,
  },
  {
    name: 'log',
    arity: -2,
    flags: ADMINS,
    group: 'server',
    since: '6.0.0',
    summary: 'Shows what was denied lately, or forgets it.',
    complexity: 'O(N) with N being the number of entries shown',
    history: [['7.2.0', 'Shows entry-id, timestamp-created and timestamp-last-updated.']],
    arguments: [
      {
        name: 'operation',
        type: 'oneof',
        optional: true,
        arguments: [
          { name: 'count', type: 'integer' },
          { name: 'reset', type: 'pure-token', token: 'RESET' },
        ],
      },
    ],
    run: atMost(3, aclLog),
  },
  {
    name: 'save',
    arity: 2,
    flags: ADMINS,
    group: 'server',
    since: '6.0.0',
    summary: 'Writes all users into the ACL file.',
    complexity: PER_USER,
    tips: ON_ALL_NODES,
    run: aclSave,
  },
  {
    name: 'setuser',
    arity: -3,
    flags: ADMINS,
    group: 'server',
    since: '6.0.0',
    summary: 'Creates a user or changes its rules.',
    complexity: 'O(N) where N is the number of rules provided',
    history: [
      ['6.2.0', 'Channel patterns came.'],
      ['7.0.0', 'Selectors and permissions by key came.'],
    ],
    tips: ON_ALL_NODES,
    arguments: [USERNAME, { name: 'rule', type: 'string', optional: true, multiple: true }],
    secrets: secretFrom(2),
    run: aclSetUser,
  },
  {
    name: 'users',
    arity: 2,
    flags: ADMINS,
    group: 'server',
    since: '6.0.0',
    summary: 'Lists the names of all users.',
    complexity: PER_USER,
    run: aclUsers,
  },
  {
    name: 'whoami',
    arity: 2,
    flags: ANYONE,
    group: 'server',
    since: '6.0.0',
    summary: 'Returns the name of the user of this connection.',
    complexity: 'O(1)',
    run: aclWhoAmI,
  },
]

export const aclCommands: readonly CommandSpec[] = [
  {
    name: 'acl',
    arity: -2,
    flags: 0,
    group: 'server',
    since: '6.0.0',
    summary: 'The commands about users and what they may do.',
    complexity: 'Depends on subcommand.',
    subcommands,
    // The dispatcher finds a subcommand or refuses the request.
    run: ctx => ctx.reply.error(SYNTAX_ERROR),
  },
]

/** The subcommand `run`, refused with more than `argc` arguments: Redis does not take this for a matter of arity. */
function atMost(argc: number, run: CommandSpec['run']): CommandSpec['run'] {
  return ctx => {
    const { args, reply } = ctx
    if (args.argc <= argc) run(ctx)
    else reply.error(subcommandSyntaxError(args, 'ACL'))
  }
}

/** ACL CAT [category]. */
function aclCat({ args, reply, server }: CommandContext): void {
  if (args.argc === 2) {
    reply.bulkArray(CATEGORIES)
    return
  }
  const commands = server.acl.catalog.category(args.latin1(2))
  if (commands === null) reply.error(`ERR Unknown category '${args.latin1(2).slice(0, 128)}'`)
  else reply.bulkArray(commands.map(({ fullName }) => fullName))
}

/** ACL DRYRUN username command [arg ...]: OK, or as a bulk string what the user may not do. */
function aclDryRun({ args, reply, server }: CommandContext): void {
  const user = server.acl.get(args.latin1(2))
  if (user === undefined) {
    reply.error(`ERR User '${args.latin1(2)}' not found`)
    return
  }
  let command = server.commands.find(args.buffer, args.starts[3], args.ends[3])
  if (command?.subcommands && args.argc > 4) command = command.subcommands.get(args.lower(4)) ?? null
  if (command === null) {
    reply.error(`ERR Command '${args.latin1(3)}' not found`)
    return
  }
  const argc = args.argc - 3
  if (command.arity > 0 ? command.arity !== argc : argc < -command.arity) {
    reply.error(`ERR wrong number of arguments for '${command.fullName}' command`)
    return
  }
  const denial = dryRun(user, command, args, 3)
  if (denial === null) reply.ok()
  else reply.bulkText(denial)
}

/** ACL GENPASS [bits]: hexadecimal digits, each worth four bits. */
function aclGenPass({ args, reply }: CommandContext): void {
  const bits = args.argc === 3 ? args.int64(2) : GENPASS_DEFAULT_BITS
  if (bits === null) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  if (bits <= 0n || bits > GENPASS_MAX_BITS) {
    reply.error(
      `ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to ${GENPASS_MAX_BITS}`,
    )
    return
  }
  const digits = Math.ceil(Number(bits) / 4)
  reply.bulkText(
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
  )
}

/** ACL LOAD. All connections of users that were there before are closed, but for those of the default user. */
function aclLoad({ client, reply, server }: CommandContext): void {
  if (server.config.values.aclfile === '') {
    reply.error(NO_ACL_FILE)
    return
  }
  const gone = server.acl.load()
  if (typeof gone === 'string') {
    reply.error(`ERR ${gone}`)
    return
  }
  rulesChanged(server)
  disconnectUsers(server, gone, client)
  reply.ok()
}

/** ACL SAVE. */
function aclSave({ reply, server }: CommandContext): void {
  if (server.config.values.aclfile === '') reply.error(NO_ACL_FILE)
  else if (server.acl.save()) reply.ok()
  else {
    reply.error('ERR There was an error trying to save the ACLs. Please check the server logs for more information')
  }
}

/** ACL WHOAMI. */
function aclWhoAmI({ client, reply }: CommandContext): void {
  if (client.user === null) reply.null()
  else reply.bulkText(client.user.name)
}
