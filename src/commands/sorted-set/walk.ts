/** Sorted set commands that go through a sorted set in no particular order or draw from it: ZSCAN, ZRANDMEMBER. */
import { DOUBLE_TEXT_BYTES, preciseText } from '../../bytes/floats/double-text.js'
import type { Entries } from '../../store/entries.js'
import { ByteRange } from '../../types/byte-range.js'
import { elementScore } from '../../types/sorted-set/large-sorted-set.js'
import type { CommandContext } from '../context.js'
import { readRandomOptions } from '../counts.js'
import { openScan, type ShownElement, scanTable, scanWhole } from '../element-scan.js'
import { type CommandSpec, READ_KEY, READONLY } from '../spec.js'
import { member, openForRead, sortedSet, writeMember } from './access.js'
import { KEY, WITHSCORES } from './argument-docs.js'
import { replyDifferent, replyDraws } from './draws.js'
import { replyRange, shownWith } from './replies.js'

export const walkCommands: readonly CommandSpec[] = [
  {
    name: 'zscan',
    arity: -3,
    flags: READONLY,
    keys: READ_KEY,
    group: 'sorted-set',
    since: '2.8.0',
    summary: 'Goes through members and scores of a sorted set, some at a time.',
    complexity: 'O(1) for a call, O(N) for all calls until the cursor is 0 again',
    tips: ['nondeterministic_output'],
    arguments: [
      KEY,
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    run: zscan,
  },
  {
    name: 'zrandmember',
    arity: -2,
    flags: READONLY,
    keys: READ_KEY,
    group: 'sorted-set',
    since: '6.2.0',
    summary: 'Returns random members of a sorted set.',
    complexity: 'O(N) for N members returned',
    tips: ['nondeterministic_output'],
    arguments: [
      KEY,
      {
        name: 'options',
        type: 'block',
        optional: true,
        arguments: [{ name: 'count', type: 'integer' }, WITHSCORES],
      },
    ],
    run: zrandmember,
  },
]

/** ZSCAN key cursor [MATCH pattern] [COUNT count]. */
function zscan(ctx: CommandContext): void {
  const scan = openScan(ctx, openForRead, sortedSet)
  if (scan === null) return
  if (!sortedSet.isLarge) {
    scanWhole(ctx, scan, visit => sortedSet.iterateTexts((name, score) => visit([name, score])))
    return
  }
  const { keyspace } = ctx
  const { large } = sortedSet
  const isThere = (): boolean => !large.isGone && large.entries === keyspace.entries
  scanTable(ctx, large.table, scan, () => new ShownMember(), isThere)
}

/** A member and its score, which ZSCAN shows with 17 digits where it is no text of the store's. */
class ShownMember implements ShownElement {
  private readonly name = new ByteRange()
  private readonly score = new ByteRange()
  private readonly text = Buffer.alloc(DOUBLE_TEXT_BYTES)
  readonly ranges = [this.name, this.score]

  read(entries: Entries, address: number): void {
    this.name.readElement(entries, address)
    this.score.set(this.text, 0, this.text.write(preciseText(elementScore(entries, address)), 'latin1'))
  }
}

/**
 * ZRANDMEMBER key [count [WITHSCORES]]. A positive count gives different members, as many as there are at most; a negative one
 * draws each member anew.
 */
function zrandmember(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (args.argc === 2) {
    if (!openForRead(ctx)) return
    const { length } = sortedSet
    if (length === 0) {
      reply.null()
      return
    }
    sortedSet.showAt(Math.floor(Math.random() * length), member)
    writeMember(reply, member)
    return
  }
  const options = readRandomOptions(ctx, 'withscores')
  if (options === null || !openForRead(ctx)) return
  const { count, pairs } = options
  const { length } = sortedSet
  if (length === 0 || count === 0n) {
    reply.array(0)
    return
  }
  const shown = shownWith(ctx, pairs)
  if (count < 0n) replyDraws(ctx, sortedSet, -count, shown)
  else if (count >= BigInt(length)) replyRange(ctx, sortedSet, 0, length, false, shown)
  else replyDifferent(ctx, sortedSet, Number(count), shown)
}
