/** Searches that go on in slices find what was there when their command came, whatever is written meanwhile. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FoundMembers, type Search } from '../../../src/commands/geo/found-members.js'
import { searchTree } from '../../../src/commands/geo/search-at-once.js'
import { SearchReply, type Shown } from '../../../src/commands/geo/search-replies.js'
import { ViewedSearch } from '../../../src/commands/geo/viewed-search.js'
import { ReplyWriter } from '../../../src/resp/reply-writer.js'
import type { Database } from '../../../src/store/database.js'
import { Areas } from '../../../src/types/geo/areas.js'
import { scoreOf } from '../../../src/types/geo/geohash.js'
import { Shape } from '../../../src/types/geo/shape.js'
import { defaultLimits } from '../../../src/types/value-limits.js'
import { startRedisTs } from '../../interop/stock.js'
import { add, bytesOf, KEY, newDatabase, openKey, pairsOf } from '../../types/sorted-set/model.js'
import { RawClient, type RawReply, ReplyParser, texts } from '../raw-client.js'

const { sortedSet: LIMITS } = defaultLimits()
const MEMBERS = 20_000
const NOW = 0

let db: Database
let seed = 1

function next(): number {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
  return (seed >>> 8) / 2 ** 24
}

function somewhere(): number {
  return scoreOf(next() * 40 - 20, next() * 40)
}

beforeEach(() => {
  db = newDatabase()
  for (let i = 0; i < MEMBERS; i++) add(openKey(db), `m${i}`, somewhere(), LIMITS)
})

/** All memory is free when everything is gone. */
afterEach(() => {
  const { address } = openKey(db)
  if (address !== 0) db.remove(address)
  while (!db.keyspace.collectGarbage(0));
  expect(db.entries.usedBytes).toBe(0)
  expect(db.entries.openViews).toBe(0)
})

/** Members that come, go, and move. */
function disturb(): void {
  for (let i = 0; i < 5; i++) add(openKey(db), `m${Math.floor(next() * 2 * MEMBERS)}`, somewhere(), LIMITS)
  const { buffer, end } = bytesOf(`m${Math.floor(next() * MEMBERS)}`)
  openKey(db).remove(buffer, 0, end)
}

const ALL: Shown = {
  withDistance: false,
  withHash: true,
  withPosition: false,
  unitM: 1,
  count: Number.POSITIVE_INFINITY,
  isOrdered: false,
  isDescending: false,
}

/** A search around 5, 20 that has only just begun. */
function begun(measured: boolean, limit: number, radiusM = 1_500_000): ViewedSearch {
  const shape = new Shape()
  Object.assign(shape, { longitude: 5, latitude: 20, radius: radiusM })
  shape.prepare()
  const areas = new Areas()
  areas.cover(shape)
  const found = new FoundMembers()
  const search: Search = { shape, measured, limit }
  const { large } = openKey(db)
  expect(searchTree(large, areas, search, found, 100)).toBe(false)
  return new ViewedSearch(large, areas, search, found)
}

/** What is within, as all members together tell. */
function model(radiusM = 1_500_000): { member: string; score: number; distanceM: number }[] {
  const shape = new Shape()
  Object.assign(shape, { longitude: 5, latitude: 20, radius: radiusM })
  shape.prepare()
  const found = pairsOf(openKey(db)).filter(([, score]) => shape.holds(score, false))
  return found.map(([member, score]) => {
    shape.holds(score, true)
    return { member, score, distanceM: shape.distanceM }
  })
}

/** Makes a reply in the smallest slices, with changes in between; its elements as "member score". */
function sliced(search: ViewedSearch, shown: Shown): string[] {
  const source = new SearchReply(search, shown)
  const out = new ReplyWriter()
  const chunks: Buffer[] = []
  let slices = 0
  for (let done = false; !done; slices++) {
    done = source.next(out, NOW)
    chunks.push(...out.takeChunks())
    if (!done) disturb()
  }
  source.close()
  expect(slices).toBeGreaterThan(10)
  let elements: readonly RawReply[] = []
  new ReplyParser().push(Buffer.concat(chunks), reply => {
    elements = reply.elements ?? []
  })
  return elements.map(element => texts(element).join(' '))
}

