/** The commands about a connection: greeting, authentication, database, end. */

import { REDIS_VERSION } from '../../config/version.js'
import { secretFrom } from '../../observe/redaction.js'
import type { Request } from '../../resp/request.js'
import { type Client, REPLY_SKIP } from '../client.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { readDatabase } from '../database-argument.js'
import {
  ALLOW_BUSY,
  ALLOWED_TO_SUBSCRIBERS,
  BRIEF,
  type CommandSpec,
  FAST,
  LOADING,
  NO_AUTH,
  NOSCRIPT,
  NOT_QUEUED,
  STALE,
} from '../spec.js'
import { authenticate, becomeDefaultUser, WRONG_PASSWORD } from './authentication.js'
import { invalidClientName, setClientName } from './client-name.js'

const BEFORE_LOGIN = NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY

const LOWEST_PROTOCOL = 2
const HIGHEST_PROTOCOL = 3

export const connectionCommands: CommandSpec[] = [
  {
    name: 'ping',
    arity: -1,
    flags: FAST | ALLOWED_TO_SUBSCRIBERS | BRIEF,
    group: 'connection',
    since: '1.0.0',
    summary: 'Answers PONG, or the given message.',
    complexity: 'O(1)',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    arguments: [{ name: 'message', type: 'string', optional: true }],
    run: ping,
  },
  {
    name: 'echo',
    arity: 2,
    flags: LOADING | STALE | FAST,
    group: 'connection',
    since: '1.0.0',
    summary: 'Answers the given message.',
    complexity: 'O(1)',
    arguments: [{ name: 'message', type: 'string' }],
    run: ctx => ctx.reply.bulk(ctx.args.buffer, ctx.args.starts[1], ctx.args.ends[1]),
  },
  {
    name: 'auth',
    arity: -2,
    flags: BEFORE_LOGIN,
    group: 'connection',
    since: '1.0.0',
    summary: 'Authenticates the connection.',
    complexity: 'O(N) where N is the number of passwords of the user',
    history: [['6.0.0', 'Takes a user name as well.']],
    arguments: [
      { name: 'username', type: 'string', optional: true, since: '6.0.0' },
      { name: 'password', type: 'string' },
    ],
    secrets: secretFrom(1),
    run: auth,
  },
  {
    name: 'hello',
    arity: -1,
    flags: BEFORE_LOGIN,
    group: 'connection',
    since: '6.0.0',
    summary: 'Greets the server: chooses the protocol, authenticates and names the connection.',
    complexity: 'O(1)',
    history: [['6.2.0', 'Without arguments it reports and changes nothing.']],
    arguments: [
      {
        name: 'arguments',
        type: 'block',
        optional: true,
        arguments: [
          { name: 'protover', type: 'integer' },
          {
            name: 'auth',
            type: 'block',
            token: 'AUTH',
            optional: true,
            arguments: [
              { name: 'username', type: 'string' },
              { name: 'password', type: 'string' },
            ],
          },
          { name: 'clientname', type: 'string', token: 'SETNAME', optional: true },
        ],
      },
    ],
    secrets: helloSecrets,
    run: hello,
  },
  {
    name: 'select',
    arity: 2,
    flags: LOADING | STALE | FAST,
    group: 'connection',
    since: '1.0.0',
    summary: 'Changes the database of the connection.',
    complexity: 'O(1)',
    arguments: [{ name: 'index', type: 'integer' }],
    run: select,
  },
  {
    name: 'quit',
    arity: -1,
    flags: BEFORE_LOGIN | NOT_QUEUED | ALLOWED_TO_SUBSCRIBERS,
    group: 'connection',
    since: '1.0.0',
    summary: 'Closes the connection behind the replies that are due.',
    complexity: 'O(1)',
    deprecatedSince: '7.2.0',
    replacedBy: 'closing the connection',
    run: quit,
  },
  {
    name: 'reset',
    arity: 1,
    flags: BEFORE_LOGIN | NOT_QUEUED | ALLOWED_TO_SUBSCRIBERS,
    group: 'connection',
    since: '6.2.0',
    summary: 'Puts the connection into the state of a new one.',
    complexity: 'O(1)',
    run: reset,
  },
]

/** PING [message]. A RESP2 client with subscriptions gets an array, which it can tell from messages. */
function ping({ args, client, reply }: CommandContext): void {
  if (args.argc > 2) reply.error("ERR wrong number of arguments for 'ping' command")
  else if (client.inSubscriberMode) reply.bulkArray(['pong', args.argc === 2 ? args.latin1(1) : ''])
  else if (args.argc === 2) reply.bulk(args.buffer, args.starts[1], args.ends[1])
  else reply.simple('PONG')
}

