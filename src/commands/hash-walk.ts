/** Hash commands that go through a hash or choose from it: HGETALL, HKEYS, HVALS, HSCAN, HRANDFIELD. */
import { MATCH, UNDECIDED } from '../bytes/glob.js'
import { INT64_MAX, INT64_MIN } from '../bytes/integers.js'
import type { ByteRange } from '../types/byte-range.js'
import { forEachElement } from '../types/element-table.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from './context.js'
import { field, hash, openForRead, replyRange, value } from './hash-access.js'
import { parseScanCursor, parseScanOptions, type ScanOptions, scanGoesOn } from './scan-options.js'

/** A table's elements are gathered and thinned out when at least every third is wanted, else drawn until enough differ. */
const GATHER_FACTOR = 3
/** Redis's range for a count whose reply has two elements for each. */
const MAX_COUNT_WITH_VALUES = INT64_MAX / 2n

/** HGETALL key. */
export function hgetall(ctx: CommandContext): void {
  if (!openForRead(ctx)) return
  ctx.reply.map(hash.length)
  hash.iterate((name, content) => {
    replyRange(ctx, name)
    replyRange(ctx, content)
  })
}

/** HKEYS key. */
export function hkeys(ctx: CommandContext): void {
  if (!openForRead(ctx)) return
  ctx.reply.array(hash.length)
  hash.iterate(name => replyRange(ctx, name))
}

/** HVALS key. */
export function hvals(ctx: CommandContext): void {
  if (!openForRead(ctx)) return
  ctx.reply.array(hash.length)
  hash.iterate((_, content) => replyRange(ctx, content))
}

/** HSCAN key cursor [MATCH pattern] [COUNT count]. A missing key is answered before the options are looked at. */
export function hscan(ctx: CommandContext): void {
  let cursor = parseScanCursor(ctx, 2)
  if (Number.isNaN(cursor) || !openForRead(ctx)) return
  if (hash.address === 0) {
    replyCursor(ctx, 0, 0)
    return
  }
  const options = parseScanOptions(ctx, 3, false)
  if (options === null) return
  if (!hash.isTable) {
    scanListpack(ctx, options)
    return
  }
  const { table } = hash
  const { names } = options
  const matching: number[] = []
  let sampled = 0
  let steps = 0
  const collect = (element: number): void => {
    sampled++
    hash.showElement(element, field, value)
    const result = names === null ? MATCH : names.decide(field.buffer, field.start, field.end)
    if (result === MATCH) matching.push(element)
    else if (result === UNDECIDED) names?.putOff(copyOf(field), copyOf(value))
  }
  do {
    cursor = table.scan(cursor, collect)
    steps++
  } while (scanGoesOn(options, cursor, sampled, steps))
  if (names?.undecided) {
    const certain: Buffer[] = []
    for (const element of matching) {
      hash.showElement(element, field, value)
      certain.push(copyOf(field), copyOf(value))
    }
    names.replyLater(ctx, [String(cursor)], certain)
    return
  }
  replyCursor(ctx, cursor, matching.length * 2)
  for (const element of matching) {
    hash.showElement(element, field, value)
    replyRange(ctx, field)
    replyRange(ctx, value)
  }
}

function copyOf({ buffer, end, start }: ByteRange): Buffer {
  return Buffer.from(buffer.subarray(start, end))
}

/** A small hash comes whole, whatever COUNT says. */
function scanListpack(ctx: CommandContext, { names }: ScanOptions): void {
  const matching: boolean[] = []
  let count = 0
  hash.iterate((name, content) => {
    const result = names === null ? MATCH : names.decide(name.buffer, name.start, name.end)
    matching.push(result === MATCH)
    if (result === MATCH) count++
    else if (result === UNDECIDED) names?.putOff(copyOf(name), copyOf(content))
  })
  let next = 0
  if (names?.undecided) {
    const certain: Buffer[] = []
    hash.iterate((name, content) => {
      if (matching[next++]) certain.push(copyOf(name), copyOf(content))
    })
    names.replyLater(ctx, ['0'], certain)
    return
  }
  replyCursor(ctx, 0, count * 2)
  hash.iterate((name, content) => {
    if (!matching[next++]) return
    replyRange(ctx, name)
    replyRange(ctx, content)
  })
}

