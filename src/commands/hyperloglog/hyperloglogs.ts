/** The HyperLogLog commands. Source of behaviour: Redis's hyperloglog.c. */
import { EVENT_STRING } from '../../config/keyspace-events.js'
import {
  isStale,
  makeStale,
  readCardinality,
  readExactCardinality,
  writeCardinality,
} from '../../types/hyperloglog/layout.js'
import type { CommandContext } from '../context.js'
import {
  type ArgumentDoc,
  BRIEF,
  type CommandSpec,
  DENYOOM,
  FAST,
  INSERT_KEY,
  KEY_ACCESS,
  KEY_INSERT,
  KEY_RO,
  KEY_RW,
  keyRange,
  MAY_REPLICATE,
  READONLY,
  WRITE,
} from '../spec.js'
import { CORRUPTED, hyperLogLog, opened, replyCardinality } from './access.js'
import { uniteForMerge } from './merges.js'
import { replyUnion } from './unions.js'

const KEY: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0 }

export const hyperLogLogCommands: readonly CommandSpec[] = [
  {
    name: 'pfadd',
    arity: -2,
    flags: WRITE | DENYOOM | FAST | BRIEF,
    keys: INSERT_KEY,
    group: 'hyperloglog',
    since: '2.8.9',
    summary: 'Adds elements to a HyperLogLog; creates the key when missing.',
    complexity: 'O(1) for each element',
    arguments: [KEY, { name: 'element', type: 'string', optional: true, multiple: true }],
    run: pfadd,
  },
  {
    name: 'pfcount',
    arity: -2,
    flags: READONLY | MAY_REPLICATE | BRIEF,
    keys: [keyRange(KEY_RW | KEY_ACCESS, 1, -1, 1, 'RW since a new count is kept in the value, and goes to replicas')],
    group: 'hyperloglog',
    since: '2.8.9',
    summary: 'Tells about how many different elements have been added to HyperLogLogs.',
    complexity: 'O(1) for one key, O(N) for the union of N',
    arguments: [{ ...KEY, multiple: true }],
    run: pfcount,
  },
  {
    name: 'pfmerge',
    arity: -2,
    flags: WRITE | DENYOOM,
    keys: [keyRange(KEY_RW | KEY_ACCESS | KEY_INSERT, 1), keyRange(KEY_RO | KEY_ACCESS, 2, -1)],
    group: 'hyperloglog',
    since: '2.8.9',
    summary: 'Merges HyperLogLogs into one; creates the key when missing.',
    complexity: 'O(N) for N HyperLogLogs',
    arguments: [
      { name: 'destkey', type: 'key', keySpecIndex: 0 },
      { name: 'sourcekey', type: 'key', keySpecIndex: 1, optional: true, multiple: true },
    ],
    run: pfmerge,
  },
]

const FIRST_ELEMENT = 2
/** Elements, of which each takes a microsecond or two at most. */
const BRIEF_MAX_ELEMENTS = 2

/** PFADD key [element ...]. Integer reply: 1 when the HyperLogLog has changed, or is new. */
function pfadd(ctx: CommandContext): void {
  const { args, db, keyspace, reply } = ctx
  const address = ctx.findForWrite(1)
  let changes = 0
  if (address === 0) {
    hyperLogLog.create(db, args.buffer, args.starts[1], args.ends[1])
    changes = 1
  } else {
    if (!opened(ctx, address, 1)) return
    hyperLogLog.makeRaw()
  }
  if (args.argc - 2 > BRIEF_MAX_ELEMENTS) ctx.takesLonger()
  changes += hyperLogLog.addAll(
    args.buffer,
    args.starts,
    args.ends,
    FIRST_ELEMENT,
    args.argc,
    ctx.server.valueLimits.hyperLogLog.sparseMaxBytes,
  )
  if (Number.isNaN(changes)) {
    // Elements ahead of the one that came upon the damage may be in: replicas and the append-only file are to have them, too.
    if (args.argc > FIRST_ELEMENT + 1) keyspace.dirty++
    reply.error(CORRUPTED)
    return
  }
  if (changes > 0) {
    makeStale(hyperLogLog.bytes, hyperLogLog.start)
    ctx.touch(1)
    keyspace.dirty += changes - 1
    ctx.notify(EVENT_STRING, 'pfadd', 1)
  }
  reply.integer(changes > 0 ? 1 : 0)
}

/** PFCOUNT key [key ...]. Integer reply: the cardinality, of several keys that of their union. */
function pfcount(ctx: CommandContext): void {
  if (ctx.args.argc === 2) countOne(ctx)
  else replyUnion(ctx)
}

/** The count is kept in the value until an element changes that: a write, though the command is one that reads. */
function countOne(ctx: CommandContext): void {
  const { reply } = ctx
  const address = ctx.findForRead(1)
  if (address === 0) {
    reply.integer(0)
    return
  }
  if (!opened(ctx, address, 1)) return
  hyperLogLog.makeRaw()
  if (!isStale(hyperLogLog.bytes, hyperLogLog.start)) {
    const cardinality = readCardinality(hyperLogLog.bytes, hyperLogLog.start)
    if (Number.isSafeInteger(cardinality)) reply.integer(cardinality)
    else reply.bigInteger(readExactCardinality(hyperLogLog.bytes, hyperLogLog.start))
    return
  }
  ctx.takesLonger()
  const cardinality = hyperLogLog.count()
  if (Number.isNaN(cardinality)) {
    reply.error(CORRUPTED)
    return
  }
  // The snapshot sees the old value first.
  ctx.findAgain(1)
  hyperLogLog.extend(hyperLogLog.end - hyperLogLog.start)
  writeCardinality(hyperLogLog.bytes, hyperLogLog.start, cardinality)
  ctx.touch(1)
  replyCardinality(reply, cardinality)
}

/** PFMERGE destkey [sourcekey ...]: the destination gets the union of all, itself included. */
function pfmerge(ctx: CommandContext): void {
  const { args, db, reply, server } = ctx
  const work = uniteForMerge(ctx)
  if (work === null) return
  if (work.error !== '') {
    reply.error(work.error)
    return
  }
  const { hasDense, registers } = work.union
  const address = ctx.findAgain(1)
  if (address === 0) hyperLogLog.create(db, args.buffer, args.starts[1], args.ends[1])
  else hyperLogLog.at(db, address, args.buffer, args.starts[1], args.ends[1])
  hyperLogLog.merge(registers, hasDense, server.valueLimits.hyperLogLog.sparseMaxBytes)
  ctx.touch(1)
  ctx.notify(EVENT_STRING, 'pfadd', 1)
  reply.ok()
}
