/** Faults on purpose, for tests of programs that have to live with them. */
import { setImmediate } from '../clock/platform.js'
import type { Client } from '../commands/client.js'
import { type ClientType, clientType } from '../commands/client-line.js'
import type { Command, CommandTable } from '../commands/command.js'
import type { FaultState } from '../commands/server-api.js'
import type { Disk } from '../config/disk.js'
import { nearestName } from '../config/nearest.js'
import type { ClientFilter, Effect, Faults, Injected } from '../server/faults.js'

/** A client of the server, for a function that chooses some. */
export interface FaultClient {
  /** As CLIENT LIST has them. */
  readonly id: number
  readonly name: string
  readonly address: string
  readonly user: string
  /** 'replica' from its PSYNC on. */
  readonly type: ClientType
}

/** Which clients: 'all' are all but the program's own connection (`server.command()`), which only its id names besides `own: true`. */
export type ClientMatcher =
  | 'all'
  | { readonly id: number }
  | { readonly name: string }
  | { readonly address: string }
  | ((client: FaultClient) => boolean)

export interface FaultOptions {
  /** Whom it concerns; 'all' unless given. */
  readonly client?: ClientMatcher
  /** Whether it concerns the program's own connection as well. */
  readonly own?: boolean
}

export interface CommandFaultOptions extends FaultOptions {
  /** The first call that is hit, counted from now on: 1, the next one, unless given. */
  readonly nth?: number
  /** How many calls are hit from there on: all unless given; with `nth` that one. */
  readonly times?: number
}

export interface FailOptions extends CommandFaultOptions {
  /** The reply: its code first, as in 'WRONGTYPE Operation against ...'. 'ERR failed on purpose' unless given. */
  readonly error?: string
}

export interface DisconnectOptions extends CommandFaultOptions {
  /** The command runs, and only its reply is lost. */
  readonly after?: boolean
}

export interface MisconfOptions extends FaultOptions {
  /** Which file could not be written: that of the last save, or the append-only file. 'rdb' unless given. */
  readonly file?: 'rdb' | 'aof'
}

/** A fault that is in force until it is ended. */
export interface Fault extends Disposable {
  /** Commands, connections or writes that it has hit. */
  readonly hits: number
  /** All is as before; what has waited goes on. More than once does no harm. */
  end(): void
}

/** The server, as far as faults need it. */
export interface FaultyServer {
  readonly faults: Faults
  readonly commands: CommandTable
  readonly config: { readonly disk: Disk }
  refuseConnections(refused: () => void): () => void
}

const ANY_COMMAND = '*'
const DEFAULT_ERROR = 'ERR failed on purpose'
const CLIENTS = "'all', { id }, { name }, { address } or a function"

/** `server.faults`. */
export class ServerFaults {
  private readonly server: FaultyServer
  private readonly inForce = new Set<Fault>()

  /** @internal */
  constructor(server: FaultyServer) {
    this.server = server
  }

  /**
   * Calls of a command (in any case; 'config get' or 'config|get' is one subcommand, '*' is any command) end with an error, and do
   * not run. As with Redis's own refusals that fails a transaction as the command is queued, and raises in a script that calls it.
   *
   * @example server.faults.fail('incr', { nth: 3, error: 'OOM command not allowed' })
   */
  fail(command: string, options: FailOptions = {}): Fault {
    const where = 'faults.fail'
    checkOptions(where, options, ['error', 'nth', 'times', 'client', 'own'])
    const { error = DEFAULT_ERROR } = options
    if (typeof error !== 'string' || !/^[^\s-]\S*( [^\r\n]*)?$/.test(error)) {
      throw wrong(where, 'error', error, "an error's code and text in one line, such as 'ERR no'")
    }
    return this.onCommand(where, command, { kind: 'error', text: Buffer.from(error).toString('latin1') }, options)
  }

  /**
   * Calls of a command run later, by the server's clock; what its client has sent behind it waits as well, others go on. What a
   * script calls waits for nothing; in a transaction it is the queueing that waits.
   */
  delay(command: string, ms: number, options: CommandFaultOptions = {}): Fault {
    const where = 'faults.delay'
    checkOptions(where, options, ['nth', 'times', 'client', 'own'])
    if (typeof ms !== 'number' || !(ms >= 0)) throw wrong(where, 'ms', ms, 'a number of milliseconds, or Infinity')
    return this.onCommand(where, command, { kind: 'delay', ms }, options)
  }

