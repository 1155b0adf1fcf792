/** FLUSHDB and FLUSHALL. Source of behaviour: Redis's db.c. */
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { type ArgumentDoc, type CommandSpec, WRITE } from '../spec.js'

const CATEGORIES = ['keyspace', 'dangerous']
const TIPS = ['request_policy:all_shards', 'response_policy:all_succeeded']
const ARGUMENTS: ArgumentDoc[] = [
  {
    name: 'flush-type',
    type: 'oneof',
    optional: true,
    arguments: [
      { name: 'async', type: 'pure-token', token: 'ASYNC', since: '4.0.0' },
      { name: 'sync', type: 'pure-token', token: 'SYNC', since: '6.2.0' },
    ],
  },
]

const MODES_CAME = [
  ['4.0.0', 'ASYNC came.'],
  ['6.2.0', 'SYNC came.'],
] as const

export const flushCommands: CommandSpec[] = [
  {
    name: 'flushdb',
    arity: -1,
    flags: WRITE,
    group: 'server',
    since: '1.0.0',
    summary: 'Removes all keys of the database.',
    complexity: 'O(1); the memory is freed in the background',
    history: MODES_CAME,
    categories: CATEGORIES,
    tips: TIPS,
    arguments: ARGUMENTS,
    run: flushDatabase,
  },
  {
    name: 'flushall',
    arity: -1,
    flags: WRITE,
    group: 'server',
    since: '1.0.0',
    summary: 'Removes all keys of all databases.',
    complexity: 'O(N), N is the number of databases',
    history: MODES_CAME,
    categories: CATEGORIES,
    tips: TIPS,
    arguments: ARGUMENTS,
    run: flushAll,
  },
]

/** Whether to flush lazily (see store/lazyfree.ts for what that means here); replies the error and returns null. */
function readLaziness({ args, keyspace, reply }: CommandContext): boolean | null {
  if (args.argc === 1) return keyspace.lazyfree.userFlush
  if (args.argc === 2 && args.is(1, 'async')) return true
  if (args.argc === 2 && args.is(1, 'sync')) return false
  reply.error(SYNTAX_ERROR)
  return null
}

/** Replicas get the command even if there was nothing to remove here: they may know keys of their own. */
function propagateVerbatim(ctx: CommandContext): void {
  const name = ctx.command.fullName.toUpperCase()
  if (ctx.args.argc === 1) ctx.propagateAs(name)
  else ctx.propagateAs(name, ctx.args.view(1))
}

function flushDatabase(ctx: CommandContext): void {
  const lazy = readLaziness(ctx)
  if (lazy === null) return
  ctx.keyspace.dirty += ctx.db.flush(lazy)
  propagateVerbatim(ctx)
  ctx.reply.ok()
}

function flushAll(ctx: CommandContext): void {
  const lazy = readLaziness(ctx)
  if (lazy === null) return
  const { keyspace, server } = ctx
  // What a save under way has written so far would bring the keys back.
  server.saver.abortSave()
  keyspace.dirty += keyspace.flushAll(lazy)
  // With save points the file is made empty too, at once.
  if (server.config.values.save.length > 0) server.saver.saveNow()
  propagateVerbatim(ctx)
  ctx.reply.ok()
}
