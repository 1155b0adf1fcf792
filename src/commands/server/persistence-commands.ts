/** SAVE, BGSAVE and LASTSAVE: the RDB file by command. */
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { ADMIN, type CommandSpec, FAST, LOADING, NO_ASYNC_LOADING, NO_MULTI, NOSCRIPT, STALE } from '../spec.js'

const IN_PROGRESS = 'ERR Background save already in progress'

export const persistenceCommands: CommandSpec[] = [
  {
    name: 'save',
    arity: 1,
    flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING | NO_MULTI,
    group: 'server',
    since: '1.0.0',
    summary: 'Saves all databases to disk while everything else waits.',
    complexity: 'O(N) where N is the total number of keys in all databases',
    run: save,
  },
  {
    name: 'bgsave',
    arity: -1,
    flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING,
    group: 'server',
    since: '1.0.0',
    summary: 'Saves all databases to disk as they are now, in the background.',
    complexity: 'O(1)',
    history: [['3.2.2', 'SCHEDULE came.']],
    arguments: [{ name: 'schedule', type: 'pure-token', token: 'SCHEDULE', optional: true, since: '3.2.2' }],
    run: bgsave,
  },
  {
    name: 'bgrewriteaof',
    arity: 1,
    flags: ADMIN | NOSCRIPT | NO_ASYNC_LOADING,
    group: 'server',
    since: '1.0.0',
    summary: 'Makes the append-only file anew, in the background: the least that makes the data as they are now.',
    complexity: 'O(1)',
    run: bgrewriteaof,
  },
  {
    name: 'lastsave',
    arity: 1,
    flags: LOADING | STALE | FAST,
    group: 'server',
    since: '1.0.0',
    summary: 'Returns the Unix time of the last successful save.',
    complexity: 'O(1)',
    categories: ['admin', 'dangerous'],
    tips: ['nondeterministic_output'],
    run: ctx => ctx.reply.integer(ctx.server.saver.lastSaveSeconds),
  },
]

function save({ reply, server }: CommandContext): void {
  if (server.saver.inProgress) {
    reply.error(IN_PROGRESS)
    return
  }
  // What went wrong is in the log; a client is told no more than Redis tells it.
  const error = server.saver.saveNow()
  if (error === null) reply.ok()
  else reply.error(error)
}

/** BGREWRITEAOF. As a save, it is left to the server's cron inside EXEC, and while another snapshot is under way. */
function bgrewriteaof({ inTransaction, reply, server }: CommandContext): void {
  switch (server.aof.rewriting.request(inTransaction)) {
    case 'started':
      reply.simple('Background append only file rewriting started')
      break
    case 'scheduled':
      reply.simple('Background append only file rewriting scheduled')
      break
    case 'in-progress':
      reply.error('ERR Background append only file rewriting already in progress')
      break
    case 'failed':
      reply.error("ERR Can't execute an AOF background rewriting. Please check the server logs for more information.")
  }
}

/**
 * BGSAVE [SCHEDULE]. While another save is under way that is an error with SCHEDULE as without. Inside EXEC the save is left to the
 * server's cron, so that it sees the transaction as a whole.
 */
function bgsave({ args, inTransaction, reply, server }: CommandContext): void {
  const { saver } = server
  if (args.argc > 2 || (args.argc === 2 && !args.is(1, 'schedule'))) {
    reply.error(SYNTAX_ERROR)
    return
  }
  if (saver.inProgress) {
    reply.error(IN_PROGRESS)
    return
  }
  if (saver.isBusy && args.argc === 1 && !inTransaction) {
    reply.error(
      "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
    )
    return
  }
  if (inTransaction || saver.isBusy) {
    saver.scheduleSave()
    reply.simple('Background saving scheduled')
    return
  }
  switch (saver.backgroundSave()) {
    case 'started':
      reply.simple('Background saving started')
      break
    case 'scheduled':
      reply.simple('Background saving scheduled')
      break
    case 'in-progress':
      reply.error(IN_PROGRESS)
      break
    case 'failed':
      reply.error('ERR')
  }
}
