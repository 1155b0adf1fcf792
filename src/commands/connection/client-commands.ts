/** CLIENT: connections as seen from one of them. What takes more than a few lines has a file of its own. */
import { REPLY_OFF, REPLY_SKIP, REPLY_SKIP_NEXT } from '../client.js'
import { clientLine } from '../client-line.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { helpSubcommand } from '../help.js'
import { ADMIN, type ArgumentDoc, type CommandSpec, LOADING, NOSCRIPT, STALE } from '../spec.js'
import { clientCapa } from './client-capa.js'
import { clientKill } from './client-kill.js'
import { clientList } from './client-list.js'
import { invalidClientName, isPlainWord, setClientName } from './client-name.js'
import { clientPause, clientUnpause } from './client-pause.js'
import { clientCaching, clientGetRedir, clientTracking, clientTrackingInfo } from './client-tracking.js'
import { clientUnblock } from './client-unblock.js'

const ANYTIME = NOSCRIPT | LOADING | STALE
const ON_ALL_NODES = ['request_policy:all_nodes', 'response_policy:all_succeeded']

const ON_OFF: ArgumentDoc = {
  name: 'enabled',
  type: 'oneof',
  arguments: [
    { name: 'on', type: 'pure-token', token: 'ON' },
    { name: 'off', type: 'pure-token', token: 'OFF' },
  ],
}

const subcommands: CommandSpec[] = [
  clientCaching,
  clientCapa,
  {
    name: 'getname',
    arity: 2,
    flags: ANYTIME,
    group: 'connection',
    since: '2.6.9',
    summary: "Returns the connection's name.",
    complexity: 'O(1)',
    run: clientGetName,
  },
  clientGetRedir,
  helpSubcommand('client', 'connection', '5.0.0'),
  {
    name: 'id',
    arity: 2,
    flags: ANYTIME,
    group: 'connection',
    since: '5.0.0',
    summary: "Returns the connection's number, which no other one of this server has or had.",
    complexity: 'O(1)',
    run: ctx => ctx.reply.integer(ctx.client.id),
  },
  {
    name: 'info',
    arity: 2,
    flags: ANYTIME,
    group: 'connection',
    since: '6.2.0',
    summary: 'Describes this connection, as CLIENT LIST does.',
    complexity: 'O(1)',
    tips: ['nondeterministic_output'],
    run: ctx => ctx.reply.verbatim(`${clientLine(ctx.client, ctx.keyspace.nowMs, ctx)}\n`),
  },
  clientKill,
  clientList,
  {
    name: 'no-evict',
    arity: 3,
    flags: ADMIN | ANYTIME,
    group: 'connection',
    since: '7.0.0',
    summary: 'Protects the connection from being closed when clients take too much memory.',
    complexity: 'O(1)',
    arguments: [ON_OFF],
    run: clientNoEvict,
  },
  {
    name: 'no-touch',
    arity: 3,
    flags: ANYTIME,
    group: 'connection',
    since: '7.2.0',
    summary: 'Says whether commands of this connection count as an access of the keys they touch.',
    complexity: 'O(1)',
    arguments: [ON_OFF],
    run: clientNoTouch,
  },
  clientPause,
  {
    name: 'import-source',
    arity: 3,
    flags: ANYTIME,
    group: 'connection',
    since: '8.1.0',
    summary: 'Says whether this connection copies data in: in import mode it sees expired keys.',
    complexity: 'O(1)',
    arguments: [ON_OFF],
    run: clientImportSource,
  },
  {
    name: 'reply',
    arity: 3,
    flags: ANYTIME,
    group: 'connection',
    since: '3.2.0',
    summary: 'Turns replies on or off, or skips the next one.',
    complexity: 'O(1)',
    arguments: [
      {
        name: 'action',
        type: 'oneof',
        arguments: [
          { name: 'on', type: 'pure-token', token: 'ON' },
          { name: 'off', type: 'pure-token', token: 'OFF' },
          { name: 'skip', type: 'pure-token', token: 'SKIP' },
        ],
      },
    ],
    run: clientReply,
  },
  {
    name: 'setinfo',
    arity: 4,
    flags: ANYTIME,
    group: 'connection',
    since: '7.2.0',
    summary: 'Says which library is behind the connection.',
    complexity: 'O(1)',
    tips: ON_ALL_NODES,
    arguments: [
      {
        name: 'attr',
        type: 'oneof',
        arguments: [
          { name: 'libname', type: 'string', token: 'LIB-NAME' },
          { name: 'libver', type: 'string', token: 'LIB-VER' },
        ],
      },
    ],
    run: clientSetInfo,
  },
  {
    name: 'setname',
    arity: 3,
    flags: ANYTIME,
    group: 'connection',
    since: '2.6.9',
    summary: 'Names the connection.',
    complexity: 'O(1)',
    tips: ON_ALL_NODES,
    arguments: [{ name: 'connection-name', type: 'string' }],
    run: clientSetName,
  },
  clientTracking,
  clientTrackingInfo,
  clientUnblock,
  clientUnpause,
]

