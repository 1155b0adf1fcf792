/**
 * Which clients CLIENT KILL and LIST are about: filters, all of which have to match, each given as a name and a value. Source of
 * behaviour: clientKillCommand in Redis's networking.c; all but ID, TYPE, USER, ADDR, LADDR and SKIPME are Valkey's
 * (parseClientFiltersOrReply), MAXAGE that of Redis 7.4 as well.
 */
import type { Client } from '../client.js'
import { clientFlags, clientType, clientTypeByName } from '../client-line.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'

type Condition = (client: Client) => boolean

/** A condition, or the error's text. */
type Parsed = Condition | string

/** Makes a condition of argument `index`; `name` is how the filter was called. */
type Reader = (ctx: CommandContext, index: number, name: string) => Parsed

/** The letters that CLIENT LIST may show as flags, in any server of the family. */
const KNOWN_FLAGS = 'OSMPxbtRBdcuAUreTIN'
const KNOWN_CAPABILITIES = 'r'
const NEGATION = 'not-'

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['type', readType],
  ['user', readUser],
  ['addr', textReader(client => client.address)],
  ['laddr', textReader(client => client.transport.localAddress)],
  ['name', textReader(client => client.name)],
  ['lib-name', textReader(client => client.libraryName)],
  ['lib-ver', textReader(client => client.libraryVersion)],
  ['ip', ({ args }, index) => isFrom(args.latin1(index))],
  ['db', readDatabase],
  ['flags', lettersReader('flags', KNOWN_FLAGS, clientFlags)],
  ['capa', lettersReader('capa', KNOWN_CAPABILITIES, client => (client.takesRedirects ? 'r' : ''))],
])

/** Those of which there is no opposite. */
const AGE_READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['maxage', secondsReader(client => client.createdMs)],
  ['idle', secondsReader(client => client.lastInteractionMs)],
])

export class ClientFilter {
  /** The client that asks is none of those meant. */
  skipsOwn: boolean
  /** By the filters' names: of the same one given twice the last counts. */
  private readonly conditions = new Map<string, Condition>()

  constructor(skipsOwn: boolean) {
    this.skipsOwn = skipsOwn
  }

  /** CLIENT KILL addr. */
  static ofAddress(address: string): ClientFilter {
    const filter = new ClientFilter(false)
    filter.conditions.set('addr', client => client.address === address)
    return filter
  }

  /** Reads the filters from argument 2 on; returns the error's text, or null. */
  parse(ctx: CommandContext): string | null {
    const { args } = ctx
    for (let i = 2; i < args.argc; i += 2) {
      const name = args.lower(i)
      if (i + 1 === args.argc) return SYNTAX_ERROR
      if (name === 'skipme') {
        if (!args.is(i + 1, 'yes') && !args.is(i + 1, 'no')) return SYNTAX_ERROR
        this.skipsOwn = args.is(i + 1, 'yes')
      } else if (name === 'id' || name === 'not-id') {
        const ids = new Set<number>()
        const end = readIds(ctx, i + 1, ids)
        if (end === null) return 'ERR client-id should be greater than 0'
        this.conditions.set(name, name === 'id' ? ({ id }) => ids.has(id) : ({ id }) => !ids.has(id))
        i = end - 2
      } else {
        const problem = this.add(ctx, i + 1, name)
        if (problem !== null) return problem
      }
    }
    return null
  }

  private add(ctx: CommandContext, index: number, name: string): string | null {
    const negated = name.startsWith(NEGATION)
    const read = negated ? READERS.get(name.slice(NEGATION.length)) : (READERS.get(name) ?? AGE_READERS.get(name))
    if (read === undefined) return SYNTAX_ERROR
    const condition = read(ctx, index, name)
    if (typeof condition === 'string') return condition
    this.conditions.set(name, negated ? client => !condition(client) : condition)
    return null
  }

  /** Whether it means a client; `own` is the one that asks. */
  matches(client: Client, own: Client): boolean {
    if (this.skipsOwn && client === own) return false
    for (const holds of this.conditions.values()) if (!holds(client)) return false
    return true
  }
}

/**
 * Adds the numbers from argument `first` on, one at least, until an argument that is none; returns where they end, or null when one
 * of them cannot be a client's.
 */
function readIds({ args }: CommandContext, first: number, ids: Set<number>): number | null {
  let at = first
  for (; at < args.argc; at++) {
    const id = args.int64(at)
    if (id === null && at > first) break
    if (id === null || id < 1n) return null
    ids.add(Number(id))
  }
  return at
}

function readType({ args }: CommandContext, index: number): Parsed {
  const type = clientTypeByName(args.lower(index))
  return type === undefined ? `ERR Unknown client type '${args.latin1(index)}'` : client => clientType(client) === type
}

function readUser({ args, server }: CommandContext, index: number): Parsed {
  const user = server.acl.get(args.latin1(index))
  return user ? client => client.user === user : `ERR No such user '${args.latin1(index)}'`
}

/** A filter by a text, which a client without any never matches. */
function textReader(textOf: (client: Client) => string): Reader {
  return ({ args }, index) => {
    const wanted = args.latin1(index)
    return wanted === '' ? () => false : client => textOf(client) === wanted
  }
}

/** A filter by letters, all of which a client has to have. */
function lettersReader(noun: string, known: string, lettersOf: (client: Client) => string): Reader {
  return ({ args }, index, name) => {
    const wanted = [...args.latin1(index)]
    if (!wanted.every(letter => known.includes(letter))) {
      const which = name.startsWith(NEGATION) ? name.toUpperCase() : 'provided'
      return `ERR Unknown ${noun} found in the ${which} filter: ${args.latin1(index)}`
    }
    return client => {
      const letters = lettersOf(client)
      return wanted.every(letter => letters.includes(letter))
    }
  }
}

/** A filter by how long ago something was, in seconds: at least so many. */
function secondsReader(sinceMs: (client: Client) => number): Reader {
  return ({ args, keyspace: { nowMs } }, index, name) => {
    const seconds = args.int64(index)
    if (seconds === null) return `ERR ${name} is not an integer or out of range`
    if (seconds <= 0n) return `ERR ${name} should be greater than 0`
    const least = Number(seconds)
    return client => Math.floor((nowMs - sinceMs(client)) / 1000) >= least
  }
}

function readDatabase({ args, keyspace }: CommandContext, index: number, name: string): Parsed {
  const number = args.safeInteger(index)
  const most = keyspace.databases.length - 1
  if (Number.isNaN(number)) return `ERR ${name.toUpperCase()} is not an integer or out of range`
  if (number < 0 || number > most) return `ERR ${name.toUpperCase()} number should be between 0 and ${most}`
  return client => client.db.index === number
}

/** Clients from an IP address, which is in brackets in their own if it is one of IPv6. Those of a Unix socket have none. */
function isFrom(ip: string): Condition {
  return ({ address, transport }) => {
    const host = address.slice(0, address.lastIndexOf(':'))
    return !transport.isUnixSocket && (host === ip || host === `[${ip}]`)
  }
}
