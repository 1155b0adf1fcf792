/** A base file of commands shows the data of the moment at which it began, whatever happens to large values meanwhile. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Keyspace } from '../../../src/store/keyspace.js'
import { Hash } from '../../../src/types/hash/hash.js'
import { List } from '../../../src/types/list/list.js'
import { MemberSet } from '../../../src/types/set/set.js'
import { SortedSet } from '../../../src/types/sorted-set/sorted-set.js'
import type { Stream } from '../../../src/types/stream/stream.js'
import { defaultLimits } from '../../../src/types/value-limits.js'
import { RawClient } from '../../commands/raw-client.js'
import { Random } from '../../differential/random.js'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { idOf, openStream } from '../../types/stream/contents.js'
import { commandsOf, keyspaceOf, requestsOf } from './rewriting.js'

const ELEMENTS = 200_000
const ENTRIES = 20_000
const BATCH = 1000
const LIMITS = defaultLimits()

let server: RunningServer
let keyspace: Keyspace

/** How many arguments make one element, for each command that adds some. */
const ELEMENT_ARGS: Readonly<Record<string, number>> = { RPUSH: 1, SADD: 1, ZADD: 2, HMSET: 2 }

/** Each key's elements, in order where there is one; and all other commands. */
function dataOf(bytes: Buffer): Map<string, string[]> {
  const data = new Map<string, string[]>()
  for (const request of requestsOf(bytes)) {
    // XGROUP has a second word.
    const keyAt = request[0] === 'XGROUP' ? 2 : 1
    const [name, key, args] = [request[0], request[keyAt], request.slice(keyAt + 1)]
    const size = ELEMENT_ARGS[name]
    const found = data.get(key) ?? []
    data.set(key, found)
    if (size === undefined) found.push(`${name} ${args.join(' ')}`)
    else {
      expect(args.length).toBeLessThanOrEqual(64 * size)
      for (let i = 0; i < args.length; i += size) found.push(args.slice(i, i + size).join(' '))
    }
  }
  for (const key of ['hash', 'set']) data.get(key)?.sort()
  return data
}

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
  const client = await RawClient.connect(server.port)
  for (let from = 0; from < ELEMENTS; from += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, i) => from + i)
    await client.pipeline([
      ['RPUSH', 'list', ...numbers.map(i => `element ${i}`)],
      ['SADD', 'set', ...numbers.map(i => `member ${i}`)],
      ['ZADD', 'sorted set', ...numbers.flatMap(i => [String(i / 4), `member ${i}`])],
      ['HSET', 'hash', ...numbers.flatMap(i => [`field ${i}`, `value ${i}`])],
    ])
  }
  for (let from = 0; from < ENTRIES; from += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, i) => from + i)
    await client.pipeline(numbers.map(i => ['XADD', 'stream', `${i + 1}-0`, 'field', `value ${i}`]))
  }
  await client.call('XGROUP', 'CREATE', 'stream', 'group', '0')
  for (let from = 0; from < ENTRIES; from += BATCH) {
    const consumer = `consumer ${(from / BATCH) % 5}`
    await client.call('XREADGROUP', 'GROUP', 'group', consumer, 'COUNT', String(BATCH), 'STREAMS', 'stream', '>')
  }
  client.close()
  keyspace = (await keyspaceOf(server)).keyspace
}, 60_000)
afterAll(() => server.stop())

/** Changes all values here and there. */
class Writer {
  private readonly random = new Random(7)
  private readonly stream: Stream

  constructor() {
    this.stream = openStream(keyspace.databases[0], Buffer.from('stream'))
  }

  private address(key: string): number {
    const name = Buffer.from(key)
    return keyspace.databases[0].findForWrite(name, 0, name.length)
  }

  write(): void {
    const which = this.random.below(ELEMENTS)
    this.writeTables(Buffer.from(`member ${which}`), Buffer.from(`field ${which}`), Buffer.from(`new ${which}`))
    this.writeList(Buffer.from(`new ${which}`))
    this.writeStream(this.random.below(ENTRIES))
  }

  private writeTables(member: Buffer, field: Buffer, fresh: Buffer): void {
    const [db] = keyspace.databases
    const set = new MemberSet()
    set.open(db, this.address('set'))
    set.delete(member, 0, member.length)
    set.add(fresh, 0, fresh.length, LIMITS.set)
    const sorted = new SortedSet()
    sorted.open(db, this.address('sorted set'))
    sorted.add(member, 0, member.length, this.random.below(1000), 0, LIMITS.sortedSet)
    sorted.add(fresh, 0, fresh.length, this.random.below(1e6), 0, LIMITS.sortedSet)
    const hash = new Hash()
    hash.open(db, this.address('hash'))
    hash.set(field, 0, field.length, fresh, 0, fresh.length, LIMITS.hash)
    hash.set(fresh, 0, fresh.length, fresh, 0, fresh.length, LIMITS.hash)
  }

  private writeList(fresh: Buffer): void {
    const list = new List()
    list.open(keyspace.databases[0], this.address('list'))
    list.replace(this.random.below(list.length), fresh, 0, fresh.length)
    list.insert(this.random.below(list.length), true, fresh, 0, fresh.length)
    list.deleteRange(this.random.below(list.length), 3)
    list.pushOne(true, fresh, 0, fresh.length)
  }

  private writeStream(entry: number): void {
    const id = idOf(`${entry + 1}-0`)
    const group = this.stream.groups.get('group')
    if (group === undefined) throw new Error('no group')
    const consumer = group.consumer(`consumer ${this.random.below(5)}`)
    if (consumer === undefined || group.find(id) === 0) return
    if (this.random.chance(0.3)) group.remove(id)
    else group.assign(id, consumer, 5, this.random.below(1000))
  }
}

test('lists, sets, sorted sets, hashes and streams of many elements', async () => {
  const before = dataOf(await commandsOf(keyspace))
  expect([...before].map(([key, { length }]) => [key, length]).sort()).toEqual(
    [
      ['0', 1],
      ['hash', ELEMENTS],
      ['list', ELEMENTS],
      ['set', ELEMENTS],
      ['sorted set', ELEMENTS],
      // What is left are XSETID, XGROUP and what is pending.
      ['stream', 2 * ENTRIES + 2],
    ].sort(),
  )
  const writer = new Writer()
  let slices = 0
  const between = () => {
    slices++
    writer.write()
  }
  const during = dataOf(await commandsOf(keyspace, { between }))
  expect(slices).toBeGreaterThan(1000)
  // Not toEqual(), which takes seconds for so many.
  for (const [key, data] of before) expect(during.get(key)?.join('\n') === data.join('\n'), key).toBe(true)
  const after = dataOf(await commandsOf(keyspace))
  for (const key of ['hash', 'list', 'set', 'sorted set', 'stream']) {
    expect(after.get(key)?.join('\n') === before.get(key)?.join('\n'), key).toBe(false)
  }
  expect(keyspace.entries.held.active).toBe(false)
}, 60_000)
