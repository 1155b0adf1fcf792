/** FCALL and FCALL_RO. Source of behaviour: Redis's functions.c. */
import { parseInt64 } from '../../bytes/integers.js'
import type { Request } from '../../resp/request.js'
import type { CommandContext } from '../context.js'
import {
  type ArgumentDoc,
  type CommandSpec,
  countedKeys,
  KEY_ACCESS,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  MAY_REPLICATE,
  NO_MANDATORY_KEYS,
  NOSCRIPT,
  READONLY,
  RUNS_SCRIPT,
  SKIP_MONITOR,
  STALE,
} from '../spec.js'
import { prepareRun } from './prepare.js'

const FLAGS = NOSCRIPT | SKIP_MONITOR | NO_MANDATORY_KEYS | STALE | RUNS_SCRIPT
const COMPLEXITY = 'Depends on the function that is executed.'

const ARGUMENTS: ArgumentDoc[] = [
  { name: 'function', type: 'string' },
  { name: 'numkeys', type: 'integer' },
  { name: 'key', type: 'key', keySpecIndex: 0, optional: true, multiple: true },
  { name: 'arg', type: 'string', optional: true, multiple: true },
]

export const fcallCommands: CommandSpec[] = [
  {
    name: 'fcall',
    arity: -3,
    flags: FLAGS | MAY_REPLICATE,
    keys: [
      countedKeys(
        KEY_RW | KEY_ACCESS | KEY_UPDATE,
        2,
        'We cannot tell how the keys will be used so we assume the worst, RW and UPDATE',
      ),
    ],
    group: 'scripting',
    since: '7.0.0',
    summary: 'Calls a function of a library.',
    complexity: COMPLEXITY,
    categories: ['scripting'],
    arguments: ARGUMENTS,
    run: ctx => call(ctx, false),
  },
  {
    name: 'fcall_ro',
    arity: -3,
    flags: FLAGS | READONLY,
    keys: [
      countedKeys(
        KEY_RO | KEY_ACCESS,
        2,
        'We cannot tell how the keys will be used so we assume the worst, RO and ACCESS',
      ),
    ],
    group: 'scripting',
    since: '7.0.0',
    summary: 'Calls a function of a library that only reads.',
    complexity: COMPLEXITY,
    categories: ['scripting'],
    arguments: ARGUMENTS,
    run: ctx => call(ctx, true),
  },
]

/** FCALL function numkeys [key ...] [arg ...]. The reply is the function's. */
function call(ctx: CommandContext, readOnly: boolean): void {
  const { args, reply, server } = ctx
  const { scripts } = server
  scripts.showRequest(ctx)
  const called = scripts.functions.find(args.lower(1))
  if (called === undefined) {
    reply.error('ERR Function not found')
    return
  }
  const keys = readKeyCount(args)
  if (typeof keys === 'string') {
    reply.error(keys)
    return
  }
  const { flags, library, name } = called
  const run = prepareRun(ctx, name, false, flags, readOnly)
  if (typeof run === 'string') {
    reply.error(run)
    return
  }
  const reference = library.referenceOf(called, scripts.engine)
  if (typeof reference === 'string') {
    reply.error(`ERR ${reference}`)
    return
  }
  const { argc, buffer, ends, starts } = args
  scripts.run(ctx, run, reference, { buffer, starts, ends, first: 3, keys, end: argc })
}

/** How many keys there are by argument 2, or an error: EVAL's is another one for what is no number. */
function readKeyCount(args: Request): number | string {
  const keys = parseInt64(args.buffer, args.starts[2], args.ends[2])
  if (keys === null) return 'ERR Bad number of keys provided'
  if (keys > BigInt(args.argc - 3)) return "ERR Number of keys can't be greater than number of args"
  if (keys < 0n) return "ERR Number of keys can't be negative"
  return Number(keys)
}
