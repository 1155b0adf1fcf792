/** FUNCTION LOAD, DELETE, FLUSH, DUMP and RESTORE. Source of behaviour: Redis's functions.c. */
import { functionsPayload, readFunctionsPayload } from '../../persistence/dump/functions.js'
import { isIntactPayload } from '../../persistence/dump/payload.js'
import type { CommandContext } from '../context.js'
import { subcommandSyntaxError } from '../help.js'

/** A library should only register functions: it gets so long. */
const LOAD_TIMEOUT_MS = 500

/** FUNCTION LOAD [REPLACE] function-code. Bulk reply: the library's name. */
export function functionLoad({ args, client, keyspace, reply, server }: CommandContext): void {
  const last = args.argc - 1
  let replace = false
  for (let i = 2; i < last; i++) {
    if (!args.is(i, 'replace')) {
      reply.error(`ERR Unknown option given: ${args.latin1(i)}`)
      return
    }
    replace = true
  }
  const added = server.scripts.functions.add(args.copy(last), replace, client.isMaster ? 0 : LOAD_TIMEOUT_MS)
  if (typeof added === 'string') {
    reply.error(`ERR ${added}`)
    return
  }
  keyspace.dirty++
  reply.bulkText(added.name)
}

/** FUNCTION DELETE library-name. */
export function functionDelete({ args, keyspace, reply, server }: CommandContext): void {
  if (!server.scripts.functions.delete(args.latin1(2))) {
    reply.error('ERR Library not found')
    return
  }
  keyspace.dirty++
  reply.ok()
}

/** FUNCTION FLUSH [ASYNC | SYNC]: it is done at once in either case. */
export function functionFlush({ args, keyspace, reply, server }: CommandContext): void {
  if (args.argc > 3) {
    reply.error(subcommandSyntaxError(args, 'FUNCTION'))
    return
  }
  if (args.argc === 3 && !args.is(2, 'sync') && !args.is(2, 'async')) {
    reply.error('ERR FUNCTION FLUSH only supports SYNC|ASYNC option')
    return
  }
  server.scripts.functions.clear()
  keyspace.dirty++
  reply.ok()
}

/** FUNCTION DUMP. Bulk reply: a payload. */
export function functionDump({ reply, server }: CommandContext): void {
  const compress = server.config.values.rdbcompression
  reply.bulkReference(functionsPayload(server.scripts.functions.codes(), compress))
}

/** FUNCTION RESTORE serialized-value [FLUSH | APPEND | REPLACE]: all of its libraries, or none. */
export function functionRestore({ args, keyspace, reply, server }: CommandContext): void {
  if (args.argc > 4) {
    reply.error(subcommandSyntaxError(args, 'FUNCTION'))
    return
  }
  const policy = args.argc === 4 ? args.lower(3) : 'append'
  if (policy !== 'append' && policy !== 'replace' && policy !== 'flush') {
    reply.error('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.')
    return
  }
  const payload = args.view(2)
  if (!isIntactPayload(payload, 0, payload.length, !server.skipsChecksums)) {
    reply.error('ERR DUMP payload version or checksum are wrong')
    return
  }
  const { functions } = server.scripts
  const restored = functions.another()
  const problem =
    readFunctionsPayload(payload, code => restored.load(code)) ??
    (policy === 'flush' ? null : functions.join(restored, policy === 'replace'))
  if (problem !== null) {
    restored.clear()
    reply.error(`ERR ${problem}`)
    return
  }
  if (policy === 'flush') functions.adopt(restored)
  keyspace.dirty++
  reply.ok()
}
