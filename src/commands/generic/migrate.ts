/** MIGRATE: moves keys to another server. Source of behaviour: migrateCommand in Redis's cluster.c. */
import { performance } from '../../clock/platform.js'
import type { Request } from '../../resp/request.js'
import { replyAndGoOn, unblockWithError } from '../blocking/unblock.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import { findMigrateKeys } from '../find-keys.js'
import {
  type CommandSpec,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_INCOMPLETE,
  KEY_RW,
  type KeySpec,
  keyRange,
  WRITE,
} from '../spec.js'
import { Migration, type MigrationPlan } from './migration.js'

const DEFAULT_TIMEOUT_MS = 1000
/** The longest that a timer of Node's can wait. */
const TIMER_MAX_MS = 2 ** 31 - 1
const FIRST_OPTION = 6

const KEY_FLAGS = KEY_RW | KEY_ACCESS | KEY_DELETE
const KEYS_BEHIND_KEYWORD: KeySpec = {
  flags: KEY_FLAGS | KEY_INCOMPLETE,
  begin: { type: 'keyword', keyword: 'keys', startFrom: -2 },
  find: { type: 'range', last: -1, step: 1, limit: 0 },
}

export const migrateCommands: CommandSpec[] = [
  {
    name: 'migrate',
    arity: -6,
    flags: WRITE,
    keys: [keyRange(KEY_FLAGS, 3), KEYS_BEHIND_KEYWORD],
    findKeys: findMigrateKeys,
    group: 'generic',
    since: '2.6.0',
    summary: 'Moves keys to another server.',
    complexity: 'O(N) here and there, N is the size of the values',
    history: [
      ['3.0.0', 'COPY and REPLACE are new.'],
      ['3.0.6', 'KEYS is new.'],
      ['4.0.7', 'AUTH is new.'],
      ['6.0.0', 'AUTH2 is new.'],
    ],
    categories: ['dangerous'],
    tips: ['nondeterministic_output'],
    arguments: [
      { name: 'host', type: 'string' },
      { name: 'port', type: 'integer' },
      {
        name: 'key-selector',
        type: 'oneof',
        arguments: [
          { name: 'key', type: 'key', keySpecIndex: 0 },
          { name: 'empty-string', type: 'pure-token', token: '' },
        ],
      },
      { name: 'destination-db', type: 'integer' },
      { name: 'timeout', type: 'integer' },
      { name: 'copy', type: 'pure-token', token: 'COPY', optional: true, since: '3.0.0' },
      { name: 'replace', type: 'pure-token', token: 'REPLACE', optional: true, since: '3.0.0' },
      {
        name: 'authentication',
        type: 'oneof',
        optional: true,
        arguments: [
          { name: 'auth', type: 'string', token: 'AUTH', displayText: 'password', since: '4.0.7' },
          {
            name: 'auth2',
            type: 'block',
            token: 'AUTH2',
            since: '6.0.0',
            arguments: [
              { name: 'username', type: 'string' },
              { name: 'password', type: 'string' },
            ],
          },
        ],
      },
      {
        name: 'keys',
        type: 'key',
        token: 'KEYS',
        displayText: 'key',
        keySpecIndex: 1,
        optional: true,
        multiple: true,
        since: '3.0.6',
      },
    ],
    secrets: credentials,
    run: migrate,
  },
]

/** Numbers of the arguments that are user names and passwords. */
function credentials(args: Request): number[] {
  const found: number[] = []
  for (let i = FIRST_OPTION; i < args.argc && !args.is(i, 'keys'); i++) {
    const secrets = args.is(i, 'auth') ? 1 : args.is(i, 'auth2') ? 2 : 0
    for (let n = 0; n < secrets && i + 1 < args.argc; n++) found.push(++i)
  }
  return found
}

interface MigrateOptions {
  copy: boolean
  replace: boolean
  auth: readonly string[] | null
  firstKey: number
  /** Argument behind the last key. */
  behindKeys: number
}

/** The options; replies the error and returns null when they make no sense. */
function readOptions({ args, reply }: CommandContext): MigrateOptions | null {
  const options: MigrateOptions = { copy: false, replace: false, auth: null, firstKey: 3, behindKeys: 4 }
  for (let i = FIRST_OPTION; i < args.argc; i++) {
    const more = args.argc - i - 1
    if (args.is(i, 'copy')) options.copy = true
    else if (args.is(i, 'replace')) options.replace = true
    else if (args.is(i, 'auth') && more >= 1) options.auth = [args.latin1(++i)]
    else if (args.is(i, 'auth2') && more >= 2) options.auth = [args.latin1(++i), args.latin1(++i)]
    else if (args.is(i, 'keys')) {
      if (args.length(3) !== 0) {
        reply.error('ERR When using MIGRATE KEYS option, the key argument must be set to the empty string')
        return null
      }
      options.firstKey = i + 1
      options.behindKeys = args.argc
      break
    } else {
      reply.error(SYNTAX_ERROR)
      return null
    }
  }
  return options
}

/** MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH password | AUTH2 user password] [KEYS key ...]. */
function migrate(ctx: CommandContext): void {
  const { args, client, command, db, reply, server } = ctx
  const options = readOptions(ctx)
  if (options === null) return
  const timeout = args.int64(5)
  const database = timeout === null ? null : args.int64(4)
  if (timeout === null || database === null) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  const keys: string[] = []
  for (let i = options.firstKey; i < options.behindKeys; i++) if (ctx.findForRead(i) !== 0) keys.push(args.latin1(i))
  if (keys.length === 0) {
    reply.simple('NOKEY')
    return
  }
  if (ctx.inTransaction) {
    reply.error('ERR MIGRATE is not possible inside a transaction here: its reply takes a while to come')
    return
  }
  const plan: MigrationPlan = {
    host: args.latin1(1),
    port: args.latin1(2),
    database,
    timeoutMs: timeout <= 0n ? DEFAULT_TIMEOUT_MS : Math.min(Number(timeout), TIMER_MAX_MS),
    copy: options.copy,
    replace: options.replace,
    auth: options.auth,
  }
  const request = args.clone()
  const startedMs = performance.now()
  let gone = false
  client.blocked = {
    kind: 'migrate',
    // What has begun goes on: the target may have the keys already.
    cancel: () => {
      gone = true
    },
    timeOut: null,
  }
  void new Migration(server, db, plan, keys).run().then(text => {
    if (gone) return
    client.lastWriteOffset = server.replication.offset
    const reply = Buffer.from(`${text}\r\n`, 'latin1')
    server.logWaited(client, command, request, performance.now() - startedMs, reply.length)
    if (text.startsWith('-')) unblockWithError(server, client, text.slice(1))
    else replyAndGoOn(server, client, reply)
  })
}
