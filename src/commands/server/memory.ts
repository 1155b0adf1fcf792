/** MEMORY: where memory goes. Source of behaviour: memoryCommand in Redis's object.c; what counts is said in server/memory.ts. */
import type { Database } from '../../store/database.js'
import { HAS_EXPIRY } from '../../store/entries.js'
import { kindOf } from '../../types/kinds.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { helpSubcommand } from '../help.js'
import { addressOf } from '../lookup.js'
import { type CommandSpec, KEY_RO, keyRange, READONLY } from '../spec.js'
import { allocatorReport, memoryReport } from './memory-reports.js'
import { memoryStats } from './memory-stats.js'

const DEFAULT_SAMPLES = 5
/** A key's part of a database's hash table: between 8 bytes, just before a segment splits, and 19, just after. */
const TABLE_SHARE_BYTES = 13

const OF_ALL_SHARDS = ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special']

const subcommands: CommandSpec[] = [
  report('doctor', 'Reports problems with memory, in words.', ({ reply, server }) =>
    reply.verbatim(memoryReport(server)),
  ),
  helpSubcommand('memory', 'server', '4.0.0'),
  {
    ...report('malloc-stats', 'Shows what the slabs and the JavaScript heap have set aside.', ({ keyspace, reply }) =>
      reply.verbatim(allocatorReport(keyspace.entries)),
    ),
    complexity: 'Depends on how much memory is allocated, could be slow',
  },
  {
    ...report('purge', 'Gives back memory that is kept only to be used again soon.', ({ keyspace, reply }) => {
      keyspace.entries.purge()
      reply.ok()
    }),
    complexity: 'Depends on how much memory is allocated, could be slow',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  },
  report('stats', 'Shows where memory goes, as a map.', memoryStats),
  {
    name: 'usage',
    arity: -3,
    flags: READONLY,
    keys: [keyRange(KEY_RO, 2)],
    group: 'server',
    since: '4.0.0',
    summary: 'Estimates the bytes that a key and its value take, from a few of its elements: 5 unless told, all for 0.',
    complexity: 'O(N) where N is the number of samples.',
    arguments: [
      { name: 'key', type: 'key', keySpecIndex: 0 },
      { name: 'count', type: 'integer', token: 'SAMPLES', optional: true },
    ],
    run: usage,
  },
]

export const memoryCommands: CommandSpec[] = [
  {
    name: 'memory',
    arity: -2,
    flags: 0,
    group: 'server',
    since: '4.0.0',
    summary: 'The commands about memory.',
    complexity: 'Depends on subcommand.',
    subcommands,
    run: ({ reply }) => reply.error(SYNTAX_ERROR),
  },
]

function report(name: string, summary: string, run: CommandSpec['run']): CommandSpec {
  return {
    name,
    arity: 2,
    flags: 0,
    group: 'server',
    since: '4.0.0',
    summary,
    complexity: 'O(1)',
    tips: OF_ALL_SHARDS,
    run,
  }
}

/** MEMORY USAGE key [SAMPLES count]: bytes, or null without the key. A key whose time is up counts while it is there. */
function usage(ctx: CommandContext): void {
  const { args, db, reply } = ctx
  let samples = DEFAULT_SAMPLES
  for (let i = 3; i < args.argc; i += 2) {
    if (!args.is(i, 'samples') || i + 1 === args.argc) {
      reply.error(SYNTAX_ERROR)
      return
    }
    samples = ctx.integer(i + 1)
    if (Number.isNaN(samples)) return
    if (samples < 0) {
      reply.error(SYNTAX_ERROR)
      return
    }
  }
  const address = addressOf(db, args.view(2))
  if (address === 0) reply.null()
  else reply.integer(keyBytes(db, address, samples === 0 ? Number.POSITIVE_INFINITY : samples))
}

function keyBytes({ entries, keyspace }: Database, address: number, samples: number): number {
  const tables = (entries.meta(address) & HAS_EXPIRY) === 0 ? 1 : 2
  const bytes = entries.memoryBytes(address) + tables * TABLE_SHARE_BYTES
  return bytes + kindOf(entries, address).elementBytes(keyspace, address, samples)
}
