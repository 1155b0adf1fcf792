/** PFDEBUG and PFSELFTEST: for those who develop, or test, a server. */
import { getRegister } from '../../types/hyperloglog/dense.js'
import { HEADER_BYTES, REGISTERS } from '../../types/hyperloglog/layout.js'
import { describeSparse, SPARSE_MAX_BYTES } from '../../types/hyperloglog/sparse.js'
import type { CommandContext } from '../context.js'
import { ADMIN, type CommandSpec, DENYOOM, KEY_ACCESS, KEY_RW, keyRange, WRITE } from '../spec.js'
import { CORRUPTED, hyperLogLog, opened } from './access.js'
import { pfselftest } from './self-test.js'

export const hyperLogLogDebugCommands: readonly CommandSpec[] = [
  {
    name: 'pfdebug',
    arity: 3,
    flags: WRITE | DENYOOM | ADMIN,
    keys: [keyRange(KEY_RW | KEY_ACCESS, 2)],
    group: 'hyperloglog',
    since: '2.8.9',
    summary: 'Shows the inside of a HyperLogLog.',
    complexity: 'O(1): all HyperLogLogs have as many registers',
    isSystemCommand: true,
    arguments: [
      { name: 'subcommand', type: 'string' },
      { name: 'key', type: 'key', keySpecIndex: 0 },
    ],
    run: pfdebug,
  },
  {
    name: 'pfselftest',
    arity: 1,
    flags: ADMIN,
    group: 'hyperloglog',
    since: '2.8.9',
    summary: 'Tests the HyperLogLog implementation.',
    complexity: 'O(1), and seconds',
    isSystemCommand: true,
    run: pfselftest,
  },
]

/** PFDEBUG GETREG | DECODE | ENCODING | TODENSE key. */
function pfdebug(ctx: CommandContext): void {
  const { args, reply } = ctx
  const address = ctx.findForWrite(2)
  if (address === 0) {
    reply.error('ERR The specified key does not exist')
    return
  }
  if (!opened(ctx, address, 2)) return
  hyperLogLog.makeRaw()
  switch (args.lower(1)) {
    case 'getreg':
      getreg(ctx)
      break
    case 'decode':
      decode(ctx)
      break
    case 'encoding':
      reply.simple(hyperLogLog.isDense ? 'dense' : 'sparse')
      break
    case 'todense': {
      const wasDense = hyperLogLog.isDense
      if (makeDense(ctx)) reply.integer(wasDense ? 0 : 1)
      break
    }
    default:
      reply.error(`ERR Unknown PFDEBUG subcommand '${args.latin1(1)}'`)
  }
}

/** False when an error has been replied. Replicas change the encoding, too, but the value is the same to all who watch or track it. */
function makeDense({ keyspace, reply }: CommandContext): boolean {
  if (hyperLogLog.isDense) return true
  if (!hyperLogLog.toDense()) {
    reply.error(CORRUPTED)
    return false
  }
  keyspace.dirty++
  return true
}

/** All registers, which makes the HyperLogLog dense. */
function getreg(ctx: CommandContext): void {
  if (!makeDense(ctx)) return
  const { bytes, start } = hyperLogLog
  ctx.reply.array(REGISTERS)
  for (let i = 0; i < REGISTERS; i++) ctx.reply.integer(getRegister(bytes, start + HEADER_BYTES, i))
}

/** The runs of a sparse one. Redis shows those of any damaged string, however long that takes. */
function decode({ reply }: CommandContext): void {
  const { bytes, end, isDense, start } = hyperLogLog
  if (isDense) reply.error('ERR HLL encoding is not sparse')
  else if (end - start > HEADER_BYTES + SPARSE_MAX_BYTES) reply.error(CORRUPTED)
  else reply.bulkText(describeSparse(bytes, start + HEADER_BYTES, end))
}
