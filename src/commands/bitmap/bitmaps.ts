/** The bitmap commands but for BITOP and BITFIELD. Source of behaviour: Redis's bitops.c. */
import { countBitRange, findBit } from '../../bytes/bits.js'
import { EVENT_STRING } from '../../config/keyspace-events.js'
import { TYPE_STRING } from '../../store/entries.js'
import { StringView, stringLength } from '../../types/string/string.js'
import { openString } from '../../types/string/string-edit.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import { IndexRange, readIndex } from '../index-range.js'
import { type ArgumentDoc, type CommandSpec, DENYOOM, FAST, READ_KEY, READONLY, UPDATE_KEY, WRITE } from '../spec.js'
import { KEY } from '../string/access.js'
import { readBitOffset } from './bit-offset.js'
import { bitopCommand } from './bitop.js'

const OFFSET: ArgumentDoc = { name: 'offset', type: 'integer' }
const START: ArgumentDoc = { name: 'start', type: 'integer' }
const END: ArgumentDoc = { name: 'end', type: 'integer' }
const UNIT: ArgumentDoc = {
  name: 'unit',
  type: 'oneof',
  optional: true,
  since: '7.0.0',
  arguments: [
    { name: 'byte', type: 'pure-token', token: 'BYTE' },
    { name: 'bit', type: 'pure-token', token: 'BIT' },
  ],
}
const UNIT_HISTORY = [['7.0.0', 'Ranges may count bits: the options `BYTE` and `BIT`.']] as const
export const bitmapCommands: readonly CommandSpec[] = [
  {
    name: 'setbit',
    arity: 4,
    flags: WRITE | DENYOOM,
    keys: UPDATE_KEY,
    group: 'bitmap',
    since: '2.2.0',
    summary: 'Sets or clears a bit of a string; creates the key when missing.',
    complexity: 'O(1)',
    arguments: [KEY, OFFSET, { name: 'value', type: 'integer' }],
    run: setbit,
  },
  {
    name: 'getbit',
    arity: 3,
    flags: READONLY | FAST,
    keys: READ_KEY,
    group: 'bitmap',
    since: '2.2.0',
    summary: 'Returns a bit of a string.',
    complexity: 'O(1)',
    arguments: [KEY, OFFSET],
    run: getbit,
  },
  {
    name: 'bitcount',
    arity: -2,
    flags: READONLY,
    keys: READ_KEY,
    group: 'bitmap',
    since: '2.6.0',
    summary: 'Counts the bits that are set in a string or a range of it.',
    complexity: 'O(N)',
    history: UNIT_HISTORY,
    arguments: [KEY, { name: 'range', type: 'block', optional: true, arguments: [START, END, UNIT] }],
    run: bitcount,
  },
  {
    name: 'bitpos',
    arity: -3,
    flags: READONLY,
    keys: READ_KEY,
    group: 'bitmap',
    since: '2.8.7',
    summary: 'Finds the first bit that is set, or clear, in a string or a range of it.',
    complexity: 'O(N)',
    history: UNIT_HISTORY,
    arguments: [
      KEY,
      { name: 'bit', type: 'integer' },
      {
        name: 'range',
        type: 'block',
        optional: true,
        arguments: [START, { name: 'end-unit-block', type: 'block', optional: true, arguments: [END, UNIT] }],
      },
    ],
    run: bitpos,
  },
  bitopCommand,
]

const BITS_IN_BYTE = 8
const BITS_IN_BIT = 1

const range = new IndexRange()
const view = new StringView()

