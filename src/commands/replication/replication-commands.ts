/** Commands of replication: ROLE, REPLICAOF, PSYNC and SYNC, REPLCONF, WAIT. */
import { splitArgs } from '../../bytes/split-args.js'
import { ReplicaLink, ReplicaTraits } from '../../replication/replica-link.js'
import { sameId } from '../../replication/stream.js'
import type { Client } from '../client.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import {
  ADMIN,
  ALLOW_BUSY,
  type ArgumentDoc,
  type CommandSpec,
  FAST,
  LOADING,
  NO_ASYNC_LOADING,
  NO_MULTI,
  NOSCRIPT,
  STALE,
} from '../spec.js'

const MASTER: readonly ArgumentDoc[] = [
  {
    name: 'args',
    type: 'oneof',
    arguments: [
      {
        name: 'host-port',
        type: 'block',
        arguments: [
          { name: 'host', type: 'string' },
          { name: 'port', type: 'integer' },
        ],
      },
      {
        name: 'no-one',
        type: 'block',
        arguments: [
          { name: 'no', type: 'pure-token', token: 'NO' },
          { name: 'one', type: 'pure-token', token: 'ONE' },
        ],
      },
    ],
  },
]

const REPLICAOF_FLAGS = NO_ASYNC_LOADING | ADMIN | NOSCRIPT | STALE

export const replicationCommands: readonly CommandSpec[] = [
  {
    name: 'role',
    arity: 1,
    flags: NOSCRIPT | LOADING | STALE | FAST,
    group: 'server',
    since: '2.8.12',
    summary: 'Returns the replication role, with its offset and its peers.',
    complexity: 'O(1)',
    categories: ['admin', 'dangerous'],
    run: role,
  },
  {
    name: 'replicaof',
    arity: 3,
    flags: REPLICAOF_FLAGS,
    group: 'server',
    since: '5.0.0',
    summary: 'Makes the server a replica of another one, or a master again (NO ONE).',
    complexity: 'O(1)',
    arguments: MASTER,
    run: replicaof,
  },
  {
    name: 'slaveof',
    arity: 3,
    flags: REPLICAOF_FLAGS,
    group: 'server',
    since: '1.0.0',
    summary: 'The older name of REPLICAOF.',
    complexity: 'O(1)',
    deprecatedSince: '5.0.0',
    replacedBy: 'REPLICAOF',
    arguments: MASTER,
    run: replicaof,
  },
  {
    name: 'psync',
    arity: -3,
    flags: NO_ASYNC_LOADING | ADMIN | NO_MULTI | NOSCRIPT,
    group: 'server',
    since: '2.8.0',
    summary: 'Sent by replicas: continues the replication stream from an offset, or synchronizes in full.',
    arguments: [
      { name: 'replicationid', type: 'string' },
      { name: 'offset', type: 'integer' },
    ],
    run: psync,
  },
  {
    name: 'sync',
    arity: 1,
    flags: NO_ASYNC_LOADING | ADMIN | NO_MULTI | NOSCRIPT,
    group: 'server',
    since: '1.0.0',
    summary: 'Sent by replicas of old: synchronizes in full.',
    run: sync,
  },
  {
    name: 'replconf',
    arity: -1,
    flags: ADMIN | NOSCRIPT | LOADING | STALE | ALLOW_BUSY,
    group: 'server',
    since: '3.0.0',
    summary: 'Exchanges settings and offsets between master and replica.',
    complexity: 'O(1)',
    isSystemCommand: true,
    run: replconf,
  },
]

const LINK_STATES = {
  connect: 'connect',
  connecting: 'connecting',
  handshake: 'handshake',
  sync: 'sync',
  loading: 'sync',
  connected: 'connected',
} as const

