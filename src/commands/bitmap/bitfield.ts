/** BITFIELD: integers of any size inside a string. Source of behaviour: bitfieldGeneric in Redis's bitops.c. */
import { addToField, type FieldType, type Overflow, readField, writeField } from '../../bytes/bitfield.js'
import { parseSafeInteger } from '../../bytes/integers.js'
import { EVENT_STRING } from '../../config/keyspace-events.js'
import { TYPE_STRING } from '../../store/entries.js'
import { StringView, stringLength } from '../../types/string/string.js'
import { openString } from '../../types/string/string-edit.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import { findBitfieldKey } from '../find-keys.js'
import {
  type ArgumentDoc,
  type CommandSpec,
  DENYOOM,
  FAST,
  KEY_ACCESS,
  KEY_RW,
  KEY_UPDATE,
  KEY_VARIABLE_FLAGS,
  keyRange,
  READ_KEY,
  READONLY,
  WRITE,
} from '../spec.js'
import { KEY } from '../string/access.js'
import { readBitOffset } from './bit-offset.js'

const ENCODING: ArgumentDoc = { name: 'encoding', type: 'string' }
const OFFSET: ArgumentDoc = { name: 'offset', type: 'integer' }
const GET_BLOCK: ArgumentDoc = { name: 'get-block', type: 'block', token: 'GET', arguments: [ENCODING, OFFSET] }
const OVERFLOW_BLOCK: ArgumentDoc = {
  name: 'overflow-block',
  type: 'oneof',
  token: 'OVERFLOW',
  optional: true,
  arguments: [
    { name: 'wrap', type: 'pure-token', token: 'WRAP' },
    { name: 'sat', type: 'pure-token', token: 'SAT' },
    { name: 'fail', type: 'pure-token', token: 'FAIL' },
  ],
}
const WRITE_OPERATION: ArgumentDoc = {
  name: 'write-operation',
  type: 'oneof',
  arguments: [
    {
      name: 'set-block',
      type: 'block',
      token: 'SET',
      arguments: [ENCODING, OFFSET, { name: 'value', type: 'integer' }],
    },
    {
      name: 'incrby-block',
      type: 'block',
      token: 'INCRBY',
      arguments: [ENCODING, OFFSET, { name: 'increment', type: 'integer' }],
    },
  ],
}

export const bitfieldCommands: readonly CommandSpec[] = [
  {
    name: 'bitfield',
    arity: -2,
    flags: WRITE | DENYOOM,
    keys: [
      keyRange(KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS, 1, 0, 1, 'With nothing but GET it only reads.'),
    ],
    findKeys: findBitfieldKey,
    group: 'bitmap',
    since: '3.2.0',
    summary: 'Reads and changes integers of any size inside a string.',
    complexity: 'O(1) for each operation',
    arguments: [
      KEY,
      {
        name: 'operation',
        type: 'oneof',
        multiple: true,
        optional: true,
        arguments: [GET_BLOCK, { name: 'write', type: 'block', arguments: [OVERFLOW_BLOCK, WRITE_OPERATION] }],
      },
    ],
    run: ctx => bitfield(ctx, false),
  },
  {
    name: 'bitfield_ro',
    arity: -2,
    flags: READONLY | FAST,
    keys: READ_KEY,
    group: 'bitmap',
    since: '6.0.0',
    summary: 'Reads integers of any size inside a string.',
    complexity: 'O(1) for each operation',
    arguments: [KEY, { ...GET_BLOCK, optional: true, multiple: true, multipleToken: true }],
    run: ctx => bitfield(ctx, true),
  },
]

interface FieldOperation {
  readonly kind: 'get' | 'set' | 'incrby'
  readonly type: FieldType
  /** In bits. */
  readonly offset: number
  /** SET's value, INCRBY's increment. */
  readonly operand: bigint
  readonly overflow: Overflow
}

const LARGEST_SIGNED_BITS = 64
/** Replies of 64 bits without a sign would not fit RESP's integers. */
const LARGEST_UNSIGNED_BITS = 63

const view = new StringView()
const NOTHING = new StringView()

/** BITFIELD key [GET type offset | [OVERFLOW ...] SET type offset value | INCRBY type offset increment ...]. */
function bitfield(ctx: CommandContext, readOnly: boolean): void {
  const operations = parseOperations(ctx)
  if (operations === null) return
  if (operations.every(({ kind }) => kind === 'get')) readFields(ctx, operations)
  else if (readOnly) ctx.reply.error('ERR BITFIELD_RO only supports the GET subcommand')
  else changeFields(ctx, operations)
}

