/** WAIT and WAITAOF: until the writes of a connection have arrived elsewhere. Source of behaviour: Redis's replication.c. */
import { replyAndGoOn, unblockWithError } from '../blocking/unblock.js'
import { readTimeoutMs } from '../blocking/wait-for-keys.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'
import { MUST_BE_POSITIVE, readCount } from '../counts.js'
import { type ArgumentDoc, type CommandSpec, NOSCRIPT } from '../spec.js'

const TIPS = ['request_policy:all_shards', 'response_policy:agg_min']
const NO_AOF_HERE = 'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.'
const NUMREPLICAS: ArgumentDoc = { name: 'numreplicas', type: 'integer' }
const TIMEOUT: ArgumentDoc = { name: 'timeout', type: 'integer' }

export const waitCommands: CommandSpec[] = [
  {
    name: 'wait',
    arity: 3,
    flags: 0,
    group: 'generic',
    since: '3.0.0',
    summary: 'Waits until replicas have acknowledged the writes of this connection.',
    complexity: 'O(1)',
    tips: TIPS,
    categories: ['connection'],
    arguments: [NUMREPLICAS, TIMEOUT],
    run: wait,
  },
  {
    name: 'waitaof',
    arity: 4,
    flags: NOSCRIPT,
    group: 'generic',
    since: '7.2.0',
    summary: 'Waits until the writes of this connection are on disk, in append-only files here and of replicas.',
    complexity: 'O(1)',
    tips: TIPS,
    categories: ['connection'],
    arguments: [{ name: 'numlocal', type: 'integer' }, NUMREPLICAS, TIMEOUT],
    run: waitaof,
  },
]

/** WAIT numreplicas timeout. Integer reply: how many replicas have acknowledged. */
function wait(ctx: CommandContext): void {
  const { args, client, reply, server } = ctx
  const { replication } = server
  const { waiters } = replication
  if (replication.isReplica) {
    reply.error(
      'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.',
    )
    return
  }
  const wanted = args.int64(1)
  if (wanted === null) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  const timeoutMs = readTimeoutMs(ctx, 2)
  if (Number.isNaN(timeoutMs)) return
  const offset = client.lastWriteOffset
  const isSatisfied = (): boolean => waiters.count(offset) >= wanted
  if (isSatisfied() || ctx.inTransaction || client.deniesBlocking) {
    reply.integer(waiters.count(offset))
    return
  }
  const answer = (): void => replyAndGoOn(server, client, Buffer.from(`:${waiters.count(offset)}\r\n`, 'latin1'))
  client.blocked = { kind: 'wait', ...waiters.add(isSatisfied, timeoutMs, answer) }
  server.afterTurn(() => replication.askForAcknowledgements())
}

/** WAITAOF numlocal numreplicas timeout. Array reply: whether it is on disk here (0 or 1), and on how many replicas. */
function waitaof(ctx: CommandContext): void {
  const { args, client, reply, server } = ctx
  const { replication } = server
  const { waiters } = replication
  const local = args.int64(1)
  if (local === null || local < 0n || local > 1n) {
    reply.error(local === null ? NOT_AN_INTEGER : 'ERR value is out of range, value must between 0 and 1')
    return
  }
  const wanted = readCount(ctx, 2, 0n, MUST_BE_POSITIVE)
  if (Number.isNaN(wanted)) return
  const timeoutMs = readTimeoutMs(ctx, 3)
  if (Number.isNaN(timeoutMs)) return
  if (replication.isReplica) {
    reply.error(
      'ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are not propagated.',
    )
    return
  }
  const lacksAof = (): boolean => local > 0n && !server.config.values.appendonly
  if (lacksAof()) {
    reply.error(NO_AOF_HERE)
    return
  }
  const offset = client.lastWriteOffset
  const onDisk = (): number => (replication.fsyncedOffset >= offset ? 1 : 0)
  const isSatisfied = (): boolean => lacksAof() || (onDisk() >= local && waiters.countFsynced(offset) >= wanted)
  if (isSatisfied() || ctx.inTransaction || client.deniesBlocking) {
    reply.array(2)
    reply.integer(onDisk())
    reply.integer(waiters.countFsynced(offset))
    return
  }
  const answer = (): void => {
    if (lacksAof()) {
      unblockWithError(server, client, NO_AOF_HERE)
      return
    }
    const text = `*2\r\n:${onDisk()}\r\n:${waiters.countFsynced(offset)}\r\n`
    replyAndGoOn(server, client, Buffer.from(text, 'latin1'))
  }
  client.blocked = { kind: 'wait', ...waiters.add(isSatisfied, timeoutMs, answer) }
  server.afterTurn(() => replication.askForAcknowledgements())
}
