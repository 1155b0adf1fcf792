import type { Directive } from './directive.js'
import { cluster } from './directives/cluster.js'
import { dataTypes } from './directives/data-types.js'
import { general } from './directives/general.js'
import { http } from './directives/http.js'
import { memoryLimits } from './directives/memory.js'
import { network, tls } from './directives/network.js'
import { observability } from './directives/observability.js'
import { persistence } from './directives/persistence.js'
import { replication } from './directives/replication.js'

/** Every directive of Redis 7.2, and some more, by its current name, in the order in which CONFIG GET lists them. */
export const directives = {
  ...network,
  ...tls,
  ...general,
  ...persistence,
  ...replication,
  ...memoryLimits,
  ...dataTypes,
  ...observability,
  ...cluster,
  ...http,
}

export type DirectiveName = keyof typeof directives

type ValueOf<D> = D extends Directive<infer V> ? V : never

/**
 * The type of `config.values`: one property a directive, by its current name. Numbers are in the unit of the directive's
 * kind (`repl-timeout` in seconds, `maxmemory` in bytes); texts are byte strings; what is not set is '' or null.
 */
export type ConfigValues = { -readonly [N in DirectiveName]: ValueOf<(typeof directives)[N]> }

/** What a name or an older spelling of it stands for. */
export type NamedDirective = {
  /** The key of `config.values`. */
  readonly name: DirectiveName
  readonly directive: Directive<unknown>
}

const table: ReadonlyMap<string, NamedDirective> = new Map(Object.keys(directives).flatMap(entriesOf))

/** Every accepted spelling, lower case, current names and aliases, in the table's order. */
export const spellings: ReadonlyMap<string, NamedDirective> = table

/** Finds a directive by its name or alias, in any case. */
export function lookupDirective(name: string): NamedDirective | undefined {
  return table.get(name.toLowerCase())
}

function isDirectiveName(name: string): name is DirectiveName {
  return Object.hasOwn(directives, name)
}

function entriesOf(name: string): [string, NamedDirective][] {
  if (!isDirectiveName(name)) return []
  const directive: Directive<unknown> = directives[name]
  const entry = { name, directive }
  return directive.alias === null
    ? [[name, entry]]
    : [
        [name, entry],
        [directive.alias, entry],
      ]
}

/** A line of a config file that is a statement rather than a setting. */
export type Statement = { readonly min: number; readonly max: number }

const ANY_NUMBER = Number.POSITIVE_INFINITY

/**
 * The statements, with how many arguments follow. CONFIG GET and SET do not know them, and CONFIG REWRITE leaves them
 * where they are, but for users, whose lines it writes anew.
 */
export const statements: ReadonlyMap<string, Statement> = new Map([
  ['include', { min: 1, max: 1 }],
  ['rename-command', { min: 2, max: 2 }],
  ['user', { min: 1, max: ANY_NUMBER }],
  ['loadmodule', { min: 1, max: ANY_NUMBER }],
])

/** Directives of older versions that are read and ignored. */
export const ignoredDirectives: ReadonlySet<string> = new Set([
  'list-max-ziplist-entries',
  'list-max-ziplist-value',
  'lua-replicate-commands',
])
