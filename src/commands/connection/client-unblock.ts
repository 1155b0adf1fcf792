/** CLIENT UNBLOCK: ends the wait of another client. */

import { unblockWithError } from '../blocking/unblock.js'
import { type BlockedState, type Client, isOwnWait } from '../client.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'
import { subcommandSyntaxError } from '../help.js'
import { ADMIN, type CommandSpec, LOADING, NOSCRIPT, STALE } from '../spec.js'

const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK'

export const clientUnblock: CommandSpec = {
  name: 'unblock',
  arity: -3,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  group: 'connection',
  since: '5.0.0',
  summary: 'Ends the wait of a client that a command has blocked, as its time-out would or with an error.',
  complexity: 'O(log N) where N is the number of client connections',
  arguments: [
    { name: 'client-id', type: 'integer' },
    {
      name: 'unblock-type',
      type: 'oneof',
      optional: true,
      arguments: [
        { name: 'timeout', type: 'pure-token', token: 'TIMEOUT' },
        { name: 'error', type: 'pure-token', token: 'ERROR' },
      ],
    },
  ],
  run: unblock,
}

/**
 * CLIENT UNBLOCK id [TIMEOUT|ERROR]. Integer reply: 1 when the client was waiting, and does so no more. Waiting for the end of
 * a pause or for a shutdown has no time-out, and ends with an error only (TIMEOUT brings 7.2.5 down).
 */
function unblock({ args, reply, server }: CommandContext): void {
  if (args.argc > 4) {
    reply.error(subcommandSyntaxError(args, 'CLIENT'))
    return
  }
  const withError = args.argc === 4 && args.is(3, 'error')
  if (args.argc === 4 && !withError && !args.is(3, 'timeout')) {
    reply.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
    return
  }
  const id = args.int64(2)
  if (id === null) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  const client = server.clients.get(Number(id))
  const blocked = client?.blocked ?? null
  if (client === undefined || blocked === null) reply.integer(0)
  else if (withError && mayFail(client, blocked)) {
    unblockWithError(server, client, UNBLOCKED)
    reply.integer(1)
  } else if (!withError && blocked.timeOut !== null) {
    blocked.timeOut()
    reply.integer(1)
  } else reply.integer(0)
}

/** The master's commands are obeyed, and who waits for a long reply, or until a payload is prepared, is blocked only to us. */
function mayFail(client: Client, blocked: BlockedState): boolean {
  return !client.isMaster && !isOwnWait(blocked)
}