function replyCursor(ctx: CommandContext, cursor: number, elements: number): void {
  ctx.reply.array(2)
  ctx.reply.bulkInteger(cursor)
  ctx.reply.array(elements)
}

/**
 * HRANDFIELD key [count [WITHVALUES]]. A positive count gives different fields, as many as there are at most; a negative one
 * draws each field anew.
 */
export function hrandfield(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (args.argc === 2) {
    if (!openForRead(ctx)) return
    if (hash.address === 0) {
      reply.null()
      return
    }
    hash.random(field, value)
    replyRange(ctx, field)
    return
  }
  const wide = args.int64(2)
  if (wide === null) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  if (wide === INT64_MIN) {
    reply.error(`ERR value is out of range, value must between ${-INT64_MAX} and ${INT64_MAX}`)
    return
  }
  const withValues = args.argc === 4 && args.is(3, 'withvalues')
  if (args.argc > 4 || (args.argc === 4 && !withValues)) {
    reply.error(SYNTAX_ERROR)
    return
  }
  if (withValues && (wide < -MAX_COUNT_WITH_VALUES || wide > MAX_COUNT_WITH_VALUES)) {
    reply.error('ERR value is out of range')
    return
  }
  if (!openForRead(ctx)) return
  const count = Number(wide)
  if (hash.address === 0 || count === 0) {
    reply.array(0)
    return
  }
  if (count < 0) replyDraws(ctx, -count, withValues)
  else if (count >= hash.length) replyAll(ctx, withValues)
  else if (hash.isTable) replyDifferent(ctx, count, withValues)
  else replyDifferentOfListpack(ctx, count, withValues)
}

/** Array header for `count` fields: with values, RESP2 has one flat array and RESP3 an array of pairs. */
function replyCount(ctx: CommandContext, count: number, withValues: boolean): void {
  ctx.reply.array(withValues && ctx.reply.resp === 2 ? count * 2 : count)
}

function replyOne(ctx: CommandContext, name: ByteRange, content: ByteRange, withValues: boolean): void {
  if (withValues && ctx.reply.resp === 3) ctx.reply.array(2)
  replyRange(ctx, name)
  if (withValues) replyRange(ctx, content)
}

/** `count` fields, each drawn from all. */
function replyDraws(ctx: CommandContext, count: number, withValues: boolean): void {
  replyCount(ctx, count, withValues)
  const positions = hash.isTable ? null : hash.fieldPositions()
  for (; count > 0; count--) {
    if (positions === null) hash.random(field, value)
    else hash.showAt(positions[Math.floor(Math.random() * positions.length)], field, value)
    replyOne(ctx, field, value, withValues)
  }
}

function replyAll(ctx: CommandContext, withValues: boolean): void {
  replyCount(ctx, hash.length, withValues)
  hash.iterate((name, content) => replyOne(ctx, name, content, withValues))
}

/** Selection sampling (Knuth, 3.4.2 S): every choice of `count` fields is as likely, and they come in the hash's order. */
function replyDifferentOfListpack(ctx: CommandContext, count: number, withValues: boolean): void {
  replyCount(ctx, count, withValues)
  const positions = hash.fieldPositions()
  let left = positions.length
  for (let i = 0; count > 0; i++, left--) {
    if (Math.random() * left >= count) continue
    hash.showAt(positions[i], field, value)
    replyOne(ctx, field, value, withValues)
    count--
  }
}

/** `count` different fields of a large hash, in O(count). */
function replyDifferent(ctx: CommandContext, count: number, withValues: boolean): void {
  replyCount(ctx, count, withValues)
  for (const element of count * GATHER_FACTOR > hash.length ? thinnedOut(count) : drawn(count)) {
    hash.showElement(element, field, value)
    replyOne(ctx, field, value, withValues)
  }
}

/** All elements, shuffled as far as they are needed. */
function thinnedOut(count: number): Uint32Array {
  const elements = new Uint32Array(hash.length)
  let filled = 0
  forEachElement(hash.table, element => {
    elements[filled++] = element
  })
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(Math.random() * (elements.length - i))
    const chosen = elements[j]
    elements[j] = elements[i]
    elements[i] = chosen
  }
  return elements.subarray(0, count)
}

function drawn(count: number): Set<number> {
  const elements = new Set<number>()
  while (elements.size < count) elements.add(hash.table.random())
  return elements
}
