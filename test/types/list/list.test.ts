import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lzfCompressExact } from '../../../src/bytes/lzf-exact.js'
import type { Database } from '../../../src/store/database.js'
import { TYPE_LIST } from '../../../src/store/entries.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { lpBytes, lpLength } from '../../../src/store/listpack/listpack.js'
import { lpValidate } from '../../../src/store/listpack/listpack-validate.js'
import { TreeCursor } from '../../../src/store/ordered-tree/cursor.js'
import { ByteRange } from '../../../src/types/byte-range.js'
import { copyValue, encodingName } from '../../../src/types/kinds.js'
import { List } from '../../../src/types/list/list.js'
import { isCompressedNode, isPlainNode, NodeContent, nodeBytes } from '../../../src/types/list/list-node.js'
import { Matcher } from '../../../src/types/list/matcher.js'
import { setPackedThreshold } from '../../../src/types/list/node-limits.js'
import type { Quicklist } from '../../../src/types/list/quicklist.js'
import type { ListLimits } from '../../../src/types/value-limits.js'
import { elementsOf } from '../../persistence/rdb/keyspace.js'
import { HeldForms } from './held.js'

const DEFAULTS: ListLimits = { maxListpackSize: -2, compressDepth: 0 }
const KEY = Buffer.from('the key')
const COPY = Buffer.from('the copy')

const range = new ByteRange()
const matcher = new Matcher()

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function openKey(db: Database, key = KEY): List {
  const list = new List()
  const address = db.findForWrite(key, 0, key.length)
  if (address === 0) list.openNew(db, key, 0, key.length)
  else list.open(db, address)
  return list
}

function push(list: List, atHead: boolean, values: readonly string[], limits = DEFAULTS): void {
  const bytes = values.map(latin1)
  const ends = Int32Array.from(bytes, ({ length }) => length)
  const starts = new Int32Array(ends.length)
  for (let i = 1; i < ends.length; i++) {
    starts[i] = ends[i - 1]
    ends[i] += starts[i]
  }
  list.push(atHead, Buffer.concat(bytes), starts, ends, 0, values.length, limits)
}

function seek(value: string): Matcher {
  const bytes = latin1(value)
  matcher.of(bytes, 0, bytes.length)
  return matcher
}

function encoding(db: Database, list: List): string {
  return encodingName(db.keyspace, list.address)
}

/** Every node is what it may be, and as much as it may be is compressed. */
function expectSound({ depth, entries, length, tree }: Quicklist): void {
  const cursor = new TreeCursor()
  const content = new NodeContent()
  let elements = 0
  let index = 0
  for (let more = tree.first(cursor); more; more = cursor.next()) {
    const node = cursor.address
    content.show(entries, node)
    const { at, buffer, isPlain } = content
    elements += cursor.weight
    expect(content.length).toBe(nodeBytes(entries, node))
    expect(isPlain).toBe(isPlainNode(entries, node))
    if (isPlain) expect(cursor.weight).toBe(1)
    else {
      expect(lpValidate(buffer, at, content.length, true)).toBe(true)
      expect(lpLength(buffer, at)).toBe(cursor.weight)
    }
    const isInside = depth > 0 && index >= depth && index < tree.count - depth
    expect(isCompressedNode(entries, node)).toBe(isInside && pays(buffer, at, content.length))
    index++
  }
  expect(elements).toBe(length)
}

function pays(buffer: Buffer, at: number, length: number): boolean {
  const size = lzfCompressExact(buffer, at, at + length, Buffer.alloc(length), 0, length)
  return length >= 48 && size > 0 && size + 8 < length
}

