/** DUMP and RESTORE: a key's value as bytes, and back. Source of behaviour: Redis's cluster.c. */
import { EVENT_GENERIC } from '../../config/keyspace-events.js'
import { dumpPayload, isIntactPayload, PayloadReader, type RestoredTraits } from '../../persistence/dump/payload.js'
import { isLargeValue, SlicedDump } from '../../persistence/dump/sliced-dump.js'
import type { ReplySource } from '../../resp/reply-source.js'
import type { ReplyWriter } from '../../resp/reply-writer.js'
import type { Request } from '../../resp/request.js'
import type { Database } from '../../store/database.js'
import { ExpiryTime } from '../../store/expiry-time.js'
import type { Keyspace } from '../../store/keyspace.js'
import { moveEntry } from '../../store/move-entry.js'
import { isPackedRdbType } from '../../types/kinds.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../context.js'
import {
  type ArgumentDoc,
  ASKING,
  type CommandSpec,
  DENYOOM,
  OVERWRITE_KEY,
  PREPARED,
  READ_KEY,
  READONLY,
  WRITE,
} from '../spec.js'
import { hasPassed } from './expiry-options.js'

const KEY: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0 }
const RESTORE_ARGUMENTS: ArgumentDoc[] = [
  KEY,
  { name: 'ttl', type: 'integer' },
  { name: 'serialized-value', type: 'string' },
  { name: 'replace', type: 'pure-token', token: 'REPLACE', optional: true, since: '3.0.0' },
  { name: 'absttl', type: 'pure-token', token: 'ABSTTL', optional: true, since: '5.0.0' },
  { name: 'seconds', type: 'integer', token: 'IDLETIME', optional: true, since: '5.0.0' },
  { name: 'frequency', type: 'integer', token: 'FREQ', optional: true, since: '5.0.0' },
]

const RESTORE_HISTORY = [
  ['3.0.0', 'REPLACE is new.'],
  ['5.0.0', 'ABSTTL is new.'],
  ['5.0.0', 'IDLETIME and FREQ are new.'],
] as const

export const dumpCommands: CommandSpec[] = [
  {
    name: 'dump',
    arity: 2,
    flags: READONLY,
    keys: READ_KEY,
    group: 'generic',
    since: '2.6.0',
    summary: 'Returns the value of a key as bytes that RESTORE understands.',
    complexity: 'O(N), N is the size of the value',
    tips: ['nondeterministic_output'],
    arguments: [KEY],
    run: dump,
  },
  {
    name: 'restore',
    arity: -4,
    flags: WRITE | DENYOOM | PREPARED,
    keys: OVERWRITE_KEY,
    group: 'generic',
    since: '2.6.0',
    summary: "Creates a key from DUMP's bytes.",
    complexity: 'O(N), N is the size of the value',
    history: RESTORE_HISTORY,
    categories: ['dangerous'],
    arguments: RESTORE_ARGUMENTS,
    run: restorePrepared,
  },
  {
    name: 'restore-asking',
    arity: -4,
    flags: WRITE | DENYOOM | ASKING | PREPARED,
    keys: OVERWRITE_KEY,
    group: 'server',
    since: '3.0.0',
    summary: 'RESTORE, as MIGRATE sends it to a node of a cluster.',
    complexity: 'O(N), N is the size of the value',
    isSystemCommand: true,
    history: RESTORE_HISTORY,
    categories: ['keyspace', 'dangerous'],
    arguments: RESTORE_ARGUMENTS,
    run: restorePrepared,
  },
]

/** DUMP key. Bulk reply: the payload; null without the key. */
function dump(ctx: CommandContext): void {
  const { keyspace, reply, server } = ctx
  const address = ctx.findForRead(1)
  const compress = server.config.values.rdbcompression
  if (address === 0) reply.null()
  else if (isLargeValue(keyspace, address)) ctx.replyFrom(new DumpReply(new SlicedDump(keyspace, address, compress)))
  else reply.bulkReference(dumpPayload(keyspace, address, compress))
}

/** The payload of a large value, piece by piece. */
class DumpReply implements ReplySource {
  private readonly dump: SlicedDump
  private begun = false

  constructor(dump: SlicedDump) {
    this.dump = dump
  }

  get memoryBytes(): number {
    return this.dump.memoryBytes
  }

  next(out: ReplyWriter, deadlineMs: number): boolean {
    const { dump } = this
    if (!dump.prepare(deadlineMs)) return false
    if (!this.begun) out.raw(`$${dump.length}\r\n`)
    this.begun = true
    // One at a time: when this is called again the client has got it, and its memory may be used anew.
    const piece = dump.piece()
    if (piece === null) out.raw('\r\n')
    else if (piece.length > 0) out.append(piece)
    return piece === null
  }

  close(): void {
    this.dump.close()
  }
}

interface RestoreOptions {
  readonly replace: boolean
  /** The time to live is a Unix time. */
  readonly absolute: boolean
  readonly idleSeconds: number
  readonly frequency: number
}

/** The options; the error's text when they make no sense. */
function readOptions(args: Request): RestoreOptions | string {
  let replace = false
  let absolute = false
  let idleSeconds = -1
  let frequency = -1
  for (let i = 4; i < args.argc; i++) {
    const hasValue = i + 1 < args.argc
    if (args.is(i, 'replace')) replace = true
    else if (args.is(i, 'absttl')) absolute = true
    else if (hasValue && frequency < 0 && args.is(i, 'idletime')) {
      const seconds = args.int64(++i)
      if (seconds === null) return NOT_AN_INTEGER
      if (seconds < 0n) return 'ERR Invalid IDLETIME value, must be >= 0'
      idleSeconds = Number(seconds)
    } else if (hasValue && idleSeconds < 0 && args.is(i, 'freq')) {
      const counter = args.int64(++i)
      if (counter === null) return NOT_AN_INTEGER
      if (counter < 0n || counter > 255n) return 'ERR Invalid FREQ value, must be >= 0 and <= 255'
      frequency = Number(counter)
    } else return SYNTAX_ERROR
  }
  return { replace, absolute, idleSeconds, frequency }
}

