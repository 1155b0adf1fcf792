#!/usr/bin/env node
// node --expose-gc --import tsx test/bench/ordered-tree.mjs [elements]
//
// What the ordered tree costs, alone: nanoseconds an operation, bytes an element without the element, as a Markdown table.
import { performance } from 'node:perf_hooks'
import { Entries } from '../../src/store/entries.js'
import { TreeBuilder } from '../../src/store/ordered-tree/builder.js'
import { TreeCursor } from '../../src/store/ordered-tree/cursor.js'
import { ORDERED, OrderedTree, WEIGHTED } from '../../src/store/ordered-tree/ordered-tree.js'
import { doubleHigh, doubleLow } from '../../src/store/ordered-tree/sort-prefix.js'
import { TreeView } from '../../src/store/ordered-tree/view.js'

const COUNT = Number(process.argv[2] ?? 1_000_000)
const LOOKS = Math.min(200_000, COUNT >> 2)

/** Elements are entries of 8 bytes, compared by them. */
class Owner {
  entries = new Entries()
  get remains() {
    return this.entries.remains
  }
  scratch = Buffer.alloc(8)
  create(id) {
    this.scratch.writeDoubleBE(id, 0)
    return this.entries.create(0, this.scratch, 0, 8, 0, Number.NaN)
  }
  probe(id) {
    this.scratch.writeDoubleBE(id, 0)
    return this.scratch
  }
  compare(address, probe) {
    const bytes = this.entries.memory(address)
    const start = this.entries.keyStart(address)
    for (let i = 0; i < 8; i++) {
      const order = bytes[start + i] - probe[i]
      if (order !== 0) return order
    }
    return 0
  }
  free(address) {
    this.entries.destroy(address)
  }
}

function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  let seed = 1
  for (let i = count - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    const j = seed % (i + 1)
    const other = order[i]
    order[i] = order[j]
    order[j] = other
  }
  return order
}

const rows = []
const slices = []
/** Something of what was read, lest reading it is left out. */
let read = 0
/** Notes the nanoseconds for each of `count` times. */
function measure(name, count, run) {
  globalThis.gc?.()
  const startedMs = performance.now()
  run()
  const ns = ((performance.now() - startedMs) * 1e6) / count
  rows.push([name, ns.toFixed(0)])
}

const cursor = new TreeCursor()
const order = shuffled(COUNT)
const looks = order.subarray(0, LOOKS)

/** Scores: all different, or all the same. */
function filled(name, ids, scoreOf) {
  const owner = new Owner()
  const tree = new OrderedTree(owner.entries, ORDERED, owner)
  const addresses = new Uint32Array(COUNT)
  for (const id of ids) addresses[id] = owner.create(id)
  const elements = owner.entries.usedBytes
  measure(`insert, ${name}`, COUNT, () => {
    for (let i = 0; i < COUNT; i++) {
      const id = ids[i]
      const score = scoreOf(id)
      tree.insert(doubleHigh(score), doubleLow(score), owner.probe(id), addresses[id])
    }
  })
  const bytes = (owner.entries.usedBytes - elements) / COUNT
  rows.push([`bytes an element, ${name}`, bytes.toFixed(1)])
  rows.push([
    `share of slots in use, elements included, ${name}`,
    (owner.entries.usedBytes / owner.entries.reservedBytes).toFixed(3),
  ])
  return { owner, tree }
}

const ascending = Uint32Array.from({ length: COUNT }, (_, i) => i)
const descending = ascending.slice().reverse()
const half = id => id / 2

