/** CLIENT KILL in its old form (an address) and its new one (filters). */
import type { CommandContext } from '../context.js'
import { ADMIN, type ArgumentDoc, type CommandSpec, LOADING, NOSCRIPT, STALE } from '../spec.js'
import { ClientFilter } from './client-filter.js'
import { FILTERS_OF_9_0, SKIPME } from './client-filter-docs.js'

/** CLIENT KILL knows an older name as well, and tells when the others came. */
const KILLED_TYPES: readonly ArgumentDoc[] = [
  { name: 'normal', type: 'pure-token', token: 'NORMAL' },
  { name: 'master', type: 'pure-token', token: 'MASTER', since: '3.2.0' },
  { name: 'slave', type: 'pure-token', token: 'SLAVE' },
  { name: 'replica', type: 'pure-token', token: 'REPLICA', since: '5.0.0' },
  { name: 'pubsub', type: 'pure-token', token: 'PUBSUB' },
]

export const clientKill: CommandSpec = {
  name: 'kill',
  arity: -3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  group: 'connection',
  since: '2.4.0',
  summary: 'Closes connections.',
  complexity: 'O(N) where N is the number of clients',
  history: [
    ['2.8.12', 'Filters came.'],
    ['2.8.12', 'ID came.'],
    ['3.2.0', 'TYPE takes "master".'],
    ['5.0.0', 'TYPE takes "replica", of old "slave", which it still takes.'],
    ['6.2.0', 'LADDR came.'],
    ['7.4.0', 'MAXAGE came, in Redis.'],
    ['8.0.0', 'TYPE takes "primary", of old "master", which it still takes, in Valkey.'],
    ['8.1.0', 'ID takes several, in Valkey.'],
    ['9.0.0', 'NAME, IDLE, FLAGS, LIB-NAME, LIB-VER, DB, CAPA, IP and the opposites of most filters came, in Valkey.'],
  ],
  arguments: [
    {
      name: 'filter',
      type: 'oneof',
      arguments: [
        { name: 'old-format', type: 'string', displayText: 'ip:port', deprecatedSince: '2.8.12' },
        {
          name: 'new-format',
          type: 'oneof',
          multiple: true,
          arguments: [
            { name: 'client-id', type: 'integer', token: 'ID', optional: true, since: '2.8.12' },
            {
              name: 'client-type',
              type: 'oneof',
              token: 'TYPE',
              optional: true,
              since: '2.8.12',
              arguments: KILLED_TYPES,
            },
            { name: 'username', type: 'string', token: 'USER', optional: true },
            { name: 'addr', type: 'string', token: 'ADDR', displayText: 'ip:port', optional: true },
            { name: 'laddr', type: 'string', token: 'LADDR', displayText: 'ip:port', optional: true, since: '6.2.0' },
            SKIPME,
            { name: 'maxage', type: 'integer', token: 'MAXAGE', optional: true, since: '7.4.0' },
            ...FILTERS_OF_9_0,
          ],
        },
      ],
    },
  ],
  run: kill,
}

/**
 * CLIENT KILL addr, or CLIENT KILL filter value [filter value ...]. The old form replies OK or an error and may kill the caller; the
 * new one replies the number of clients killed, and leaves the caller alone unless told (SKIPME no).
 */
function kill(ctx: CommandContext): void {
  const { args, client: own, reply, server } = ctx
  const oldForm = args.argc === 3
  const filter = oldForm ? ClientFilter.ofAddress(args.latin1(2)) : new ClientFilter(true)
  const problem = oldForm ? null : filter.parse(ctx)
  if (problem !== null) {
    reply.error(problem)
    return
  }
  // The caller's own connection stays open for the reply.
  const victims = [...server.clients.values()].filter(client => filter.matches(client, own))
  server.disconnect(victims, own)
  if (!oldForm) reply.integer(victims.length)
  else if (victims.length > 0) reply.ok()
  else reply.error('ERR No such client')
}