  /** The connection is cut when a call of a command comes: before it runs, or with `after: true` before its reply. */
  disconnect(command: string, options: DisconnectOptions = {}): Fault {
    const where = 'faults.disconnect'
    checkOptions(where, options, ['after', 'nth', 'times', 'client', 'own'])
    checkBoolean(where, 'after', options.after)
    return this.onCommand(where, command, { kind: 'cut', after: options.after ?? false }, options)
  }

  /** Closes connections, here and now; those that come are not concerned. `hits` is how many. */
  cut(clients: ClientMatcher = 'all', options: { readonly own?: boolean } = {}): Fault {
    const hits = this.server.faults.cut(clientsOf('faults.cut', clients, options))
    return this.begun({ hits, end() {} })
  }

  /** Nothing is read from these connections, and nothing sent to them: those there are, and those that come and are such. */
  freeze(clients: ClientMatcher = 'all', options: { readonly own?: boolean } = {}): Fault {
    return this.begun(this.server.faults.freeze(clientsOf('faults.freeze', clients, options)))
  }

  /**
   * Connecting fails as where no server is (ECONNREFUSED), and its port stays the server's; a Unix socket's connections are closed at
   * once. Connections there are stay. The system refuses without telling: `hits` counts only connect() and Unix sockets.
   */
  refuseConnections(): Fault {
    let hits = 0
    const end = this.server.refuseConnections(() => {
      hits++
    })
    return this.begun({
      get hits() {
        return hits
      },
      end,
    })
  }

  /** The server is loading its data: -LOADING for all but the few commands that are served then; INFO says so, too. */
  loading(options: FaultOptions = {}): Fault {
    return this.state('loading', options)
  }

  /** Writes are refused as by a replica: -READONLY. */
  readonly(options: FaultOptions = {}): Fault {
    return this.state('readonly', options)
  }

  /** Memory is used up: -OOM for what would take more, as with maxmemory and nothing to evict. */
  outOfMemory(options: FaultOptions = {}): Fault {
    return this.state('oom', options)
  }

  /** The last save, or the last write of the append-only file, has failed: -MISCONF for writes and PING. */
  misconf(options: MisconfOptions = {}): Fault {
    const where = 'faults.misconf'
    const { file = 'rdb', ...others } = options
    if (file !== 'rdb' && file !== 'aof') throw wrong(where, 'file', file, "'rdb' or 'aof'")
    return this.state(file === 'rdb' ? 'unsaved' : 'unappended', others, where)
  }

  /**
   * The disk is full: saves, the append-only file and its rewrites, copies from a master, CONFIG REWRITE and ACL SAVE fail with what
   * follows from that: MISCONF, errors in the log, and with `appendfsync always` the end of the server.
   */
  fullDisk(): Fault {
    let hits = 0
    const end = this.server.config.disk.fill(() => {
      hits++
    })
    return this.begun({
      get hits() {
        return hits
      },
      end,
    })
  }

  /** Ends all faults. */
  end(): void {
    for (const fault of [...this.inForce]) fault.end()
  }

  private state(state: FaultState, options: FaultOptions, where = `faults.${NAMES[state]}`): Fault {
    checkOptions(where, options, ['client', 'own'])
    return this.begun(this.server.faults.enter(state, clientsOf(where, options.client ?? 'all', options)))
  }

  private onCommand(where: string, name: string, effect: Effect, options: CommandFaultOptions): Fault {
    const { nth = 1, times = options.nth === undefined ? Number.POSITIVE_INFINITY : 1 } = options
    if (!isCount(nth)) throw wrong(where, 'nth', nth, 'a whole number from 1 on')
    if (!isCount(times) && times !== Number.POSITIVE_INFINITY)
      throw wrong(where, 'times', times, 'a whole number from 1 on')
    const commands = commandsOf(where, name, this.server.commands)
    const clients = clientsOf(where, options.client ?? 'all', options)
    return this.begun(this.server.faults.onCommand(commands, clients, effect, nth, times))
  }