const asShown = ({ member, score }: { member: string; score: number }): string => `${member} ${score}`

describe('a search in slices finds', () => {
  test('all members within', () => {
    const expected = model().map(asShown)
    expect(expected.length).toBeGreaterThan(5000)
    expect(sliced(begun(false, Number.POSITIVE_INFINITY), ALL).sort()).toEqual(expected.sort())
  })

  test.each([
    ['nearest', false],
    ['farthest', true],
  ])('the %s first', (_, isDescending) => {
    const sign = isDescending ? -1 : 1
    const expected = model()
      .sort((a, b) => sign * (a.distanceM - b.distanceM))
      .map(asShown)
    const shown = { ...ALL, isOrdered: true, isDescending }
    expect(sliced(begun(true, Number.POSITIVE_INFINITY), shown)).toEqual(expected)
  })

  test('a count of the nearest', () => {
    const expected = model()
      .sort((a, b) => a.distanceM - b.distanceM)
      .slice(0, 700)
      .map(asShown)
    const shown = { ...ALL, isOrdered: true, count: 700 }
    expect(sliced(begun(true, Number.POSITIVE_INFINITY), shown)).toEqual(expected)
  })

  test('any that are enough', () => {
    const all = new Set(model().map(asShown))
    const found = sliced(begun(false, 3000), { ...ALL, count: 3000 })
    expect(new Set(found).size).toBe(3000)
    expect(found.filter(each => !all.has(each))).toEqual([])
  })
})

test('a search whose client goes leaves nothing behind', () => {
  for (const slices of [0, 1, 20, 60]) {
    const source = new SearchReply(begun(true, Number.POSITIVE_INFINITY), { ...ALL, isOrdered: true })
    for (let i = 0; i < slices; i++) {
      source.next(new ReplyWriter(), NOW)
      disturb()
    }
    source.close()
  }
})

test('the key may go while a search goes on', () => {
  const expected = model().map(asShown)
  const source = new SearchReply(begun(false, Number.POSITIVE_INFINITY), ALL)
  const address = db.findForWrite(KEY, 0, KEY.length)
  db.remove(address)
  const out = new ReplyWriter()
  const chunks: Buffer[] = []
  for (let done = false; !done; ) {
    done = source.next(out, NOW)
    chunks.push(...out.takeChunks())
    db.keyspace.collectGarbage(0)
  }
  source.close()
  let found: string[] = []
  new ReplyParser().push(Buffer.concat(chunks), reply => {
    found = (reply.elements ?? []).map(element => texts(element).join(' '))
  })
  expect(found.sort()).toEqual(expected.sort())
})

test('a server replies long searches in order, in transactions too', async () => {
  const client = await RawClient.connect((await startRedisTs(['--save', ''])).port)
  for (let first = 0; first < MEMBERS; first += 1000) {
    const members = Array.from({ length: 1000 }, (_, i) => [next() * 10, next() * 10, `m${first + i}`].map(String))
    await client.call('GEOADD', 'g', ...members.flat())
  }
  const search = ['GEOSEARCH', 'g', 'FROMLONLAT', '5', '5', 'BYRADIUS', '3000', 'km']
  const [all, some, pong, , , , exec] = await client.pipeline([
    [...search, 'ASC', 'WITHDIST'],
    [...search, 'COUNT', '10', 'WITHDIST'],
    ['PING'],
    ['MULTI'],
    ['ZREM', 'g', 'm0'],
    search,
    ['EXEC'],
  ])
  client.close()
  const distances = (all.elements ?? []).map(({ elements }) => Number(elements?.[1].text))
  expect(distances.length).toBe(MEMBERS)
  expect(distances).toEqual([...distances].sort((a, b) => a - b))
  expect(some.elements).toEqual(all.elements?.slice(0, 10))
  expect(pong.text).toBe('PONG')
  expect(exec.elements?.[1].elements?.length).toBe(MEMBERS - 1)
})