type Step =
  | { kind: 'push'; atHead: boolean; values: string[] }
  | { kind: 'pop' | 'popMany'; atHead: boolean; count: number }
  | { kind: 'set'; at: number; value: string }
  | { kind: 'insert'; at: number; behind: boolean; value: string }
  | { kind: 'delete'; at: number; count: number }
  | { kind: 'remove'; value: string; most: number; fromTail: boolean }
  | { kind: 'find'; value: string }
  | { kind: 'hold' | 'step' | 'finish' | 'copy' | 'expire' | 'move' | 'collect' | 'drop' }

const values = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', '0', '-1', '127', '128', '-4096', '9223372036854775807', '007', 'a') },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 6 }).map(n => `element ${n}`) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 300 }).map(n => 'ab'.repeat(n)) },
  { weight: 1, arbitrary: fc.constantFrom(3000, 9000, 65_500, 70_000).map(n => 'L'.repeat(n)) },
)
const at = fc.double({ min: 0, max: 1, noNaN: true })
const counts = fc.integer({ min: 1, max: 12 })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('push' as const),
        atHead: fc.boolean(),
        values: fc.array(values, { minLength: 1, maxLength: 9 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('pop' as const, 'popMany' as const),
        atHead: fc.boolean(),
        count: counts,
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('set' as const), at, value: values }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('insert' as const), at, behind: fc.boolean(), value: values }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), at, count: counts }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('remove' as const),
        value: values,
        most: fc.integer({ min: 1, max: 4 }),
        fromTail: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('find' as const), value: values }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          ...(['hold', 'step', 'step', 'finish', 'copy', 'expire', 'move', 'collect', 'drop'] as const),
        ),
      }),
    },
  ),
  { maxLength: 90 },
)

/** A list beside an array, with readers that have seen it at some moment. */
class Modelled {
  readonly db = new Keyspace(1).databases[0]
  model: string[] = []
  private readonly limits: ListLimits
  private readonly held: { form: HeldForms; expected: string[] }[] = []

  constructor(limits: ListLimits) {
    this.limits = limits
  }

  apply(step: Step): void {
    const { db, limits, model } = this
    const list = openKey(db)
    if (step.kind === 'push') {
      push(list, step.atHead, step.values, limits)
      if (step.atHead) model.unshift(...step.values.toReversed())
      else model.push(...step.values)
    } else if (step.kind === 'step') for (const { form } of this.held) form.step()
    else if (step.kind === 'finish') this.finish()
    else if (step.kind === 'collect') this.collect()
    else if (model.length > 0) this.change(list, step)
    this.check()
  }

  private change(list: List, step: Step): void {
    const { db, limits, model } = this
    const { entries, keyspace } = db
    switch (step.kind) {
      case 'pop':
        list.showEnd(step.atHead, range)
        expect(range.copy().toString('latin1')).toBe(step.atHead ? model.shift() : model.pop())
        list.removeEnd(step.atHead)
        this.shrunk(list)
        break
      case 'popMany': {
        const count = Math.min(step.count, model.length)
        const from = step.atHead ? 0 : model.length - count
        list.deleteRange(from, count)
        model.splice(from, count)
        this.shrunk(list)
        break
      }
      case 'set': {
        const index = Math.floor(step.at * (model.length - 1))
        const bytes = latin1(step.value)
        list.makeRoom(bytes.length, 1, limits)
        list.replace(index, bytes, 0, bytes.length)
        model[index] = step.value
        this.shrunk(list)
        break
      }
      case 'insert': {
        const index = Math.floor(step.at * (model.length - 1))
        const bytes = latin1(step.value)
        list.makeRoom(bytes.length, 1, limits)
        list.insert(index, step.behind, bytes, 0, bytes.length)
        model.splice(step.behind ? index + 1 : index, 0, step.value)
        break
      }
      case 'delete': {
        const index = Math.floor(step.at * (model.length - 1))
        list.deleteRange(index, step.count)
        model.splice(index, step.count)
        this.shrunk(list)
        break
      }
      case 'remove': {
        let left = step.most
        const kept = (value: string): boolean => value !== step.value || left-- <= 0
        this.model = step.fromTail ? model.toReversed().filter(kept).toReversed() : model.filter(kept)
        const removed = list.removeMatching(seek(step.value), step.most, step.fromTail)
        expect(removed).toBe(model.length - this.model.length)
        this.shrunk(list)
        break
      }
      case 'find':
        expect(list.find(seek(step.value))).toBe(model.indexOf(step.value))
        break
      case 'hold':
        // A small list is copied by whoever wants to keep it.
        if (list.quicklist !== null && this.held.length < 4) {
          this.held.push({ form: new HeldForms(db, list.address), expected: [...model] })
        }
        break
      case 'copy': {
        const old = db.findForWrite(COPY, 0, COPY.length)
        if (old !== 0) db.remove(old)
        db.findForWrite(COPY, 0, COPY.length)
        const copy = copyValue(db, list.address, db, COPY, 0, COPY.length)
        expect(encodingName(keyspace, copy)).toBe(encoding(db, list))
        expect(elementsOf(db, copy)).toEqual(model)
        break
      }
      case 'expire':
        list.address = db.setExpiry(list.address, keyspace.nowMs + 1e6)
        break
      case 'move': {
        const { quicklist } = list
        if (quicklist?.entriesMayMove !== true) break
        let cursor = 0
        do cursor = quicklist.rewrite(cursor, (node, bytes) => entries.relocate(node, bytes))
        while (cursor !== 0)
        break
      }
      case 'drop':
        db.remove(list.address)
        this.model = []
        break
    }
  }

