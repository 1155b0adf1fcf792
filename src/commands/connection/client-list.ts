/** CLIENT LIST: a line for each client. Of many clients it comes in slices, so that others are served meanwhile. */
import { performance } from '../../clock/platform.js'
import { encodeVerbatimHeader } from '../../resp/encode.js'
import type { ReplySource } from '../../resp/reply-source.js'
import { LINE_END, type ReplyWriter } from '../../resp/reply-writer.js'
import type { Client } from '../client.js'
import { clientLine } from '../client-line.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import type { ServerApi } from '../server-api.js'
import { ADMIN, type ArgumentDoc, type CommandSpec, LOADING, NOSCRIPT, STALE } from '../spec.js'
import { ClientFilter } from './client-filter.js'
import { FILTERS_OF_8_1, FILTERS_OF_9_0 } from './client-filter-docs.js'

/** So many clients are listed at once. */
const LISTED_AT_ONCE = 100
const LINES_PER_CLOCK_READ = 16
const INVALID_ID = 'ERR Invalid client ID'

const CLIENT_TYPES: readonly ArgumentDoc[] = [
  { name: 'normal', type: 'pure-token', token: 'NORMAL' },
  { name: 'master', type: 'pure-token', token: 'MASTER' },
  { name: 'replica', type: 'pure-token', token: 'REPLICA' },
  { name: 'pubsub', type: 'pure-token', token: 'PUBSUB' },
]
export const clientList: CommandSpec = {
  name: 'list',
  arity: -2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  group: 'connection',
  since: '2.4.0',
  summary: 'Describes the connections, one a line.',
  complexity: 'O(N) where N is the number of clients',
  history: [
    ['2.8.12', 'Shows id.'],
    ['5.0.0', 'TYPE came.'],
    ['6.0.0', 'Shows user.'],
    ['6.2.0', 'ID came; shows argv-mem, tot-mem, laddr and redir.'],
    ['7.0.0', 'Shows resp, multi-mem, rbs and rbp.'],
    ['7.0.3', 'Shows ssub.'],
    ['8.0.0', 'TYPE takes "primary", of old "master", which it still takes, in Valkey.'],
    ['8.1.0', 'USER, ADDR, LADDR, SKIPME and MAXAGE came, in Valkey.'],
    ['9.0.0', 'NAME, IDLE, FLAGS, LIB-NAME, LIB-VER, DB, CAPA, IP and the opposites of most filters came, in Valkey.'],
  ],
  tips: ['nondeterministic_output'],
  arguments: [
    {
      name: 'client-type',
      type: 'oneof',
      token: 'TYPE',
      optional: true,
      since: '5.0.0',
      arguments: CLIENT_TYPES,
    },
    { name: 'client-id', type: 'integer', token: 'ID', optional: true, multiple: true, since: '6.2.0' },
    ...FILTERS_OF_8_1,
    ...FILTERS_OF_9_0,
  ],
  run: list,
}

/** CLIENT LIST [ID id ... | filter value ...]. Verbatim string reply. */
function list(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (args.argc === 3) {
    reply.error(SYNTAX_ERROR)
    return
  }
  if (args.argc > 3 && args.is(2, 'id') && onlyNumbersFollow(ctx)) {
    listById(ctx)
    return
  }
  const filter = new ClientFilter(false)
  const problem = args.argc === 2 ? null : filter.parse(ctx)
  if (problem === null) listMatching(ctx, filter)
  // In Redis 7.2 nothing but numbers follows ID.
  else reply.error(args.is(2, 'id') && problem === SYNTAX_ERROR ? INVALID_ID : problem)
}

function onlyNumbersFollow({ args }: CommandContext): boolean {
  for (let i = 4; i < args.argc; i++) if (args.int64(i) === null) return false
  return true
}

function listMatching(ctx: CommandContext, filter: ClientFilter): void {
  const { client: self, keyspace, reply, server } = ctx
  const clients = [...server.clients.values()].filter(client => filter.matches(client, self))
  const ownLine = clientLine(self, keyspace.nowMs, ctx)
  const lineOf = (client: Client): string => (client === self ? ownLine : clientLine(client, keyspace.nowMs, null))
  if (clients.length > LISTED_AT_ONCE) {
    ctx.replyFrom(new ClientListReply(server, clients, lineOf))
    return
  }
  let text = ''
  for (const client of clients) text += `${lineOf(client)}\n`
  reply.verbatim(text)
}

/** The list, put together between the turns of others. */
class ClientListReply implements ReplySource {
  private readonly server: ServerApi
  private readonly clients: readonly Client[]
  private readonly lineOf: (client: Client) => string
  private readonly chunks: Buffer[] = []
  private bytes = 0
  private listed = 0

  constructor(server: ServerApi, clients: readonly Client[], lineOf: (client: Client) => string) {
    this.server = server
    this.clients = clients
    this.lineOf = lineOf
  }

  get memoryBytes(): number {
    return this.bytes
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { clients, lineOf, server } = this
    let text = ''
    do {
      const client = clients[this.listed++]
      if (server.clients.has(client.id)) text += `${lineOf(client)}\n`
      if (this.listed % LINES_PER_CLOCK_READ === 0 && performance.now() >= deadlineMs) break
    } while (this.listed < clients.length)
    const chunk = Buffer.from(text, 'latin1')
    this.chunks.push(chunk)
    this.bytes += chunk.length
    if (this.listed < clients.length) return false
    out.append(encodeVerbatimHeader(out.resp, this.bytes))
    for (const lines of this.chunks) out.append(lines)
    out.append(LINE_END)
    return true
  }

  close(): void {}
}

/** The clients in the order of their numbers here. */
function listById(ctx: CommandContext): void {
  const { args, client: self, keyspace, reply, server } = ctx
  let text = ''
  for (let i = 3; i < args.argc; i++) {
    const id = args.int64(i)
    if (id === null) {
      reply.error(INVALID_ID)
      return
    }
    const client = server.clients.get(Number(id))
    if (client !== undefined) text += `${clientLine(client, keyspace.nowMs, client === self ? ctx : null)}\n`
  }
  reply.verbatim(text)
}
