/** MONITOR: the client sees every command from now on. Source of behaviour: monitorCommand in Redis's server.c. */
import type { CommandContext } from '../context.js'
import { ADMIN, type CommandSpec, LOADING, NOSCRIPT, STALE } from '../spec.js'

export const monitorCommands: CommandSpec[] = [
  {
    name: 'monitor',
    arity: 1,
    flags: ADMIN | NOSCRIPT | LOADING | STALE,
    group: 'server',
    since: '1.0.0',
    summary: 'Shows every command that the server executes, as it happens.',
    run: monitor,
  },
]

/** A replica, or a client that watches already, gets no reply at all, as in Redis. */
function monitor({ client, inTransaction, reply, server }: CommandContext): void {
  if (inTransaction) {
    reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client")
    return
  }
  if (client.isReplica || client.monitoring) return
  client.monitoring = true
  server.monitors.add(client)
  reply.ok()
}
