/** XDELEX and XACKDEL: entries go with regard to consumer groups (Redis 8.2). Source of behaviour: Redis's t_stream.c. */
import { EVENT_STREAM } from '../../config/keyspace-events.js'
import { EntryDeletion } from '../../types/stream/deletion.js'
import { isReferenced, removeReferences } from '../../types/stream/references.js'
import type { Stream } from '../../types/stream/stream.js'
import { StreamId } from '../../types/stream/stream-id.js'
import type { CommandContext } from '../context.js'
import { type CommandSpec, DELETE_IN_KEY, FAST, KEY_DELETE, KEY_RW, KEY_UPDATE, keyRange, WRITE } from '../spec.js'
import { changeStream, MISSING, readId, readStream, WRONG } from './access.js'
import { GROUP, KEY } from './argument-docs.js'
import { GoneReferences, propagateIds } from './gone-references.js'
import { findGroup } from './group-access.js'
import { ID_LIST, IdArguments } from './id-arguments.js'
import { REFERENCES } from './reference-option.js'

/** What became of an entry: there was none (XACKDEL: it was not pending); it is gone; it stays, since groups refer to it. */
const NONE = -1
const DELETED = 1
const REFERENCED = 2

export const deletionCommands: readonly CommandSpec[] = [
  {
    name: 'xdelex',
    arity: -5,
    flags: WRITE | FAST,
    keys: DELETE_IN_KEY,
    group: 'stream',
    since: '8.2.0',
    summary: 'Deletes entries of a stream, with what groups refer to of them, or only those that no group refers to.',
    complexity: 'O(log(N)) for each of them in a stream of N, and for each group',
    arguments: [KEY, REFERENCES, ID_LIST],
    run: xdelex,
  },
  {
    name: 'xackdel',
    arity: -6,
    flags: WRITE | FAST,
    keys: [keyRange(KEY_RW | KEY_UPDATE | KEY_DELETE, 1)],
    group: 'stream',
    since: '8.2.0',
    summary: 'Says that entries have been dealt with, and deletes them, or those that no other group refers to.',
    complexity: 'O(log(N)) for each of them in a stream of N, and for each group',
    arguments: [KEY, GROUP, REFERENCES, ID_LIST],
    run: xackdel,
  },
]

const parsed = new IdArguments()
const id = new StreamId()

/** XDELEX key [KEEPREF|DELREF|ACKED] IDS count id [id ...]. Array reply: what became of each. */
function xdelex(ctx: CommandContext): void {
  const { reply } = ctx
  const stream = changeStream(ctx)
  if (stream === WRONG || !parsed.read(ctx, 2)) return
  if (stream === MISSING) {
    replyNone(ctx)
    return
  }
  if (!parsed.areIds(ctx, id)) return
  const deletions = new Deletions(ctx, stream)
  reply.array(parsed.count)
  for (let i = 0; i < parsed.count; i++) {
    readId(ctx, parsed.first + i, id)
    reply.integer(deletions.canGo() ? (deletions.delete() ? DELETED : NONE) : REFERENCED)
  }
  const deleted = deletions.finish()
  ctx.keyspace.dirty += deleted > 0 ? deleted : deletions.references.count
}

/**
 * XACKDEL key group [KEEPREF|DELREF|ACKED] IDS count id [id ...]. Array reply: what became of each. One that was pending, and not there,
 * counts as deleted.
 */
function xackdel(ctx: CommandContext): void {
  const { reply } = ctx
  const stream = readStream(ctx)
  if (stream === WRONG || !parsed.read(ctx, 3)) return
  const group = findGroup(ctx, stream, 2)
  if (stream === MISSING || group === null) {
    replyNone(ctx)
    return
  }
  if (!parsed.areIds(ctx, id)) return
  // For the snapshot, which has to see the key before it changes.
  ctx.findAgain(1)
  const deletions = new Deletions(ctx, stream)
  reply.array(parsed.count)
  for (let i = 0; i < parsed.count; i++) {
    readId(ctx, parsed.first + i, id)
    if (!group.remove(id)) {
      reply.integer(NONE)
      continue
    }
    ctx.keyspace.dirty++
    deletions.references.add(group, id)
    const canGo = deletions.canGo()
    if (canGo) deletions.delete()
    reply.integer(canGo ? DELETED : REFERENCED)
  }
  deletions.finish()
}

function replyNone({ reply }: CommandContext): void {
  reply.array(parsed.count)
  for (let i = 0; i < parsed.count; i++) reply.integer(NONE)
}

/** What a command deletes. Replicas get it as XACK and XDEL. */
class Deletions {
  readonly references: GoneReferences
  private readonly ctx: CommandContext
  private readonly stream: Stream
  private readonly entries: EntryDeletion
  private readonly ids: string[] = []

  constructor(ctx: CommandContext, stream: Stream) {
    this.ctx = ctx
    this.stream = stream
    this.references = new GoneReferences(ctx)
    this.entries = new EntryDeletion(stream)
  }

  /** Whether the option allows that the entry `id` goes. With DELREF references to it go, whether it is there or not. */
  canGo(): boolean {
    const { references, stream } = this
    if (parsed.references === 'delref') removeReferences(stream, id, references.add)
    return parsed.references !== 'acked' || !isReferenced(stream, id)
  }

  /** Deletes the entry `id`; false when there is none. */
  delete(): boolean {
    const { ctx, entries, ids } = this
    if (!entries.delete(id)) return false
    if (ctx.propagates) ids.push(id.toString())
    return true
  }

  /** Has to follow; changes are the caller's to count. Returns how many entries went. */
  finish(): number {
    const { ctx, entries, ids, references } = this
    const { args, keyspace } = ctx
    const deleted = entries.finish()
    ctx.propagateNothing()
    if (deleted > 0) {
      ctx.touch(1)
      ctx.notify(EVENT_STREAM, 'xdel', 1)
      keyspace.dirty--
    }
    references.propagate(ctx)
    propagateIds(ctx, ['XDEL', args.view(1)], ids)
    return deleted
  }
}
