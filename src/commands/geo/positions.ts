/** Geo commands that name members: GEOADD, GEOPOS, GEOHASH, GEODIST. */
import { distance } from '../../types/geo/distance.js'
import { geohashText, latitudeOf, longitudeOf, scoreOf, scoreTextOf } from '../../types/geo/geohash.js'
import { ONLY_EXISTING, ONLY_NEW } from '../../types/sorted-set/sorted-set.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { memberAhead, openForRead, sortedSet } from '../sorted-set/access.js'
import { addMembers, scoresFor } from '../sorted-set/add-members.js'
import { BRIEF, type CommandSpec, DENYOOM, MODIFY_KEY, READ_KEY, READONLY, WRITE } from '../spec.js'
import { CONDITION, KEY, MEMBER, MEMBERS, POSITION, UNIT } from './argument-docs.js'
import { position, readPosition, readUnit } from './arguments.js'
import { writeDistance, writePosition } from './replies.js'

export const positionCommands: readonly CommandSpec[] = [
  {
    name: 'geoadd',
    arity: -5,
    flags: WRITE | DENYOOM,
    keys: MODIFY_KEY,
    group: 'geo',
    since: '3.2.0',
    summary: 'Adds members with their positions to a geo set, or moves those that are there.',
    complexity: 'O(log(N)) for each member, in a geo set of N',
    history: [['6.2.0', 'CH, NX and XX came.']],
    arguments: [
      KEY,
      CONDITION,
      { name: 'change', type: 'pure-token', token: 'CH', since: '6.2.0', optional: true },
      { name: 'data', type: 'block', multiple: true, arguments: [...POSITION, MEMBER] },
    ],
    run: geoadd,
  },
  {
    name: 'geopos',
    arity: -2,
    flags: READONLY,
    keys: READ_KEY,
    group: 'geo',
    since: '3.2.0',
    summary: 'Returns the positions of members.',
    complexity: 'O(N) for N members',
    arguments: [KEY, MEMBERS],
    run: geopos,
  },
  {
    name: 'geohash',
    arity: -2,
    flags: READONLY,
    keys: READ_KEY,
    group: 'geo',
    since: '3.2.0',
    summary: 'Returns the positions of members as geohashes.',
    complexity: 'O(N) for N members',
    arguments: [KEY, MEMBERS],
    run: geohash,
  },
  {
    name: 'geodist',
    arity: -4,
    flags: READONLY | BRIEF,
    keys: READ_KEY,
    group: 'geo',
    since: '3.2.0',
    summary: 'Returns the distance between two members.',
    complexity: 'O(1)',
    arguments: [
      KEY,
      { name: 'member1', type: 'string' },
      { name: 'member2', type: 'string' },
      { ...UNIT, optional: true },
    ],
    run: geodist,
  },
]

/**
 * GEOADD key [NX|XX] [CH] longitude latitude member [longitude latitude member ...] is a ZADD with the scores that stand for the
 * positions, and that is what replicas get.
 */
function geoadd(ctx: CommandContext): void {
  const { args, reply } = ctx
  let conditions = 0
  let countsChanges = false
  let first = 2
  for (; first < args.argc; first++) {
    if (args.is(first, 'nx')) conditions |= ONLY_NEW
    else if (args.is(first, 'xx')) conditions |= ONLY_EXISTING
    else if (args.is(first, 'ch')) countsChanges = true
    else break
  }
  const left = args.argc - first
  if (left === 0 || left % 3 !== 0 || conditions === (ONLY_NEW | ONLY_EXISTING)) {
    reply.error(SYNTAX_ERROR)
    return
  }
  const scores = scoresFor(left / 3)
  for (let i = 0; i < left / 3; i++) {
    if (!readPosition(ctx, first + 3 * i)) return
    scores[i] = scoreOf(position.longitude, position.latitude)
  }
  if (!addMembers(ctx, first + 2, 3, conditions, countsChanges)) return
  if (ctx.propagates) propagateZadd(ctx, first)
  else ctx.propagateNothing()
}

/** Propagates a GEOADD whose first longitude is argument `first`. */
function propagateZadd(ctx: CommandContext, first: number): void {
  const { args } = ctx
  const zadd: (string | Buffer)[] = ['zadd']
  for (let i = 1; i < first; i++) zadd.push(args.view(i))
  for (let i = first; i < args.argc; i += 3) {
    readPosition(ctx, i)
    zadd.push(scoreTextOf(position.longitude, position.latitude), args.view(i + 2))
  }
  ctx.propagateArguments(zadd)
}

/** Score of member `index`, of those from argument 2 on; NaN when it is not there. */
function scoreOfMember(ctx: CommandContext, index: number): number {
  const { args } = ctx
  return sortedSet.scoreOf(args.buffer, args.starts[index], args.ends[index], memberAhead(ctx, index, 2, 1))
}

/** GEOPOS key [member ...]. An array of a longitude and a latitude for each. */
function geopos(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (!openForRead(ctx)) return
  reply.array(args.argc - 2)
  for (let i = 2; i < args.argc; i++) {
    const score = scoreOfMember(ctx, i)
    if (Number.isNaN(score)) reply.nullArray()
    else writePosition(reply, score)
  }
}

/** GEOHASH key [member ...]. */
function geohash(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (!openForRead(ctx)) return
  reply.array(args.argc - 2)
  for (let i = 2; i < args.argc; i++) {
    const score = scoreOfMember(ctx, i)
    if (Number.isNaN(score)) reply.null()
    else reply.bulkText(geohashText(score))
  }
}

/** GEODIST key member member [unit]. */
function geodist(ctx: CommandContext): void {
  const { args, reply } = ctx
  if (args.argc > 5) {
    reply.error(SYNTAX_ERROR)
    return
  }
  const unitM = args.argc === 5 ? readUnit(ctx, 4) : 1
  if (unitM === 0 || !openForRead(ctx)) return
  const { buffer, ends, starts } = args
  const from = sortedSet.scoreOf(buffer, starts[2], ends[2])
  const to = sortedSet.scoreOf(buffer, starts[3], ends[3])
  if (Number.isNaN(from) || Number.isNaN(to)) reply.null()
  else writeDistance(reply, distance(longitudeOf(from), latitudeOf(from), longitudeOf(to), latitudeOf(to)) / unitM)
}
