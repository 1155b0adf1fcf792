/** ACL LOG, and what gets into it. */
import type { DenialEvent, LogEntry } from '../../acl/log.js'
import { clientLine } from '../client-line.js'
import { type CommandContext, NOT_AN_INTEGER } from '../context.js'

const SHOWN_ENTRIES = 10n

/** Notes in the security log what the client being served was denied. */
export function logDenial(ctx: CommandContext, event: Omit<DenialEvent, 'clientInfo'>): void {
  const { client, keyspace, server } = ctx
  const clientInfo = clientLine(client, keyspace.nowMs, ctx)
  server.acl.log.add({ ...event, clientInfo }, keyspace.nowMs, server.config.values['acllog-max-len'])
}

/** ACL LOG [count | RESET]: an array of maps, the latest entry first. */
export function aclLog(ctx: CommandContext): void {
  const { args, keyspace, reply, server } = ctx
  const { log } = server.acl
  if (args.argc === 3 && args.is(2, 'reset')) {
    log.clear()
    reply.ok()
    return
  }
  const count = args.argc === 3 ? args.int64(2) : SHOWN_ENTRIES
  if (count === null) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  const shown = count <= 0n ? [] : log.entries.slice(0, Number(count))
  reply.array(shown.length)
  for (const entry of shown) replyEntry(ctx, entry, keyspace.nowMs)
}

function replyEntry({ reply }: CommandContext, entry: LogEntry, nowMs: number): void {
  reply.map(10)
  reply.bulkText('count')
  reply.integer(entry.count)
  reply.bulkText('reason')
  reply.bulkText(entry.reason)
  reply.bulkText('context')
  reply.bulkText(entry.context)
  reply.bulkText('object')
  reply.bulkText(entry.object)
  reply.bulkText('username')
  reply.bulkText(entry.username)
  reply.bulkText('age-seconds')
  reply.double((nowMs - entry.updatedMs) / 1000)
  reply.bulkText('client-info')
  reply.bulkText(entry.clientInfo)
  reply.bulkText('entry-id')
  reply.integer(entry.id)
  reply.bulkText('timestamp-created')
  reply.integer(entry.createdMs)
  reply.bulkText('timestamp-last-updated')
  reply.integer(entry.updatedMs)
}
