/** Commands about keys whatever they hold. Source of behaviour: Redis's db.c. */
import { MATCH, UNDECIDED } from '../../bytes/glob.js'
import { EVENT_GENERIC } from '../../config/keyspace-events.js'
import type { Database } from '../../store/database.js'
import { moveEntry } from '../../store/move-entry.js'
import { typeName } from '../../types/kinds.js'
import { type CommandContext, NO_SUCH_KEY, SAME_OBJECT } from '../context.js'
import { readDatabase } from '../database-argument.js'
import { findUntouched, hasExpired } from '../lookup.js'
import { NameMatcher } from '../name-matcher.js'
import {
  type ArgumentDoc,
  BRIEF,
  type CommandSpec,
  FAST,
  KEY_INSERT,
  KEY_OW,
  KEY_UPDATE,
  type KeySpec,
  keyRange,
  PEEK_ALL_KEYS,
  PEEK_KEY,
  READONLY,
  REMOVE_ALL_KEYS,
  TAKE_KEY,
  TOUCHES_ARBITRARY_KEYS,
  UPDATE_KEY,
  WRITE,
} from '../spec.js'

/** How often a replica full of expired keys is asked for another random key. */
const RANDOM_KEY_TRIES = 100

const KEY: ArgumentDoc = { name: 'key', type: 'key', keySpecIndex: 0 }
const SOME_KEYS: ArgumentDoc[] = [{ ...KEY, multiple: true }]
const KEY_AND_NEW_KEY: ArgumentDoc[] = [KEY, { name: 'newkey', type: 'key', keySpecIndex: 1 }]
const SUM_OF_SHARDS = ['request_policy:multi_shard', 'response_policy:agg_sum']

function keyAndNewKey(newKeyFlags: number): KeySpec[] {
  return [...TAKE_KEY, keyRange(newKeyFlags, 2)]
}

export const keysCommands: CommandSpec[] = [
  {
    name: 'del',
    arity: -2,
    flags: WRITE,
    keys: REMOVE_ALL_KEYS,
    group: 'generic',
    since: '1.0.0',
    summary: 'Deletes keys.',
    complexity: 'O(N), N is the number of keys; the elements of large values are freed in the background',
    tips: SUM_OF_SHARDS,
    arguments: SOME_KEYS,
    run: ctx => del(ctx, ctx.keyspace.lazyfree.userDel),
  },
  {
    name: 'unlink',
    arity: -2,
    flags: WRITE | FAST,
    keys: REMOVE_ALL_KEYS,
    group: 'generic',
    since: '4.0.0',
    summary: 'Deletes keys, and frees their memory in the background.',
    complexity: 'O(1) for each key',
    tips: SUM_OF_SHARDS,
    arguments: SOME_KEYS,
    run: ctx => del(ctx, true),
  },
  {
    name: 'exists',
    arity: -2,
    flags: READONLY | FAST | BRIEF,
    keys: PEEK_ALL_KEYS,
    group: 'generic',
    since: '1.0.0',
    summary: 'Counts how many of the named keys there are.',
    complexity: 'O(N), N is the number of keys named',
    history: [['3.0.3', 'Takes several keys.']],
    tips: SUM_OF_SHARDS,
    arguments: SOME_KEYS,
    run: exists,
  },
  {
    name: 'touch',
    arity: -2,
    flags: READONLY | FAST,
    keys: PEEK_ALL_KEYS,
    group: 'generic',
    since: '3.2.1',
    summary: 'Marks keys as just used, and counts how many there are.',
    complexity: 'O(N), N is the number of keys named',
    tips: SUM_OF_SHARDS,
    arguments: SOME_KEYS,
    run: touch,
  },
  {
    name: 'type',
    arity: 2,
    flags: READONLY | FAST,
    keys: PEEK_KEY,
    group: 'generic',
    since: '1.0.0',
    summary: 'The type of the value at a key.',
    complexity: 'O(1)',
    arguments: [KEY],
    run: type,
  },
  {
    name: 'keys',
    arity: 2,
    flags: READONLY,
    group: 'generic',
    since: '1.0.0',
    summary: 'All keys whose names match a pattern.',
    complexity: 'O(N), N is the number of keys in the database; O(1) for a pattern without wildcards',
    categories: ['dangerous'],
    tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
    arguments: [{ name: 'pattern', type: 'pattern' }],
    run: keys,
  },
  {
    name: 'randomkey',
    arity: 1,
    flags: READONLY | TOUCHES_ARBITRARY_KEYS,
    group: 'generic',
    since: '1.0.0',
    summary: 'The name of a random key.',
    complexity: 'O(1)',
    tips: ['request_policy:all_shards', 'response_policy:special', 'nondeterministic_output'],
    run: randomKey,
  },
  {
    name: 'rename',
    arity: 3,
    flags: WRITE,
    keys: keyAndNewKey(KEY_OW | KEY_UPDATE),
    group: 'generic',
    since: '1.0.0',
    summary: 'Gives a key another name, in place of whatever had that name.',
    complexity: 'O(1)',
    arguments: KEY_AND_NEW_KEY,
    run: ctx => rename(ctx, false),
  },
  {
    name: 'renamenx',
    arity: 3,
    flags: WRITE | FAST,
    keys: keyAndNewKey(KEY_OW | KEY_INSERT),
    group: 'generic',
    since: '1.0.0',
    summary: 'Gives a key another name, unless something has that name.',
    complexity: 'O(1)',
    history: [['3.2.0', 'A key may be renamed to its own name.']],
    arguments: KEY_AND_NEW_KEY,
    run: ctx => rename(ctx, true),
  },
  {
    name: 'move',
    arity: 3,
    flags: WRITE | FAST,
    keys: UPDATE_KEY,
    group: 'generic',
    since: '1.0.0',
    summary: 'Moves a key to another database.',
    complexity: 'O(1)',
    arguments: [KEY, { name: 'db', type: 'integer' }],
    run: move,
  },
  {
    name: 'dbsize',
    arity: 1,
    flags: READONLY | FAST,
    group: 'server',
    since: '1.0.0',
    summary: 'The number of keys in the database.',
    complexity: 'O(1)',
    categories: ['keyspace'],
    tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
    run: ctx => ctx.reply.integer(ctx.db.keys.count),
  },
]

