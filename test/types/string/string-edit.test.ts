import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Snapshot } from '../../../src/persistence/snapshot.js'
import { ENCODING_EXTERNAL, ENCODING_PLAIN, ENCODING_RAW } from '../../../src/store/entries.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { setBuffer, setString } from '../../../src/types/string/set-string.js'
import { StringView } from '../../../src/types/string/string.js'
import {
  appendToString,
  extendString,
  openString,
  setBytes,
  truncateString,
} from '../../../src/types/string/string-edit.js'

const KEY = Buffer.from('key')

/** One key, changed as the commands do, beside what it should hold. */
class Model {
  readonly keyspace = new Keyspace(1)
  private readonly db = this.keyspace.databases[0]
  expected: Buffer | null = null
  /** Views that replies hold, and what they held when they were written. */
  private readonly lent: { view: Buffer; before: Buffer }[] = []

  /** No memory of the store is zero just because it is new. */
  constructor() {
    const { entries } = this.keyspace
    entries.allocate(8)
    entries.bytes[0].fill(0xee)
  }

  private find(): number {
    return this.db.findForWrite(KEY, 0, KEY.length)
  }

  set(value: Buffer): void {
    setString(this.db, this.find(), KEY, 0, KEY.length, value, 0, value.length, Number.NaN)
    this.expected = value
  }

  /** As a large argument is kept: a part of the request's memory. */
  adopt(length: number): void {
    const value = Buffer.alloc(length + 1000, 0xee).subarray(3, length + 3)
    setBuffer(this.db, this.find(), KEY, 0, KEY.length, value, Number.NaN)
    this.expected = Buffer.from(value)
  }

  setAsBytes(value: Buffer): void {
    setBytes(this.db, this.find(), KEY, 0, KEY.length, Buffer.from(value), ENCODING_PLAIN, Number.NaN)
    this.expected = value
  }

  append(bytes: Buffer): void {
    const address = this.find()
    if (address === 0) return
    const length = appendToString(this.db, address, KEY, 0, KEY.length, bytes, 0, bytes.length)
    this.expected = Buffer.concat([this.expected ?? Buffer.alloc(0), bytes])
    expect(length).toBe(this.expected.length)
  }

  overwrite(offset: number, bytes: Buffer): void {
    const end = offset + bytes.length
    const string = openString(this.db, this.find(), KEY, 0, KEY.length, offset, end)
    bytes.copy(string.bytes, string.start + offset)
    const before = this.expected ?? Buffer.alloc(0)
    this.expected = Buffer.concat([before, Buffer.alloc(Math.max(0, end - before.length))])
    bytes.copy(this.expected, offset)
  }

  /** Cuts the string, and then lets it grow with bytes of its own: by so many. */
  cut(kept: number, added: number): void {
    const found = this.find()
    if (found === 0 || this.expected === null) return
    const { length } = this.expected
    const address = extendString(this.db, found, KEY, 0, KEY.length, length)
    const left = Math.min(kept, length)
    const cut = truncateString(this.db, address, KEY, 0, KEY.length, left)
    const next = extendString(this.db, cut, KEY, 0, KEY.length, left + added)
    const { bytes, end, start } = new StringView().of(this.db.entries, next)
    bytes.fill(0xcc, start + left, end)
    this.expected = Buffer.concat([this.expected.subarray(0, left), Buffer.alloc(added, 0xcc)])
  }

  lend(): void {
    const address = this.find()
    const { entries } = this.db
    if (address === 0 || entries.encoding(address) !== ENCODING_EXTERNAL) return
    const view = entries.lendBuffer(entries.payload(address))
    this.lent.push({ view, before: Buffer.from(view) })
  }

  remove(): void {
    const address = this.find()
    if (address !== 0) this.db.remove(address)
    this.expected = null
  }

  check(): void {
    const address = this.find()
    expect(address === 0).toBe(this.expected === null)
    if (this.expected === null) return
    const { bytes, start, end } = new StringView().of(this.db.entries, address)
    expect(bytes.subarray(start, end).equals(this.expected)).toBe(true)
    for (const { view, before } of this.lent) expect(view.equals(before)).toBe(true)
  }
}

