/** A master and its replicas in this process, on links that a test can break. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import { type Clock, SystemClock } from '../clock/clock.js'
import { ManualClock } from '../clock/manual-clock.js'
import { delay, performance } from '../clock/platform.js'
import type { Server } from '../server/server.js'
import { Link } from './link.js'
import { MemoryStream } from './memory-stream.js'
import type { Reply } from './reply-values.js'
import type { Argument } from './requests.js'
import { type RunningServer, type ServerOptions, startServer } from './running-server.js'

/** What each server of the topology is started with, and how many replicas there are (2 if not told). */
export type TopologyOptions = Omit<ServerOptions, 'dir' | 'port' | 'replicaof'> & { readonly replicas?: number }

export interface SettleOptions {
  /** How long it may take, in real time (5000 if not told). */
  readonly timeoutMs?: number
}

const SETTLED_IN_MS = 5000
const LOOK_MS = 1
/** So that replicas need not wait for others of their kind, as real ones would for 5 seconds. */
const QUICK = { 'repl-diskless-sync-delay': 0 }

export class TopologyNode {
  /** 'node-0' is the first master. */
  readonly name: string
  /** The way to its master. */
  readonly link: Link
  private readonly topology: TopologyHost
  private readonly dir: string
  private running: { readonly server: Server; readonly face: RunningServer } | null = null
  /** It keeps its port when it is started again. */
  private ownPort = 0

  /** @internal createTopology() makes it. */
  constructor(topology: TopologyHost, name: string) {
    this.topology = topology
    this.name = name
    this.dir = path.join(topology.dir, name)
    fs.mkdirSync(this.dir)
    this.link = new Link(
      topology.time,
      (host, port) => topology.connectorOf(host, port),
      () => this.running?.server.replication.master?.tryNow(),
    )
  }

  get isRunning(): boolean {
    return this.running !== null
  }

  /** The server. Throws while it is killed. */
  get server(): RunningServer {
    return this.alive.face
  }

  private get alive(): { readonly server: Server; readonly face: RunningServer } {
    if (this.running === null) throw new Error(`redis-ts: ${this.name} is killed: restart() starts it again`)
    return this.running
  }

  get host(): string {
    return '127.0.0.1'
  }

  /** Its port; the same after restart(). */
  get port(): number {
    return this.ownPort
  }

  get url(): string {
    return this.running?.face.url ?? `redis://${this.host}:${this.port}`
  }

  /** What it is just now: a killed one is what it was. */
  get role(): 'master' | 'replica' {
    return this.topology.following.has(this) ? 'replica' : 'master'
  }

  /** Runs a command, as the server's own command() does. */
  command(...args: [name: string, ...Argument[]]): Promise<Reply> {
    return this.running === null
      ? Promise.reject(new Error(`redis-ts: ${this.name} is killed`))
      : this.server.command(...args)
  }

  /** Stops it as a crash of the machine's would: nobody is told, connections break. Data that it holds is there again after restart(). */
  async kill(): Promise<void> {
    const { face, server } = this.alive
    this.running = null
    // With an append-only file it has to make do with what is there, as after a crash.
    server.cutOff()
    if (server.aof.state === 'off') server.saver.saveNow()
    server.exit(1)
    await face.closed
  }

  /** Starts it again, with its data, on its port, as the replica that it was, or behind the master there is now. */
  async restart(): Promise<void> {
    if (this.running !== null) throw new Error(`redis-ts: ${this.name} is running`)
    await this.start(this.topology.masterFor(this))
  }

  /** Makes it the master, and all others its replicas. */
  async promote(): Promise<void> {
    await this.topology.promote(this)
  }

  /** @internal */
  async start(master: TopologyNode | null): Promise<void> {
    const { options } = this.topology
    const port: { port?: number } = this.ownPort === 0 ? {} : { port: this.ownPort }
    const replicaof = master === null ? {} : { replicaof: [master.host, master.port] }
    const files = { dir: this.dir, save: options.save ?? '' }
    let inner: Server | null = null
    const face = await startServer({ ...QUICK, ...options, ...port, ...replicaof, ...files }, server => {
      inner = server
      server.replication.dial = this.link.dial
    })
    if (inner === null) throw new Error('a server that was not prepared')
    this.running = { server: inner, face }
    this.ownPort = face.port
    face.closed.then(() => {
      if (this.running?.face === face) this.running = null
    })
    this.topology.set(this, master)
  }

  /** @internal */
  async follow(master: TopologyNode | null): Promise<void> {
    this.topology.set(this, master)
    if (this.running === null) return
    await (master === null
      ? this.server.command('REPLICAOF', 'NO', 'ONE')
      : this.server.command('REPLICAOF', master.host, master.port))
  }

