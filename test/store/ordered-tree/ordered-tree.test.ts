import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TreeBuilder } from '../../../src/store/ordered-tree/builder.js'
import { TreeCursor } from '../../../src/store/ordered-tree/cursor.js'
import { ORDERED, ORDERED_WEIGHTED, OrderedTree, WEIGHTED } from '../../../src/store/ordered-tree/ordered-tree.js'
import { doubleHigh, doubleLow, halfOfUnsigned } from '../../../src/store/ordered-tree/sort-prefix.js'
import { TreeView } from '../../../src/store/ordered-tree/view.js'
import { NamedElements, TreePair, ViewPair } from './model.js'

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Few scores, so that many are equal; the ends of the number line among them. */
const score = fc
  .oneof(
    { weight: 8, arbitrary: fc.integer({ min: -4, max: 4 }) },
    { weight: 2, arbitrary: fc.double({ noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 5e-324, -5e-324) },
  )
  .map(value => value + 0)
const name = fc.nat(3000).map(n => `m${n}`)
const weight = fc.integer({ min: 1, max: 200 })
const at = fc.nat(1_000_000)

const ordered = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('insert' as const), score, name, weight }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('fill' as const),
      score,
      name,
      count: fc.nat(300),
      step: fc.constantFrom(-1, 0, 1),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('remove' as const), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('removeMany' as const), at, count: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('removeRange' as const), at, count: fc.nat(400) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('replace' as const), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reweigh' as const), at, weight }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('look' as const), score, name, at }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('view' as const), use: fc.constantFrom('forward', 'backward', 'any') }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('step' as const), count: fc.nat(150), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('finish' as const), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('collect' as const) }) },
)

type Operation = typeof ordered extends fc.Arbitrary<infer T> ? T : never

/** Every look at a tree that its order allows, beside the model. */
function look(pair: TreePair, scoreOf: number, nameOf: string): void {
  const { cursor, model, tree } = pair
  const [high, low, probe] = [doubleHigh(scoreOf), doubleLow(scoreOf), Buffer.from(nameOf)]
  const expectAt = (found: boolean, index: number): void => {
    expect(found).toBe(index < model.length)
    expect(cursor.isAtEntry ? cursor.address : 0).toBe(model[index]?.address ?? 0)
    expect(cursor.weightBefore()).toBe(pair.weightBefore(index))
    if (index > 0) {
      expect(cursor.previous()).toBe(true)
      expect(cursor.address).toBe(model[index - 1].address)
    }
  }
  const place = pair.place(scoreOf, nameOf)
  const there = pair.has(scoreOf, nameOf)
  expect(tree.find(cursor, high, low, probe)).toBe(there)
  if (there) expect(cursor.address).toBe(model[place].address)
  expectAt(tree.lowerBound(cursor, high, low, probe), place)
  expectAt(tree.upperBound(cursor, high, low, probe), there ? place + 1 : place)
  const start = model.findIndex(each => each.score >= scoreOf)
  expectAt(tree.lowerBound(cursor, high, low, null), start < 0 ? model.length : start)
  const end = model.findIndex(each => each.score > scoreOf)
  expectAt(tree.upperBound(cursor, high, low, null), end < 0 ? model.length : end)
}

function seek(pair: TreePair, index: number): void {
  const before = pair.weightBefore(index)
  const into = pair.model[index].weight - 1
  expect(pair.tree.seek(pair.cursor, before + into)).toBe(into)
  expect(pair.cursor.address).toBe(pair.model[index].address)
  expect(pair.cursor.weightBefore()).toBe(before)
}

