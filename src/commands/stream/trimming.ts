/**
 * How XADD and XTRIM cut a stream short, and how replicas get that: in words of Redis 7.0, which knows neither DELREF nor ACKED, and
 * without any that depend on where nodes end.
 */
import { AckedTrim } from '../../types/stream/acked-trim.js'
import { ReferenceTrim } from '../../types/stream/reference-trim.js'
import type { Stream } from '../../types/stream/stream.js'
import { StreamId } from '../../types/stream/stream-id.js'
import type { CommandContext } from '../context.js'
import { GoneReferences, propagateIds } from './gone-references.js'
import type { TrimArguments } from './trim-arguments.js'

/** What the last trim did beside taking entries: to be propagated, or not. */
let gone: GoneReferences | null = null
let acked: AckedTrim | null = null

const deleted = new StreamId()

/** Returns how many entries went. */
export function trimStream(ctx: CommandContext, stream: Stream, parsed: TrimArguments): number {
  gone = acked = null
  if (parsed.references === 'keepref') return stream.trim(parsed)
  // Where Redis has to look at each entry it takes as many as it may, whatever nodes they are in.
  const { limit, maxLength, minId } = parsed
  const target = { limit, maxLength, minId, approximate: false }
  if (parsed.references === 'acked') {
    acked = new AckedTrim(stream, target)
    acked.step(Number.POSITIVE_INFINITY)
    return acked.count
  }
  gone = new GoneReferences(ctx)
  const trim = new ReferenceTrim(stream, target, gone.add)
  trim.step(Number.POSITIVE_INFINITY)
  return trim.count
}

/** XTRIM has cut the stream short. */
export function propagateTrim(ctx: CommandContext, stream: Stream, parsed: TrimArguments): void {
  if (!ctx.propagates) return
  if (acked !== null) propagateAcked(ctx, stream, acked)
  else if (parsed.approximate || parsed.referencesIndex > 0) {
    ctx.propagateArguments(parsed.plain(ctx.args, stream))
    gone?.propagate(ctx)
  }
}

/** XADD has added the entry `id`, and may have cut the stream short. */
export function propagateAddition(ctx: CommandContext, stream: Stream, parsed: TrimArguments, id: StreamId): void {
  const { args } = ctx
  const isWhole = parsed.idGiven && parsed.sequenceGiven
  const isExact = !parsed.trims || !parsed.approximate
  if (!ctx.propagates || (isWhole && isExact && parsed.referencesIndex === 0)) return
  const idArgument = isWhole ? args.view(parsed.idIndex) : Buffer.from(id.toString(), 'latin1')
  if (parsed.trims && acked !== null) {
    const fields = Array.from({ length: args.argc - parsed.idIndex - 1 }, (_, i) => args.view(parsed.idIndex + 1 + i))
    ctx.propagateArguments([args.view(0), args.view(1), idArgument, ...fields])
    propagateAcked(ctx, stream, acked)
    return
  }
  ctx.propagateArguments(parsed.plain(args, stream, idArgument))
  if (parsed.trims) gone?.propagate(ctx)
}

/** What went from the beginning is a trim. What went behind something that stays are deletions. */
function propagateAcked(ctx: CommandContext, stream: Stream, { first, later }: AckedTrim): void {
  const key = ctx.args.view(1)
  if (first > 0) ctx.propagateAs('XTRIM', key, 'MAXLEN', '=', String(stream.length + later.count))
  propagateIds(
    ctx,
    ['XDEL', key],
    Array.from({ length: later.count }, (_, i) => later.read(i, deleted).toString()),
  )
}
