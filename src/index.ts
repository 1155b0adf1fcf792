/** redis-ts as a library: Redis servers inside a Node process, which they leave as it is. */
import './config/node-version.js'
import { type RunningServer, type ServerOptions, startServer } from './library/running-server.js'
import { startTopology, type Topology, type TopologyOptions } from './library/topology.js'

export { ManualClock } from './clock/manual-clock.js'
export type { CommandEvent, ConnectionEvent, LogEvent, ServerEvents } from './library/events.js'
export type {
  ClientMatcher,
  CommandFaultOptions,
  DisconnectOptions,
  FailOptions,
  Fault,
  FaultClient,
  FaultOptions,
  MisconfOptions,
  ServerFaults,
} from './library/faults.js'
export type { Link } from './library/link.js'
export type { Directives, OptionValue } from './library/options.js'
export { type Reply, ReplyError } from './library/reply-values.js'
export type { Argument } from './library/requests.js'
export type { OwnOptions, RunningServer, ServerOptions } from './library/running-server.js'
export {
  type Described,
  expiring,
  geo,
  hyperLogLog,
  type Seed,
  type SeedText,
  type SeedValue,
  type StreamEntry,
  type StreamGroups,
  sortedSet,
  stream,
} from './library/seed.js'
export type { SettleOptions, Topology, TopologyNode, TopologyOptions } from './library/topology.js'

/**
 * Starts a server in this process and resolves once it has loaded its data and accepts connections. Several may run side by
 * side. The process itself stays as it is: no signal handlers, no title, no exit, no change of directory.
 *
 * Rejects with an Error that names the directive that is wrong, the port that is taken, or what is wrong with the file.
 *
 * @example
 * await using server = await createServer()
 * const client = new Redis(server.url)
 * await client.set('greeting', 'hello')
 * await server.command('GET', 'greeting') // 'hello'
 */
export async function createServer(options: ServerOptions = {}): Promise<RunningServer> {
  return startServer(options)
}

/**
 * Starts a master and its replicas in this process, connected over links that can be cut, delayed and narrowed; resolves once all have the
 * same data.
 *
 * @example
 * await using topology = await createTopology({ replicas: 2 })
 * await topology.master.command('SET', 'order', 'paid')
 * await topology.settled()
 * await topology.master.kill()
 * await topology.replicas[0].promote()
 * await topology.master.command('GET', 'order') // 'paid'
 */
export async function createTopology(options: TopologyOptions = {}): Promise<Topology> {
  return startTopology(options)
}
