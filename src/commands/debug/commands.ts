/**
 * DEBUG: what tests need to see or to force. Its subcommands are no commands of their own in Redis (no arity, no COMMAND
 * entry), so they have a table of their own here.
 */

import { globMatch } from '../../bytes/glob.js'
import { parseSafeInteger } from '../../bytes/integers.js'
import { REDIS_VERSION } from '../../config/version.js'
import type { Request } from '../../resp/request.js'
import { replyAndGoOn } from '../blocking/unblock.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'
import { type HelpEntry, replyHelp, subcommandSyntaxError } from '../help.js'
import { addressOf } from '../lookup.js'
import { ADMIN, type CommandSpec, LOADING, NOSCRIPT, PROTECTED, STALE } from '../spec.js'
import { datasetDigest, valueDigest } from './digest.js'
import { debugListpack, debugObject, debugTableStats, debugTableStatsOfKey } from './object.js'
import { debugPopulate } from './populate.js'
import { debugProtocol } from './protocol.js'
import { debugPackedThreshold, debugQuicklist } from './quicklist.js'
import { debugReload } from './reload.js'
import { debugReplyBuffer } from './reply-buffer.js'

export const debugCommands: CommandSpec[] = [
  {
    name: 'debug',
    arity: -2,
    flags: ADMIN | NOSCRIPT | LOADING | STALE | PROTECTED,
    group: 'server',
    since: '1.0.0',
    summary: 'The commands for tests of the server itself.',
    complexity: 'Depends on subcommand.',
    isSystemCommand: true,
    run: debug,
  },
]

interface DebugSubcommand extends HelpEntry {
  readonly name: string
  /** Numbers of arguments, with DEBUG and the name. */
  readonly min: number
  readonly max: number
  readonly run: (ctx: CommandContext) => void
}

const ANY_NUMBER = Number.POSITIVE_INFINITY
const MAX_SLEEP_MS = 2 ** 31 - 1