  /** @internal How far it is: where it stands in its master's stream, if it has that stream. */
  lag(master: TopologyNode): string | null {
    if (this.running === null) return null
    const { replication } = this.running.server
    const wanted = master.running?.server.replication
    if (wanted === undefined) return null
    if (replication.master?.up !== true) return `${this.name} is not connected`
    const bytes = wanted.offset - replication.offset
    if (replication.identity.replid !== wanted.identity.replid) return `${this.name} has another history`
    return bytes === 0 ? null : `${this.name} is ${bytes} bytes behind`
  }

  /** @internal */
  connect(): Duplex {
    return new MemoryStream(this.alive.server)
  }
}

/** What its nodes need of a topology. */
interface TopologyHost {
  readonly dir: string
  readonly time: Clock
  readonly options: ServerOptions
  /** By each replica its master. */
  readonly following: ReadonlyMap<TopologyNode, TopologyNode>
  set(node: TopologyNode, master: TopologyNode | null): void
  masterFor(node: TopologyNode): TopologyNode | null
  promote(node: TopologyNode): Promise<void>
  connectorOf(host: string, port: number): (() => Duplex) | null
}

export class Topology implements TopologyHost, AsyncDisposable {
  /** All servers, killed ones too, the first master first. */
  readonly nodes: readonly TopologyNode[]
  /** @internal */
  readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), 'redis-ts-topology-'))
  /** @internal */
  readonly time: Clock
  /** @internal */
  readonly options: ServerOptions
  /** @internal */
  readonly following = new Map<TopologyNode, TopologyNode>()

  /** @internal createTopology() makes it. */
  constructor(options: ServerOptions, replicas: number) {
    const { clock = 'system' } = options
    this.time = clock === 'manual' ? new ManualClock() : clock === 'system' ? new SystemClock() : clock
    this.options = this.time instanceof ManualClock ? { ...options, clock: this.time } : options
    this.nodes = Array.from({ length: 1 + replicas }, (_, i) => new TopologyNode(this, `node-${i}`))
  }

  /** @internal */
  async start(): Promise<void> {
    const [master, ...replicas] = this.nodes
    await master.start(null)
    await Promise.all(replicas.map(replica => replica.start(master)))
    await this.settled()
  }

  /** The master: the one that others follow, or the last that was promoted. */
  get master(): TopologyNode {
    const master = this.nodes.find(node => !this.following.has(node))
    if (master === undefined) throw new Error('redis-ts: every server follows another')
    return master
  }

  get replicas(): readonly TopologyNode[] {
    return this.nodes.filter(node => this.following.has(node))
  }

  /** The clock that all servers and links live by: with `clock: 'manual'`. */
  get clock(): ManualClock {
    if (this.time instanceof ManualClock) return this.time
    throw new Error(
      "redis-ts: the topology's clock is the system's: createTopology({ clock: 'manual' }) has one that can be moved",
    )
  }

  /** Makes a replica the master, as Sentinel would: all others, killed ones too once they are back, follow it. */
  async promote(node: TopologyNode): Promise<void> {
    await node.follow(null)
    await Promise.all(this.nodes.map(other => (other === node ? null : other.follow(node))))
  }

  /** Resolves when all replicas that run are where the master is. Rejects with who is not, if that takes too long. */
  async settled({ timeoutMs = SETTLED_IN_MS }: SettleOptions = {}): Promise<void> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const behind = this.replicas
        .map(node => node.lag(this.following.get(node) as TopologyNode))
        .filter(lag => lag !== null)
      if (behind.length === 0) return
      if (performance.now() >= deadline) {
        throw new Error(`redis-ts: the topology has not settled in ${timeoutMs} ms: ${behind.join(', ')}`)
      }
      await delay(LOOK_MS)
    }
  }

  /** Closes all servers; nothing of them is left. */
  async close(): Promise<void> {
    await Promise.all(this.nodes.map(async node => (node.isRunning ? node.kill() : undefined)))
    fs.rmSync(this.dir, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal */
  set(node: TopologyNode, master: TopologyNode | null): void {
    if (master === null) this.following.delete(node)
    else this.following.set(node, master)
  }

  /** @internal */
  masterFor(node: TopologyNode): TopologyNode | null {
    return this.following.get(node) ?? null
  }

  /** @internal */
  connectorOf(host: string, port: number): (() => Duplex) | null {
    if (host !== '127.0.0.1' && host !== 'localhost') return null
    const node = this.nodes.find(each => each.isRunning && each.port === port)
    return node === undefined ? null : () => node.connect()
  }
}

export async function startTopology({ replicas = 2, ...options }: TopologyOptions): Promise<Topology> {
  if (!Number.isSafeInteger(replicas) || replicas < 0) {
    throw new TypeError(`redis-ts: replicas is ${String(replicas)}; right would be a number of servers, 0 or more`)
  }
  const topology = new Topology(options, replicas)
  try {
    await topology.start()
  } catch (error) {
    await topology.close()
    throw error
  }
  return topology
}
