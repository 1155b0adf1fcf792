/** FLUSHDB and FLUSHALL. Source of behaviour: Redis's db.c. */
import { type CommandContext, SYNTAX_ERROR } from './context.js'
import { type ArgumentDoc, type CommandSpec, WRITE } from './spec.js'

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

/** Whether the one option there may be is right; replies the error. Both ways free memory in the background here. */
function optionsAreValid(ctx: CommandContext): boolean {
  const { args } = ctx
  if (args.argc === 1 || (args.argc === 2 && (args.is(1, 'async') || args.is(1, 'sync')))) return true
  ctx.reply.error(SYNTAX_ERROR)
  return false
}

/** Replicas get the command even if there was nothing to remove here: they may know keys of their own. */
function propagateVerbatim(ctx: CommandContext): void {
  const name = ctx.command.fullName.toUpperCase()
  if (ctx.args.argc === 1) ctx.propagateAs(name)
  else ctx.propagateAs(name, ctx.args.view(1))
}

function flushDatabase(ctx: CommandContext): void {
  if (!optionsAreValid(ctx)) return
  ctx.keyspace.dirty += ctx.db.flush()
  propagateVerbatim(ctx)
  ctx.reply.ok()
}

function flushAll(ctx: CommandContext): void {
  if (!optionsAreValid(ctx)) return
  const { keyspace, server } = ctx
  // What a save under way has written so far would bring the keys back.
  server.saver.abort()
  keyspace.dirty += keyspace.flushAll()
  // With save points the file is made empty too, at once.
  if (server.config.values.save.length > 0) server.saver.saveNow()
  propagateVerbatim(ctx)
  ctx.reply.ok()
}
