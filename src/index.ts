/** redis-ts as a library: Redis servers inside a Node process, which they leave as it is. */
import './config/node-version.js'
import { splitArgs } from './bytes/split-args.js'
import { Config } from './config/config.js'
import { MULTI_ARG } from './config/directive.js'
import { type DirectiveName, lookupDirective } from './config/directives.js'
import { didYouMean } from './config/nearest.js'
import { Http } from './http/http.js'
import { ANY_PORT } from './network/listener.js'
import { Log } from './observe/log.js'
import { Server } from './server/server.js'

/** A directive's value: true and false are yes and no; a list is the directive's arguments. */
export type OptionValue = string | number | boolean | readonly (string | number)[]

/** Directives that are about a process, which here is not the server's own. */
type ProcessDirective = (typeof PROCESS_DIRECTIVES)[number]
const PROCESS_DIRECTIVES = [
  'daemonize',
  'pidfile',
  'supervised',
  'set-proc-title',
  'proc-title-template',
  'always-show-logo',
  'oom-score-adj',
  'oom-score-adj-values',
  'syslog-enabled',
  'syslog-ident',
  'syslog-facility',
] as const

/**
 * The directives of redis.conf, with its defaults but for two: `port: 0` takes any port that is free (no TCP at all is
 * `bind: ''`), and nothing is logged unless `loglevel` or `logfile` is given. Relative paths are relative to `dir`, which is
 * the working directory at first.
 */
export type ServerOptions = { readonly [Name in Exclude<DirectiveName, ProcessDirective>]?: OptionValue }

export interface RunningServer {
  /** The TCP port listened on; 0 when there is none (any more). */
  readonly port: number
  /** Resolves when the server is down, by close() or by a client's SHUTDOWN. */
  readonly closed: Promise<void>
  /**
   * Shuts down as SHUTDOWN does: waits for replicas, saves where there are save points, closes all connections. Resolves when
   * nothing of the server is left. Rejects when the data cannot be saved: the server then goes on.
   */
  close(): Promise<void>
}

/**
 * Starts a server in this process and resolves once it has loaded its data and accepts connections. Several may run side by
 * side. The process itself stays as it is: no signal handlers, no title, no exit, no change of directory.
 *
 * Rejects with an Error that names the directive that is wrong, the port that is taken, or what is wrong with the file.
 *
 * @example
 * const server = await createServer({ port: 0, save: '' })
 * const client = new Redis(server.port)
 * await client.set('greeting', 'hello')
 * client.disconnect()
 * await server.close()
 */
export async function createServer(options: ServerOptions = {}): Promise<RunningServer> {
  const config = configOf(options)
  const log = new Log()
  for (const warning of config.warnings) log.warning(warning)
  if (config.values.logfile !== '') log.setFile(config.path(config.values.logfile))
  let down: (last: Promise<unknown>) => void = () => {}
  const closed = new Promise<unknown>(resolve => {
    down = resolve
  }).then(() => {})
  const server = new Server(config, log, () => {
    down(Promise.all([http.close(), server.disconnected()]))
  })
  const http = new Http(server)
  try {
    await server.start()
  } catch (error) {
    server.exit(1)
    await closed
    throw error
  }
  config.values.port = server.listeningPort
  return {
    get port() {
      return server.listeningPort
    },
    closed,
    close: () =>
      new Promise((resolve, reject) => {
        closed.then(resolve)
        server.shutdown({ now: false, force: false }, () => {
          reject(new Error('redis-ts: the data could not be saved, the server goes on: its log says why'))
        })
      }),
  }
}

function configOf(options: ServerOptions): Config {
  const config = new Config()
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    const found = lookupDirective(name)
    if (found === undefined) {
      const hint = didYouMean(name)
      throw new TypeError(`redis-ts: there is no directive '${name}'${hint === null ? '' : `. ${hint}`}`)
    }
    if (PROCESS_DIRECTIVES.some(word => word === found.name)) {
      throw new TypeError(`redis-ts: '${name}' is for a server with a process of its own`)
    }
    const words = wordsOf(value, (found.directive.flags & MULTI_ARG) !== 0)
    const error = words === null ? 'unbalanced quotes' : config.setFromFile(found, words, true)
    if (error !== null) throw new TypeError(`redis-ts: ${name}: ${error}`)
    config.warnIfIgnored(found)
  }
  const { values } = config
  values['set-proc-title'] = false
  if (options.port === 0) values.port = ANY_PORT
  if (options.loglevel === undefined && values.logfile === '') values.loglevel = 'nothing'
  return config
}

/** The arguments that a value would be in redis.conf, as byte strings; null for unbalanced quotes. */
function wordsOf(value: OptionValue, isList: boolean): string[] | null {
  if (typeof value === 'boolean') return [value ? 'yes' : 'no']
  if (typeof value === 'number') return [String(value)]
  if (typeof value !== 'string') return value.map(word => byteString(String(word)))
  // A list may come as one text, as in redis.conf: save '3600 1', bind '127.0.0.1 ::1'.
  return isList && value !== '' ? splitArgs(byteString(value)) : [byteString(value)]
}

function byteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