const subcommands: readonly DebugSubcommand[] = [
  entry('assert', 2, 2, 'ASSERT', 'Ends the server as a failed assertion does.', crash),
  entry(
    'aof-flush-sleep',
    3,
    3,
    'AOF-FLUSH-SLEEP <microsec>',
    'Makes every write of the append-only file take so much longer.',
    aofFlushSleep,
  ),
  entry('change-repl-id', 2, 2, 'CHANGE-REPL-ID', 'Gives the data set new replication IDs.', changeReplicationId),
  entry(
    'config-rewrite-force-all',
    2,
    2,
    'CONFIG-REWRITE-FORCE-ALL',
    'Rewrites the config file with every directive, defaults too.',
    configRewriteForceAll,
  ),
  entry(
    'crash-and-recover',
    2,
    3,
    'CRASH-AND-RECOVER [<milliseconds>]',
    'Not supported: start the server again from outside.',
    restart,
  ),
  entry('digest', 2, 2, 'DIGEST', 'Shows a digest of all data.', ctx => ctx.reply.simple(datasetDigest(ctx.keyspace))),
  entry('digest-value', 2, ANY_NUMBER, 'DIGEST-VALUE <key> [<key> ...]', 'Shows a digest of each value.', digestValue),
  entry('error', 3, 3, 'ERROR <string>', 'Replies with the string as an error.', error),
  entry('htstats', 3, 4, 'HTSTATS <dbid> [full]', "Shows figures of a database's hash tables.", debugTableStats),
  entry(
    'htstats-key',
    3,
    4,
    'HTSTATS-KEY <key> [full]',
    'Shows figures of the hash table that is a value.',
    debugTableStatsOfKey,
  ),
  entry('listpack', 3, 3, 'LISTPACK <key>', 'Logs figures of the listpack that is a value.', debugListpack),
  entry('loadaof', 2, 2, 'LOADAOF', 'Loads the append-only file.', loadAppendOnlyFile),
  entry('log', 3, 3, 'LOG <message>', 'Writes a message into the log.', log),
  entry('object', 3, 3, 'OBJECT <key>', 'Shows how a value is stored.', debugObject),
  entry('oom', 2, 2, 'OOM', 'Ends the server as running out of memory does.', crash),
  entry('panic', 2, 2, 'PANIC', 'Ends the server at once.', crash),
  entry('pause-cron', 3, 3, 'PAUSE-CRON <0|1>', 'Stops or resumes the housekeeping by the clock.', pauseCron),
  entry('populate', 3, 5, 'POPULATE <count> [<prefix>] [<size>]', 'Creates string keys.', debugPopulate),
  entry('protocol', 3, 3, 'PROTOCOL <type>', 'Replies with a value of a protocol type.', debugProtocol),
  entry('quicklist', 3, 4, 'QUICKLIST <key> [<0|1>]', 'Logs figures of the quicklist that is a value.', debugQuicklist),
  entry(
    'quicklist-packed-threshold',
    3,
    3,
    'QUICKLIST-PACKED-THRESHOLD <size>',
    'Elements of a list from this size on get nodes of their own (1b to 4gb; 0 for the default, 1gb).',
    debugPackedThreshold,
  ),
  entry(
    'reload',
    2,
    ANY_NUMBER,
    'RELOAD [MERGE] [NOFLUSH] [NOSAVE]',
    'Saves all data and loads it again; NOSAVE: without saving, NOFLUSH: on top of what is there, MERGE: keys may exist.',
    debugReload,
  ),
  entry('replicate', 3, ANY_NUMBER, 'REPLICATE <command> [<arg> ...]', 'Sends a command to replicas only.', replicate),
  entry(
    'replybuffer',
    4,
    4,
    'REPLYBUFFER <PEAK-RESET-TIME|RESIZING> <value>',
    'How long the peaks of replies count in CLIENT LIST (NEVER, RESET or milliseconds), and whether at all (0 or 1).',
    debugReplyBuffer,
  ),
  entry('restart', 2, 3, 'RESTART [<milliseconds>]', 'Not supported: start the server again from outside.', restart),
  entry('segfault', 2, 2, 'SEGFAULT', 'Ends the server at once.', crash),
  entry(
    'set-disable-deny-scripts',
    3,
    3,
    'SET-DISABLE-DENY-SCRIPTS <0|1>',
    'Lets scripts call commands that are not for them.',
    ctx => {
      ctx.server.scripts.mayCallAll = isOn(ctx.args, 2)
      ctx.reply.ok()
    },
  ),
  entry('set-active-expire', 3, 3, 'SET-ACTIVE-EXPIRE <0|1>', 'Stops or starts the active expiry.', setActiveExpire),
  entry('sleep', 3, 3, 'SLEEP <seconds>', 'Stops the whole server for a while; decimals allowed.', sleep),
  entry('stringmatch-test', 2, 2, 'STRINGMATCH-TEST', 'Matches random patterns and strings.', stringMatchTest),
  entry('structsize', 2, 2, 'STRUCTSIZE', 'Shows the sizes of what data is stored in.', structSize),
  // Switches of Redis's internals that have no counterpart here: accepted, so that its tests run.
  entry('dict-resizing', 3, 3, 'DICT-RESIZING <0|1>', 'Accepted without effect.', acceptNumber),
  entry(
    'set-skip-checksum-validation',
    3,
    3,
    'SET-SKIP-CHECKSUM-VALIDATION <0|1>',
    'Lets RESTORE take payloads with wrong checksums, or not.',
    setSkipChecksums,
  ),
]

const byName = new Map(subcommands.map(subcommand => [subcommand.name, subcommand]))

function entry(
  name: string,
  min: number,
  max: number,
  syntax: string,
  text: string,
  run: (ctx: CommandContext) => void,
): DebugSubcommand {
  return { name, min, max, syntax, text, run }
}

/** DEBUG subcommand [arg ...]. */
function debug(ctx: CommandContext): void {
  const { args, reply } = ctx
  const name = args.lower(1)
  if (name === 'help' && args.argc === 2) {
    replyHelp(ctx, 'debug', subcommands)
    return
  }
  const subcommand = byName.get(name)
  if (subcommand === undefined || args.argc < subcommand.min || args.argc > subcommand.max) {
    reply.error(subcommandSyntaxError(args, 'DEBUG'))
    return
  }
  subcommand.run(ctx)
}

function acceptNumber({ args, reply }: CommandContext): void {
  if (args.int64(2) === null) reply.error(NOT_AN_INTEGER)
  else reply.ok()
}

function crash({ args, server }: CommandContext): void {
  const name = args.latin1(1).toUpperCase()
  server.crash(
    name === 'SEGFAULT'
      ? `Redis ${REDIS_VERSION} crashed by signal: 11`
      : `DEBUG ${name} called at Unix time ${Math.floor(server.keyspace.time.now() / 1000)}`,
  )
}

