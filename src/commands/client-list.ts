/** CLIENT LIST: a line for each client. Of many clients it comes in slices, so that others are served meanwhile. */
import { encodeVerbatimHeader } from '../resp/encode.js'
import type { Client } from './client.js'
import { type ClientType, clientLine, clientType, clientTypeByName } from './client-line.js'
import { type CommandContext, SYNTAX_ERROR } from './context.js'
import { replyChunksAndGoOn } from './unblock.js'

/** So many clients are listed at once. */
const LISTED_AT_ONCE = 100
/** How long lines are made in one go, and between how many the clock is read. */
const SLICE_MS = 1
const LINES_PER_CLOCK_READ = 16
const LINE_END = Buffer.from('\r\n', 'latin1')

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
  // A transaction and a client that wants no reply get it over with.
  if (clients.length > LISTED_AT_ONCE && !ctx.inTransaction && !self.isMuted) {
    listInSlices(ctx, clients, lineOf)
    return
  }
  let text = ''
  for (const client of clients) text += `${lineOf(client)}\n`
  reply.verbatim(text)
}

/** The client waits for its reply, which is put together between the turns of others. */
function listInSlices(
  { client: self, server }: CommandContext,
  clients: Client[],
  lineOf: (client: Client) => string,
): void {
  const { resp } = self
  const chunks: Buffer[] = []
  let bytes = 0
  let next = 0
  const slice = (): void => {
    if (self.blocked !== waiting || self.closing) return
    const deadline = performance.now() + SLICE_MS
    let text = ''
    while (next < clients.length && (next % LINES_PER_CLOCK_READ !== 0 || performance.now() < deadline)) {
      const client = clients[next++]
      if (server.clients.has(client.id)) text += `${lineOf(client)}\n`
    }
    const chunk = Buffer.from(text, 'latin1')
    chunks.push(chunk)
    bytes += chunk.length
    if (next < clients.length) setImmediate(slice)
    else replyChunksAndGoOn(server, self, [encodeVerbatimHeader(resp, bytes), ...chunks, LINE_END])
  }
  const waiting = { kind: 'list', cancel: () => {}, timeOut: null } as const
  self.blocked = waiting
  server.afterTurn(slice)
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