function run(pair: TreePair, operations: readonly Operation[]): void {
  const { model, tree } = pair
  const { shape } = tree
  const views: ViewPair[] = []
  const insert = (scoreOf: number, nameOf: string, weighs: number, place: number): void => {
    if (shape.ordered) pair.insert(scoreOf, nameOf, shape.weighted ? weighs : 1)
    else pair.insertAt(place % (model.length + 1), nameOf, weighs, weighs % 2 === 0)
  }
  for (const [i, op] of operations.entries()) {
    if (op.kind === 'insert') insert(op.score, op.name, op.weight, i * 7919)
    else if (op.kind === 'fill') {
      const start = Number.isFinite(op.score) ? Math.min(1e6, Math.max(-1e6, op.score)) : 0
      for (let n = 0; n < op.count; n++)
        insert(start + op.step * n, `${op.name}/${n}`, 1 + (n % 9), i * 31 + (op.step < 0 ? 0 : n))
    } else if (op.kind === 'collect') pair.elements.collect()
    else if (op.kind === 'view') {
      if (views.length < 4) views.push(new ViewPair(pair, op.use as 'forward'))
    } else if (op.kind === 'step') {
      const view = views[op.at % Math.max(1, views.length)]
      view?.look(op.at)
      for (let n = 0; n < op.count; n++) view?.step()
    } else if (op.kind === 'finish') views.splice(op.at % Math.max(1, views.length), 1)[0]?.finish()
    else if (op.kind === 'close') views.splice(op.at % Math.max(1, views.length), 1)[0]?.view.close()
    else if (op.kind === 'look' && shape.ordered) look(pair, op.score, op.name)
    else if (model.length > 0) {
      const index = 'at' in op ? op.at % model.length : 0
      if (op.kind === 'remove') pair.removeAt(index)
      else if (op.kind === 'removeMany') for (let n = 0; n < op.count && index < model.length; n++) pair.removeAt(index)
      else if (op.kind === 'removeRange') pair.removeRange(index, Math.min(model.length, index + op.count))
      else if (op.kind === 'replace') pair.replaceAt(index)
      else if (op.kind === 'reweigh' && shape.weighted) pair.reweighAt(index, op.weight)
      else if (op.kind === 'look') seek(pair, index)
    }
  }
  pair.check()
  // The tree may go before those who read it.
  if (operations.length % 2 === 0) tree.drop()
  for (const view of views) view.finish()
  if (operations.length % 2 === 1) pair.check()
  pair.end()
}

describe('the ordered tree against a sorted array', () => {
  for (const [kind, shape] of Object.entries({ ORDERED, ORDERED_WEIGHTED, WEIGHTED })) {
    test(`any sequence of writes, reads and views: ${kind}`, () => {
      fc.assert(
        fc.property(fc.array(ordered, { minLength: 1, maxLength: 80, size: 'max' }), operations =>
          run(new TreePair(shape), operations),
        ),
        { numRuns: 150 },
      )
    })
  }
})

