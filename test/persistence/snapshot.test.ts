/** What a snapshot writes is the data of the moment at which it began, whatever happens to big values while it is written. */

import { randomFillSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChunkPool } from '../../src/persistence/chunk-pool.js'
import { Snapshot } from '../../src/persistence/snapshot.js'
import type { Database } from '../../src/store/database.js'
import { Keyspace } from '../../src/store/keyspace.js'
import { moveEntry } from '../../src/store/move-entry.js'
import { Hash } from '../../src/types/hash/hash.js'
import { setString } from '../../src/types/string/set-string.js'
import { appendToString, openString } from '../../src/types/string/string-edit.js'
import { contents, limitsOf, load } from './rdb/keyspace.js'

const NAMES = ['a', 'b', 'c', `long name ${'n'.repeat(40_000)}`]
const LARGE_LISTPACKS = { maxEntries: 100_000, maxValueBytes: 1 << 20 }
const SMALL_LISTPACKS = { maxEntries: 8, maxValueBytes: 64 }
const MOST_CHUNK_BYTES = 256 * 1024

/** All keys with their values: encodings are the reader's choice. */
function values(database: Database): Record<string, unknown> {
  return Object.fromEntries(Object.entries(contents(database)).map(([name, seen]) => [name, seen.value]))
}

/** A server's data and a snapshot that is taken of it, a little at a time. */
class Server {
  readonly keyspace = new Keyspace(2)
  private snapshot: Snapshot | null = null
  private whole = false
  private chunks: Buffer[] = []
  private expected: unknown[] = []
  private readonly compress: boolean

  constructor(compress: boolean) {
    this.compress = compress
  }

  begin(): void {
    this.chunks = []
    this.whole = false
    this.expected = this.keyspace.databases.map(values)
    const sink = { congested: false, write: (chunk: Buffer) => void this.chunks.push(Buffer.from(chunk)) }
    const options = { compress: this.compress, checksum: true, access: null, aux: [] }
    this.snapshot = new Snapshot(this.keyspace, sink, options)
  }

  /** Writes a little more. */
  step(): void {
    if (!this.whole) this.whole = this.snapshot?.step(0) ?? false
  }

  /** What is no longer needed is given back: whoever still reads there finds nothing. */
  collect(): void {
    while (!this.keyspace.collectGarbage(0)) {}
    while (!this.keyspace.released.giveBack(0)) {}
  }

  abort(): void {
    this.snapshot?.abort()
    this.snapshot = null
  }

  check(limits: typeof SMALL_LISTPACKS): void {
    const { snapshot } = this
    if (snapshot === null) return
    if (!this.whole) snapshot.step(Number.POSITIVE_INFINITY)
    expect(Math.max(...this.chunks.map(chunk => chunk.length))).toBeLessThan(MOST_CHUNK_BYTES)
    const { keyspace } = load(Buffer.concat(this.chunks), { limits: limitsOf(limits) })
    expect(keyspace.databases.slice(0, 2).map(values)).toEqual(this.expected)
    // Nothing is held any longer.
    expect(this.keyspace.entries.held.active).toBe(false)
    expect(this.keyspace.snapshot).toBeNull()
  }

  private find(database: Database, name: Buffer): number {
    return database.findForWrite(name, 0, name.length)
  }

  set(index: number, key: string, value: Buffer): void {
    const database = this.keyspace.databases[index]
    const name = Buffer.from(key)
    setString(database, this.find(database, name), name, 0, name.length, value, 0, value.length, Number.NaN)
  }

  append(index: number, key: string, value: Buffer): void {
    const database = this.keyspace.databases[index]
    const name = Buffer.from(key)
    const address = this.find(database, name)
    if (address === 0 || !this.isString(database, address)) return
    appendToString(database, address, name, 0, name.length, value, 0, value.length)
  }

  overwrite(index: number, key: string, offset: number, value: Buffer): void {
    const database = this.keyspace.databases[index]
    const name = Buffer.from(key)
    const address = this.find(database, name)
    if (address !== 0 && !this.isString(database, address)) return
    const string = openString(database, address, name, 0, name.length, offset, offset + value.length)
    value.copy(string.bytes, string.start + offset)
  }

  private isString(database: Database, address: number): boolean {
    return database.entries.type(address) === 0
  }

  remove(index: number, key: string): void {
    const database = this.keyspace.databases[index]
    const name = Buffer.from(key)
    const address = this.find(database, name)
    if (address !== 0) database.remove(address)
  }

  rename(index: number, key: string, toIndex: number, toKey: string): void {
    const from = this.keyspace.databases[index]
    const to = this.keyspace.databases[toIndex]
    if (index === toIndex && key === toKey) return
    const name = Buffer.from(key)
    const toName = Buffer.from(toKey)
    if (this.find(from, name) === 0) return
    this.remove(toIndex, toKey)
    const address = this.find(from, name)
    this.find(to, toName)
    moveEntry(from, address, to, toName, 0, toName.length)
  }

