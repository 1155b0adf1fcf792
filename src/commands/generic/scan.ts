/** SCAN: a walk over the keys of a database in steps. The guarantee is HashTable.scan's. */
import { MATCH, UNDECIDED } from '../../bytes/glob.js'
import type { Database } from '../../store/database.js'
import { typeName } from '../../types/kinds.js'
import type { CommandContext } from '../context.js'
import { hasExpired } from '../lookup.js'
import type { NameMatcher } from '../name-matcher.js'
import { parseScanCursor, parseScanOptions, type ScanOptions, scanGoesOn } from '../scan-options.js'
import { type FoundElements, ScanReply, type ScanWalk } from '../scan-replies.js'
import { type CommandSpec, READONLY, TOUCHES_ARBITRARY_KEYS } from '../spec.js'
import { SLICED_FROM_ELEMENTS } from '../table-replies.js'

export const scanCommands: CommandSpec[] = [
  {
    name: 'scan',
    arity: -2,
    flags: READONLY | TOUCHES_ARBITRARY_KEYS,
    group: 'generic',
    since: '2.8.0',
    summary: 'Walks over the names of the keys, some at a time.',
    complexity: 'O(1) for each call, O(N) for a walk from cursor 0 back to 0; N is the number of keys in the database',
    history: [['6.0.0', 'TYPE came.']],
    tips: ['nondeterministic_output', 'request_policy:special', 'response_policy:special'],
    arguments: [
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
      { name: 'type', type: 'string', token: 'TYPE', optional: true, since: '6.0.0' },
    ],
    run: scan,
  },
]

/** SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]. Array reply: the next cursor, and an array of keys. */
function scan(ctx: CommandContext): void {
  const { db, reply } = ctx
  const { entries } = db
  let cursor = parseScanCursor(ctx, 1)
  if (Number.isNaN(cursor)) return
  const options = parseScanOptions(ctx, 2, 'type')
  if (options === null) return
  // What comes behind it in a transaction may not come between.
  if (options.count > SLICED_FROM_ELEMENTS && !ctx.inTransaction) {
    ctx.replyFrom(new ScanReply(new KeyWalk(db, cursor, options), options))
    return
  }
  const { names, type } = options
  const found: number[] = []
  const undecided: number[] = []
  let sampled = 0
  let steps = 0
  do {
    cursor = db.keys.scan(cursor, address => {
      sampled++
      const start = entries.keyStart(address)
      const end = start + entries.keyLength(address)
      const result = names === null ? MATCH : names.decide(entries.memory(address), start, end)
      if (result === MATCH) found.push(address)
      else if (result === UNDECIDED) undecided.push(address)
    })
    steps++
  } while (scanGoesOn(options, cursor, sampled, steps))

  // Deleting an expired key moves no other entry, so the addresses stay valid.
  const isVisible = (address: number): boolean => isShown(db, address, type)
  const visible = found.filter(isVisible)
  if (names !== null) for (const address of undecided) if (isVisible(address)) names.putOff(entries.keyCopy(address))
  if (names?.undecided) {
    const certain = visible.map(address => entries.keyCopy(address))
    ctx.replyFrom(names.laterReply([String(cursor)], certain))
    return
  }
  reply.array(2)
  reply.bulkInteger(cursor)
  reply.array(visible.length)
  for (const address of visible) {
    const start = entries.keyStart(address)
    reply.bulk(entries.memory(address), start, start + entries.keyLength(address))
  }
}

/** Whether a key that was found is there, and of the type that is wanted (null: any). Deletes it when its time has come. */
function isShown(db: Database, address: number, type: string | null): boolean {
  const { entries, keyspace } = db
  if (hasExpired(db, address) && !keyspace.seesExpired) {
    if (keyspace.deletesExpired) db.expire(address)
    if (type !== null) keyspace.misses++
    return false
  }
  if (type === null) return true
  // To Redis, looking at its type is looking the key up.
  keyspace.hits++
  return typeName(entries, address) === type
}

/** SCAN with a large COUNT. */
class KeyWalk implements ScanWalk {
  cursor: number
  private readonly db: Database
  private readonly names: NameMatcher | null
  private readonly type: string | null
  private readonly bucket: number[] = []
  private readonly visit = (address: number): void => {
    this.bucket.push(address)
  }

  constructor(db: Database, cursor: number, { names, type }: ScanOptions) {
    this.db = db
    this.cursor = cursor
    this.names = names
    this.type = type
  }

  step(found: FoundElements): number {
    const { bucket, db, names, type } = this
    bucket.length = 0
    this.cursor = db.keys.scan(this.cursor, this.visit)
    const { entries } = db
    for (const address of bucket) {
      const memory = entries.memory(address)
      const start = entries.keyStart(address)
      const end = start + entries.keyLength(address)
      const result = names === null ? MATCH : names.decide(memory, start, end)
      if ((result !== MATCH && result !== UNDECIDED) || !isShown(db, address, type)) continue
      if (result === MATCH) found.bulk(memory, start, end)
      else names?.putOff(entries.keyCopy(address))
    }
    return bucket.length
  }

  close(): void {}
}