/** ROLE. */
function role(ctx: CommandContext): void {
  const { reply } = ctx
  const { replication } = ctx.server
  const { master } = replication
  if (master !== null) {
    reply.array(5)
    reply.bulkText('slave')
    reply.bulkText(master.host)
    reply.integer(master.port)
    reply.bulkText(LINK_STATES[master.state])
    reply.integer(master.up ? replication.offset : -1)
    return
  }
  const online = [...replication.replicas.links].filter(link => link.state === 'online')
  reply.array(3)
  reply.bulkText('master')
  reply.integer(replication.offset)
  reply.array(online.length)
  for (const link of online) {
    reply.array(3)
    reply.bulkText(link.ip)
    reply.bulkText(String(link.traits.listeningPort))
    reply.bulkText(String(link.acknowledgedOffset))
  }
}

/** REPLICAOF host port | NO ONE. */
function replicaof(ctx: CommandContext): void {
  const { args, reply } = ctx
  const { log, replication } = ctx.server
  if (replication.failover.underWay) {
    reply.error('ERR REPLICAOF not allowed while failing over.')
    return
  }
  if (args.is(1, 'no') && args.is(2, 'one')) {
    if (replication.master !== null) {
      replication.promote()
      log.notice(`MASTER MODE enabled (user request from '${clientName(ctx.client)}')`)
    }
    reply.ok()
    return
  }
  if (ctx.client.replica !== null) {
    reply.error('ERR Command is not valid when client is a replica.')
    return
  }
  const port = args.safeInteger(2)
  if (!(port >= 0 && port <= 65535)) {
    reply.error('ERR Invalid master port')
    return
  }
  const host = args.latin1(1)
  const { master } = replication
  if (master !== null && master.host.toLowerCase() === host.toLowerCase() && master.port === port) {
    log.notice(
      'REPLICAOF would result into synchronization with the master we are already connected with. No operation performed.',
    )
    reply.simple('OK Already connected to specified master')
    return
  }
  replication.follow(host, port)
  log.notice(`REPLICAOF ${host}:${port} enabled (user request from '${clientName(ctx.client)}')`)
  reply.ok()
}

function clientName(client: Client): string {
  return `id=${client.id} addr=${client.address} laddr=${client.transport.localAddress} name=${client.name} user=${client.userName}`
}

/** PSYNC replid offset [FAILOVER]. */
function psync(ctx: CommandContext): void {
  const replid = ctx.args.latin1(1)
  if (ctx.client.replica !== null) return
  if (ctx.args.argc > 3 && ctx.args.is(3, 'failover') && !takeOver(ctx, replid)) return
  const firstWanted = ctx.args.safeInteger(2)
  if (Number.isNaN(firstWanted)) {
    const { name } = replicaLink(ctx, ctx.client.replicaTraits ?? new ReplicaTraits())
    ctx.server.log.warning(`Replica ${name} asks for synchronization but with a wrong offset`)
    ctx.reply.error(NOT_AN_INTEGER)
    return
  }
  synchronize(ctx, replid, firstWanted, true)
}

function replicaLink({ client, server }: CommandContext, traits: ReplicaTraits): ReplicaLink {
  return new ReplicaLink(client.transport, traits, server.keyspace.time)
}

/** The master of this replica wants to change places. Replies the error and returns false when that cannot be. */
function takeOver(ctx: CommandContext, replid: string): boolean {
  const { log, replication } = ctx.server
  log.notice(`Failover request received for replid ${replid}.`)
  if (replication.master === null) {
    ctx.reply.error("ERR PSYNC FAILOVER can't be sent to a master.")
    return false
  }
  if (!sameId(replid, replication.identity.replid)) {
    ctx.reply.error('ERR PSYNC FAILOVER replid must match my replid.')
    return false
  }
  replication.promote()
  log.notice(`MASTER MODE enabled (failover request from '${clientName(ctx.client)}')`)
  return true
}

function sync(ctx: CommandContext): void {
  synchronize(ctx, '?', -1, false)
}