  setField(index: number, key: string, field: string, value: Buffer, limits: typeof SMALL_LISTPACKS): void {
    const hash = this.hash(index, key)
    const name = Buffer.from(field)
    hash?.set(name, 0, name.length, value, 0, value.length, limits)
  }

  deleteField(index: number, key: string, field: string): void {
    const name = Buffer.from(field)
    this.hash(index, key)?.delete(name, 0, name.length)
  }

  private hash(index: number, key: string): Hash | null {
    const database = this.keyspace.databases[index]
    const name = Buffer.from(key)
    const address = this.find(database, name)
    if (address !== 0 && this.isString(database, address)) return null
    const hash = new Hash()
    if (address === 0) hash.openNew(database, name, 0, name.length)
    else hash.open(database, address)
    return hash
  }
}

/** Text, noise, and what lies between; small and big ones. */
const value = fc.tuple(fc.nat(200_000), fc.nat(2), fc.nat(255)).map(([size, kind, byte]) => {
  const length = size % 3 === 0 ? size % 5000 : size
  if (kind === 0) return randomFillSync(Buffer.alloc(length))
  const text = Buffer.alloc(length, `text ${byte} `)
  return kind === 1 ? text : randomFillSync(text, 0, length >> 1)
})
const index = fc.nat(1)
const key = fc.constantFrom(...NAMES)
const offset = fc.nat(220_000)
const field = fc.constantFrom('f', 'g', ...Array.from({ length: 30 }, (_, i) => `field ${i}`), 'F'.repeat(30_000))

type Change = (server: Server, limits: typeof SMALL_LISTPACKS) => void
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Change>(server => server.step()) },
  { weight: 1, arbitrary: fc.constant<Change>(server => server.collect()) },
  {
    weight: 3,
    arbitrary: fc.tuple(index, key, value).map(
      (args): Change =>
        server =>
          server.set(...args),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(index, key, value).map(
      (args): Change =>
        server =>
          server.append(...args),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(index, key, offset, value).map(
      (args): Change =>
        server =>
          server.overwrite(...args),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(index, key).map(
      (args): Change =>
        server =>
          server.remove(...args),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(index, key, index, key).map(
      (args): Change =>
        server =>
          server.rename(...args),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(index, key, field, value).map(
      (args): Change =>
        (server, limits) =>
          server.setField(args[0], args[1], args[2], args[3], limits),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(index, key, field).map(
      (args): Change =>
        server =>
          server.deleteField(...args),
    ),
  },
  {
    weight: 1,
    arbitrary: index.map(
      (i): Change =>
        server =>
          void server.keyspace.databases[i].flush(false),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Change>(({ keyspace: { databases } }) => databases[0].swapWith(databases[1])),
  },
)
const changes = fc.array(change, { maxLength: 60, size: 'max' })

describe.each([
  ['hashes soon tables', SMALL_LISTPACKS],
  ['big listpacks', LARGE_LISTPACKS],
])('a snapshot, %s', (_, limits) => {
  test.each([true, false])('shows the data of its beginning, compressed: %s', compress => {
    fc.assert(
      fc.property(changes, changes, (before, after) => {
        const server = new Server(compress)
        for (const each of before) each(server, limits)
        server.begin()
        for (const each of after) each(server, limits)
        server.check(limits)
        server.collect()
      }),
      { numRuns: 200 },
    )
  })

  test('that is given up leaves everything as it is', () => {
    fc.assert(
      fc.property(changes, changes, changes, (before, during, after) => {
        const server = new Server(true)
        const plain = new Server(true)
        for (const each of before) for (const one of [server, plain]) each(one, limits)
        server.begin()
        for (const each of during) for (const one of [server, plain]) each(one, limits)
        server.abort()
        server.collect()
        for (const each of after) for (const one of [server, plain]) each(one, limits)
        expect(server.keyspace.databases.map(values)).toEqual(plain.keyspace.databases.map(values))
        server.begin()
        server.check(limits)
      }),
      { numRuns: 20 },
    )
  })
})

test('a big string is neither copied nor written in one go', () => {
  const server = new Server(true)
  const length = 64 << 20
  server.set(0, 'k', Buffer.alloc(length, 'x'))
  let bytes = 0
  let longest = 0
  const pool = new ChunkPool()
  const sink = {
    congested: false,
    write: (chunk: Buffer) => {
      bytes += chunk.length
      longest = Math.max(longest, chunk.length)
      pool.give(chunk)
    },
    spare: () => pool.take(),
  }
  const options = { compress: true, checksum: true, access: null, aux: [] }
  const before = process.memoryUsage().arrayBuffers
  const snapshot = new Snapshot(server.keyspace, sink, options)
  let steps = 1
  let most = 0
  for (; !snapshot.step(0); steps++) {
    if (steps % 100 === 0) server.overwrite(0, 'k', Math.min(bytes + (1 << 20), length - 1), Buffer.from('y'))
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  expect(bytes).toBeGreaterThan(length)
  expect(longest).toBeLessThan(MOST_CHUNK_BYTES)
  expect(steps).toBeGreaterThan(length / MOST_CHUNK_BYTES)
  expect(most).toBeLessThan(8 << 20)
})