/** DEL and UNLINK key ...: integer reply, the number of keys removed. */
function del(ctx: CommandContext, lazy: boolean): void {
  let removed = 0
  for (let i = 1; i < ctx.args.argc; i++) {
    const address = ctx.findForWrite(i, ctx.hashAhead(i, 1, 1))
    if (address === 0) continue
    ctx.db.remove(address, lazy)
    ctx.touch(i)
    ctx.notify(EVENT_GENERIC, 'del', i)
    removed++
  }
  ctx.reply.integer(removed)
}

/** EXISTS key ...: integer reply; a key named twice counts twice. */
function exists(ctx: CommandContext): void {
  let count = 0
  for (let i = 1; i < ctx.args.argc; i++) if (findUntouched(ctx, i, ctx.hashAhead(i, 1, 1)) !== 0) count++
  ctx.reply.integer(count)
}

/** TOUCH key ...: integer reply, the number of keys there are. Their access clocks move even after CLIENT NO-TOUCH. */
function touch(ctx: CommandContext): void {
  const { args, keyspace } = ctx
  const { keepsAccessTimes } = keyspace
  let count = 0
  keyspace.keepsAccessTimes = false
  for (let i = 1; i < args.argc; i++) if (ctx.findForRead(i, ctx.hashAhead(i, 1, 1)) !== 0) count++
  keyspace.keepsAccessTimes = keepsAccessTimes
  ctx.reply.integer(count)
}

function type(ctx: CommandContext): void {
  const address = findUntouched(ctx, 1)
  ctx.reply.simple(address === 0 ? 'none' : typeName(ctx.db.entries, address))
}

/** KEYS pattern. Expired keys are left out, and left where they are. */
function keys(ctx: CommandContext): void {
  const { db, reply } = ctx
  const { entries } = db
  const pattern = ctx.args.view(1)
  if (isLiteral(pattern)) {
    const address = db.findAny(pattern, 0, pattern.length)
    const there = address !== 0 && !hasExpired(db, address)
    reply.array(there ? 1 : 0)
    if (there) reply.bulk(pattern, 0, pattern.length)
    return
  }
  const all = pattern.length === 1 && pattern[0] === STAR
  const names = new NameMatcher(pattern)
  const found: number[] = []
  const visit = (address: number) => {
    const start = entries.keyStart(address)
    const result = all ? MATCH : names.decide(entries.memory(address), start, start + entries.keyLength(address))
    if (result !== MATCH && result !== UNDECIDED) return
    if (hasExpired(db, address)) return
    if (result === MATCH) found.push(address)
    else names.putOff(entries.keyCopy(address))
  }
  for (const segment of db.keys.segments) {
    for (let home = 0; home < 1 << segment.bucketBits; home++) db.keys.visitBucket(segment, home, visit)
  }
  if (names.undecided) {
    const certain = found.map(address => entries.keyCopy(address))
    ctx.replyFrom(names.laterReply([], certain))
    return
  }
  reply.array(found.length)
  for (const address of found) replyKey(ctx, address)
}

