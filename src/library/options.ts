/** What createServer() is given: directives of redis.conf, and what only a server inside a program has. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { splitArgs } from '../bytes/split-args.js'
import { Config } from '../config/config.js'
import { MULTI_ARG } from '../config/directive.js'
import { type DirectiveName, lookupDirective } from '../config/directives.js'
import { didYouMean } from '../config/nearest.js'
import { ANY_PORT } from '../network/listener.js'

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
 * The directives of redis.conf, with its defaults but for these: any port that is free, on 127.0.0.1 (no TCP at all is `bind: ''`); no
 * file is kept or read, unless `dir` or a directive about the files is given (`save`, `appendonly`, `dbfilename`, ...: `dir` is the working
 * directory then); nothing is logged unless `loglevel` or `logfile` is given.
 */
export type Directives = { readonly [Name in Exclude<DirectiveName, ProcessDirective>]?: OptionValue }

/** Directives that say that files are wanted: `dir` itself, and those about what is in it. */
const FILE_DIRECTIVES: readonly DirectiveName[] = [
  'dir',
  'save',
  'dbfilename',
  'appendonly',
  'appendfilename',
  'appenddirname',
]
const NO_FILES = ['', 'no', false]

export interface Settings {
  readonly config: Config
  /** A folder of the server's own, to be removed with it; null: there is none. */
  readonly temporary: string | null
}

/** Throws a TypeError that names what is wrong. */
export function settingsOf(directives: Directives): Settings {
  const config = new Config()
  const { values } = config
  values.port = ANY_PORT
  values.bind = ['127.0.0.1']
  const keepsFiles = FILE_DIRECTIVES.some(name => {
    const value = (directives as { readonly [name: string]: OptionValue | undefined })[name]
    return value !== undefined && !NO_FILES.some(none => none === value)
  })
  if (!keepsFiles) values.save = []
  for (const [name, value] of Object.entries(directives)) if (value !== undefined) set(config, name, value)
  values['set-proc-title'] = false
  if (values.port === 0) values.port = ANY_PORT
  if (directives.loglevel === undefined && values.logfile === '') values.loglevel = 'nothing'
  if (keepsFiles) return { config, temporary: null }
  // SAVE and copies from a master have to go somewhere.
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'redis-ts-'))
  set(config, 'dir', temporary)
  return { config, temporary }
}

function set(config: Config, name: string, value: OptionValue): void {
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
