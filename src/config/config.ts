import path from 'node:path'
import { Glob } from '../bytes/glob.js'
import { DENY_LOADING, HIDDEN, IMMUTABLE, IMPLEMENTED, MULTI_ARG, PROTECTED, VOLATILE } from './directive.js'
import {
  type ConfigValues,
  type DirectiveName,
  directives,
  lookupDirective,
  type NamedDirective,
  spellings,
} from './directives.js'
import { Disk } from './disk.js'
import { bytePath, nativePath } from './kinds/directory.js'
import { didYouMean } from './nearest.js'
import { RewriteRefused, rewriteConfigFile } from './rewrite-file.js'
import { strerror } from './strerror.js'

/** Of as many wrong names the log tells: it is not for clients to fill. */
const MOST_HINTS = 100

/** What decides whether CONFIG SET may touch some directives. */
export type SetContext = {
  /** A dataset is being loaded. */
  readonly loading: boolean
  /** The client is on this machine, which `enable-protected-configs local` trusts. */
  readonly local: boolean
}

/** A `rename-command` line: only those who know the commands can judge it. */
export type RenameStatement = {
  readonly command: string
  /** The new name, or '' to remove the command. */
  readonly name: string
  /** What is to be thrown when the line cannot be followed: the reason, with the line and its place. */
  refusal(reason: string): Error
}

/** A `user` line of the configuration: ACL rules, which only those who know the commands can judge. */
export type UserStatement = {
  readonly name: string
  readonly rules: readonly string[]
  /** The config file itself is what CONFIG REWRITE can change; standard input counts as the command line. */
  readonly source: 'config file' | 'included file' | 'command line'
  /** Where it stands: "/etc/users.conf, line 3". */
  readonly place: string
  /** What is to be thrown when the line makes no user: the reason, with the line and its place. */
  refusal(reason: string): Error
}

/** Who knows the users, for CONFIG REWRITE. */
export interface UserLines {
  /** A `user` line for each user, by its name; none where an ACL file has them. */
  all(): ReadonlyMap<string, string>
  /** The line of the user that a statement makes; null if it makes none. */
  of(statement: UserStatement): string | null
}

/** Applies a value that CONFIG SET has just put into `config.values`; a returned text is why it cannot be. */
export type ApplyChange<V> = (value: V, previous: V) => string | null

/**
 * The configuration of one server: the values, and CONFIG GET, SET and REWRITE on them. `loadConfig` (file.ts) fills it from
 * a file and the command line.
 *
 * Texts in and out are byte strings (one char per byte, latin1): `Buffer.toString('latin1')` makes one of a
 * request's argument, `Buffer.from(text, 'latin1')` turns one into bytes. Relative paths among the values are
 * relative to `values.dir`: use `path()`.
 */
export class Config {
  /**
   * Plain data, read directly (`config.values['repl-timeout']`). Code that changes a value on its own behalf, as REPLICAOF does
   * with `replicaof`, assigns it here: no check, no handler.
   */
  readonly values: ConfigValues
  /** Absolute path of the config file (a byte string), which CONFIG REWRITE writes; null without one. */
  file: string | null = null
  /** What was accepted without effect while the configuration was loaded, a line of log each. */
  readonly warnings: string[] = []
  /** Where warnings go: into `warnings` until the server points it at its log. */
  warn: (text: string) => void = text => this.warnings.push(text)

  /** Where all that path() names is. */
  readonly disk = new Disk()

  /** `rename-command` lines, in order. */
  readonly renamedCommands: RenameStatement[] = []
  /** `user` lines. */
  readonly users: UserStatement[] = []

  /** The `user` lines for CONFIG REWRITE; null, as long as nobody knows better, leaves those in the file. */
  userLines: UserLines | null = null

  /** What a relative path is relative to until `dir` says otherwise. */
  readonly #directory: string
  readonly #handlers = new Map<DirectiveName, Handler[]>()
  readonly #warned = new Set<DirectiveName>()
  readonly #hinted = new Set<string>()

