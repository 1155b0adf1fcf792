import { closeSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { splitArgs } from '../bytes/split-args.js'
import type { Config } from './config.js'
import { MULTI_ARG } from './directive.js'
import {
  type DirectiveName,
  ignoredDirectives,
  lookupDirective,
  type NamedDirective,
  statements,
} from './directives.js'
import { filesMatching, isFilePattern } from './include.js'
import { bytePath, nativePath } from './kinds/directory.js'
import { didYouMean } from './nearest.js'
import { strerror } from './strerror.js'
import { REDIS_VERSION } from './version.js'

const MAX_INCLUDE_DEPTH = 32

/** Where a configuration comes from, in the order in which it is read: later lines win. Texts are byte strings. */
export type ConfigSource = {
  /** The config file's path, relative to the process's working directory. */
  readonly file: string | null
  /** The text read from standard input. */
  readonly stdin: string | null
  /** Config lines made of the command line. */
  readonly overrides: string
}

/** Why a configuration was refused; `message` is all that there is to print before the process ends, `reason` one line of it. */
export class ConfigFileError extends Error {
  override readonly name = 'ConfigFileError'
  readonly reason: string

  constructor(message: string, reason: string) {
    super(message)
    this.reason = reason
  }
}

/**
 * Reads a configuration into `config`, sets `config.file`, and leaves a warning for each directive that has no effect yet.
 * Throws ConfigFileError in Redis's shape, with the file and line, for anything that it cannot take.
 */
export function loadConfig(config: Config, source: ConfigSource): void {
  const loader = new Loader(config)
  if (source.file !== null) {
    const file = path.resolve(source.file)
    config.file = bytePath(file)
    loader.readFile(file, null)
  }
  if (source.stdin !== null) loader.readText(source.stdin, { label: 'standard input', includedAt: null })
  if (source.overrides !== '') loader.readText(source.overrides, { label: COMMAND_LINE, includedAt: null })
  loader.finish()
}

/**
 * Reads a text as what the config file `file` (a byte string) holds, with all that it includes, into `config`. Throws
 * ConfigFileError as loadConfig does; opens no log file and warns of nothing.
 */
export function readConfigText(config: Config, text: string, file: string): void {
  const loader = new Loader(config)
  config.file = file
  loader.readText(text, { label: file, includedAt: null })
  loader.checkTogether()
}

/** A text that lines come from: a file or what stands in for one. */
type Origin = { readonly label: string; readonly includedAt: Position | null }
type Position = { readonly origin: Origin; readonly line: number; readonly text: string }

/** One reading of a configuration; directives that are read line by line need to know what came before. */
class Loader {
  readonly #config: Config
  readonly #mentioned = new Map<DirectiveName, NamedDirective>()

  constructor(config: Config) {
    this.#config = config
  }

  readFile(file: string, includedAt: Position | null): void {
    let text: string
    try {
      text = readFileSync(file, 'latin1')
    } catch (error) {
      throw fatal(`Fatal error, can't open config file '${bytePath(file)}': ${strerror(error)}`, includedAt)
    }
    this.readText(text, { label: bytePath(file), includedAt })
  }

  readText(text: string, origin: Origin): void {
    const lines = text.split('\n')
    for (let at = 0; at < lines.length; at++) {
      const line = lines[at].replace(/^[ \t\r]+|[ \t\r]+$/g, '')
      if (line === '' || line.startsWith('#')) continue
      const position = { origin, line: at + 1, text: line }
      const args = splitArgs(line)
      if (args === null) throw fatal('Unbalanced quotes in configuration line', position)
      if (args.length === 0) continue
      const error = this.#readLine(args[0].toLowerCase(), args.slice(1), position)
      if (error !== null) throw fatal(error, position)
    }
  }

  /** What can only be judged when all lines are read. */
  finish(): void {
    const { values } = this.#config
    if (values.logfile !== '') {
      try {
        closeSync(openSync(this.#config.path(values.logfile), 'a'))
      } catch (error) {
        throw fatal(`Can't open the log file: ${strerror(error)}`, null)
      }
    }
    this.checkTogether()
    for (const directive of this.#mentioned.values()) this.#config.warnIfIgnored(directive)
  }

  /** What no line alone is wrong with. */
  checkTogether(): void {
    const { values } = this.#config
    if (values['cluster-enabled'] && values.replicaof) {
      throw fatal('replicaof directive not allowed in cluster mode', null)
    }
  }

  #readLine(word: string, args: string[], position: Position): string | null {
    const found = lookupDirective(word)
    if (found) return this.#readDirective(found, args)
    if (ignoredDirectives.has(word) && args.length === 1) return null
    const statement = statements.get(word)
    if (statement) {
      if (args.length < statement.min || args.length > statement.max) return BAD_DIRECTIVE
      return this.#readStatement(word, args, position)
    }
    if (word === 'sentinel') return 'sentinel directive while not in sentinel mode'
    if (word.includes('.')) {
      if (args.length === 0) return 'Module config specified without value'
      return 'Module Configuration detected without loadmodule directive or no ApplyConfigs call: aborting'
    }
    if (ignoredDirectives.has(word)) return BAD_DIRECTIVE
    const hint = didYouMean(word, [...statements.keys(), ...(position.origin.label === COMMAND_LINE ? OPTIONS : [])])
    return hint === null ? BAD_DIRECTIVE : `${BAD_DIRECTIVE}\n${hint}`
  }

  #readDirective(found: NamedDirective, args: string[]): string | null {
    const multi = (found.directive.flags & MULTI_ARG) !== 0
    if (!multi && args.length !== 1) return 'wrong number of arguments'
    // A list may come as one quoted argument: --save "60 1000".
    const list = multi && args.length === 1 && args[0] !== '' ? (splitArgs(args[0]) ?? []) : args
    const firstLine = !this.#mentioned.has(found.name)
    this.#mentioned.set(found.name, found)
    return this.#config.setFromFile(found, list, firstLine)
  }

  #readStatement(word: string, args: string[], position: Position): string | null {
    if (word === 'include') return this.#include(args[0], position)
    if (word === 'loadmodule') return NO_MODULES
    if (word === 'rename-command') this.#addRename(args, position)
    else this.#addUser(args, position)
    return null
  }

  #addRename([command, name]: string[], position: Position): void {
    this.#config.renamedCommands.push({ command, name, refusal: reason => fatal(reason, position) })
  }

  #addUser([name, ...rules]: string[], position: Position): void {
    const { origin } = position
    const inFile = rootOf(origin).label === this.#config.file
    this.#config.users.push({
      name,
      rules,
      source: inFile ? (origin.includedAt === null ? 'config file' : 'included file') : 'command line',
      place: placeOf(position),
      refusal: reason => fatal(reason, position),
    })
  }

  #include(name: string, position: Position): string | null {
    if (depth(position.origin) >= MAX_INCLUDE_DEPTH) return 'Too many nested includes: does a file include itself?'
    const files = isFilePattern(name)
      ? filesMatching(nativePath(name), nativePath(this.#config.values.dir))
      : [this.#config.path(name)]
    for (const file of files) this.readFile(file, position)
    return null
  }
}

const COMMAND_LINE = 'the command line'
/** What a command line takes beside directives. */
const OPTIONS = ['config', 'version', 'help']
const NO_MODULES = 'redis-ts cannot load Redis modules, which are native libraries'
const BAD_DIRECTIVE = 'Bad directive or wrong number of arguments'

function depth(origin: Origin): number {
  let levels = 0
  for (let at: Origin | undefined = origin; at; at = at.includedAt?.origin) levels++
  return levels
}

function rootOf(origin: Origin): Origin {
  let at = origin
  while (at.includedAt !== null) at = at.includedAt.origin
  return at
}

/** Redis's lines, and under them what Redis leaves to the reader: which file it was, and how it came to be read. */
function fatal(reason: string, position: Position | null): ConfigFileError {
  const lines = ['', `*** FATAL CONFIG FILE ERROR (Redis ${REDIS_VERSION}) ***`]
  if (position) {
    lines.push(`Reading the configuration file, at line ${position.line}`, `>>> '${position.text}'`)
  }
  lines.push(reason)
  if (position) lines.push(`(in ${position.origin.label})`)
  for (let at = position?.origin.includedAt; at; at = at.origin.includedAt) {
    lines.push(`(included by ${at.origin.label}, line ${at.line})`)
  }
  const oneLine = reason.replaceAll('\n', '. ')
  return new ConfigFileError(lines.join('\n'), position === null ? oneLine : `${oneLine} (${placeOf(position)})`)
}

function placeOf({ origin, line }: Position): string {
  return `${origin.label}, line ${line}`
}