describe('an ordered tree', () => {
  const FULL = ORDERED.leafCapacity

  test('without entries has none to find, and takes no memory for nodes', () => {
    const { cursor, elements, tree } = new TreePair()
    expect(tree.first(cursor)).toBe(false)
    expect(cursor.next()).toBe(false)
    expect(tree.last(cursor)).toBe(false)
    expect(cursor.previous()).toBe(false)
    expect(tree.find(cursor, 0, 0, Buffer.from('x'))).toBe(false)
    expect(tree.lowerBound(cursor, 0, 0, null)).toBe(false)
    expect(tree.upperBound(cursor, 0, 0, null)).toBe(false)
    expect(tree.seek(cursor, 0)).toBe(-1)
    expect(cursor.weightBefore()).toBe(0)
    expect(tree.rewrite(0, address => address)).toBe(0)
    tree.removeRange(0, 10, () => expect.fail('nothing to remove'))
    expect(elements.entries.usedBytes).toBe(0)
    expect(tree.memoryBytes).toBe(elements.entries.totalUsedBytes)
    tree.drop()
    expect(elements.remains).toEqual([])
    expect(elements.entries.totalUsedBytes).toBe(0)
  })

  test('is whole where nodes are just full, in every order of inserting and removing', () => {
    for (const count of [
      1,
      2,
      FULL - 1,
      FULL,
      FULL + 1,
      2 * FULL,
      FULL * ORDERED.innerCapacity,
      FULL * ORDERED.innerCapacity + 1,
    ]) {
      for (const order of ['ascending', 'descending', 'built']) {
        const pair = new TreePair()
        const builder = new TreeBuilder(pair.tree)
        for (let i = 0; i < count; i++) {
          const value = order === 'descending' ? count - 1 - i : i
          if (order !== 'built') pair.insert(value, `e${value}`)
          else {
            const address = pair.elements.create(`e${i}`)
            builder.add(doubleHigh(i), doubleLow(i), address)
            pair.model.push({ score: i, name: `e${i}`, weight: 1, address })
          }
        }
        builder.finish()
        pair.check()
        // Full leaves, and next to nothing but them.
        expect(pair.tree.nodeBytes).toBeLessThan(count * 13 + 300)
        while (pair.model.length > count / 2) pair.removeAt(order === 'descending' ? 0 : pair.model.length - 1)
        pair.check()
        pair.end()
      }
    }
  }, 60_000)

  test('orders unsigned integers of 64 bits by value', () => {
    const elements = new NamedElements()
    const tree = new OrderedTree(elements.entries, ORDERED, elements)
    const values = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]
    for (const value of values.toReversed()) {
      const [high, low] = [Number(value >> 32n), Number(value & 0xffffffffn)]
      tree.insert(halfOfUnsigned(high), halfOfUnsigned(low), Buffer.from(''), elements.create(`${value}`))
    }
    const cursor = new TreeCursor()
    const found: string[] = []
    for (let more = tree.first(cursor); more; more = cursor.next()) found.push(elements.nameOf(cursor.address))
    expect(found).toEqual(values.map(String))
    expect(elements.comparisons).toBe(0)
  })

  test('of tens of thousands stays the sorted array, and its memory in proportion', () => {
    const pair = new TreePair()
    const random = seeded(7)
    for (let i = 0; i < 30_000; i++) pair.insert(Math.floor(random() * 20_000), `e${i}`)
    expect(pair.tree.depth).toBe(3)
    pair.check()
    expect(pair.tree.nodeBytes / pair.model.length).toBeLessThan(15.5)
    for (const left of [20_000, 5000, 1000, 100, 1]) {
      while (pair.model.length > left) pair.removeAt(Math.floor(random() * pair.model.length))
      pair.check()
      expect(pair.tree.nodeBytes).toBeLessThan(left * 26 + 200)
    }
    expect(pair.tree.depth).toBe(1)
    pair.end()
  }, 60_000)

  test('has no nodes with next to nothing in them wherever runs of keys go', () => {
    const random = seeded(11)
    for (const step of [1, -1]) {
      const pair = new TreePair()
      for (let i = 0; i < 4000; i++) pair.insert(i, `e${i}`)
      for (let run = 0; run < 100; run++) {
        const gap = Math.floor(random() * 4000)
        for (let n = 1; n <= 100; n++) pair.insert(gap + (step > 0 ? n : 101 - n) / 102, `r${run}/${n}`)
      }
      pair.check()
      expect(pair.tree.nodeBytes / pair.model.length).toBeLessThan(18)
      pair.end()
    }
    // Where one inner node ends and the next one begins, all of them full.
    for (const step of [1, -1]) {
      const pair = new TreePair()
      const below = FULL * ORDERED.innerCapacity
      for (let i = 0; i < 3 * below; i++) pair.insert(i, `e${i}`)
      const { nodeBytes } = pair.tree
      for (let n = 1; n <= 1000; n++) pair.insert(below - 1 + (step > 0 ? n : 1001 - n) / 1002, `n${n}`)
      pair.check()
      expect(pair.tree.nodeBytes - nodeBytes).toBeLessThan(1000 * 20)
      pair.end()
    }
    // Before and behind the same node of a list, again and again, at every place in a leaf.
    for (const before of [true, false]) {
      const pair = new TreePair(WEIGHTED)
      for (let i = 0; i < 5000; i++) pair.insertAt(i, `n${i}`, 1 + (i % 3), true)
      const pivots = Array.from({ length: 130 }, (_, i) => `n${i * 37}`)
      for (const pivot of pivots) {
        for (let n = 0; n < 30; n++) {
          const at = pair.model.findIndex(each => each.name === pivot)
          pair.insertAt(before ? at : at + 1, `${pivot}/${n}`, 2, before)
        }
      }
      pair.check()
      expect(pair.tree.nodeBytes / pair.model.length).toBeLessThan(12)
      pair.end()
    }
  }, 60_000)

  test('of few entries takes little: a slot that grows with it', () => {
    const bytes = [1, 2, 10, 20, 64, 130].map(count => {
      const pair = new TreePair()
      for (let i = 0; i < count; i++) pair.insert(i, `e${i}`)
      return pair.tree.nodeBytes
    })
    expect(bytes).toEqual([32, 40, 136, 280, 1032, 1824])
  })

  test('compares elements only where prefixes are equal, and then as often as a binary search', () => {
    const pair = new TreePair()
    for (let i = 0; i < 5000; i++) pair.insert((i * 7919) % 5000, `e${i}`)
    expect(pair.elements.comparisons).toBe(0)
    const equal = new TreePair()
    for (let i = 0; i < 5000; i++) equal.insert(1, `e${(i * 7919) % 5000}`)
    equal.elements.comparisons = 0
    expect(equal.find(1, 'e2500')).toBe(true)
    expect(equal.elements.comparisons).toBeLessThanOrEqual(18)
  })

  test('removes of a range what lies in it as a whole', () => {
    const pair = new TreePair(WEIGHTED)
    for (let i = 0; i < 6; i++) pair.insertAt(i, `n${i}`, 10, true)
    const gone: number[] = []
    pair.tree.removeRange(5, 47, address => gone.push(address))
    expect(gone).toEqual(pair.model.splice(1, 3).map(each => each.address))
    pair.tree.removeRange(25, 1000, () => expect.fail('only a part of it'))
    pair.tree.removeRange(30, 30, () => expect.fail('nothing'))
    pair.check()
  })

  test('refuses what cannot be meant: a cursor from before a change, one at no entry, weights it cannot add up', () => {
    const pair = new TreePair(WEIGHTED)
    const { cursor, tree } = pair
    tree.first(cursor)
    tree.insertBefore(cursor, 1, 2 ** 32 - 11)
    expect(() => tree.insertAfter(cursor, 2, 1)).toThrow('before a change')
    expect(() => tree.remove(cursor)).toThrow('before a change')
    tree.last(cursor)
    cursor.next()
    expect(() => tree.remove(cursor)).toThrow('no entry')
    expect(() => tree.replace(cursor, 3)).toThrow('no entry')
    tree.last(cursor)
    expect(() => tree.insertAfter(cursor, 2, 11)).toThrow('2^32 - 1')
    tree.last(cursor)
    expect(() => tree.setWeight(cursor, 2 ** 32)).toThrow('2^32 - 1')
    expect(() => tree.setWeight(cursor, 0)).toThrow('weight 0')
    tree.last(cursor)
    tree.insertAfter(cursor, 2, 10)
    expect([tree.count, tree.weight]).toEqual([2, 2 ** 32 - 1])
    expect(tree.seek(cursor, 2 ** 32 - 2)).toBe(9)
    expect(cursor.weightBefore()).toBe(2 ** 32 - 11)
    expect(() => new TreePair(ORDERED).insert(1, 'two', 2)).toThrow('weight 2')
    expect(() => new TreeBuilder(new TreePair(WEIGHTED).tree).add(0, 0, 1, 0)).toThrow('weight 0')
  })

  test('is freed in slices of a few leaves', () => {
    const pair = new TreePair()
    for (let i = 0; i < 20_000; i++) pair.insert(i, `e${i}`)
    pair.tree.drop()
    const [remains] = pair.elements.remains
    for (let before = 20_000, done = false; !done; before = pair.elements.alive.size) {
      done = remains.freeSome(0)
      const freed = before - pair.elements.alive.size
      expect(freed).toBeGreaterThan(0)
      expect(freed).toBeLessThanOrEqual(4 * FULL)
    }
    expect(pair.elements.entries.totalUsedBytes).toBe(0)
  })
})