  private begun(injected: Injected): Fault {
    const { inForce } = this
    const fault: Fault = {
      get hits() {
        return injected.hits
      },
      end() {
        if (inForce.delete(fault)) injected.end()
      },
      [Symbol.dispose]() {
        fault.end()
      },
    }
    inForce.add(fault)
    return fault
  }
}

const NAMES: Readonly<Record<FaultState, string>> = {
  loading: 'loading',
  readonly: 'readonly',
  oom: 'outOfMemory',
  unsaved: 'misconf',
  unappended: 'misconf',
}

/** The commands of a name, a container's subcommands among them; null: all. */
function commandsOf(where: string, name: unknown, table: CommandTable): ReadonlySet<Command> | null {
  if (name === ANY_COMMAND) return null
  if (typeof name !== 'string') throw wrong(where, 'command', name, "a command's name, or '*' for any")
  const fullName = name.trim().toLowerCase().replace(/\s+/g, '|')
  const command = table.byOriginalFullName(fullName)
  if (command !== null) return new Set([command, ...(command.subcommands?.values() ?? [])])
  const names = table.originals.flatMap(each => [
    each.fullName,
    ...[...(each.subcommands?.values() ?? [])].map(sub => sub.fullName),
  ])
  const nearest = nearestName(fullName, names)
  const hint = nearest === null ? '' : `. Did you mean '${nearest}'?`
  throw new TypeError(`redis-ts: ${where}: there is no command '${name}'${hint}`)
}

function clientsOf(where: string, matcher: unknown, { own }: { readonly own?: boolean }): ClientFilter {
  checkBoolean(where, 'own', own)
  const matches = matcherOf(where, matcher)
  const mayBeOwn = own === true || hasOnly(matcher, 'id')
  return client => (mayBeOwn || !client.isOwn) && matches(client)
}

function matcherOf(where: string, matcher: unknown): ClientFilter {
  if (matcher === 'all') return () => true
  if (typeof matcher === 'function') return client => asks(matcher as (client: FaultClient) => unknown, client)
  if (hasOnly(matcher, 'id') && typeof matcher.id === 'number') {
    const { id } = matcher
    return client => client.id === id
  }
  if (hasOnly(matcher, 'name') && typeof matcher.name === 'string') {
    const name = Buffer.from(matcher.name).toString('latin1')
    return client => client.name === name
  }
  if (hasOnly(matcher, 'address') && typeof matcher.address === 'string') {
    const { address } = matcher
    return client => client.address === address
  }
  throw wrong(where, 'client', matcher, CLIENTS)
}

/** What a test's function throws is its own: it reaches the test's process, not the server. */
function asks(matches: (client: FaultClient) => unknown, client: Client): boolean {
  const { address, id, name, userName } = client
  try {
    return Boolean(matches({ id, name: utf8(name), address, user: utf8(userName), type: clientType(client) }))
  } catch (error) {
    setImmediate(() => {
      throw error
    })
    return false
  }
}

function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString()
}

function hasOnly<Name extends string>(value: unknown, name: Name): value is { readonly [N in Name]: unknown } {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 1 && name in value
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

function checkBoolean(where: string, option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw wrong(where, option, value, 'true or false')
}

function checkOptions(where: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw wrong(where, 'options', options, 'an object')
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue
    const nearest = nearestName(name, names)
    const hint = nearest === null ? `it takes ${names.join(', ')}` : `did you mean '${nearest}'?`
    throw new TypeError(`redis-ts: ${where}: there is no option '${name}': ${hint}`)
  }
}

function wrong(where: string, option: string, given: unknown, right: string): TypeError {
  return new TypeError(`redis-ts: ${where}: ${option} is ${shown(given)}; right would be ${right}`)
}

function shown(given: unknown): string {
  if (typeof given === 'string') return JSON.stringify(given)
  if (typeof given === 'function') return 'a function'
  if (typeof given !== 'object' || given === null) return String(given)
  if (Array.isArray(given)) return 'an array'
  return `an object with ${Object.keys(given).join(', ') || 'nothing in it'}`
}
