/** COPY. Source of behaviour: copyCommand in Redis's db.c. */
import { EVENT_GENERIC } from '../../config/keyspace-events.js'
import type { Database } from '../../store/database.js'
import { beginCopy, copyValue } from '../../types/kinds.js'
import type { ValueCopy } from '../../types/value-copy.js'
import { prepareInSlices } from '../blocking/preparations.js'
import { mayWait } from '../blocking/wait-for-keys.js'
import { type CommandContext, SAME_OBJECT, SYNTAX_ERROR } from '../context.js'
import { readDatabase } from '../database-argument.js'
import { type CommandSpec, DENYOOM, KEY_ACCESS, KEY_OW, KEY_RO, KEY_UPDATE, keyRange, WRITE } from '../spec.js'

export const copyCommands: CommandSpec[] = [
  {
    name: 'copy',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: [keyRange(KEY_RO | KEY_ACCESS, 1), keyRange(KEY_OW | KEY_UPDATE, 2)],
    group: 'generic',
    since: '6.2.0',
    summary: 'Copies the value of a key, with its expiry, to another key or another database.',
    complexity: 'O(N), N is the number of elements of the value; O(1) for strings',
    arguments: [
      { name: 'source', type: 'key', keySpecIndex: 0 },
      { name: 'destination', type: 'key', keySpecIndex: 1 },
      { name: 'destination-db', type: 'integer', token: 'DB', optional: true },
      { name: 'replace', type: 'pure-token', token: 'REPLACE', optional: true },
    ],
    run: copy,
  },
]

interface CopyOptions {
  readonly target: Database
  readonly replace: boolean
}

/** The options; replies the error and returns null when they make no sense. */
function readOptions(ctx: CommandContext): CopyOptions | null {
  const { args, reply } = ctx
  let target = ctx.db
  let replace = false
  for (let i = 3; i < args.argc; i++) {
    if (args.is(i, 'replace')) replace = true
    else if (args.is(i, 'db') && i + 1 < args.argc) {
      const database = readDatabase(ctx, ++i)
      if (database === null) return null
      target = database
    } else {
      reply.error(SYNTAX_ERROR)
      return null
    }
  }
  return { target, replace }
}

/** The copy of the command that is being run again, null for none; or that there was one, of what is no more. */
let ready: ValueCopy | 'outdated' | null = null

/** Begins a copy in slices, when that is called for: the command will be run again with it. */
function copiesLater(ctx: CommandContext, source: number): boolean {
  if (ready !== null || !mayWait(ctx) || ctx.inScript) return false
  const copy = beginCopy(ctx.keyspace, source)
  if (copy === null) return false
  prepareInSlices(ctx, [ctx.args.latin1(1)], copy, (changed, runAgain) => {
    ready = changed ? 'outdated' : copy
    runAgain()
    ready = null
    copy.close()
  })
  return true
}

/** COPY source destination [DB destination-db] [REPLACE]. Integer reply: 1 when it was copied. */
function copy(ctx: CommandContext): void {
  const { args, db, reply } = ctx
  const options = readOptions(ctx)
  if (options === null) return
  const { target, replace } = options
  if (target === db && args.view(1).equals(args.view(2))) {
    reply.error(SAME_OBJECT)
    return
  }
  const source = ctx.findForRead(1)
  if (source === 0) {
    reply.integer(0)
    return
  }
  const { buffer, starts, ends } = args
  const overwritten = target.findForWrite(buffer, starts[2], ends[2])
  if (overwritten !== 0 && !replace) {
    reply.integer(0)
    return
  }
  if (copiesLater(ctx, source)) return
  if (overwritten !== 0) target.remove(overwritten)
  copyValue(db, source, target, buffer, starts[2], ends[2], ready === 'outdated' ? null : ready)
  target.touch(buffer, starts[2], ends[2])
  ctx.notify(EVENT_GENERIC, 'copy_to', 2, target)
  reply.integer(1)
}