/** SETBIT key offset value. Integer reply: the old bit. */
function setbit(ctx: CommandContext): void {
  const { args, db, reply } = ctx
  const offset = readBitOffset(ctx, 2)
  if (Number.isNaN(offset)) return
  const bit = args.safeInteger(3)
  if (bit !== 0 && bit !== 1) {
    reply.error('ERR bit is not an integer or out of range')
    return
  }
  const address = ctx.findForWrite(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  const byte = Math.floor(offset / 8)
  const grows = address === 0 || byte >= stringLength(db.entries, address)
  const string = openString(db, address, args.buffer, args.starts[1], args.ends[1], byte, byte + 1)
  const at = string.start + byte
  const shift = 7 - (offset % 8)
  const old = (string.bytes[at] >>> shift) & 1
  if (grows || old !== bit) {
    string.bytes[at] ^= (old ^ bit) << shift
    ctx.touch(1)
    ctx.notify(EVENT_STRING, 'setbit', 1)
  }
  reply.integer(old)
}

/** GETBIT key offset. Integer reply, 0 behind the end. */
function getbit(ctx: CommandContext): void {
  const offset = readBitOffset(ctx, 2)
  if (Number.isNaN(offset)) return
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  let bit = 0
  if (address !== 0) {
    const { bytes, start, end } = view.of(ctx.db.entries, address)
    const at = start + Math.floor(offset / 8)
    if (at < end) bit = (bytes[at] >>> (7 - (offset % 8))) & 1
  }
  ctx.reply.integer(bit)
}

/** Argument `index` as the unit of a range, in bits. Replies the error and returns 0 when it is none. */
function readUnit(ctx: CommandContext, index: number): number {
  if (ctx.args.is(index, 'byte')) return BITS_IN_BYTE
  if (ctx.args.is(index, 'bit')) return BITS_IN_BIT
  ctx.reply.error(SYNTAX_ERROR)
  return 0
}

/** BITCOUNT key [start end [BYTE | BIT]]. Without the key the range is not even looked at, as in Redis 7.2. */
function bitcount(ctx: CommandContext): void {
  const { args, reply } = ctx
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  if (address === 0) {
    reply.integer(0)
    return
  }
  view.of(ctx.db.entries, address)
  let unit = BITS_IN_BYTE
  range.whole()
  if (args.argc > 2) {
    if (args.argc !== 4 && args.argc !== 5) {
      reply.error(SYNTAX_ERROR)
      return
    }
    if (!range.read(ctx, 2)) return
    if (args.argc === 5 && !range.reversed) unit = readUnit(ctx, 4)
    if (unit === 0) return
  }
  if (range.reversed || !range.clamp((view.length * 8) / unit)) reply.integer(0)
  else reply.integer(countBitRange(view.bytes, view.start, range.start * unit, (range.end + 1) * unit - 1))
}

/** BITPOS key bit [start [end [BYTE | BIT]]]. Integer reply: the position, or -1. */
function bitpos(ctx: CommandContext): void {
  const { args, reply } = ctx
  const bit = args.safeInteger(2)
  if (bit !== 0 && bit !== 1) {
    // Any integer that is too large for a number is neither.
    reply.error(args.int64(2) === null ? NOT_AN_INTEGER : 'ERR The bit argument must be 1 or 0.')
    return
  }
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  if (address === 0) {
    reply.integer(bit === 1 ? -1 : 0)
    return
  }
  view.of(ctx.db.entries, address)
  const unit = readPositionRange(ctx)
  if (unit === 0) return
  if (!range.clamp((view.length * 8) / unit)) {
    reply.integer(-1)
    return
  }
  const last = (range.end + 1) * unit - 1
  const position = findBit(view.bytes, view.start, range.start * unit, last, bit)
  // A string counts as followed by zeros unless the end of the range was given.
  if (position < 0 && bit === 0 && args.argc < 5) reply.integer(last + 1)
  else reply.integer(position)
}

/** Reads BITPOS's range and returns its unit in bits. Replies the error and returns 0 when it makes no sense. */
function readPositionRange(ctx: CommandContext): number {
  const { args } = ctx
  range.whole()
  if (args.argc === 3) return BITS_IN_BYTE
  if (args.argc > 6) {
    ctx.reply.error(SYNTAX_ERROR)
    return 0
  }
  range.start = readIndex(ctx, 3)
  if (Number.isNaN(range.start)) return 0
  const unit = args.argc === 6 ? readUnit(ctx, 5) : BITS_IN_BYTE
  if (unit === 0 || args.argc === 4) return unit
  range.end = readIndex(ctx, 4)
  return Number.isNaN(range.end) ? 0 : unit
}
