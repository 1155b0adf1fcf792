/** What /api/live says each second. */
export interface LiveState {
  time: number
  /** Null in the server's first second. */
  sample: Sample | null
  server: ServerFacts
  topology: Topology
  /** The lines since the last event; the last 200 the first time. */
  log: LogLine[]
}

/** A second's figures. Rates are per second, sizes in bytes. */
export interface Sample {
  time: number
  ops: number
  inputBytes: number
  outputBytes: number
  hits: number
  misses: number
  memory: number
  rss: number
  peak: number
  maxmemory: number
  dataset: number
  clients: number
  blocked: number
  keys: number
  expired: number
  evicted: number
  /** Microseconds; null when no command ran. */
  latency: { p50: number; p99: number; p999: number } | null
  /** Milliseconds. */
  loop: { p50: number; p99: number; max: number } | null
}

export interface ServerFacts {
  role: 'master' | 'replica' | 'slave'
  runId: string
  version: string
  redisTs: string
  /** Seconds. */
  uptime: number
  port: number
  databases: { db: number; keys: number; expires: number }[]
  loading: boolean
  writes: boolean
}

export interface Topology {
  /** `host` is empty for a node that listens on all addresses. */
  self: { host: string; port: number; role: string; offset: number; replid: string }
  master: MasterLink | null
  replicas: ReplicaLink[]
}

export interface MasterLink {
  host: string
  port: number
  link: 'up' | 'down' | 'sync' | 'connecting'
  /** -1 while the link is not up. */
  secondsSinceIo: number
  offset: number
  syncLeftBytes: number
}

export interface ReplicaLink {
  id: number
  host: string
  port: number
  state: string
  offset: number
  lagBytes: number
  lagSeconds: number
}

export interface LogLine {
  seq: number
  time: number
  level: 'debug' | 'verbose' | 'notice' | 'warning'
  text: string
}
