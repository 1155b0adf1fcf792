/** DEBUG's subcommands about long lists: QUICKLIST, QUICKLIST-PACKED-THRESHOLD. */
import { parseMemory } from '../../config/kinds/numbers.js'
import { TreeCursor } from '../../store/ordered-tree/cursor.js'
import { aggregateOf } from '../../types/large-value.js'
import { isCompressedNode, isPlainNode } from '../../types/list/list-node.js'
import { setPackedThreshold } from '../../types/list/node-limits.js'
import { Quicklist } from '../../types/list/quicklist.js'
import type { CommandContext } from '../context.js'
import { NO_SUCH_KEY } from '../context.js'
import { findUnnoticed } from '../lookup.js'

/** DEBUG QUICKLIST key [full]: figures of the nodes go to the log. */
export function debugQuicklist(ctx: CommandContext): void {
  const { args, keyspace, reply, server } = ctx
  const address = findUnnoticed(ctx, 2)
  if (address === 0) {
    reply.error(NO_SUCH_KEY)
    return
  }
  const quicklist = aggregateOf(keyspace, address)
  if (!(quicklist instanceof Quicklist)) {
    reply.error('ERR Not a quicklist encoded object.')
    return
  }
  server.log.notice(`Quicklist of '${args.latin1(2)}': ${figures(quicklist)}`)
  reply.simple('Quicklist structure printed on stdout')
}

function figures({ depth, entries, fill, length, tree }: Quicklist): string {
  const cursor = new TreeCursor()
  let plain = 0
  let compressed = 0
  for (let more = tree.first(cursor); more; more = cursor.next()) {
    if (isPlainNode(entries, cursor.address)) plain++
    if (isCompressedNode(entries, cursor.address)) compressed++
  }
  return `count ${length}, nodes ${tree.count} (${plain} plain, ${compressed} compressed), fill ${fill}, compress ${depth}`
}

/** DEBUG QUICKLIST-PACKED-THRESHOLD size: elements from this size on are nodes of their own; 0 for the usual size. */
export function debugPackedThreshold({ args, reply }: CommandContext): void {
  const bytes = parseMemory(args.latin1(2))
  if (bytes !== null && bytes >= 0n && setPackedThreshold(Number(bytes))) reply.ok()
  else reply.error('ERR argument must be a memory value bigger than 1 and smaller than 4gb')
}