const bytes = fc.oneof(
  fc.constantFrom('', '7', '-12', '9223372036854775807').map(text => Buffer.from(text)),
  fc.nat(200).chain(length => fc.uint8Array({ minLength: length, maxLength: length }).map(Buffer.from)),
  fc.tuple(fc.nat(255), fc.integer({ min: 4000, max: 9000 })).map(([byte, length]) => Buffer.alloc(length, byte)),
)
const offset = fc.oneof(fc.nat(100), fc.integer({ min: 4000, max: 4200 }), fc.nat(20_000))
const step = fc.oneof(
  { weight: 2, arbitrary: bytes.map(value => (model: Model) => model.set(value)) },
  { weight: 1, arbitrary: bytes.map(value => (model: Model) => model.setAsBytes(value)) },
  { weight: 1, arbitrary: fc.integer({ min: 4097, max: 9000 }).map(length => (model: Model) => model.adopt(length)) },
  { weight: 4, arbitrary: bytes.map(value => (model: Model) => model.append(value)) },
  {
    weight: 6,
    arbitrary: fc.tuple(offset, bytes).map(
      ([at, value]) =>
        (model: Model) =>
          model.overwrite(at, value.length === 0 ? Buffer.from('x') : value),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(offset, fc.nat(6)).map(
      ([kept, added]) =>
        (model: Model) =>
          model.cut(kept, added),
    ),
  },
  { weight: 3, arbitrary: fc.constant((model: Model) => model.lend()) },
  { weight: 1, arbitrary: fc.constant((model: Model) => model.remove()) },
)

describe('a string', () => {
  test('holds what was written to it, and replies keep what they were written with', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const model = new Model()
        for (const apply of steps) {
          apply(model)
          model.check()
        }
      }),
    )
  })

  test('grows into zeros, whatever lies behind it in memory', () => {
    const model = new Model()
    model.adopt(5000)
    model.overwrite(5500, Buffer.from('x'))
    model.check()
  })

  test('is in a snapshot as it was when that began', () => {
    const model = new Model()
    model.set(Buffer.alloc(10_000, 'a'))
    const chunks: Buffer[] = []
    const sink = { congested: false, write: (chunk: Buffer) => void chunks.push(chunk) }
    const options = { compress: false, checksum: false, access: null, aux: [] }
    const snapshot = new Snapshot(model.keyspace, sink, options)
    model.overwrite(5000, Buffer.from('changed'))
    while (!snapshot.step(Number.POSITIVE_INFINITY));
    const file = Buffer.concat(chunks)
    expect(file.includes('a'.repeat(10_000))).toBe(true)
    expect(file.includes('changed')).toBe(false)
  })

  test('changes in place when it is large, and grows without moving each time', () => {
    const { keyspace } = new Model()
    const [db] = keyspace.databases
    const open = (from: number, to: number): ArrayBufferLike =>
      openString(db, db.findForWrite(KEY, 0, KEY.length), KEY, 0, KEY.length, from, to).bytes.buffer
    const memories = new Set<ArrayBufferLike>([open(0, 1_000_000)])
    for (let at = 0; at < 1_000_000; at += 1000) memories.add(open(at, at + 1))
    expect(memories.size).toBe(1)
    for (let at = 1_000_000; at < 20_000_000; at += 10_000) memories.add(open(at, at + 1))
    expect(memories.size).toBeLessThan(15)
  })

  test('is copied once when a reply refers to it, and changes in place again when that has left', () => {
    const { keyspace } = new Model()
    const [db] = keyspace.databases
    let waiting = true
    keyspace.entries.lent.outputs = { referTo: () => waiting }
    const open = (): ArrayBufferLike =>
      openString(db, db.findForWrite(KEY, 0, KEY.length), KEY, 0, KEY.length, 0, 2_000_000).bytes.buffer
    const lend = (): void => {
      const address = db.findForRead(KEY, 0, KEY.length)
      keyspace.entries.lendBuffer(keyspace.entries.payload(address))
      keyspace.setNow(Date.now())
    }
    const first = open()
    lend()
    const second = open()
    expect(second).not.toBe(first)
    expect(open()).toBe(second)
    lend()
    waiting = false
    expect(open()).toBe(second)
  })

  test('set as bytes stays bytes, whatever they read as', () => {
    const { keyspace } = new Model()
    const [db] = keyspace.databases
    for (const encoding of [ENCODING_RAW, ENCODING_PLAIN]) {
      setBytes(db, db.findForWrite(KEY, 0, KEY.length), KEY, 0, KEY.length, Buffer.from('12'), encoding, Number.NaN)
      expect(db.entries.encoding(db.findForRead(KEY, 0, KEY.length))).toBe(encoding)
    }
  })
})