const STAR = 42
const QUESTION_MARK = 63
const OPEN_BRACKET = 91
const BACKSLASH = 92

/** Whether a pattern matches nothing but itself. */
function isLiteral(pattern: Uint8Array): boolean {
  for (const byte of pattern) {
    if (byte === STAR || byte === QUESTION_MARK || byte === OPEN_BRACKET || byte === BACKSLASH) return false
  }
  return true
}

function replyKey(ctx: CommandContext, address: number): void {
  const { entries } = ctx.db
  const start = entries.keyStart(address)
  ctx.reply.bulk(entries.memory(address), start, start + entries.keyLength(address))
}

function randomKey(ctx: CommandContext): void {
  const address = pickRandomKey(ctx.db)
  if (address === 0) ctx.reply.null()
  else replyKey(ctx, address)
}

/** A random key that has not expired; those found expired are deleted on the way, where they may be. */
function pickRandomKey(db: Database): number {
  const { keyspace } = db
  for (let tries = 1; ; tries++) {
    const address = db.keys.random()
    if (address === 0 || !hasExpired(db, address)) return address
    if (keyspace.deletesExpired) db.expire(address)
    // There may be nothing but expired keys, which wait for the master to delete them or for a pause to end.
    else if (tries >= RANDOM_KEY_TRIES && db.expires.count === db.keys.count) return address
  }
}

/** RENAME, RENAMENX key newkey. The expiry goes along; large values go by reference. */
function rename(ctx: CommandContext, onlyIfNone: boolean): void {
  const { args, db, reply } = ctx
  const address = ctx.findForWrite(1)
  if (address === 0) {
    reply.error(NO_SUCH_KEY)
    return
  }
  const { buffer, starts, ends } = args
  if (args.view(1).equals(args.view(2))) {
    if (onlyIfNone) reply.integer(0)
    else reply.ok()
    return
  }
  const overwritten = ctx.findForWrite(2)
  if (overwritten !== 0) {
    if (onlyIfNone) {
      reply.integer(0)
      return
    }
    db.remove(overwritten)
  }
  renew(ctx, moveEntry(db, address, db, buffer, starts[2], ends[2]))
  ctx.touch(1)
  ctx.touch(2)
  ctx.notify(EVENT_GENERIC, 'rename_from', 1)
  ctx.notify(EVENT_GENERIC, 'rename_to', 2)
  // Two keys have changed, but Redis counts one change.
  ctx.keyspace.dirty--
  if (onlyIfNone) reply.integer(1)
  else reply.ok()
}

/** A value that comes under another name begins another access history there (dbAdd, since Redis 7.2). */
function renew({ db, keyspace }: CommandContext, address: number): void {
  db.entries.setClock(address, keyspace.clock.fresh())
}

/** MOVE key db. Integer reply: 0 when there is no such key here, or one there. */
function move(ctx: CommandContext): void {
  const { args, db, keyspace, reply } = ctx
  const target = readDatabase(ctx, 2)
  if (target === null) return
  if (target === db) {
    reply.error(SAME_OBJECT)
    return
  }
  const { buffer, starts, ends } = args
  const address = ctx.findForWrite(1)
  if (address === 0 || target.findForWrite(buffer, starts[1], ends[1]) !== 0) {
    reply.integer(0)
    return
  }
  renew(ctx, moveEntry(db, address, target, buffer, starts[1], ends[1]))
  ctx.touch(1)
  target.touch(buffer, starts[1], ends[1])
  ctx.notify(EVENT_GENERIC, 'move_from', 1)
  ctx.notify(EVENT_GENERIC, 'move_to', 1, target)
  keyspace.dirty--
  reply.integer(1)
}
