/** SWAPDB. Source of behaviour: dbSwapDatabases in Redis's db.c. */
import type { CommandContext } from '../context.js'
import { NO_SUCH_DATABASE, readInt } from '../database-argument.js'
import { type CommandSpec, FAST, WRITE } from '../spec.js'

const NO_FIRST = 'ERR invalid first DB index'
const NO_SECOND = 'ERR invalid second DB index'

export const swapdbCommands: CommandSpec[] = [
  {
    name: 'swapdb',
    arity: 3,
    flags: WRITE | FAST,
    group: 'server',
    since: '4.0.0',
    summary: 'Trades all keys of two databases; each connection sees those of the other from then on.',
    complexity: 'O(1), but for the keys that clients watch',
    categories: ['keyspace', 'dangerous'],
    arguments: [
      { name: 'index1', type: 'integer' },
      { name: 'index2', type: 'integer' },
    ],
    run: swapDatabases,
  },
]

/** SWAPDB index1 index2. */
function swapDatabases(ctx: CommandContext): void {
  const { keyspace, reply } = ctx
  const index1 = readInt(ctx, 1, NO_FIRST, NO_FIRST)
  if (Number.isNaN(index1)) return
  const index2 = readInt(ctx, 2, NO_SECOND, NO_SECOND)
  if (Number.isNaN(index2)) return
  const first = keyspace.databases.at(index1)
  const second = keyspace.databases.at(index2)
  if (index1 < 0 || index2 < 0 || first === undefined || second === undefined) {
    reply.error(NO_SUCH_DATABASE)
    return
  }
  if (first !== second) first.swapWith(second)
  keyspace.dirty++
  reply.ok()
}