/** AUTH [username] password. */
function auth(ctx: CommandContext): void {
  const { args, reply, server } = ctx
  if (args.argc > 3) {
    reply.error(SYNTAX_ERROR)
    return
  }
  if (args.argc === 2 && server.acl.defaultUser.noPassword) {
    reply.error(
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    )
    return
  }
  const username = args.argc === 2 ? 'default' : args.latin1(1)
  if (authenticate(ctx, username, args.view(args.argc - 1))) reply.ok()
  else reply.error(WRONG_PASSWORD)
}

/** HELLO [protover [AUTH username password] [SETNAME clientname]]: a map of what the server is. */
function hello(ctx: CommandContext): void {
  const { args, client, reply } = ctx
  let protocol = client.resp
  if (args.argc >= 2) {
    protocol = args.safeInteger(1)
    if (Number.isNaN(protocol)) {
      reply.error('ERR Protocol version is not an integer or out of range')
      return
    }
    if (protocol < LOWEST_PROTOCOL || protocol > HIGHEST_PROTOCOL) {
      reply.error('NOPROTO unsupported protocol version')
      return
    }
  }
  let login = 0
  let name: string | null = null
  for (let i = 2; i < args.argc; i++) {
    const following = args.argc - 1 - i
    if (following >= 2 && args.is(i, 'auth')) {
      login = i + 1
      i += 2
    } else if (following >= 1 && args.is(i, 'setname')) {
      name = args.latin1(++i)
      const problem = invalidClientName(name)
      if (problem !== null) {
        reply.error(problem)
        return
      }
    } else {
      reply.error(`ERR Syntax error in HELLO option '${args.latin1(i)}'`)
      return
    }
  }
  if (login > 0 && !authenticate(ctx, args.latin1(login), args.view(login + 1))) {
    reply.error(WRONG_PASSWORD)
    return
  }
  if (!client.authenticated) {
    reply.error(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
    )
    return
  }
  if (name !== null) setClientName(client, name)
  client.resp = protocol
  client.updateChecks()
  reply.resp = protocol
  replyHello(ctx)
}

/** User name and password behind each AUTH. */
function helloSecrets(args: Request): number[] {
  const secrets: number[] = []
  for (let i = 2; i + 2 < args.argc; i++) {
    if (!args.is(i, 'auth')) continue
    secrets.push(i + 1, i + 2)
    i += 2
  }
  return secrets
}

function replyHello({ client, reply, server }: CommandContext): void {
  reply.map(7)
  reply.bulkText('server')
  reply.bulkText('redis')
  reply.bulkText('version')
  reply.bulkText(REDIS_VERSION)
  reply.bulkText('proto')
  reply.integer(client.resp)
  reply.bulkText('id')
  reply.integer(client.id)
  reply.bulkText('mode')
  reply.bulkText('standalone')
  reply.bulkText('role')
  reply.bulkText(server.replication.isReplica ? 'replica' : 'master')
  reply.bulkText('modules')
  reply.array(0)
}

/** SELECT index. */
function select(ctx: CommandContext): void {
  const database = readDatabase(ctx, 1)
  if (database === null) return
  ctx.client.db = database
  // Inside EXEC the commands that follow run on the same context.
  ctx.db = database
  ctx.reply.ok()
}

/** QUIT. */
function quit({ client, reply }: CommandContext): void {
  reply.ok()
  client.transport.closeAfterReplies()
  client.closing = true
}

/** RESET. The library's name and version stay: they are about who is connected, not about the connection's state. */
function reset(ctx: CommandContext): void {
  const { client, reply, server } = ctx
  if (client.isReplica || client.isMaster) {
    reply.error('ERR can only reset normal client connections')
    return
  }
  resetConnection(client)
  client.db = ctx.keyspace.databases[0]
  server.pubsub.forget(client)
  server.monitors.remove(client)
  client.monitoring = false
  server.tracking.disable(client)
  becomeDefaultUser(ctx)
  reply.resp = client.resp
  reply.simple('RESET')
}

function resetConnection(client: Client): void {
  client.resp = 2
  client.transaction = null
  client.unwatchAll()
  client.name = ''
  // A RESET that CLIENT REPLY SKIP preceded still gets no reply.
  client.replyFlags &= REPLY_SKIP
  client.noEvict = false
  client.noTouch = false
  client.readsReplica = false
  client.importsData = false
}
