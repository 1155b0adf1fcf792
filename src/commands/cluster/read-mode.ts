/** READONLY and READWRITE: whether a replica may serve a connection's reads. */
import type { CommandContext } from '../context.js'
import { type CommandSpec, FAST, LOADING, STALE } from '../spec.js'

export const readModeCommands: readonly CommandSpec[] = [
  {
    name: 'readonly',
    arity: 1,
    flags: FAST | LOADING | STALE,
    group: 'cluster',
    since: '3.0.0',
    summary: 'Lets a replica serve the reads of this connection.',
    complexity: 'O(1)',
    categories: ['connection'],
    run: ctx => setReadMode(ctx, true),
  },
  {
    name: 'readwrite',
    arity: 1,
    flags: FAST | LOADING | STALE,
    group: 'cluster',
    since: '3.0.0',
    summary: 'Undoes READONLY.',
    complexity: 'O(1)',
    categories: ['connection'],
    run: ctx => setReadMode(ctx, false),
  },
]

/**
 * Without a cluster it is only clients that take redirections (CLIENT CAPA) whose reads a replica sends away, and who need this, as
 * in Valkey 8; others get Redis's error.
 */
function setReadMode({ client, reply }: CommandContext, readsReplica: boolean): void {
  if (!client.takesRedirects) {
    reply.error('ERR This instance has cluster support disabled')
    return
  }
  client.readsReplica = readsReplica
  reply.ok()
}