  private shrunk(list: List): void {
    if (!list.dropIfEmpty()) list.shrunk(this.limits)
  }

  private finish(): void {
    const first = this.held.shift()
    if (first !== undefined) expect(first.form.finish()).toEqual(first.expected)
  }

  private collect(): void {
    while (!this.db.keyspace.collectGarbage(0)) {}
  }

  private check(): void {
    const { db, model } = this
    const list = openKey(db)
    expect(list.address === 0).toBe(model.length === 0)
    expect(list.length).toBe(model.length)
    if (list.address === 0) return
    const { entries } = db
    expect(entries.type(list.address)).toBe(TYPE_LIST)
    expect(encoding(db, list)).toBe(list.quicklist === null ? 'listpack' : 'quicklist')
    if (list.quicklist !== null) expectSound(list.quicklist)
    else {
      const { listpack, listpackAt } = list
      expect(lpValidate(listpack, listpackAt, lpBytes(listpack, listpackAt), true)).toBe(true)
    }
    expect(elementsOf(db, list.address)).toEqual(model)
    const index = Math.floor(model.length / 2)
    list.show(index, range)
    expect(range.copy().toString('latin1')).toBe(model[index])
  }

  /** Nothing is left when all is gone. */
  end(): void {
    const { db } = this
    while (this.held.length > 0) this.finish()
    db.flush(false)
    this.collect()
    expect(db.entries.usedBytes).toBe(0)
    expect(db.entries.externalBytes).toBe(0)
    expect(db.entries.openViews).toBe(0)
    expect(db.entries.tableBytes).toBe(new Keyspace(1).entries.tableBytes)
  }
}

describe('a list behaves as an array', () => {
  const forms: [string, ListLimits][] = [
    ['with the default limits', DEFAULTS],
    ['in nodes of few elements', { maxListpackSize: 3, compressDepth: 0 }],
    ['in nodes of one element', { maxListpackSize: 0, compressDepth: 0 }],
    ['in nodes of 4 KB, compressed but for the ends', { maxListpackSize: -1, compressDepth: 1 }],
    ['in small nodes, compressed but for two at each end', { maxListpackSize: 4, compressDepth: 2 }],
    ['in nodes of 64 KB', { maxListpackSize: -5, compressDepth: 1 }],
  ]
  test.each(forms)('%s', (_, limits) => {
    fc.assert(
      fc.property(steps, script => {
        const modelled = new Modelled(limits)
        for (const step of script) modelled.apply(step)
        modelled.end()
      }),
      { numRuns: 35 },
    )
  })

  test('with elements that are nodes of their own', () => {
    setPackedThreshold(100)
    try {
      fc.assert(
        fc.property(steps, script => {
          const modelled = new Modelled({ maxListpackSize: 4, compressDepth: 1 })
          for (const step of script) modelled.apply(step)
          modelled.end()
        }),
        { numRuns: 50 },
      )
    } finally {
      setPackedThreshold(0)
    }
  })
})

