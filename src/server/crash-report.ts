/**
 * What the log gets when the server crashes: a bug report as Redis writes it, with the stack, INFO, the clients and what is
 * configured. `crash-log-enabled no` leaves only the reason. Source: printCrashReport in Redis's debug.c.
 */
import fs from 'node:fs'
import { quoteArg } from '../bytes/split-args.js'
import type { Client } from '../commands/client.js'
import { clientLine } from '../commands/client-line.js'
import type { ServerApi } from '../commands/server-api.js'
import { SENSITIVE } from '../config/directive.js'
import { directives, spellings } from '../config/directives.js'
import { REDIS_VERSION } from '../config/version.js'

const RULE = '------'
const START = '\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n'
const END = `
=== REDIS BUG REPORT END. Make sure to include from START to END. ===

       Please report the crash by opening an issue where redis-ts comes from.
`

/** A server in a process of its own. */
export interface CrashingServer extends ServerApi {
  readonly pidFile: string | null
}

/**
 * An error that nobody caught, and SIGABRT, end the process, but not without a word in the log. What users have sent is not
 * part of the report.
 */
export function reportCrashes(server: CrashingServer): void {
  process.on('uncaughtException', error => {
    logCrash(server, `Uncaught ${error.name}: ${error.message}`, error.stack ?? String(error))
    die(server)
  })
  process.once('SIGABRT', () => {
    logCrash(server, `Redis ${REDIS_VERSION} crashed by signal: 6`, new Error('SIGABRT').stack ?? '')
    die(server)
  })
}

function die(server: CrashingServer): never {
  if (server.pidFile !== null) fs.rmSync(server.pidFile, { force: true })
  if (server.config.values['use-exit-on-panic']) process.exit(1)
  process.abort()
}

/** Writes the report: why it happened, and the stack at that moment. */
export function logCrash(server: ServerApi, reason: string, stack: string): void {
  const { log, config } = server
  log.raw('warning', START)
  log.warning(reason)
  log.raw('warning', section('STACK TRACE', stack))
  if (config.values['crash-log-enabled']) {
    const line = (client: Client): string => clientLine(client, server.keyspace.time.now(), null)
    const parts: readonly (readonly [title: string, text: () => string])[] = [
      ['INFO OUTPUT', () => server.info(['everything'])],
      ['CLIENT LIST OUTPUT', () => [...server.clients.values()].map(line).join('\n')],
      ['CURRENT CLIENT INFO', () => (server.serving === null ? 'none' : line(server.serving))],
      ['CONFIG DEBUG OUTPUT', () => changedDirectives(server)],
    ]
    for (const [title, text] of parts) log.raw('warning', section(title, attempt(text)))
  }
  log.raw('warning', END)
}

/** In a server that has just crashed nothing can be relied on. */
function attempt(text: () => string): string {
  try {
    return text()
  } catch (error) {
    return `(${error instanceof Error ? error.message : error})`
  }
}

function section(title: string, text: string): string {
  return `\n${RULE} ${title} ${RULE}\n${text.replaceAll('\r\n', '\n').trim()}\n`
}

/** The directives that differ from their defaults, but for passwords. */
function changedDirectives({ config }: ServerApi): string {
  const lines: string[] = []
  for (const name of Object.keys(directives)) {
    const directive = spellings.get(name)?.directive
    if (directive === undefined || (directive.flags & SENSITIVE) !== 0) continue
    const text = config.text(name) ?? ''
    if (text !== directive.format(directive.default)) lines.push(`${name} ${quoteArg(text)}`)
  }
  return lines.join('\n')
}