filled('descending', descending, half)
filled('ascending', ascending, half)
const ties = filled('random, all scores equal', order, () => 1)
measure('find and rank, all scores equal', LOOKS, () => {
  const [high, low] = [doubleHigh(1), doubleLow(1)]
  for (const id of looks) {
    if (!ties.tree.find(cursor, high, low, ties.owner.probe(id)) || cursor.weightBefore() !== id)
      throw new Error(`rank of ${id}`)
  }
})
const { owner, tree } = filled('random', order, half)
measure('find', LOOKS, () => {
  for (const id of looks) {
    if (!tree.find(cursor, doubleHigh(half(id)), doubleLow(half(id)), owner.probe(id)))
      throw new Error(`${id} is not there`)
  }
})
measure('find and rank', LOOKS, () => {
  for (const id of looks) {
    const found = tree.find(cursor, doubleHigh(half(id)), doubleLow(half(id)), owner.probe(id))
    if (!found || cursor.weightBefore() !== id) throw new Error(`rank of ${id}`)
  }
})
measure('element at a rank', LOOKS, () => {
  let sum = 0
  for (const id of looks) {
    tree.seek(cursor, id)
    sum ^= cursor.address
  }
  read ^= sum
})
measure('walk of 100 from a rank, each 100', LOOKS / 100, () => {
  let sum = 0
  for (let i = 0; i < LOOKS / 100; i++) {
    tree.seek(cursor, Math.max(0, looks[i] - 100))
    for (let n = 0; n < 100; n++) {
      sum ^= cursor.address
      cursor.next()
    }
  }
  read ^= sum
})
measure('walk through all, each', COUNT, () => {
  let sum = 0
  for (let more = tree.first(cursor); more; more = cursor.next()) sum ^= cursor.address
  read ^= sum
})
measure('a view of it, each', COUNT, () => {
  const view = new TreeView(tree, 'forward')
  view.seek(0)
  let sum = 0
  do sum ^= view.cursor.address
  while (view.step())
  read ^= sum
  view.close()
})
const view = new TreeView(tree, 'any')
measure('replace, first time under a view', LOOKS, () => {
  for (let i = 0; i < LOOKS; i++) {
    tree.seek(cursor, looks[i])
    tree.replace(cursor, owner.create(i))
  }
})
view.close()
measure('free what the view kept, each', LOOKS, () => owner.remains.pop()?.freeSome(Number.POSITIVE_INFINITY))
measure('remove, random', LOOKS, () => {
  for (let i = 0; i < LOOKS; i++) {
    // Halves of ids again, of those that are there still.
    tree.seek(cursor, Math.floor((looks[i] / COUNT) * tree.count))
    const address = cursor.address
    if (!tree.remove(cursor)) owner.free(address)
  }
})
rows.push(['bytes an element after that', (tree.nodeBytes / tree.count).toFixed(1)])
measure('free in slices of 1 ms, each', tree.count, () => {
  tree.drop()
  const remains = owner.remains.pop()
  for (let done = false; !done; ) {
    const before = process.cpuUsage()
    done = remains.freeSome(performance.now() + 1)
    slices.push(process.cpuUsage(before).user)
  }
})
slices.sort((a, b) => a - b)
rows.push(['such a slice in us of processor time, 95th percentile', slices[Math.floor(slices.length * 0.95)]])

const built = new OrderedTree(owner.entries, ORDERED, owner)
measure('build, each', COUNT, () => {
  const builder = new TreeBuilder(built)
  for (let i = 0; i < COUNT; i++) builder.add(doubleHigh(i), doubleLow(i), 1)
  builder.finish()
})
rows.push(['bytes an element, built', (built.nodeBytes / COUNT).toFixed(1)])
const popped = COUNT - 1
measure('pop the first, each', popped, () => {
  for (let i = 0; i < popped; i++) {
    built.first(cursor)
    built.remove(cursor)
  }
})
const list = new OrderedTree(owner.entries, WEIGHTED, owner)
measure('list: insert at a random place', COUNT, () => {
  for (let i = 0; i < COUNT; i++) {
    list.seek(cursor, Math.floor((order[i] / COUNT) * list.weight))
    list.insertBefore(cursor, i + 1, 1 + (i & 127))
  }
})
measure('list: node at an index', LOOKS, () => {
  for (const id of looks) {
    list.seek(cursor, Math.floor((id / COUNT) * list.weight))
    read ^= cursor.address
  }
})
rows.push(['bytes a node, list', (list.nodeBytes / COUNT).toFixed(1)])
for (const count of [1, 2, 10, 20, 64, 128, 130, 1000]) {
  const sizes = []
  for (const ids of [ascending, shuffled(count)]) {
    const small = new OrderedTree(owner.entries, ORDERED, owner)
    for (let i = 0; i < count; i++) small.insert(doubleHigh(ids[i]), doubleLow(ids[i]), owner.probe(ids[i]), 1)
    sizes.push(`${small.nodeBytes} (${(small.nodeBytes / count).toFixed(1)})`)
  }
  rows.push([`bytes of a tree of ${count}, ascending / random`, sizes.join(' / ')])
}

if (Number.isNaN(read)) console.log(read)
console.log(`${COUNT} elements, ns each unless it says otherwise\n\n| | |\n| --- | ---: |`)
for (const [name, value] of rows) console.log(`| ${name} | ${value} |`)