describe('encodings', () => {
  const grown = (limits: ListLimits, values: string[]): string => {
    const { databases } = new Keyspace(1)
    const list = openKey(databases[0])
    for (const value of values) push(list, false, [value], limits)
    return encoding(databases[0], list)
  }

  test('elements, or bytes, say how long a list stays a listpack', () => {
    const three = { maxListpackSize: 3, compressDepth: 0 }
    expect(grown(three, ['a', 'b', 'c'])).toBe('listpack')
    expect(grown(three, ['a', 'b', 'c', 'd'])).toBe('quicklist')
    expect(grown(three, ['x'.repeat(8185)])).toBe('listpack')
    expect(grown(three, ['x'.repeat(8186)])).toBe('quicklist')
    expect(grown(DEFAULTS, ['x'.repeat(8185)])).toBe('listpack')
    expect(grown(DEFAULTS, ['x'.repeat(8186)])).toBe('quicklist')
    expect(grown({ maxListpackSize: -9, compressDepth: 0 }, ['x'.repeat(65_529)])).toBe('listpack')
    expect(grown({ maxListpackSize: -9, compressDepth: 0 }, ['x'.repeat(65_530)])).toBe('quicklist')
  })

  test('a quicklist becomes a listpack only where it is half full', () => {
    const limits = { maxListpackSize: 8, compressDepth: 0 }
    const [db] = new Keyspace(1).databases
    const list = openKey(db)
    push(list, false, [...'abcdefghi'], limits)
    for (let left = 8; left >= 5; left--) {
      list.removeEnd(false)
      list.shrunk(limits)
      expect(encoding(db, list)).toBe('quicklist')
    }
    list.removeEnd(false)
    list.shrunk(limits)
    expect(encoding(db, list)).toBe('listpack')
    expect(elementsOf(db, list.address)).toEqual([...'abcd'])
  })
})

describe('compression', () => {
  const limits = { maxListpackSize: 20, compressDepth: 1 }
  const element = (i: number): string => `element:${String(i).padStart(8, '0')}`

  test.each<[string, (list: List, bytes: Buffer) => void]>([
    ['LSET', (list, bytes) => list.replace(70, bytes, 0, bytes.length)],
    ['LINSERT', (list, bytes) => list.insert(79, true, bytes, 0, bytes.length)],
    ['LINSERT in between', (list, bytes) => list.insert(70, false, bytes, 0, bytes.length)],
    ['LTRIM', list => list.deleteRange(70, 25)],
    ['LREM', list => list.removeMatching(seek(element(70)), 1, false)],
    ['LPOP', list => list.deleteRange(0, 20)],
    ['RPOP', list => list.deleteRange(181, 19)],
  ])('of all but the ends holds behind %s', (_, change) => {
    const [db] = new Keyspace(1).databases
    const list = openKey(db)
    for (let i = 0; i < 200; i++) push(list, false, [element(i)], limits)
    const { quicklist } = list
    if (quicklist === null) throw new Error('a listpack')
    expectSound(quicklist)
    const cursor = new TreeCursor()
    quicklist.tree.seek(cursor, 70)
    expect(isCompressedNode(db.entries, cursor.address)).toBe(true)
    change(list, Buffer.from('something else'))
    expectSound(quicklist)
  })
})

