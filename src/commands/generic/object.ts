/** OBJECT: how a value is kept. Source of behaviour: objectCommand in Redis's object.c. */
import { encodingName } from '../../types/kinds.js'
import { isIntegerBelow } from '../../types/string/string.js'
import type { CommandContext } from '../context.js'
import { helpSubcommand } from '../help.js'
import { findUnnoticed } from '../lookup.js'
import { type CommandSpec, KEY_RO, keyRange, READONLY } from '../spec.js'

/** Redis keeps one object for each of these integers, and gives it this count. */
const SHARED_INTEGERS = 10_000
const SHARED_REFCOUNT = 2147483647

const POLICY_NOTE =
  'Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.'

const OBJECT_KEY = [keyRange(KEY_RO, 2)]

function subcommand(name: string, since: string, summary: string, run: Reader): CommandSpec {
  return {
    name,
    arity: 3,
    flags: READONLY,
    keys: OBJECT_KEY,
    group: 'generic',
    since,
    summary,
    complexity: 'O(1)',
    categories: ['keyspace'],
    tips: ['nondeterministic_output'],
    arguments: [{ name: 'key', type: 'key', keySpecIndex: 0 }],
    run: ctx => {
      const address = findUnnoticed(ctx, 2)
      if (address === 0) ctx.reply.null()
      else run(ctx, address)
    },
  }
}

type Reader = (ctx: CommandContext, address: number) => void

export const objectCommands: CommandSpec[] = [
  {
    name: 'object',
    arity: -2,
    flags: 0,
    group: 'generic',
    since: '2.2.3',
    summary: 'Tells how the value of a key is kept.',
    complexity: 'Depends on the subcommand',
    subcommands: [
      subcommand('encoding', '2.2.3', 'The encoding of the value at a key.', (ctx, address) =>
        ctx.reply.bulkText(encodingName(ctx.keyspace, address)),
      ),
      subcommand('freq', '4.0.0', 'How often a key is used: a logarithmic counter.', frequency),
      helpSubcommand('object', 'generic', '6.2.0', ['keyspace']),
      subcommand('idletime', '2.2.3', 'Seconds since a key was used last.', idleTime),
      subcommand('refcount', '2.2.3', 'The number of references to the value at a key.', referenceCount),
    ],
    run: () => {},
  },
]

function frequency(ctx: CommandContext, address: number): void {
  const { clock } = ctx.keyspace
  if (!clock.lfu) {
    ctx.reply.error(`ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${POLICY_NOTE}`)
    return
  }
  ctx.reply.integer(clock.frequency(ctx.db.entries.clock(address)))
}

function idleTime(ctx: CommandContext, address: number): void {
  const { clock } = ctx.keyspace
  if (clock.lfu) {
    ctx.reply.error(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${POLICY_NOTE}`)
    return
  }
  ctx.reply.integer(clock.idleSeconds(ctx.db.entries.clock(address)))
}

function referenceCount(ctx: CommandContext, address: number): void {
  const { entries } = ctx.db
  const { maxmemory, 'maxmemory-policy': policy } = ctx.server.config.values
  // Under a limit with an LRU or LFU policy each key needs an access history of its own: nothing is shared.
  const shares = Number(maxmemory) === 0 || !/lru|lfu/.test(policy)
  const small = isIntegerBelow(entries, address, SHARED_INTEGERS)
  ctx.reply.integer(shares && small ? SHARED_REFCOUNT : 1)
}