  /** Every directive at its default. `directory` is the first value of `dir`: the process's own unless given. */
  constructor(directory: string = process.cwd()) {
    this.#directory = path.resolve(directory)
    this.values = defaultValues()
    this.values.dir = bytePath(this.#directory)
  }

  /** An absolute path, for the file system, of a file named in a directive. */
  path(name: string): string {
    return path.resolve(nativePath(this.values.dir), nativePath(name))
  }

  /** The value of a directive (a name or an alias) as CONFIG GET shows it; null for a name that is none. */
  text(name: string): string | null {
    const found = lookupDirective(name)
    return found ? this.#format(found) : null
  }

  /**
   * CONFIG GET pattern [pattern ...]: names and values, each name once. A name given in full is shown as it was given; patterns
   * match current names and aliases but not hidden directives, in any case.
   */
  get(...patterns: readonly string[]): [name: string, text: string][] {
    const found = new Map<string, [name: string, text: string]>()
    for (const pattern of patterns) {
      if (!/[[*?]/.test(pattern)) {
        const named = lookupDirective(pattern)
        const key = pattern.toLowerCase()
        if (named === undefined) this.#hint('GET', pattern)
        else if (!found.has(key)) found.set(key, [pattern, this.#format(named)])
        continue
      }
      const glob = new Glob(Buffer.from(pattern, 'latin1'), true)
      for (const [name, named] of spellings) {
        if (named.directive.flags & HIDDEN || found.has(name)) continue
        if (glob.matches(Buffer.from(name, 'latin1'), 0, name.length)) found.set(name, [name, this.#format(named)])
      }
    }
    return [...found.values()]
  }

  /**
   * CONFIG SET name value [name value ...]: all or nothing. Returns null, or the error reply without its leading '-', in
   * Redis's words. Values are parsed in order, then the handlers of what changed run in order; when any of this fails, every
   * value of the call is restored and the handlers that ran are run again with the old value.
   */
  set(pairs: readonly (readonly [name: string, value: string])[], context: SetContext): string | null {
    const settings: Setting[] = []
    const asked = new Set<string>()
    for (const [name, text] of pairs) {
      const found = lookupDirective(name)
      if (!found) {
        this.#hint('SET', name)
        return `ERR Unknown option or number of arguments for CONFIG SET - '${name}'`
      }
      const { flags } = found.directive
      if (flags & IMMUTABLE) return setError(name, "can't set immutable config")
      if (flags & PROTECTED && !trusts(this.values['enable-protected-configs'], context.local)) {
        return setError(name, "can't set protected config")
      }
      if (context.loading && flags & DENY_LOADING) return 'LOADING Redis is loading the dataset in memory'
      // As in Redis a directive and its alias do not count as duplicates.
      const spelling = name.toLowerCase()
      if (asked.has(spelling)) return setError(name, 'duplicate parameter')
      asked.add(spelling)
      settings.push({ spelling, found, text, previous: this.#read(found.name) })
    }

    const changed: Setting[] = []
    for (const setting of settings) {
      const { found, spelling, text } = setting
      const multi = (found.directive.flags & MULTI_ARG) !== 0
      const args = multi ? (text === '' ? [] : text.split(' ')) : [text]
      const before = this.#format(found)
      const error = this.#parseInto(found, args, { fromFile: false, firstLine: false })
      if (error !== null) {
        this.#restore(settings)
        return setError(spelling, error)
      }
      if (found.directive.flags & VOLATILE || this.#format(found) !== before) changed.push(setting)
    }

    const error = this.#apply(changed, settings)
    if (error !== null) return error
    for (const { found } of changed) this.warnIfIgnored(found)
    return null
  }

  /**
   * Calls `apply` whenever CONFIG SET changes the directive, after all values of the call are in place. The same function under
   * several names runs once a call. Handlers of one directive run in the order in which they were added.
   */
  onChange<N extends DirectiveName>(name: N, apply: ApplyChange<ConfigValues[N]>): void {
    const handlers = this.#handlers.get(name)
    if (handlers) handlers.push({ apply })
    else this.#handlers.set(name, [{ apply }])
  }

  /**
   * CONFIG REWRITE. Returns null, or the error reply without its leading '-': the file is then as it was. `all` also writes what
   * is at its default (DEBUG CONFIG-REWRITE-FORCE-ALL).
   */
  rewrite({ all = false }: { all?: boolean } = {}): string | null {
    if (this.file === null) return 'ERR The server is running without a config file'
    try {
      rewriteConfigFile(this, this.file, all, () => new Config(this.#directory))
      return null
    } catch (error) {
      return `ERR Rewriting config file: ${error instanceof RewriteRefused ? error.message : strerror(error)}`
    }
  }

  /** Sets a directive from a config file's line. Returns null or what is wrong. */
  setFromFile(found: NamedDirective, args: readonly string[], firstLine: boolean): string | null {
    return this.#parseInto(found, args, { fromFile: true, firstLine })
  }

  /** Warns, once, that a directive has a value other than its default and that it has no effect. */
  warnIfIgnored({ name, directive }: NamedDirective): void {
    if (directive.flags & IMPLEMENTED || this.#warned.has(name)) return
    if (directive.format(this.#read(name)) === directive.format(directive.default)) return
    this.#warned.add(name)
    this.warn(`The directive '${name}' is accepted, but has no effect here.`)
  }

  /** Redis's reply to a wrong name says no more than that it is one; the log says, once a name, which was probably meant. */
  #hint(subcommand: 'GET' | 'SET', name: string): void {
    if (this.#hinted.has(name) || this.#hinted.size >= MOST_HINTS || !/^[\x21-\x7e]+$/.test(name)) return
    const hint = didYouMean(name)
    if (hint === null) return
    this.#hinted.add(name)
    this.warn(`CONFIG ${subcommand}: there is no directive '${name}'. ${hint}`)
  }

  #parseInto(
    found: NamedDirective,
    args: readonly string[],
    from: { fromFile: boolean; firstLine: boolean },
  ): string | null {
    const previous = this.#read(found.name)
    const parsed = found.directive.parse(args, previous, { ...from, directory: this.values.dir })
    if ('error' in parsed) return parsed.error
    this.#write(found.name, parsed.value)
    return null
  }

  /** Runs the handlers of what changed; on an error restores all settings and says which directive it was. */
  #apply(changed: readonly Setting[], settings: readonly Setting[]): string | null {
    const ran: { handler: Handler; setting: Setting }[] = []
    for (const setting of changed) {
      for (const handler of this.#handlers.get(setting.found.name) ?? []) {
        if (ran.some(other => other.handler.apply === handler.apply)) continue
        ran.push({ handler, setting })
        const error = handler.apply(this.#read(setting.found.name), setting.previous)
        if (error === null) continue
        this.warn(
          `Failed applying new configuration. Possibly related to new ${setting.spelling} setting. Restoring previous settings.`,
        )
        const attempted = new Map(ran.map(run => [run.setting, this.#read(run.setting.found.name)]))
        this.#restore(settings)
        for (const run of ran) {
          const again = run.handler.apply(this.#read(run.setting.found.name), attempted.get(run.setting))
          if (again !== null) this.warn(`Failed applying restored failed CONFIG SET command: ${again}`)
        }
        return setError(setting.spelling, error)
      }
    }
    return null
  }

  #restore(settings: readonly Setting[]): void {
    for (const { found, previous } of settings) this.#write(found.name, previous)
  }

  #format({ name, directive }: NamedDirective): string {
    return directive.format(this.#read(name))
  }

  #read(name: DirectiveName): unknown {
    return this.values[name]
  }

  #write(name: DirectiveName, value: unknown): void {
    const slots: Record<string, unknown> = this.values
    slots[name] = value
  }
}

/** Whether a client may do what `enable-protected-configs`, `enable-debug-command` or `enable-module-command` guards. */
export function trusts(guard: 'no' | 'yes' | 'local', local: boolean): boolean {
  return guard === 'yes' || (guard === 'local' && local)
}

type Setting = {
  /** The name as asked for, lower case. */
  readonly spelling: string
  readonly found: NamedDirective
  readonly text: string
  readonly previous: unknown
}

/** An ApplyChange of some directive; the method form leaves open which. */
type Handler = { apply(value: unknown, previous: unknown): string | null }

function setError(name: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`
}

function defaultValues(): ConfigValues {
  const values = Object.fromEntries(Object.entries(directives).map(([name, directive]) => [name, directive.default]))
  // The table's own keys and defaults, which is what ConfigValues is made of; fromEntries cannot say so.
  return values as ConfigValues
}
