/** CLIENT KILL in its old form (an address) and its new one (filters, all of which have to match). */
import type { User } from '../../acl/user.js'
import type { Client } from '../client.js'
import { type ClientType, clientType, clientTypeByName } from '../client-line.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'

interface KillFilter {
  id: number | null
  type: ClientType | null
  address: string | null
  localAddress: string | null
  user: User | null
  skipMe: boolean
}

/**
 * CLIENT KILL addr, or CLIENT KILL [ID id] [TYPE type] [USER name] [ADDR addr] [LADDR addr] [SKIPME yes|no]. The old form
 * replies OK or an error and may kill the caller; the new one replies the number of clients killed.
 */
export function clientKill(ctx: CommandContext): void {
  const { args, reply } = ctx
  const filter: KillFilter = { id: null, type: null, address: null, localAddress: null, user: null, skipMe: true }
  const oldForm = args.argc === 3
  if (oldForm) {
    filter.address = args.latin1(2)
    filter.skipMe = false
  } else {
    const problem = parseFilter(ctx, filter)
    if (problem !== null) {
      reply.error(problem)
      return
    }
  }
  const killed = kill(ctx, filter)
  if (!oldForm) reply.integer(killed)
  else if (killed > 0) reply.ok()
  else reply.error('ERR No such client')
}

/** Reads the filters into `filter`; returns the error's text, or null. */
function parseFilter({ args, server }: CommandContext, filter: KillFilter): string | null {
  for (let i = 2; i < args.argc; i += 2) {
    if (i + 1 === args.argc) return SYNTAX_ERROR
    const value = args.latin1(i + 1)
    switch (args.lower(i)) {
      case 'id':
        filter.id = Number(args.int64(i + 1) ?? 0n)
        if (filter.id < 1) return 'ERR client-id should be greater than 0'
        break
      case 'type':
        filter.type = clientTypeByName(value.toLowerCase()) ?? null
        if (filter.type === null) return `ERR Unknown client type '${value}'`
        break
      case 'addr':
        filter.address = value
        break
      case 'laddr':
        filter.localAddress = value
        break
      case 'user':
        filter.user = server.acl.get(value) ?? null
        if (filter.user === null) return `ERR No such user '${value}'`
        break
      case 'skipme':
        if (!args.is(i + 1, 'yes') && !args.is(i + 1, 'no')) return SYNTAX_ERROR
        filter.skipMe = args.is(i + 1, 'yes')
        break
      default:
        return SYNTAX_ERROR
    }
  }
  return null
}

/** Closes the clients that match; the caller's own connection stays open for the reply. */
function kill({ client: self, server }: CommandContext, filter: KillFilter): number {
  const victims = [...server.clients.values()].filter(client => matches(client, filter, self))
  server.disconnect(victims, self)
  return victims.length
}

function matches(client: Client, filter: KillFilter, self: Client): boolean {
  if (filter.address !== null && client.address !== filter.address) return false
  if (filter.localAddress !== null && client.transport.localAddress !== filter.localAddress) return false
  if (filter.type !== null && clientType(client) !== filter.type) return false
  if (filter.id !== null && client.id !== filter.id) return false
  if (filter.user !== null && client.user !== filter.user) return false
  return !(filter.skipMe && client === self)
}