describe('a view of an ordered tree', () => {
  function filled(count: number): TreePair {
    const pair = new TreePair()
    for (let i = 0; i < count; i++) pair.insert(i, `e${i}`)
    return pair
  }

  test('costs nothing while nobody writes', () => {
    const pair = filled(1000)
    const { usedBytes } = pair.elements.entries
    const view = new ViewPair(pair, 'any')
    expect(pair.elements.entries.usedBytes).toBe(usedBytes)
    view.finish()
    expect(pair.elements.remains).toEqual([])
    pair.end()
  })

  for (const use of ['forward', 'backward'] as const) {
    test(`that walks ${use} keeps nothing of what it has passed`, () => {
      const pair = filled(1000)
      const view = new ViewPair(pair, use)
      const passed = 500
      for (let i = 0; i < passed; i++) view.step()
      const { usedBytes } = pair.elements.entries
      // All but the leaf in which the walk is.
      const last = passed - ORDERED.leafCapacity - 1
      for (let i = 0; i < last; i++) pair.removeAt(use === 'forward' ? 0 : pair.model.length - 1)
      expect(pair.elements.alive.size).toBe(1000 - last)
      // The inner node is copied; no leaf is.
      expect(pair.elements.entries.usedBytes).toBeLessThan(usedBytes - last * 24)
      for (let i = 0; i < 200; i++) pair.removeAt(use === 'forward' ? pair.model.length - 1 : 0)
      expect(pair.elements.alive.size).toBe(1000 - last)
      view.finish()
      pair.check()
      pair.end()
    })
  }

  test('does not keep what came after it and goes before it is closed', () => {
    const pair = filled(100)
    const view = new ViewPair(pair, 'any')
    for (let i = 0; i < 500; i++) {
      pair.insert(50, 'passes by')
      pair.removeAt(pair.place(50, 'passes by'))
      pair.replaceAt(20)
    }
    expect(pair.elements.alive.size).toBe(101)
    view.finish()
    pair.end()
  })

  test('tells which elements are to be replaced instead of changed', () => {
    const pair = filled(3)
    const isViewed = (value: number): boolean => {
      expect(pair.find(value, `e${value}`)).toBe(true)
      return pair.tree.isViewed(pair.cursor)
    }
    expect(isViewed(1)).toBe(false)
    const old = new ViewPair(pair, 'any')
    expect(isViewed(1)).toBe(true)
    pair.insert(7, 'e7')
    expect([isViewed(1), isViewed(7)]).toEqual([true, false])
    const young = new ViewPair(pair, 'any')
    expect([isViewed(1), isViewed(7)]).toEqual([true, true])
    pair.replaceAt(1)
    expect([isViewed(0), isViewed(1)]).toEqual([true, false])
    young.finish()
    old.finish()
    expect([isViewed(0), isViewed(1), isViewed(7)]).toEqual([false, false, false])
    pair.end()
  })

  test('hands on to an older one what that needs, and frees the rest', () => {
    const pair = filled(300)
    const old = new ViewPair(pair, 'any')
    for (let i = 0; i < 100; i++) pair.removeAt(0)
    const young = new ViewPair(pair, 'any')
    for (let i = 0; i < 100; i++) pair.removeAt(0)
    const { nodeBytes } = pair.tree
    young.finish()
    pair.elements.collect()
    expect(pair.tree.nodeBytes).toBeLessThan(nodeBytes)
    expect(pair.elements.alive.size).toBe(300)
    old.finish()
    pair.elements.collect()
    expect(pair.elements.alive.size).toBe(100)
    pair.end()
  })

  test('frees what only it needs when it is closed before a younger one', () => {
    const pair = filled(300)
    const old = new ViewPair(pair, 'any')
    for (let i = 0; i < 100; i++) pair.removeAt(0)
    const young = new ViewPair(pair, 'any')
    old.finish()
    pair.elements.collect()
    expect(pair.elements.alive.size).toBe(200)
    young.finish()
    pair.end()
  })

  test('reads on when its tree has been dropped, which is freed when it closes', () => {
    const pair = filled(500)
    const view = new ViewPair(pair, 'forward')
    for (let i = 0; i < 70; i++) view.step()
    pair.insert(0.5, 'late')
    pair.tree.drop()
    pair.elements.collect()
    expect(pair.elements.alive.size).toBe(501)
    view.finish()
    pair.elements.collect()
    expect(pair.elements.alive.size).toBe(0)
    expect(pair.elements.entries.totalUsedBytes).toBe(0)
  })

  test('of an empty tree is empty, whatever comes', () => {
    const pair = new TreePair()
    const view = new ViewPair(pair, 'forward')
    const any = new ViewPair(pair, 'any')
    for (let i = 0; i < 200; i++) pair.insert(i, `e${i}`)
    view.finish()
    any.finish()
    pair.end()
  })

  test('walks once', () => {
    const pair = filled(10)
    const view = new TreeView(pair.tree, 'forward')
    view.seek(3)
    expect(() => pair.tree.remove(view.cursor)).toThrow('before a change')
    expect(() => view.seek(0)).toThrow('begins once')
    while (view.step());
    expect(view.step()).toBe(false)
    view.close()
    view.close()
    pair.end()
  })
})

