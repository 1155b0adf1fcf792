/** What the page is told of the server each second: who it is, what it holds, and who replicates to whom. */
import type { ServerApi } from '../commands/server-api.js'
import { packageVersion } from '../config/package-version.js'
import { REDIS_VERSION } from '../config/version.js'
import type { MasterLink } from '../replication/master-link.js'
import type { ReplicaLink } from '../replication/replica-link.js'

export type Role = 'master' | 'replica'

export interface ServerState {
  readonly role: Role
  readonly runId: string
  readonly version: string
  readonly redisTs: string
  /** Seconds. */
  readonly uptime: number
  readonly port: number
  readonly databases: readonly { readonly db: number; readonly keys: number; readonly expires: number }[]
  readonly loading: boolean
  /** The page may change things. */
  readonly writes: boolean
}

export interface MasterState {
  readonly host: string
  readonly port: number
  readonly link: 'up' | 'down' | 'sync' | 'connecting'
  /** -1 while the link is not up. */
  readonly secondsSinceIo: number
  readonly offset: number
  readonly syncLeftBytes: number
}

export interface ReplicaState {
  /** As CLIENT LIST numbers it. */
  readonly id: number
  readonly host: string
  readonly port: number
  readonly state: 'online' | 'wait_bgsave' | 'send_bulk'
  readonly offset: number
  readonly lagBytes: number
  readonly lagSeconds: number
}

export interface Topology {
  readonly self: {
    /** What others are told, or an address that is listened on; '' for all of them. */
    readonly host: string
    readonly port: number
    readonly role: Role
    readonly offset: number
    readonly replid: string
  }
  readonly master: MasterState | null
  readonly replicas: readonly ReplicaState[]
}

export function roleOf({ replication }: ServerApi): Role {
  return replication.isReplica ? 'replica' : 'master'
}

export function serverState(server: ServerApi): ServerState {
  const { config, keyspace, runId, stats } = server
  return {
    role: roleOf(server),
    runId,
    version: REDIS_VERSION,
    redisTs: packageVersion(),
    uptime: Math.max(0, Math.floor((keyspace.time.now() - stats.startedMs) / 1000)),
    port: Math.max(0, config.values.port),
    databases: keyspace.databases
      .filter(({ keys }) => keys.count > 0)
      .map(({ expires, index, keys }) => ({ db: index, keys: keys.count, expires: expires.count })),
    loading: keyspace.loading,
    writes: config.values['http-writes'],
  }
}

export function topologyOf(server: ServerApi): Topology {
  const { replication } = server
  const { identity, master, stream } = replication
  return {
    self: {
      host: ownHost(server),
      port: server.config.values['replica-announce-port'] || Math.max(0, server.config.values.port),
      role: roleOf(server),
      offset: stream.offset,
      replid: identity.replid,
    },
    master: master === null ? null : masterState(master, stream.offset, server.keyspace.time.now()),
    replicas: replicaStates(server),
  }
}

function ownHost({ config: { values } }: ServerApi): string {
  if (values['replica-announce-ip'] !== '') return values['replica-announce-ip']
  return values.bind.find(address => !address.includes('*') && !address.startsWith('-')) ?? ''
}

function masterState(link: MasterLink, offset: number, nowMs: number): MasterState {
  const { host, lastIoMs, port, progress, state, up } = link
  const left = progress === null ? 0 : Math.max(0, progress.size - progress.received)
  const secondsSinceIo = up ? Math.max(0, Math.floor((nowMs - lastIoMs) / 1000)) : -1
  return { host, port, link: LINK_WORDS[state], secondsSinceIo, offset, syncLeftBytes: left }
}

const LINK_WORDS = {
  connect: 'down',
  connecting: 'connecting',
  handshake: 'connecting',
  sync: 'sync',
  loading: 'sync',
  connected: 'up',
} as const

function replicaStates({ clients, replication }: ServerApi): ReplicaState[] {
  const { replicas, stream } = replication
  if (replicas.count === 0) return []
  const ids = new Map<ReplicaLink, number>()
  for (const { id, replica } of clients.values()) if (replica !== null) ids.set(replica, id)
  return [...replicas.links].map(link => ({
    id: ids.get(link) ?? 0,
    host: link.ip,
    port: link.traits.listeningPort,
    state: link.state === 'online' || link.state === 'send_bulk' ? link.state : 'wait_bgsave',
    offset: link.acknowledgedOffset,
    lagBytes: link.state === 'online' ? Math.max(0, stream.offset - link.acknowledgedOffset) : 0,
    lagSeconds: link.lagSeconds,
  }))
}