/** Null when the error has been replied. */
function parseOperations(ctx: CommandContext): FieldOperation[] | null {
  const { args, reply } = ctx
  const operations: FieldOperation[] = []
  let overflow: Overflow = 'wrap'
  for (let i = 2; i < args.argc; ) {
    const left = args.argc - i - 1
    if (args.is(i, 'overflow') && left >= 1) {
      const word = args.lower(i + 1)
      if (word !== 'wrap' && word !== 'sat' && word !== 'fail') {
        reply.error('ERR Invalid OVERFLOW type specified')
        return null
      }
      overflow = word
      i += 2
      continue
    }
    const operation = parseOperation(ctx, i, overflow)
    if (operation === null) return null
    operations.push(operation)
    i += operation.kind === 'get' ? 3 : 4
  }
  return operations
}

function parseOperation(ctx: CommandContext, index: number, overflow: Overflow): FieldOperation | null {
  const { args, reply } = ctx
  const left = args.argc - index - 1
  let kind: FieldOperation['kind']
  if (args.is(index, 'get') && left >= 2) kind = 'get'
  else if (args.is(index, 'set') && left >= 3) kind = 'set'
  else if (args.is(index, 'incrby') && left >= 3) kind = 'incrby'
  else {
    reply.error(SYNTAX_ERROR)
    return null
  }
  const type = parseType(ctx, index + 1)
  if (type === null) return null
  const offset = readBitOffset(ctx, index + 2, type.bits)
  if (Number.isNaN(offset)) return null
  if (kind === 'get') return { kind, type, offset, operand: 0n, overflow }
  const operand = args.int64(index + 3)
  if (operand === null) {
    reply.error(NOT_AN_INTEGER)
    return null
  }
  return { kind, type, offset, operand, overflow }
}

/** "i8", "u16". */
function parseType(ctx: CommandContext, index: number): FieldType | null {
  const { args } = ctx
  const start = args.starts[index]
  const letter = args.length(index) > 0 ? String.fromCharCode(args.buffer[start]) : ''
  const signed = letter === 'i'
  const bits = parseSafeInteger(args.buffer, start + 1, args.ends[index])
  const largest = signed ? LARGEST_SIGNED_BITS : LARGEST_UNSIGNED_BITS
  if ((signed || letter === 'u') && bits >= 1 && bits <= largest) return { signed, bits }
  ctx.reply.error('ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.')
  return null
}

function readFields(ctx: CommandContext, operations: readonly FieldOperation[]): void {
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  const string = address === 0 ? NOTHING : view.of(ctx.db.entries, address)
  ctx.reply.array(operations.length)
  for (const operation of operations) replyField(ctx, string, operation)
}

function replyField(ctx: CommandContext, string: StringView, { offset, type }: FieldOperation): void {
  ctx.reply.bigInteger(readField(string.bytes, string.start, string.end, offset, type))
}

/** The string is made long enough for all operations first, and stays so even when each of them fails (OVERFLOW FAIL). */
function changeFields(ctx: CommandContext, operations: readonly FieldOperation[]): void {
  const { args, db, reply } = ctx
  const address = ctx.findForWrite(1)
  if (ctx.wrongType(address, TYPE_STRING)) return
  let from = Number.POSITIVE_INFINITY
  let to = 0
  for (const { kind, offset, type } of operations) {
    if (kind === 'get') continue
    from = Math.min(from, Math.floor(offset / 8))
    to = Math.max(to, Math.floor((offset + type.bits - 1) / 8) + 1)
  }
  const grows = address === 0 || to > stringLength(db.entries, address)
  const string = openString(db, address, args.buffer, args.starts[1], args.ends[1], from, to)
  let changes = 0
  reply.array(operations.length)
  for (const operation of operations) {
    if (operation.kind === 'get') replyField(ctx, string, operation)
    else if (changeField(ctx, string, operation, grows)) changes++
  }
  if (changes === 0) {
    // As in Redis nobody is told; but replicas and the append-only file are to know the key, and its length.
    if (grows) ctx.keyspace.dirty++
    return
  }
  ctx.touch(1)
  // Each operation counts as a change of its own.
  ctx.keyspace.dirty += changes - 1
  ctx.notify(EVENT_STRING, 'setbit', 1)
}

/** SET replies the old value, INCRBY the new one, both null when it does not fit and is to FAIL. True: it changed the string. */
function changeField(ctx: CommandContext, string: StringView, operation: FieldOperation, grows: boolean): boolean {
  const { kind, type, offset, operand, overflow } = operation
  const old = readField(string.bytes, string.start, string.end, offset, type)
  const next = kind === 'set' ? addToField(operand, 0n, type, overflow) : addToField(old, operand, type, overflow)
  if (next === null) {
    ctx.reply.null()
    return false
  }
  writeField(string.bytes, string.start, offset, type.bits, next)
  ctx.reply.bigInteger(kind === 'set' ? old : next)
  return grows || next !== old
}
