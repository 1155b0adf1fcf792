/** BITOP. Source of behaviour: bitopCommand in Redis's bitops.c; the operations of Redis 8.2 from there. */
import { type BitOperation, combineBits } from '../../bytes/bits.js'
import { EVENT_GENERIC, EVENT_STRING } from '../../config/keyspace-events.js'
import { NEVER } from '../../store/database.js'
import { ENCODING_EXTERNAL, ENCODING_RAW, HAS_EXPIRY, TYPE_STRING } from '../../store/entries.js'
import { StringView } from '../../types/string/string.js'
import { setBytes } from '../../types/string/string-edit.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import {
  type ArgumentDoc,
  type CommandSpec,
  DENYOOM,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  keyRange,
  WRITE,
} from '../spec.js'

const OPERATION: ArgumentDoc = {
  name: 'operation',
  type: 'oneof',
  arguments: [
    { name: 'and', type: 'pure-token', token: 'AND' },
    { name: 'or', type: 'pure-token', token: 'OR' },
    { name: 'xor', type: 'pure-token', token: 'XOR' },
    { name: 'not', type: 'pure-token', token: 'NOT' },
    { name: 'diff', type: 'pure-token', token: 'DIFF', since: '8.2.0' },
    { name: 'diff1', type: 'pure-token', token: 'DIFF1', since: '8.2.0' },
    { name: 'andor', type: 'pure-token', token: 'ANDOR', since: '8.2.0' },
    { name: 'one', type: 'pure-token', token: 'ONE', since: '8.2.0' },
  ],
}

export const bitopCommand: CommandSpec = {
  name: 'bitop',
  arity: -4,
  flags: WRITE | DENYOOM,
  keys: [keyRange(KEY_OW | KEY_UPDATE, 2), keyRange(KEY_RO | KEY_ACCESS, 3, -1)],
  group: 'bitmap',
  since: '2.6.0',
  summary: 'Combines strings bit by bit and stores the result.',
  complexity: 'O(N)',
  history: [['8.2.0', 'DIFF, DIFF1, ANDOR and ONE came, in Redis.']],
  arguments: [
    OPERATION,
    { name: 'destkey', type: 'key', keySpecIndex: 0 },
    { name: 'key', type: 'key', keySpecIndex: 1, multiple: true },
  ],
  run: bitop,
}

const OPERATIONS: readonly BitOperation[] = ['and', 'or', 'xor', 'not', 'diff', 'diff1', 'andor', 'one']
const FIRST_SOURCE = 3

/** BITOP operation destkey key [key ...]. Integer reply: the length of the result, which is the longest key's. */
function bitop(ctx: CommandContext): void {
  const { args, db, reply } = ctx
  const operation = readOperation(ctx)
  if (operation === null) return
  const sources: Buffer[] = []
  let length = 0
  for (let i = FIRST_SOURCE; i < args.argc; i++) {
    const address = ctx.findForRead(i)
    if (ctx.wrongType(address, TYPE_STRING)) return
    const source = new StringView()
    if (address !== 0) source.of(db.entries, address)
    sources.push(source.bytes.subarray(source.start, source.end))
    length = Math.max(length, source.length)
  }
  const address = ctx.findForWrite(2)
  if (length > 0) {
    const result = ownMemory(ctx, address, length, sources) ?? Buffer.allocUnsafeSlow(length)
    combineBits(operation, sources, result)
    setBytes(db, address, args.buffer, args.starts[2], args.ends[2], result, ENCODING_RAW, NEVER)
    ctx.touch(2)
    ctx.notify(EVENT_STRING, 'set', 2)
    if (isNewer(operation) && ctx.propagates) propagateNewer(ctx, operation, result)
  } else if (address !== 0) {
    db.remove(address)
    ctx.touch(2)
    ctx.notify(EVENT_GENERIC, 'del', 2)
    if (isNewer(operation)) ctx.propagateAs('DEL', args.view(2))
  }
  reply.integer(length)
}

/** Null when the error has been replied. */
function readOperation(ctx: CommandContext): BitOperation | null {
  const { args, reply } = ctx
  const operation = OPERATIONS.find(name => args.is(1, name))
  if (operation === undefined) {
    reply.error(SYNTAX_ERROR)
    return null
  }
  if (operation === 'not' && args.argc !== 4) {
    reply.error('ERR BITOP NOT must be called with a single source key.')
    return null
  }
  if (tellsFirstApart(operation) && args.argc < 5) {
    reply.error(`ERR BITOP ${operation.toUpperCase()} must be called with at least two source keys.`)
    return null
  }
  return operation
}

/** Whether the first source has a part of its own. */
function tellsFirstApart(operation: BitOperation): boolean {
  return operation === 'diff' || operation === 'diff1' || operation === 'andor'
}

/** Whether Redis 7 does not know it. */
function isNewer(operation: BitOperation): boolean {
  return operation === 'one' || tellsFirstApart(operation)
}

/**
 * Replicas of Redis 7 know AND, OR, XOR and NOT: another operation is put together from those in the destination, as one
 * transaction, which takes less of the stream than the result, unless the destination is itself a source. Sources that take part
 * once only (ONE) leave no such way.
 */
function propagateNewer(ctx: CommandContext, operation: BitOperation, result: Buffer): void {
  const { args } = ctx
  const target = args.view(2)
  const sources: Buffer[] = []
  for (let i = FIRST_SOURCE; i < args.argc; i++) sources.push(args.view(i))
  if (operation === 'one' || sources.some(source => source.equals(target))) {
    // A later command of the transaction must not change what the stream is to get.
    const stored = ctx.findAgain(2)
    const { entries } = ctx.db
    if (entries.encoding(stored) === ENCODING_EXTERNAL) entries.lendBuffer(entries.payload(stored))
    ctx.propagateAs('SET', target, result)
    return
  }
  const [first, ...others] = sources
  const union = operation === 'diff1' ? [...others, first] : others
  ctx.propagateArguments(['BITOP', 'OR', target, ...union])
  if (operation !== 'diff1') ctx.propagateAs('BITOP', 'AND', target, target, first)
  if (operation !== 'andor') ctx.propagateAs('BITOP', 'XOR', target, target, first)
}

/**
 * The destination's own Buffer where the result can go there: fresh memory costs more than the operation, since the system
 * has to hand it out page by page.
 */
function ownMemory(ctx: CommandContext, address: number, length: number, sources: readonly Buffer[]): Buffer | null {
  const { entries } = ctx.db
  if (address === 0 || entries.encoding(address) !== ENCODING_EXTERNAL) return null
  if ((entries.meta(address) & HAS_EXPIRY) !== 0 || entries.isShared(entries.payload(address))) return null
  const own = entries.buffers.get(entries.payload(address))
  const fits = own.length === length && own.byteOffset % Int32Array.BYTES_PER_ELEMENT === 0
  return fits && !sources.some(({ buffer }) => buffer === own.buffer) ? own : null
}