describe('an element that becomes a node of its own within a node', () => {
  /** Elements that are worth compressing alone. */
  const element = (i: number): string => String.fromCharCode(97 + i).repeat(1000)

  test.each<[string, number, (list: List, index: number, bytes: Buffer) => void]>([
    ['LINSERT', 1, (list, index, bytes) => list.insert(index, false, bytes, 0, bytes.length)],
    ['LSET', 1, (list, index, bytes) => list.replace(index, bytes, 0, bytes.length)],
    ['LINSERT', 19, (list, index, bytes) => list.insert(index, false, bytes, 0, bytes.length)],
    ['LSET', 19, (list, index, bytes) => list.replace(index, bytes, 0, bytes.length)],
  ])('moves two others away from the end: %s %i', (_, index, change) => {
    const [db] = new Keyspace(1).databases
    const list = openKey(db)
    for (let i = 0; i < 21; i++) push(list, false, [element(i)], { maxListpackSize: 3, compressDepth: 4 })
    const { quicklist } = list
    if (quicklist === null) throw new Error('a listpack')
    // Nodes of one element at both ends, but for the one that is changed.
    setPackedThreshold(500)
    try {
      const plain = Buffer.from('x'.repeat(600))
      for (const at of [3, 4, 5, 6, 7, 8, 12, 13, 14, 15, 16, 17]) list.replace(at, plain, 0, plain.length)
      expectSound(quicklist)
      change(list, index, Buffer.from('y'.repeat(700)))
      expectSound(quicklist)
    } finally {
      setPackedThreshold(0)
    }
  })
})

describe('a long list', () => {
  const ELEMENTS = 60_000

  test('finds elements by index, and loses ranges, without a walk', () => {
    const [db] = new Keyspace(1).databases
    const list = openKey(db)
    const model = Array.from({ length: ELEMENTS }, (_, i) => `element:${i}`)
    for (let i = 0; i < ELEMENTS; i += 1000) push(list, false, model.slice(i, i + 1000))
    for (const index of [0, 1, 999, 31_415, ELEMENTS - 1]) {
      list.show(index, range)
      expect(range.copy().toString('latin1')).toBe(model[index])
    }
    list.deleteRange(5000, 50_000)
    model.splice(5000, 50_000)
    expect(elementsOf(db, list.address)).toEqual(model)
  })

  test('is freed in slices: what goes at once, and the nodes of a range', () => {
    const { databases, entries } = new Keyspace(1)
    const [db] = databases
    const list = openKey(db)
    for (let i = 0; i < 400; i++)
      push(
        list,
        false,
        Array.from({ length: 20 }, () => 'x'.repeat(400)),
      )
    const used = entries.usedBytes
    const { keyspace } = db
    list.deleteRange(10, 7900)
    expect(entries.usedBytes).toBeGreaterThan(used / 10)
    while (!keyspace.collectGarbage(0)) {}
    expect(entries.usedBytes).toBeLessThan(used / 10)
    for (let i = 0; i < 400; i++)
      push(
        list,
        false,
        Array.from({ length: 20 }, () => 'x'.repeat(400)),
      )
    db.remove(list.address, true)
    expect(keyspace.pendingObjects).toBe(1)
    let slices = 1
    while (!keyspace.collectGarbage(0)) slices++
    expect(slices).toBeGreaterThan(1)
    expect(entries.usedBytes).toBe(0)
    expect(keyspace.lazyfree.freedObjects).toBe(1)
  })

  test('takes little more than its elements', () => {
    const { databases, entries } = new Keyspace(1)
    const list = openKey(databases[0])
    for (let i = 0; i < 100_000; i += 100) {
      push(
        list,
        false,
        Array.from({ length: 100 }, (_, j) => `element:${String(i + j).padStart(8, '0')}`),
      )
    }
    expect(entries.totalUsedBytes / 100_000).toBeLessThan(18.7)
  })
})