describe('compaction of an ordered tree', () => {
  /** Trees one after another in the same memory, of which most have gone: little of each chunk is in use. */
  function scattered(): TreePair[] {
    const elements = new NamedElements()
    const pairs = Array.from({ length: 100 }, () => new TreePair(ORDERED, elements))
    for (let i = 0; i < 1500; i++) for (const [n, pair] of pairs.entries()) pair.insert(i, `${n}:${i}`)
    for (const pair of pairs.splice(0, 88)) {
      pair.tree.drop()
      elements.collect()
    }
    return pairs
  }

  function rewriteAll(pair: TreePair, between: () => void): void {
    const { elements, model, tree } = pair
    const move = (address: number): number => {
      if (!elements.entries.isLeaving(address)) return address
      const next = elements.entries.relocate(address)
      elements.alive.delete(address)
      elements.alive.add(next)
      const at = model.findIndex(each => each.address === address)
      expect(at).toBeGreaterThanOrEqual(0)
      model[at] = { ...model[at], address: next }
      return next
    }
    let weight = 0
    do {
      weight = tree.rewrite(weight, move)
      between()
    } while (weight !== 0)
  }

  test('empties the chunks that are to go: elements move, and nodes', () => {
    const pairs = scattered()
    const { entries } = pairs[0].elements
    const { reservedBytes, usedBytes } = entries
    expect(entries.startEvacuation()).toBeGreaterThan(0)
    for (const pair of pairs) rewriteAll(pair, () => {})
    expect(entries.endEvacuation()).toBe(0)
    expect(entries.usedBytes).toBe(usedBytes)
    expect(entries.reservedBytes).toBeLessThan(reservedBytes)
    for (const pair of pairs) pair.check()
  })

  test('goes on beside writes', () => {
    const pairs = scattered()
    const random = seeded(3)
    expect(pairs[0].elements.entries.startEvacuation()).toBeGreaterThan(0)
    for (const pair of pairs) {
      rewriteAll(pair, () => {
        for (let i = 0; i < 5; i++) pair.removeAt(Math.floor(random() * pair.model.length))
        pair.insert(random() * 1500, `new${random()}`)
      })
      pair.check()
    }
    pairs[0].elements.entries.endEvacuation()
  })

  test('leaves a tree alone that is viewed', () => {
    const pairs = scattered()
    const [pair] = pairs
    pair.elements.entries.startEvacuation()
    const view = new ViewPair(pair, 'forward')
    expect(pair.tree.rewrite(0, () => expect.fail('not to be moved'))).toBe(0)
    view.finish()
    rewriteAll(pair, () => {})
    pair.check()
  })
})
