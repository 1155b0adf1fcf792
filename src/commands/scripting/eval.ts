/** EVAL, EVALSHA and their read-only forms. Source of behaviour: Redis's eval.c. */
import { SHA_LENGTH } from '../../scripting/script-cache.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'
import type { CommandSpec } from '../spec.js'
import { callArguments, MAY_WRITE, ONLY_READS, readKeyCount, readKeys, writtenKeys } from './call-arguments.js'
import { prepareRun } from './prepare.js'

const NO_SCRIPT = 'NOSCRIPT No matching script. Please use EVAL.'

export const evalCommands: CommandSpec[] = [
  {
    name: 'eval',
    arity: -3,
    flags: MAY_WRITE,
    keys: writtenKeys(true),
    group: 'scripting',
    since: '2.6.0',
    summary: 'Runs a Lua script.',
    complexity: 'Depends on the script that is executed.',
    categories: ['scripting'],
    arguments: callArguments('script'),
    run: ctx => evaluate(ctx, false, false),
  },
  {
    name: 'evalsha',
    arity: -3,
    flags: MAY_WRITE,
    keys: writtenKeys(false),
    group: 'scripting',
    since: '2.6.0',
    summary: 'Runs a Lua script that the server knows, by its SHA1.',
    complexity: 'Depends on the script that is executed.',
    categories: ['scripting'],
    arguments: callArguments('sha1'),
    run: ctx => evaluate(ctx, true, false),
  },
  {
    name: 'eval_ro',
    arity: -3,
    flags: ONLY_READS,
    keys: readKeys(true),
    group: 'scripting',
    since: '7.0.0',
    summary: 'Runs a Lua script that only reads.',
    complexity: 'Depends on the script that is executed.',
    categories: ['scripting'],
    arguments: callArguments('script'),
    run: ctx => evaluate(ctx, false, true),
  },
  {
    name: 'evalsha_ro',
    arity: -3,
    flags: ONLY_READS,
    keys: readKeys(false),
    group: 'scripting',
    since: '7.0.0',
    summary: 'Runs a Lua script that the server knows, by its SHA1, and that only reads.',
    complexity: 'Depends on the script that is executed.',
    categories: ['scripting'],
    arguments: callArguments('sha1'),
    run: ctx => evaluate(ctx, true, true),
  },
]

function evaluate(ctx: CommandContext, bySha: boolean, readOnly: boolean): void {
  const { args, reply, server } = ctx
  const { scripts } = server
  scripts.showRequest(ctx)
  if (bySha && args.length(1) !== SHA_LENGTH) {
    reply.error(NO_SCRIPT)
    return
  }
  const keys = readKeyCount(args, NOT_AN_INTEGER)
  if (typeof keys === 'string') {
    reply.error(keys)
    return
  }
  const { cache } = scripts
  const script = bySha ? cache.findByArgument(args, 1) : cache.findOrAdd(args.view(1))
  if (script === undefined) {
    reply.error(NO_SCRIPT)
    return
  }
  const problem = typeof script === 'string' ? script : cache.compile(script)
  if (typeof script === 'string' || problem !== null) {
    reply.error(problem ?? '')
    return
  }
  const run = prepareRun(ctx, script.sha, true, script.flags, readOnly)
  if (typeof run === 'string') {
    reply.error(run)
    return
  }
  const { argc, buffer, ends, starts } = args
  scripts.run(ctx, run, script.reference, { buffer, starts, ends, first: 3, keys, end: argc })
}
