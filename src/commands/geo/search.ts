/** Commands that search for members by their positions: GEOSEARCH, GEOSEARCHSTORE and the older GEORADIUS and GEORADIUSBYMEMBER. */
import { hashBytes } from '../../bytes/hash.js'
import { Areas } from '../../types/geo/areas.js'
import { SortedSetBuilder } from '../../types/sorted-set/sorted-set-builder.js'
import type { CommandContext } from '../context.js'
import { openForRead, sortedSet } from '../sorted-set/access.js'
import { storeResult } from '../sorted-set/store.js'
import {
  type ArgumentDoc,
  type CommandSpec,
  DENYOOM,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  type KeySpec,
  keyRange,
  READ_KEY,
  READONLY,
  WRITE,
} from '../spec.js'
import {
  BY,
  count,
  FROM,
  KEY,
  MEMBER,
  ORDER,
  POSITION,
  RADIUS,
  SHOWN,
  STORE,
  STOREDIST,
  UNIT,
} from './argument-docs.js'
import { FoundMembers, type Search } from './found-members.js'
import { searchListpack, searchTree } from './search-at-once.js'
import { FARTHEST_FIRST, IN_ANY_ORDER, type SearchForm, SearchOptions } from './search-options.js'
import { FoundMember, orderOf, SearchReply, type Shown, writeFound } from './search-replies.js'
import { ViewedSearch } from './viewed-search.js'

const COMPLEXITY = 'O(N+log(M)) for N members in the areas around the shape, in a geo set of M'
const SINCE_6_2 = { since: '6.2.0' }
const ANY_CAME: readonly [string, string] = ['6.2.0', 'ANY came.']
const UPPER_CASE_CAME: readonly [string, string] = ['7.0.0', 'Units may be in upper case.']

export const searchCommands: readonly CommandSpec[] = [
  {
    name: 'geosearch',
    arity: -7,
    flags: READONLY,
    keys: READ_KEY,
    group: 'geo',
    since: '6.2.0',
    summary: 'Returns the members within a circle or a box.',
    complexity: COMPLEXITY,
    history: [UPPER_CASE_CAME],
    arguments: [KEY, FROM, BY, ORDER, count({}), ...SHOWN],
    run: ctx => search(ctx, { centre: 'named', key: 1, stores: 'never' }),
  },
  {
    name: 'geosearchstore',
    arity: -8,
    flags: WRITE | DENYOOM,
    keys: [keyRange(KEY_OW | KEY_UPDATE, 1), keyRange(KEY_RO | KEY_ACCESS, 2)],
    group: 'geo',
    since: '6.2.0',
    summary: 'Stores the members within a circle or a box in a key.',
    complexity: COMPLEXITY,
    history: [UPPER_CASE_CAME],
    arguments: [
      { name: 'destination', type: 'key', keySpecIndex: 0 },
      { name: 'source', type: 'key', keySpecIndex: 1 },
      FROM,
      BY,
      ORDER,
      count({}),
      STOREDIST,
    ],
    run: ctx => search(ctx, { centre: 'named', key: 2, stores: 'always' }),
  },
  ...radiusCommands('georadius', 'Returns or stores the members within a circle around a position.', 'position'),
  ...radiusCommands('georadiusbymember', 'Returns or stores the members within a circle around a member.', 'member'),
]

/** A command that may store what it finds, and its form that only reads. */
function radiusCommands(name: string, summary: string, centre: 'position' | 'member'): CommandSpec[] {
  const isByMember = centre === 'member'
  const anySince = isByMember ? {} : SINCE_6_2
  const options = [
    KEY,
    ...(isByMember ? [MEMBER] : POSITION),
    RADIUS,
    UNIT,
    ...SHOWN,
    count(anySince),
    ORDER,
  ] satisfies ArgumentDoc[]
  const firstOption = isByMember ? 5 : 6
  const common = {
    arity: isByMember ? -5 : -6,
    group: 'geo',
    complexity: COMPLEXITY,
    deprecatedSince: '6.2.0',
    history: isByMember ? [UPPER_CASE_CAME] : [ANY_CAME, UPPER_CASE_CAME],
  } as const
  return [
    {
      ...common,
      name,
      flags: WRITE | DENYOOM,
      keys: [...READ_KEY, behindKeyword('store', firstOption), behindKeyword('storedist', firstOption)],
      since: '3.2.0',
      summary,
      replacedBy: `GEOSEARCH and GEOSEARCHSTORE with BYRADIUS${isByMember ? ' and FROMMEMBER' : ''}`,
      arguments: [...options, STORE],
      run: ctx => search(ctx, { centre, key: 1, stores: 'optionally' }),
    },
    {
      ...common,
      name: `${name}_ro`,
      flags: READONLY,
      keys: READ_KEY,
      since: '3.2.10',
      summary: summary.replace(' or stores', ''),
      replacedBy: `GEOSEARCH with BYRADIUS${isByMember ? ' and FROMMEMBER' : ''}`,
      history: isByMember ? [] : [ANY_CAME],
      arguments: options,
      run: ctx => search(ctx, { centre, key: 1, stores: 'never' }),
    },
  ]
}

