/** Transactions: MULTI, EXEC, DISCARD, and optimistic locking with WATCH. Source of behaviour: Redis's multi.c. */
import type { ReplyWriter } from '../../resp/reply-writer.js'
import { revokedPermissionError } from '../acl/check.js'
import type { Client, QueuedCommand } from '../client.js'
import type { CommandContext } from '../context.js'
import { isRedirection } from '../redirect.js'
import {
  ALLOW_BUSY,
  type CommandSpec,
  FAST,
  LOADING,
  NOSCRIPT,
  NOT_QUEUED,
  PEEK_ALL_KEYS,
  PREPARED,
  SKIP_SLOWLOG,
  STALE,
} from '../spec.js'
import { WatchedKey, watchedName } from './watched-key.js'

const ANY_TIME = NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY

export const transactionCommands: CommandSpec[] = [
  {
    name: 'multi',
    arity: 1,
    flags: ANY_TIME | NOT_QUEUED,
    group: 'transactions',
    since: '1.2.0',
    summary: 'Starts a transaction.',
    complexity: 'O(1)',
    run: multi,
  },
  {
    name: 'exec',
    arity: 1,
    flags: NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG | NOT_QUEUED | PREPARED,
    group: 'transactions',
    since: '1.2.0',
    summary: 'Runs the commands of a transaction.',
    complexity: 'That of the queued commands',
    run: execPrepared,
  },
  {
    name: 'discard',
    arity: 1,
    flags: ANY_TIME | NOT_QUEUED,
    group: 'transactions',
    since: '2.0.0',
    summary: 'Drops a transaction.',
    complexity: 'O(N), N is the number of queued commands',
    run: discard,
  },
  {
    name: 'watch',
    arity: -2,
    flags: ANY_TIME | NOT_QUEUED,
    keys: PEEK_ALL_KEYS,
    group: 'transactions',
    since: '2.2.0',
    summary: 'Makes the next transaction depend on keys that nobody changes meanwhile.',
    complexity: 'O(1) for each key',
    arguments: [{ name: 'key', type: 'key', keySpecIndex: 0, multiple: true }],
    run: watch,
  },
  {
    name: 'unwatch',
    arity: 1,
    flags: ANY_TIME,
    group: 'transactions',
    since: '2.2.0',
    summary: 'Forgets all watched keys.',
    complexity: 'O(1)',
    run: unwatch,
  },
]

/**
 * Answers an EXEC that was refused before it ran, and drops the transaction. `refusal` is the error's text; the code ERR is
 * left out of what is repeated, any other stays; one that sends the client elsewhere is told as it is.
 */
export function abortExec(client: Client, reply: ReplyWriter, refusal: string): void {
  dropTransaction(client)
  if (isRedirection(refusal)) {
    reply.error(refusal)
    return
  }
  const reason = refusal.startsWith('ERR ') ? refusal.slice(4) : refusal
  reply.error(`EXECABORT Transaction discarded because of: ${reason}`)
}

function dropTransaction(client: Client): void {
  client.transaction = null
  client.unwatchAll()
}

function multi(ctx: CommandContext): void {
  if (ctx.client.transaction !== null) {
    ctx.reply.error('ERR MULTI calls can not be nested')
    return
  }
  ctx.client.transaction = { queue: [], flags: 0, argumentBytes: 0, commonFlags: -1, failed: false }
  ctx.reply.ok()
}

function discard(ctx: CommandContext): void {
  if (ctx.client.transaction === null) {
    ctx.reply.error('ERR DISCARD without MULTI')
    return
  }
  dropTransaction(ctx.client)
  ctx.reply.ok()
}

/** EXEC, and the end of what was prepared for it. */
function execPrepared(ctx: CommandContext): void {
  exec(ctx)
  if (ctx.client.blocked?.kind !== 'script') endPreparation(ctx, ctx.client)
}

/** EXEC. Array reply: the replies of the queued commands; a null array when a watched key has changed. */
function exec(ctx: CommandContext): void {
  const { client, reply } = ctx
  const { transaction } = client
  if (transaction === null) {
    reply.error('ERR EXEC without MULTI')
    return
  }
  if (transaction.failed) {
    dropTransaction(client)
    reply.error('EXECABORT Transaction discarded because of previous errors.')
    return
  }
  if (client.watchFailed || hasExpired(client)) {
    dropTransaction(client)
    reply.nullArray()
    return
  }
  client.unwatchAll()
  reply.array(transaction.queue.length)
  runQueue(ctx, client, transaction.queue, 0)
}

function endPreparation({ server }: CommandContext, client: Client): void {
  if (client.preparation !== null) server.payloads.end(client)
}

/** Runs the commands of a queue from number `from` on, then drops the transaction. */
function runQueue(ctx: CommandContext, client: Client, queue: readonly QueuedCommand[], from: number): void {
  const { reply, server } = ctx
  for (let i = from; i < queue.length; i++) {
    const queued = queue[i]
    // Rules may have changed since it was queued, by the transaction itself too.
    const problem = revokedPermissionError(ctx, queued.command, queued.request)
    if (problem === null) server.callQueued(client, queued)
    else reply.error(problem)
    if (client.isMuted) reply.clear()
    if (client.blocked?.kind === 'script') {
      server.afterScript(() => {
        runQueue(ctx, client, queue, i + 1)
        if (client.blocked?.kind !== 'script') endPreparation(ctx, client)
      })
      return
    }
  }
  dropTransaction(client)
}

function watch(ctx: CommandContext): void {
  const { args, client, db, reply } = ctx
  if (client.transaction !== null) {
    reply.error('ERR WATCH inside MULTI is not allowed')
    return
  }
  // A transaction that will fail needs no more reasons to.
  for (let i = 1; i < args.argc && !client.watchFailed; i++) {
    const key = args.latin1(i)
    client.watched ??= new Map()
    const name = watchedName(db.index, key)
    if (!client.watched.has(name)) client.watched.set(name, new WatchedKey(client, db, key))
  }
  reply.ok()
}

/** A watched key has run out of time since. */
function hasExpired({ watched }: Client): boolean {
  if (watched !== null) for (const key of watched.values()) if (key.expiredSince) return true
  return false
}

function unwatch(ctx: CommandContext): void {
  ctx.client.unwatchAll()
  ctx.reply.ok()
}