function synchronize(ctx: CommandContext, replid: string, firstWanted: number, understandsPsync: boolean): void {
  const { client, reply } = ctx
  const { replication, log } = ctx.server
  if (client.replica !== null || client.monitoring) return
  if (replication.failover.underWay) {
    reply.error("NOMASTERLINK Can't SYNC while failing over")
    return
  }
  if (replication.master !== null && !replication.master.up) {
    reply.error("NOMASTERLINK Can't SYNC while not connected with my master")
    return
  }
  if (!reply.isEmpty || client.transport.pendingOutputBytes > 0) {
    reply.error('ERR SYNC and PSYNC are invalid with pending output')
    return
  }
  const traits = client.replicaTraits ?? new ReplicaTraits()
  if (traits.withoutKeys && !traits.understandsEof) {
    reply.error('ERR Filtered replica requires EOF capability')
    return
  }
  if (!understandsPsync) traits.understandsPsync2 = false
  const link = replicaLink(ctx, traits)
  client.replica = link
  client.updateChecks()
  log.notice(`Replica ${link.name} asks for synchronization`)
  if (understandsPsync && replication.replicas.tryPartial(link, replid, firstWanted)) return
  replication.replicas.startFull(link, understandsPsync)
}

/** REPLCONF option value ... : settings of a replica, and acknowledgements, which get no reply. */
function replconf(ctx: CommandContext): void {
  const { args, client, reply } = ctx
  if (args.argc % 2 === 0) {
    reply.error(SYNTAX_ERROR)
    return
  }
  for (let i = 1; i < args.argc; i += 2) {
    if (args.is(i, 'ack')) {
      const hasFsynced = i + 3 < args.argc && args.is(i + 2, 'fack')
      acknowledge(ctx, args.safeInteger(i + 1), hasFsynced ? args.safeInteger(i + 3) : 0)
      return
    }
    if (args.is(i, 'getack')) {
      // Whoever asks, the acknowledgement goes to the master.
      ctx.server.replication.master?.acknowledge()
      return
    }
    client.replicaTraits ??= new ReplicaTraits()
    const traits = client.replicaTraits
    if (args.is(i, 'listening-port')) {
      const port = ctx.integer(i + 1)
      if (Number.isNaN(port)) return
      traits.listeningPort = port
    } else if (args.is(i, 'ip-address')) {
      const address = args.latin1(i + 1)
      if (address.length > 255) {
        reply.error(`ERR REPLCONF ip-address provided by replica instance is too long: ${address.length} bytes`)
        return
      }
      traits.announcedAddress = address
    } else if (args.is(i, 'capa')) {
      if (args.is(i + 1, 'eof')) traits.understandsEof = true
      else if (args.is(i + 1, 'psync2')) traits.understandsPsync2 = true
    } else if (args.is(i, 'rdb-only')) {
      const wanted = ctx.integer(i + 1)
      if (Number.isNaN(wanted)) return
      if (wanted !== 0 && wanted !== 1) {
        reply.error('ERR value is out of range, value must between 0 and 1')
        return
      }
      traits.rdbOnly = wanted === 1
    } else if (args.is(i, 'rdb-filter-only')) {
      const parts = splitArgs(args.latin1(i + 1))
      const unknown = parts?.find(part => part.toLowerCase() !== 'functions')
      traits.withoutKeys ||= parts !== null
      if (parts !== null) traits.withoutFunctions = !parts.some(part => part.toLowerCase() === 'functions')
      if (parts === null || unknown !== undefined) {
        reply.error(
          parts === null ? 'ERR Missing rdb-filter-only values' : `ERR Unsupported rdb-filter-only option: ${unknown}`,
        )
        return
      }
    } else {
      reply.error(`ERR Unrecognized REPLCONF option: ${args.latin1(i)}`)
      return
    }
  }
  reply.ok()
}

/** @param fsynced offset up to which the replica's append-only file is on disk, 0 if it says nothing about that. */
function acknowledge(ctx: CommandContext, offset: number, fsynced: number): void {
  const { replica } = ctx.client
  if (replica === null || Number.isNaN(offset) || Number.isNaN(fsynced)) return
  replica.fsyncedOffset = Math.max(replica.fsyncedOffset, fsynced)
  ctx.server.replication.acknowledged(replica, offset)
}
