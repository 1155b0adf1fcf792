/** FAILOVER: a master and one of its replicas change places, and no write is lost. Source of behaviour: replication.c. */
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { ADMIN, type CommandSpec, NOSCRIPT, STALE } from '../spec.js'

export const failoverCommands: readonly CommandSpec[] = [
  {
    name: 'failover',
    arity: -1,
    flags: ADMIN | NOSCRIPT | STALE,
    group: 'server',
    since: '6.2.0',
    summary: 'Hands the role of master over to a replica, once it has all writes.',
    complexity: 'O(1)',
    arguments: [
      {
        name: 'target',
        type: 'block',
        token: 'TO',
        optional: true,
        arguments: [
          { name: 'host', type: 'string' },
          { name: 'port', type: 'integer' },
          { name: 'force', type: 'pure-token', token: 'FORCE', optional: true },
        ],
      },
      { name: 'abort', type: 'pure-token', token: 'ABORT', optional: true },
      { name: 'milliseconds', type: 'integer', token: 'TIMEOUT', optional: true },
    ],
    run: failover,
  },
]

/** What FAILOVER was given; null and 0 for what it was not. */
interface Options {
  target: { host: string; port: number } | null
  force: boolean
  timeoutMs: number
}

/** FAILOVER [TO host port [FORCE]] [TIMEOUT milliseconds] | ABORT. Replies OK; INFO master_failover_state shows how it goes. */
function failover(ctx: CommandContext): void {
  const { args, reply, server } = ctx
  const { failover, isReplica, replicas } = server.replication
  if (args.argc === 2 && args.is(1, 'abort')) {
    if (!failover.underWay) {
      reply.error('ERR No failover in progress.')
      return
    }
    failover.abort('Failover manually aborted')
    reply.ok()
    return
  }
  const options = readOptions(ctx)
  if (options === null) return
  const { target, force, timeoutMs } = options
  if (failover.underWay) reply.error('ERR FAILOVER already in progress.')
  else if (isReplica) reply.error('ERR FAILOVER is not valid when server is a replica.')
  else if (replicas.count === 0) reply.error('ERR FAILOVER requires connected replicas.')
  else if (force && (timeoutMs === 0 || target === null))
    reply.error('ERR FAILOVER with force option requires both a timeout and target HOST and IP.')
  else {
    const replica = target === null ? null : failover.findReplica(target)
    if (target !== null && replica === null) reply.error('ERR FAILOVER target HOST and PORT is not a replica.')
    else if (replica !== null && replica.state !== 'online') reply.error('ERR FAILOVER target replica is not online.')
    else {
      failover.begin(options)
      server.afterTurn(() => failover.update())
      reply.ok()
    }
  }
}

/** Replies the error and returns null when the arguments are none that FAILOVER takes. */
function readOptions(ctx: CommandContext): Options | null {
  const { args, reply } = ctx
  const options: Options = { target: null, force: false, timeoutMs: 0 }
  for (let i = 1; i < args.argc; i++) {
    if (args.is(i, 'timeout') && i + 1 < args.argc && options.timeoutMs === 0) {
      const timeoutMs = ctx.integer(++i)
      if (Number.isNaN(timeoutMs)) return null
      if (timeoutMs <= 0) {
        reply.error('ERR FAILOVER timeout must be greater than 0')
        return null
      }
      options.timeoutMs = timeoutMs
    } else if (args.is(i, 'to') && i + 2 < args.argc && options.target === null) {
      const port = ctx.integer(i + 2)
      if (Number.isNaN(port)) return null
      options.target = { host: args.latin1(i + 1), port }
      i += 2
    } else if (args.is(i, 'force') && !options.force) options.force = true
    else {
      reply.error(SYNTAX_ERROR)
      return null
    }
  }
  return options
}
