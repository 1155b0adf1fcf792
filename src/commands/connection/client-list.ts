/** CLIENT LIST: a line for each client. Of many clients it comes in slices, so that others are served meanwhile. */
import { encodeVerbatimHeader } from '../../resp/encode.js'
import type { ReplySource } from '../../resp/reply-source.js'
import { LINE_END, type ReplyWriter } from '../../resp/reply-writer.js'
import type { Client } from '../client.js'
import { type ClientType, clientLine, clientType, clientTypeByName } from '../client-line.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import type { ServerApi } from '../server-api.js'

/** So many clients are listed at once. */
const LISTED_AT_ONCE = 100
const LINES_PER_CLOCK_READ = 16

/** CLIENT LIST [TYPE type | ID id ...]. Verbatim string reply. */
export function clientList(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (args.argc === 2) listByType(ctx, null)
  else if (args.argc === 4 && args.is(2, 'type')) {
    const type = clientTypeByName(args.lower(3))
    if (type === undefined) reply.error(`ERR Unknown client type '${args.latin1(3)}'`)
    else listByType(ctx, type)
  } else if (args.argc > 3 && args.is(2, 'id')) listById(ctx)
  else reply.error(SYNTAX_ERROR)
}

function listByType(ctx: CommandContext, type: ClientType | null): void {
  const { client: self, keyspace, reply, server } = ctx
  const clients = [...server.clients.values()].filter(client => type === null || clientType(client) === type)
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

function listById(ctx: CommandContext): void {
  const { args, client: self, keyspace, reply, server } = ctx
  let text = ''
  for (let i = 3; i < args.argc; i++) {
    const id = args.int64(i)
    if (id === null) {
      reply.error('ERR Invalid client ID')
      return
    }
    const client = server.clients.get(Number(id))
    if (client !== undefined) text += `${clientLine(client, keyspace.nowMs, client === self ? ctx : null)}\n`
  }
  reply.verbatim(text)
}