function restart({ reply, server }: CommandContext): void {
  server.log.warning('DEBUG RESTART and CRASH-AND-RECOVER are not supported: a process cannot replace itself here')
  reply.error('ERR failed to restart the server. Check server logs.')
}

function aofFlushSleep({ args, reply, server }: CommandContext): void {
  const microseconds = args.int64(2)
  if (microseconds === null) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  server.aof.log.flushSleepMs = Math.max(0, Number(microseconds) / 1000)
  reply.ok()
}

/** All data give way to those of the append-only file, in slices: the client waits, others get -LOADING. */
function loadAppendOnlyFile({ client, server }: CommandContext): void {
  client.blocked = { kind: 'load', cancel: () => {}, timeOut: null }
  server.afterTurn(() => {
    server.reloadAppendOnlyFile().then(loaded => {
      const reply = loaded ? '+OK\r\n' : '-ERR Error trying to load the AOF files, check server logs.\r\n'
      replyAndGoOn(server, client, Buffer.from(reply, 'latin1'))
    })
  })
}

function changeReplicationId({ reply, server }: CommandContext): void {
  server.log.notice('Changing replication IDs after receiving DEBUG change-repl-id')
  server.replication.changeId()
  reply.ok()
}

function configRewriteForceAll({ reply, server }: CommandContext): void {
  const error = server.config.rewrite({ all: true })
  if (error === null) reply.ok()
  else reply.error(error.replace(/^ERR (Rewriting config file: )?/, 'ERR CONFIG-REWRITE-FORCE-ALL failed: '))
}

/** Keys whose time is up count as well. */
function digestValue({ args, db, reply }: CommandContext): void {
  reply.array(args.argc - 2)
  for (let i = 2; i < args.argc; i++) reply.simple(valueDigest(db, addressOf(db, args.view(i))))
}

/** No error of this server's: INFO does not count it. */
function error({ args, reply }: CommandContext): void {
  reply.append(Buffer.from(`-${args.latin1(2).replace(/[\r\n]/g, ' ')}\r\n`, 'latin1'))
}

function log({ args, reply, server }: CommandContext): void {
  server.log.warning(`DEBUG LOG: ${args.latin1(2)}`)
  reply.ok()
}

function replicate(ctx: CommandContext): void {
  const { args } = ctx
  ctx.propagateArguments(Array.from({ length: args.argc - 2 }, (_, i) => args.copy(i + 2)))
  ctx.reply.ok()
}

function pauseCron({ args, reply, server }: CommandContext): void {
  server.cronPaused = isOn(args, 2)
  reply.ok()
}

/** Whether a switch is on; what is no number counts as 0. */
function isOn({ buffer, ends, starts }: Request, index: number): boolean {
  const value = parseSafeInteger(buffer, starts[index], ends[index])
  return !Number.isNaN(value) && value !== 0
}

function setActiveExpire({ args, reply, server }: CommandContext): void {
  server.activeExpire = isOn(args, 2)
  reply.ok()
}

function setSkipChecksums({ args, reply, server }: CommandContext): void {
  server.skipsChecksums = isOn(args, 2)
  reply.ok()
}

/** Stops the process, not only this client: that is what the tests that use it want to see. */
function sleep({ args, reply }: CommandContext): void {
  const seconds = Number.parseFloat(args.latin1(2))
  if (seconds > 0) {
    const nobodyWakes = new Int32Array(new SharedArrayBuffer(4))
    Atomics.wait(nobodyWakes, 0, 0, Math.min(seconds * 1000, MAX_SLEEP_MS))
  }
  reply.ok()
}

const RANDOM_MATCHES = 10_000
const RANDOM_BYTES = 32

/** No pattern may crash the matcher or keep it busy. */
function stringMatchTest({ reply }: CommandContext): void {
  const symbols = Buffer.from('*?[]^-\\abcABC\0\xff', 'latin1')
  const random = (): Buffer =>
    Buffer.from(
      Array.from({ length: Math.random() * RANDOM_BYTES }, () => symbols[(Math.random() * symbols.length) | 0]),
    )
  for (let i = 0; i < RANDOM_MATCHES; i++) globMatch(random(), random(), (i & 1) === 0)
  reply.simple('Apparently Redis did not crash: test passed')
}

/** Bytes of an entry's head, of an expiry and of an entry's place in a hash table. */
function structSize({ reply }: CommandContext): void {
  reply.bulkText('bits:64 robj:12 expiry:8 dictentry:5 ')
}