export const clientCommands: CommandSpec[] = [
  {
    name: 'client',
    arity: -2,
    flags: 0,
    group: 'connection',
    since: '2.4.0',
    summary: 'The commands about connections.',
    complexity: 'Depends on subcommand.',
    subcommands,
    // The dispatcher finds a subcommand or refuses the request.
    run: ctx => ctx.reply.error(SYNTAX_ERROR),
  },
]

function clientGetName({ client, reply }: CommandContext): void {
  if (client.name === '') reply.null()
  else reply.bulkText(client.name)
}

function clientSetName({ args, client, reply }: CommandContext): void {
  const name = args.latin1(2)
  const problem = invalidClientName(name)
  if (problem !== null) {
    reply.error(problem)
    return
  }
  setClientName(client, name)
  reply.ok()
}

/** CLIENT SETINFO lib-name|lib-ver value. */
function clientSetInfo({ args, client, reply }: CommandContext): void {
  const attribute = args.lower(2)
  const value = args.latin1(3)
  if (attribute !== 'lib-name' && attribute !== 'lib-ver') {
    reply.error(`ERR Unrecognized option '${args.latin1(2)}'`)
    return
  }
  if (!isPlainWord(value)) {
    reply.error(`ERR ${args.latin1(2)} cannot contain spaces, newlines or special characters.`)
    return
  }
  if (attribute === 'lib-name') client.libraryName = value
  else client.libraryVersion = value
  reply.ok()
}

/** The argument of CLIENT NO-EVICT, NO-TOUCH and IMPORT-SOURCE; replies the error and returns null when it is neither ON nor OFF. */
function onOrOff({ args, reply }: CommandContext): boolean | null {
  if (args.is(2, 'on')) return true
  if (args.is(2, 'off')) return false
  reply.error(SYNTAX_ERROR)
  return null
}

function clientNoEvict(ctx: CommandContext): void {
  const on = onOrOff(ctx)
  if (on === null) return
  ctx.client.noEvict = on
  ctx.reply.ok()
}

function clientNoTouch(ctx: CommandContext): void {
  const on = onOrOff(ctx)
  if (on === null) return
  ctx.client.noTouch = on
  ctx.reply.ok()
}

/** CLIENT IMPORT-SOURCE ON|OFF, of Valkey. Anything but OFF needs import mode. */
function clientImportSource(ctx: CommandContext): void {
  const { args, client, reply, server } = ctx
  if (!server.config.values['import-mode'] && !args.is(2, 'off')) {
    reply.error('ERR Server is not in import mode')
    return
  }
  const on = onOrOff(ctx)
  if (on === null) return
  client.importsData = on
  reply.ok()
}

/**
 * CLIENT REPLY ON|OFF|SKIP. Only ON answers; the dispatcher drops the replies of a client that wants none. In a transaction it takes
 * effect at once, in the middle of EXEC's reply.
 */
function clientReply({ args, client, reply }: CommandContext): void {
  if (args.is(2, 'on')) {
    // What a muted client's request has written so far is not for it.
    if (client.isMuted) reply.clear()
    client.replyFlags &= ~(REPLY_OFF | REPLY_SKIP)
    reply.ok()
  } else if (args.is(2, 'off')) {
    if (!client.isMuted && !reply.isEmpty) client.transport.sendAll(reply.takeChunks())
    client.replyFlags |= REPLY_OFF
  } else if (args.is(2, 'skip')) {
    if ((client.replyFlags & REPLY_OFF) === 0) client.replyFlags |= REPLY_SKIP_NEXT
  } else reply.error(SYNTAX_ERROR)
}
