/** EVAL, EVALSHA and their read-only forms. Source of behaviour: Redis's eval.c. */

import { parseInt64 } from '../../bytes/integers.js'
import type { Request } from '../../resp/request.js'
import type { CommandContext } from '../context.js'
import { NOT_AN_INTEGER } from '../context.js'
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
const WRITING = FLAGS | MAY_REPLICATE
const READING = FLAGS | READONLY
const KEYS = [
  countedKeys(
    KEY_RW | KEY_ACCESS | KEY_UPDATE,
    2,
    'We cannot tell how the keys will be used so we assume the worst, RW and UPDATE',
  ),
]
const READ_KEYS = [
  countedKeys(KEY_RO | KEY_ACCESS, 2, 'We cannot tell how the keys will be used so we assume the worst, RO and ACCESS'),
]
const NO_SCRIPT = 'NOSCRIPT No matching script. Please use EVAL.'

function argumentsOf(first: string): ArgumentDoc[] {
  return [
    { name: first, type: 'string' },
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpecIndex: 0, optional: true, multiple: true },
    { name: 'arg', type: 'string', optional: true, multiple: true },
  ]
}

export const evalCommands: CommandSpec[] = [
  {
    name: 'eval',
    arity: -3,
    flags: WRITING,
    keys: KEYS,
    group: 'scripting',
    since: '2.6.0',
    summary: 'Runs a Lua script.',
    complexity: 'Depends on the script that is executed.',
    categories: ['scripting'],
    arguments: argumentsOf('script'),
    run: ctx => evaluate(ctx, false, false),
  },
  {
    name: 'evalsha',
    arity: -3,
    flags: WRITING,
    keys: [countedKeys(KEY_RW | KEY_ACCESS | KEY_UPDATE, 2)],
    group: 'scripting',
    since: '2.6.0',
    summary: 'Runs a Lua script that the server knows, by its SHA1.',
    complexity: 'Depends on the script that is executed.',
    categories: ['scripting'],
    arguments: argumentsOf('sha1'),
    run: ctx => evaluate(ctx, true, false),
  },
  {
    name: 'eval_ro',
    arity: -3,
    flags: READING,
    keys: READ_KEYS,
    group: 'scripting',
    since: '7.0.0',
    summary: 'Runs a Lua script that only reads.',
    complexity: 'Depends on the script that is executed.',
    categories: ['scripting'],
    arguments: argumentsOf('script'),
    run: ctx => evaluate(ctx, false, true),
  },
  {
    name: 'evalsha_ro',
    arity: -3,
    flags: READING,
    keys: [countedKeys(KEY_RO | KEY_ACCESS, 2)],
    group: 'scripting',
    since: '7.0.0',
    summary: 'Runs a Lua script that the server knows, by its SHA1, and that only reads.',
    complexity: 'Depends on the script that is executed.',
    categories: ['scripting'],
    arguments: argumentsOf('sha1'),
    run: ctx => evaluate(ctx, true, true),
  },
]

function evaluate(ctx: CommandContext, bySha: boolean, readOnly: boolean): void {
  const { args, reply, server } = ctx
  const { scripts } = server
  scripts.showRequest(ctx)
  const sha = scripts.shaOf(args, bySha)
  if (sha === '') {
    reply.error(NO_SCRIPT)
    return
  }
  const keys = readKeyCount(ctx, args)
  if (keys < 0) return
  const { cache } = scripts
  const known = cache.find(sha)
  if (known === undefined && bySha) {
    reply.error(NO_SCRIPT)
    return
  }
  const script = known ?? cache.add(sha, args.copy(1))
  const problem = typeof script === 'string' ? script : cache.compile(script)
  if (typeof script === 'string' || problem !== null) {
    reply.error(problem ?? '')
    return
  }
  const run = prepareRun(ctx, sha, true, script.flags, readOnly)
  if (typeof run === 'string') {
    reply.error(run)
    return
  }
  const { argc, buffer, ends, starts } = args
  scripts.run(ctx, run, script.reference, { buffer, starts, ends, first: 3, keys, end: argc })
}

/** How many keys there are by argument 2; -1 when that makes no sense, which has been replied then. */
export function readKeyCount({ reply }: CommandContext, args: Request): number {
  const few = args.safeInteger(2)
  if (few >= 0 && few <= args.argc - 3) return few
  const keys = parseInt64(args.buffer, args.starts[2], args.ends[2])
  if (keys === null) reply.error(NOT_AN_INTEGER)
  else if (keys > BigInt(args.argc - 3)) reply.error("ERR Number of keys can't be greater than number of args")
  else if (keys < 0n) reply.error("ERR Number of keys can't be negative")
  else return Number(keys)
  return -1
}