function behindKeyword(keyword: string, startFrom: number): KeySpec {
  return {
    flags: KEY_OW | KEY_UPDATE,
    begin: { type: 'keyword', keyword, startFrom },
    find: { type: 'range', last: 0, step: 1, limit: 0 },
  }
}

/** A search that meets more members than this in an area goes on in slices. */
const AT_ONCE_MEMBERS = 1000

/** What the command that is running asks for, and has found. */
const options = new SearchOptions()
const areas = new Areas()
const member = new FoundMember()
let found = new FoundMembers()

/** Searches in the sorted set of the form's key. An array of members, or with STORE their number. */
function search(ctx: CommandContext, form: SearchForm): void {
  if (!openForRead(ctx, form.key) || !options.read(ctx, form)) return
  found.count = 0
  if (sortedSet.address === 0) {
    if (options.storeIndex === 0) ctx.reply.array(0)
    else store(ctx)
    return
  }
  options.shape.prepare()
  areas.cover(options.shape)
  if (options.storeIndex === 0) reply(ctx)
  else {
    find(Number.POSITIVE_INFINITY)
    store(ctx)
  }
}

function searchOf({ any, count, order, shape, storesDistances, withDistance }: SearchOptions): Search {
  return {
    shape,
    measured: order !== IN_ANY_ORDER || withDistance || storesDistances,
    limit: any ? count : Number.POSITIVE_INFINITY,
  }
}

function shownOf({ count, order, shape, withDistance, withHash, withPosition }: SearchOptions): Shown {
  return {
    withDistance,
    withHash,
    withPosition,
    unitM: shape.unitM,
    count,
    isOrdered: order !== IN_ANY_ORDER,
    isDescending: order === FARTHEST_FIRST,
  }
}

/** Fills `found`; false when there are more than `most` members in an area, which are still to be looked at. */
function find(most: number): boolean {
  if (sortedSet.isLarge) return searchTree(sortedSet.large, areas, searchOf(options), found, most)
  searchListpack(sortedSet, areas, searchOf(options), found)
  return true
}

function reply(ctx: CommandContext): void {
  const shown = shownOf(options)
  if (!find(AT_ONCE_MEMBERS)) {
    ctx.replyFrom(new SearchReply(new ViewedSearch(sortedSet.large, areas, searchOf(options), found), shown))
    return
  }
  const wanted = Math.min(shown.count, found.count)
  ctx.reply.array(wanted)
  visitFound(shown, wanted, distanceM => writeFound(ctx.reply, member, distanceM, shown))
}

/** Reads the first `wanted` of what was found into `member`, in order, and calls `visit` with how far each is. */
function visitFound(shown: Shown, wanted: number, visit: (distanceM: number) => void): void {
  if (wanted === 0) return
  const order = orderOf(found, shown)
  order?.step(Number.POSITIVE_INFINITY)
  const { isLarge } = sortedSet
  for (let place = 0; place < wanted; place++) {
    const number = order === null ? place : order.sorted[place]
    if (isLarge) member.readElement(sortedSet.large.entries, found.places[number])
    else member.readPair(sortedSet, found.places[number])
    visit(found.distances[number])
  }
}

/** What was found takes the place of what the destination holds, with positions or distances as scores. */
function store(ctx: CommandContext): void {
  const { storeIndex, storesDistances } = options
  const result = new SortedSetBuilder(ctx.db.entries, true)
  const shown = shownOf(options)
  visitFound(shown, Math.min(shown.count, found.count), distanceM => {
    const { buffer, end, start } = member.name
    const score = storesDistances ? distanceM / shown.unitM : member.score
    result.add(hashBytes(buffer, start, end), buffer, start, end, score)
  })
  if (found.count > FOUND_KEPT) found = new FoundMembers()
  result.order(Number.POSITIVE_INFINITY)
  const { count } = result
  storeResult(ctx, result, ctx.command.fullName === 'geosearchstore' ? 'geosearchstore' : 'georadiusstore', storeIndex)
  if (count > 0) ctx.keyspace.dirty += count - 1
}

/** Room for more is not kept for the next search. */
const FOUND_KEPT = 10_000
