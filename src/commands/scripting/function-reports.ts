/** FUNCTION LIST and STATS. Source of the replies' shapes: Redis's functions.c. */

import { Glob } from '../../bytes/glob.js'
import { performance } from '../../clock/platform.js'
import { ENGINE_NAME } from '../../scripting/functions/libraries.js'
import type { FunctionLibrary, LibraryFunction } from '../../scripting/functions/library.js'
import { SCRIPT_FLAGS } from '../../scripting/script-run.js'
import type { CommandContext } from '../context.js'

interface ListOptions {
  withCode: boolean
  pattern: Glob | null
}

/** FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]. Array reply: a map for each library. */
export function functionList(ctx: CommandContext): void {
  const { reply, server } = ctx
  const options = readOptions(ctx)
  if (typeof options === 'string') {
    reply.error(options)
    return
  }
  const { pattern, withCode } = options
  const libraries = [...server.scripts.functions.all].filter(
    ({ name }) => pattern === null || pattern.matches(Buffer.from(name, 'latin1'), 0, name.length),
  )
  reply.array(libraries.length)
  for (const library of libraries) replyLibrary(ctx, library, withCode)
}

function readOptions({ args }: CommandContext): ListOptions | string {
  const options: ListOptions = { withCode: false, pattern: null }
  for (let i = 2; i < args.argc; i++) {
    if (!options.withCode && args.is(i, 'withcode')) options.withCode = true
    else if (options.pattern === null && args.is(i, 'libraryname')) {
      if (++i === args.argc) return 'ERR library name argument was not given'
      options.pattern = new Glob(args.view(i), true)
    } else return `ERR Unknown argument ${args.latin1(i)}`
  }
  return options
}

function replyLibrary({ reply }: CommandContext, { code, functions, name }: FunctionLibrary, withCode: boolean): void {
  reply.map(withCode ? 4 : 3)
  reply.bulkText('library_name')
  reply.bulkText(name)
  reply.bulkText('engine')
  reply.bulkText(ENGINE_NAME)
  reply.bulkText('functions')
  reply.array(functions.size)
  for (const each of functions.values()) replyFunction(reply, each)
  if (!withCode) return
  reply.bulkText('library_code')
  reply.bulkReference(code)
}

function replyFunction(reply: CommandContext['reply'], { description, flags, name }: LibraryFunction): void {
  reply.map(3)
  reply.bulkText('name')
  reply.bulkText(name)
  reply.bulkText('description')
  if (description === null) reply.null()
  else reply.bulkText(description)
  reply.bulkText('flags')
  const declared = SCRIPT_FLAGS.filter(([, flag]) => (flags & flag) !== 0)
  reply.set(declared.length)
  for (const [flagName] of declared) reply.simple(flagName)
}

/** FUNCTION STATS. Map reply: the function that is running, or null, and figures of the one engine. */
export function functionStats(ctx: CommandContext): void {
  const { reply, server } = ctx
  const { functions, engine, busyText } = server.scripts
  if (engine.running?.isEval === true) {
    reply.error(busyText)
    return
  }
  reply.map(2)
  reply.bulkText('running_script')
  replyRunning(ctx)
  reply.bulkText('engines')
  reply.map(1)
  reply.bulkText(ENGINE_NAME)
  reply.map(2)
  reply.bulkText('libraries_count')
  reply.integer(functions.count)
  reply.bulkText('functions_count')
  reply.integer(functions.functionCount)
}

function replyRunning({ reply, server }: CommandContext): void {
  const { engine, request } = server.scripts
  const { running } = engine
  if (running === null || request === null) {
    reply.null()
    return
  }
  reply.map(3)
  reply.bulkText('name')
  reply.bulkText(running.name)
  reply.bulkText('command')
  reply.array(request.argc)
  for (let i = 0; i < request.argc; i++) reply.bulk(request.buffer, request.starts[i], request.ends[i])
  reply.bulkText('duration_ms')
  reply.integer(Math.floor(performance.now() - running.startedMs))
}
