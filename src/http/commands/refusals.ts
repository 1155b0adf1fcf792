/** Which commands the page may run, whatever its user may: some make no sense on a connection that ends with the request, others change something. */
import { latin1 } from '../../bytes/latin1.js'
import type { Command, CommandTable } from '../../commands/command.js'
import { ADMIN, WRITE } from '../../commands/spec.js'

/** They turn a connection into something else, or are about what comes behind them on it. */
const ABOUT_THE_CONNECTION = new Set([
  'asking',
  'auth',
  'client|caching',
  'client|reply',
  'client|tracking',
  'discard',
  'exec',
  'hello',
  'monitor',
  'multi',
  'psubscribe',
  'psync',
  'punsubscribe',
  'quit',
  'replconf',
  'reset',
  'ssubscribe',
  'subscribe',
  'sunsubscribe',
  'sync',
  'unsubscribe',
  'unwatch',
  'watch',
])

/** Change something without being flagged as writing, or may do so. */
const MAY_CHANGE = new Set([
  'eval',
  'evalsha',
  'fcall',
  'function|kill',
  'memory|purge',
  'publish',
  'script|debug',
  'script|flush',
  'script|kill',
  'script|load',
  'spublish',
])

/** Commands for administrators that only look. */
const ONLY_LOOK = new Set([
  'acl|cat',
  'acl|dryrun',
  'acl|genpass',
  'acl|getuser',
  'acl|help',
  'acl|list',
  'acl|log',
  'acl|users',
  'acl|whoami',
  'client|getname',
  'client|getredir',
  'client|help',
  'client|id',
  'client|info',
  'client|list',
  'client|trackinginfo',
  'commandlog|get',
  'commandlog|help',
  'commandlog|len',
  'config|get',
  'config|help',
  'lastsave',
  'latency|doctor',
  'latency|graph',
  'latency|help',
  'latency|histogram',
  'latency|history',
  'latency|latest',
  'module|help',
  'module|list',
  'role',
  'slowlog|get',
  'slowlog|help',
  'slowlog|len',
])

/** What the words name, a subcommand if there is one; null for nothing that is known, about which the server has its own words. */
export function commandOf(commands: CommandTable, args: readonly Buffer[]): Command | null {
  const [name, subcommand] = args
  const command = commands.find(name, 0, name.length)
  if (command === null || command.subcommands === null) return command
  if (subcommand === undefined) return null
  return command.subcommands.get(latin1(subcommand, 0, subcommand.length).toLowerCase()) ?? null
}

/** Why a command is not run, or null. `writes`: http-writes is yes. */
export function refusalOf(command: Command | null, args: readonly Buffer[], writes: boolean): string | null {
  if (command === null) return null
  const { fullName } = command
  if (ABOUT_THE_CONNECTION.has(fullName)) {
    return `ERR ${shown(fullName)} is about a connection, and here there is one for each request only`
  }
  if (writes || !mayChange(command, args)) return null
  return `ERR http-writes is no: ${shown(fullName)} may change something. CONFIG SET http-writes yes by another client allows it here`
}

function mayChange({ flags, fullName }: Command, args: readonly Buffer[]): boolean {
  if ((flags & WRITE) !== 0 || MAY_CHANGE.has(fullName)) return true
  // ACL LOG RESET is no subcommand of its own.
  if (fullName === 'acl|log') return args.some((arg, i) => i > 1 && /^reset$/i.test(arg.toString('latin1')))
  return (flags & ADMIN) !== 0 && !ONLY_LOOK.has(fullName)
}

function shown(fullName: string): string {
  return fullName.replace('|', ' ').toUpperCase()
}