/** Whether a RESTORE will get as far as to its payload, as things stand now. */
export function wantsPayload(args: Request, db: Database): boolean {
  const options = readOptions(args)
  if (typeof options === 'string') return false
  if (!options.replace && db.stateOf(args.view(1)) === 'there') return false
  const ttlMs = args.int64(2)
  return ttlMs !== null && ttlMs >= 0n
}

/** RESTORE, and the end of what was prepared for it alone. */
function restorePrepared(ctx: CommandContext): void {
  restore(ctx)
  if (ctx.client.preparation !== null && !ctx.inTransaction) ctx.server.payloads.end(ctx.client)
}

/** RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]. */
function restore(ctx: CommandContext): void {
  const { args, reply, server } = ctx
  const options = readOptions(args)
  if (typeof options === 'string') {
    reply.error(options)
    return
  }
  if (!options.replace && ctx.findForWrite(1) !== 0) {
    reply.error('BUSYKEY Target key name already exists.')
    return
  }
  const ttlMs = args.int64(2)
  if (ttlMs === null || ttlMs < 0n) {
    reply.error(ttlMs === null ? NOT_AN_INTEGER : 'ERR Invalid TTL value, must be >= 0')
    return
  }
  const { buffer, starts, ends } = args
  const prepared = ctx.client.preparation?.loadings.get(ctx.inTransaction ? args : null) ?? null
  const intact = prepared?.intact ?? isIntactPayload(buffer, starts[3], ends[3], !server.skipsChecksums)
  if (!intact) {
    reply.error('ERR DUMP payload version or checksum are wrong')
    return
  }
  countSanitization(ctx, buffer[starts[3]])
  const traits = { ...options, expiry: expiryOf(ctx, ttlMs, options.absolute) }
  const reader = readerOf(ctx)
  let problem = prepared?.problem ?? ''
  if (problem === '') {
    let loaded = prepared === null ? 0 : reader.take(prepared, buffer, starts[1], ends[1], traits)
    if (loaded === 0) loaded = reader.read(buffer, starts[3], ends[3], buffer, starts[1], ends[1], traits)
    if (loaded !== 0) {
      settle(ctx, reader, loaded, options, traits)
      return
    }
    problem = reader.problem
  }
  server.log.verbose(`RESTORE of a bad payload: ${problem}`)
  reply.error('ERR Bad data format')
}

/** A span so long that the time no longer fits 64 bits has passed already, as in Redis, which lets it overflow. */
function expiryOf({ keyspace }: CommandContext, ttlMs: bigint, absolute: boolean): ExpiryTime {
  const expiry = new ExpiryTime()
  if (ttlMs !== 0n) expiry.setBigInt(BigInt.asIntN(64, ttlMs + (absolute ? 0n : BigInt(keyspace.nowMs))))
  return expiry
}

/** Puts a value that was read in the place of what the key holds, and replies. */
function settle(
  ctx: CommandContext,
  reader: PayloadReader,
  loaded: number,
  { absolute, replace }: RestoreOptions,
  { expiry }: RestoredTraits,
): void {
  const { args, db, keyspace, reply } = ctx
  const { buffer, starts, ends } = args
  // Deleted whether its time has come or not, and without a word about that.
  const old = replace ? db.findAny(buffer, starts[1], ends[1]) : 0
  if (old !== 0) db.remove(old)
  if (hasPassed(keyspace, expiry.ms)) {
    reader.discard(buffer, starts[1], ends[1])
    if (old !== 0) {
      ctx.touch(1)
      ctx.notify(EVENT_GENERIC, 'del', 1)
      ctx.propagateAs(keyspace.lazyfree.serverDel ? 'UNLINK' : 'DEL', args.view(1))
    }
    reply.ok()
    return
  }
  ctx.findForWrite(1)
  moveEntry(reader.database, loaded, db, buffer, starts[1], ends[1])
  ctx.touch(1)
  ctx.notify(EVENT_GENERIC, 'restore', 1)
  if (!Number.isNaN(expiry.ms) && !absolute) {
    const rest = Array.from({ length: args.argc - 3 }, (_, i) => args.view(i + 3))
    ctx.propagateAs(args.view(0), args.view(1), expiry.toString(), ...rest, 'ABSTTL')
  }
  reply.ok()
}

const readers = new WeakMap<Keyspace, PayloadReader>()

function readerOf(ctx: CommandContext): PayloadReader {
  const limits = ctx.server.valueLimits
  let reader = readers.get(ctx.keyspace)
  if (reader === undefined) readers.set(ctx.keyspace, (reader = new PayloadReader(ctx.keyspace, limits)))
  return reader
}

/**
 * INFO dump_payload_sanitizations: packed values that were checked item by item because sanitize-dump-payload asks for it. Here
 * all of them are, whatever it says: what has not been checked could not be worked with safely.
 */
function countSanitization({ client, server }: CommandContext, type: number): void {
  const wanted = server.config.values['sanitize-dump-payload']
  if (wanted === 'no' || (wanted === 'clients' && client.isMaster)) return
  if (isPackedRdbType(type)) server.stats.payloadSanitizations++
}
