/** What all hash commands share: the hash of the key argument, and bytes of it as a reply. */
import { ENCODING_LISTPACK_EXTERNAL, TYPE_HASH } from '../../store/entries.js'
import { expireFields, ownerOf, removeFields } from '../../store/expire-fields.js'
import { ByteRange } from '../../types/byte-range.js'
import { Hash } from '../../types/hash/hash.js'
import type { CommandContext } from '../context.js'

/** The hash of the command that is running, and two ranges to read it with: one command runs at a time. */
export const hash = new Hash()
export const field = new ByteRange()
export const value = new ByteRange()

/** Removing as many takes some 3 ms. */
const MOST_EXPIRED_AT_ONCE = 1000

/** Opens the hash of argument 1 (its address is 0 where there is none); false when WRONGTYPE was replied. */
export function openForRead(ctx: CommandContext): boolean {
  const address = ctx.findForRead(1)
  if (ctx.wrongType(address, TYPE_HASH)) return false
  if (address !== 0) noteLength(ctx, address)
  hash.open(ctx.db, address)
  return true
}

/** As openForRead, for a command that may change the hash; where there is none, its first field makes one. */
export function openForWrite(ctx: CommandContext): boolean {
  const { args } = ctx
  const address = ctx.findForWrite(1)
  if (ctx.wrongType(address, TYPE_HASH)) return false
  if (address === 0) hash.openNew(ctx.db, args.buffer, args.starts[1], args.ends[1])
  else {
    noteLength(ctx, address)
    hash.open(ctx.db, address)
  }
  return true
}

/** A listpack of more than a slot's bytes, which only other settings than the usual ones allow, takes its time to search. */
function noteLength(ctx: CommandContext, address: number): void {
  if (ctx.db.entries.encoding(address) === ENCODING_LISTPACK_EXTERNAL) ctx.takesLonger()
}

/** Shows argument `index`'s value in `value`, if there is such a field. */
export function getField(ctx: CommandContext, index: number, fieldHash = knownHash(ctx, index)): boolean {
  const { args } = ctx
  if (hash.get(args.buffer, args.starts[index], args.ends[index], value, fieldHash)) return true
  if (hash.hidden !== 0) expireHidden(ctx)
  return false
}

/** As getField, for one of several: those that have expired go in the end, all at once (expireMet). */
export function getFieldOfSeveral(ctx: CommandContext, index: number, fieldHash = knownHash(ctx, index)): boolean {
  const { args } = ctx
  if (hash.get(args.buffer, args.starts[index], args.ends[index], value, fieldHash)) return true
  if (hash.hidden !== 0) met.add(hash.hidden)
  hash.hidden = 0
  return false
}

/** Expired fields that a command has met. */
const met = new Set<number>()

/** Removes the expired fields that getFieldOfSeveral met. */
export function expireMet(ctx: CommandContext): void {
  if (met.size === 0) return
  const elements = [...met]
  met.clear()
  expireElements(ctx, elements)
}

/** Whether there is a field that argument `index` names. */
export function hasField(ctx: CommandContext, index: number): boolean {
  const { args } = ctx
  if (hash.has(args.buffer, args.starts[index], args.ends[index], knownHash(ctx, index))) return true
  if (hash.hidden !== 0) expireHidden(ctx)
  return false
}

/** A field was not found because it has expired: it goes, and with the last one the key. */
function expireHidden(ctx: CommandContext): void {
  const { hidden } = hash
  hash.hidden = 0
  expireElements(ctx, [hidden])
}

function expireElements(ctx: CommandContext, elements: readonly number[]): void {
  const { times } = hash
  if (times === null || !ctx.keyspace.deletesExpired) return
  const database = ownerOf(ctx.keyspace, times)
  if (database === null) return
  removeFields(database, times, elements)
  reopen(ctx)
}

/**
 * Removes fields of the open hash that have expired, and with the last one the key: for who chooses among the others. Not more than take a
 * few milliseconds; the rest stays, as all do where nothing may be deleted (a replica, a pause).
 */
export function expireSome(ctx: CommandContext): void {
  const { keyspace } = ctx
  const { times } = hash
  if (times === null || !keyspace.deletesExpired || !keyspace.hidesExpired) return
  if (expireFields(keyspace, times, MOST_EXPIRED_AT_ONCE) > 0) reopen(ctx)
}

function reopen({ args, db }: CommandContext): void {
  const address = db.findAgain(args.buffer, args.starts[1], args.ends[1])
  if (address !== 0) hash.open(db, address)
  else hash.openNew(db, args.buffer, args.starts[1], args.ends[1])
}

/** When the field of argument `index` expires; NaN: never, or there is none. */
export function fieldExpiry({ args }: CommandContext, index: number): number {
  if (hash.times === null) return Number.NaN
  const element = hash.elementOf(args.buffer, args.starts[index], args.ends[index])
  return element === 0 ? Number.NaN : hash.expiryOf(element)
}

/** As setField, of a field that goes on to expire then. */
export function setExpiringField(
  ctx: CommandContext,
  index: number,
  bytes: Buffer,
  start: number,
  end: number,
  expiryMs: number,
): boolean {
  const { args } = ctx
  const added = setField(ctx, index, bytes, start, end)
  if (!Number.isNaN(expiryMs)) {
    hash.setExpiry(hash.elementOf(args.buffer, args.starts[index], args.ends[index]), expiryMs)
  }
  return added
}

/** Replicas get when fields expire, and on what condition they got that. */
export function propagateExpiry(
  ctx: CommandContext,
  expiryMs: number,
  fields: readonly Buffer[],
  condition?: string,
): void {
  const conditions = condition === undefined ? [] : [condition.toUpperCase()]
  const key = ctx.args.view(1)
  const head = ['HPEXPIREAT', key, String(expiryMs), ...conditions, 'FIELDS', String(fields.length)]
  ctx.propagateArguments([...head, ...fields])
}

/** The hash of field argument `index`, if it has been worked out ahead of the command. */
export function knownHash({ args }: CommandContext, index: number): number | undefined {
  return index === args.hashedElement ? args.elementHash : undefined
}

/** The hash of field `index` of those that begin with argument 2, looked at ahead where the hash is large. */
export function fieldAhead(ctx: CommandContext, index: number): number | undefined {
  return hash.address !== 0 && hash.isTable ? ctx.hashAhead(index, 2, 1, hash.table) : undefined
}

/** Sets the field of argument `index` to bytes[start, end); true when it is new. */
export function setField(ctx: CommandContext, index: number, bytes: Buffer, start: number, end: number): boolean {
  const { args } = ctx
  return hash.set(
    args.buffer,
    args.starts[index],
    args.ends[index],
    bytes,
    start,
    end,
    ctx.server.valueLimits.hash,
    knownHash(ctx, index),
  )
}

/** Replies a range as a bulk string. */
export function replyRange(ctx: CommandContext, range: ByteRange): void {
  range.writeTo(ctx.reply)
}
