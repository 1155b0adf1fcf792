/** FCALL and FCALL_RO. Source of behaviour: Redis's functions.c. */
import type { CommandContext } from '../context.js'
import type { CommandSpec } from '../spec.js'
import { callArguments, MAY_WRITE, ONLY_READS, readKeyCount, readKeys, writtenKeys } from './call-arguments.js'
import { prepareRun } from './prepare.js'

const COMPLEXITY = 'Depends on the function that is executed.'

export const fcallCommands: CommandSpec[] = [
  {
    name: 'fcall',
    arity: -3,
    flags: MAY_WRITE,
    keys: writtenKeys(true),
    group: 'scripting',
    since: '7.0.0',
    summary: 'Calls a function of a library.',
    complexity: COMPLEXITY,
    categories: ['scripting'],
    arguments: callArguments('function'),
    run: ctx => call(ctx, false),
  },
  {
    name: 'fcall_ro',
    arity: -3,
    flags: ONLY_READS,
    keys: readKeys(true),
    group: 'scripting',
    since: '7.0.0',
    summary: 'Calls a function of a library that only reads.',
    complexity: COMPLEXITY,
    categories: ['scripting'],
    arguments: callArguments('function'),
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
  const keys = readKeyCount(args, 'ERR Bad number of keys provided')
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
