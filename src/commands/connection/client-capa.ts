/** CLIENT CAPA, of Valkey: what a client says it can do. */
import type { CommandContext } from '../context.js'
import { ALLOW_BUSY, type CommandSpec, LOADING, NOSCRIPT, STALE } from '../spec.js'

export const clientCapa: CommandSpec = {
  name: 'capa',
  arity: -3,
  flags: NOSCRIPT | LOADING | STALE | ALLOW_BUSY,
  group: 'connection',
  since: '8.0.0',
  summary: 'Says what the client can do: REDIRECT, to go to the master when a replica tells it where that is.',
  complexity: 'O(1)',
  arguments: [{ name: 'capability', type: 'string', multiple: true }],
  run: capa,
}

/** CLIENT CAPA capability [capability ...]. Others than REDIRECT are accepted: of those this server makes no use. */
function capa({ args, client, reply }: CommandContext): void {
  for (let i = 2; i < args.argc; i++) if (args.is(i, 'redirect')) client.takesRedirects = true
  client.updateChecks()
  reply.ok()
}
