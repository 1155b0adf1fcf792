/** DEBUG subcommands that look at one key: OBJECT, LISTPACK, HTSTATS-KEY, and HTSTATS for a whole database. */
import { RdbOutput } from '../../rdb/output.js'
import { lpLength } from '../../store/listpack/listpack.js'
import type { HashTable } from '../../store/table/hash-table.js'
import { encodingName, kindOf, writeValue } from '../../types/kinds.js'
import { aggregateOf } from '../../types/large-value.js'
import { isListpack, listpackBuffer, listpackBytes, listpackStart } from '../../types/listpack-value.js'
import { type CommandContext, NO_SUCH_KEY } from '../context.js'
import { addressOf } from '../lookup.js'

/** Addresses count in units of this many bytes. */
const ADDRESS_UNIT = 8

/** Address of the key at argument 2 even if its time is up, or 0 and the error's reply. Touches nothing. */
function findAsIs({ args, db, reply }: CommandContext): number {
  const address = addressOf(db, args.view(2))
  if (address === 0) reply.error(NO_SUCH_KEY)
  return address
}

/**
 * DEBUG OBJECT key. "Value at" is the address of the key's entry in the slabs: it stays while the entry is changed in place.
 * `serializedlength` is the value's length in an RDB file.
 */
export function debugObject(ctx: CommandContext): void {
  const { db, keyspace, reply, server } = ctx
  const address = findAsIs(ctx)
  if (address === 0) return
  const { entries } = db
  const output = new RdbOutput()
  writeValue(output, keyspace, address, server.config.values.rdbcompression)
  const clock = entries.clock(address)
  reply.simple(
    `Value at:0x${(address * ADDRESS_UNIT).toString(16)} refcount:1 encoding:${encodingName(keyspace, address)} ` +
      `serializedlength:${output.length} lru:${clock} lru_seconds_idle:${keyspace.clock.idleSeconds(clock)}` +
      (kindOf(entries, address).details?.(keyspace, address) ?? ''),
  )
}

/** DEBUG LISTPACK key: its elements and bytes go to the log. */
export function debugListpack(ctx: CommandContext): void {
  const { args, db, reply, server } = ctx
  const address = findAsIs(ctx)
  if (address === 0) return
  const { entries } = db
  if (!isListpack(entries, address)) {
    reply.error('ERR Not a listpack encoded object.')
    return
  }
  const elements = lpLength(listpackBuffer(entries, address), listpackStart(entries, address))
  server.log.notice(`Listpack of '${args.latin1(2)}': ${elements} elements, ${listpackBytes(entries, address)} bytes`)
  reply.simple('Listpack structure printed on stdout')
}

/** DEBUG HTSTATS db. */
export function debugTableStats(ctx: CommandContext): void {
  const index = ctx.integer(2)
  if (Number.isNaN(index)) return
  const db = ctx.keyspace.databases[index]
  if (db === undefined) {
    ctx.reply.error('ERR Out of range database')
    return
  }
  ctx.reply.verbatim(`[Dictionary HT]\n${tableStats(db.keys)}[Expires HT]\n${tableStats(db.expires)}`)
}

/** DEBUG HTSTATS-KEY key. */
export function debugTableStatsOfKey(ctx: CommandContext): void {
  const { keyspace, reply } = ctx
  const address = findAsIs(ctx)
  if (address === 0) return
  const table = aggregateOf(keyspace, address)?.table ?? null
  if (table === null) reply.error('ERR The value stored at the specified key is not represented using an hash table')
  else reply.verbatim(tableStats(table))
}

function tableStats(table: HashTable): string {
  if (table.count === 0) return 'No stats available for empty dictionaries\n'
  return (
    'Hash table 0 stats (main hash table):\n' +
    ` number of elements: ${table.count}\n segments: ${table.segments.length}\n bytes: ${table.memoryBytes}\n`
  )
}
