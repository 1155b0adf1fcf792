import { expect } from 'vitest'
import { Entries } from '../../../src/store/entries.js'
import { TreeCursor } from '../../../src/store/ordered-tree/cursor.js'
import { INNER_TIE_COLUMN, type NodeShape } from '../../../src/store/ordered-tree/node.js'
import { ORDERED, OrderedTree, type TreeOwner } from '../../../src/store/ordered-tree/ordered-tree.js'
import { doubleHigh, doubleLow, doubleOf } from '../../../src/store/ordered-tree/sort-prefix.js'
import { TreeView, type ViewUse } from '../../../src/store/ordered-tree/view.js'
import type { Remains } from '../../../src/store/remains.js'

const NO_EXPIRY = Number.NaN

/** Elements whose names are in entries, and all that waits to be freed. */
export class NamedElements implements TreeOwner<Buffer> {
  readonly entries = new Entries()
  /** Addresses of elements that exist. */
  readonly alive = new Set<number>()
  comparisons = 0

  create(name: string, extraBytes = 0): number {
    const key = Buffer.from(name)
    const address = this.entries.create(0, key, 0, key.length, extraBytes, NO_EXPIRY)
    this.alive.add(address)
    return address
  }

  nameOf(address: number): string {
    if (!this.alive.has(address)) expect.fail(`there is no element at ${address}`)
    return this.entries.keyView(address).toString()
  }

  get remains(): Remains[] {
    return this.entries.remains
  }

  compare(address: number, probe: Buffer): number {
    this.comparisons++
    return this.entries.keyView(address).compare(probe)
  }

  free(address: number): void {
    if (!this.alive.delete(address)) expect.fail(`${address} is freed twice`)
    this.entries.destroy(address)
  }

  collect(): void {
    while (this.remains.length > 0) {
      const remains = this.remains.pop()
      // A deadline that has passed: the smallest slices there are.
      while (remains?.freeSome(0) === false);
    }
  }
}

export interface Element {
  score: number
  name: string
  weight: number
  address: number
}

/** What somebody reads of it. */
export type Read = Omit<Element, 'address'>

function plain({ score, name, weight }: Read): Read {
  return { score, name, weight }
}

/** A tree beside the sorted array that says what it must hold. */
export class TreePair {
  readonly elements: NamedElements
  readonly tree: OrderedTree<Buffer>
  readonly model: Element[] = []
  readonly cursor = new TreeCursor()

  constructor(shape: NodeShape = ORDERED, elements = new NamedElements()) {
    this.elements = elements
    this.tree = new OrderedTree(elements.entries, shape, elements)
  }

  private order(a: Read, score: number, name: string): number {
    return a.score < score ? -1 : a.score > score ? 1 : compareNames(a.name, name)
  }

  /** First place in the model whose element is not below the key. */
  place(score: number, name: string): number {
    let from = 0
    let to = this.model.length
    while (from < to) {
      const middle = (from + to) >>> 1
      if (this.order(this.model[middle], score, name) < 0) from = middle + 1
      else to = middle
    }
    return from
  }

  has(score: number, name: string): boolean {
    const element = this.model[this.place(score, name)]
    return element !== undefined && element.score === score && element.name === name
  }

  insert(score: number, name: string, weight = 1): void {
    if (this.has(score, name)) return
    const address = this.elements.create(name)
    this.tree.insert(doubleHigh(score), doubleLow(score), Buffer.from(name), address, weight)
    this.model.splice(this.place(score, name), 0, { score, name, weight, address })
  }

  /** Puts an element before the one at `index`, or behind the last; for trees without an order. */
  insertAt(index: number, name: string, weight: number, before: boolean): void {
    const address = this.elements.create(name)
    if (before) {
      this.goTo(index)
      this.tree.insertBefore(this.cursor, address, weight)
    } else {
      if (index === 0) {
        this.tree.first(this.cursor)
        this.cursor.previous()
      } else this.goTo(index - 1)
      this.tree.insertAfter(this.cursor, address, weight)
    }
    this.model.splice(index, 0, { score: 0, name, weight, address })
  }

  weightBefore(index: number): number {
    if (!this.tree.shape.weighted) return index
    let weight = 0
    for (let i = 0; i < index; i++) weight += this.model[i].weight
    return weight
  }

  goTo(index: number): void {
    this.tree.seek(this.cursor, this.weightBefore(index))
  }

  find(score: number, name: string): boolean {
    return this.tree.find(this.cursor, doubleHigh(score), doubleLow(score), Buffer.from(name))
  }

  removeAt(index: number): void {
    this.goTo(index)
    expect(this.cursor.address).toBe(this.model[index].address)
    if (!this.tree.remove(this.cursor)) this.elements.free(this.model[index].address)
    this.model.splice(index, 1)
  }

  removeRange(from: number, to: number): void {
    const gone = this.model.splice(from, Math.max(0, to - from))
    const start = this.weightBefore(from)
    const weight = gone.reduce((sum, each) => sum + each.weight, 0)
    const seen: number[] = []
    this.tree.removeRange(start, start + weight, (address, kept) => {
      seen.push(address)
      if (!kept) this.elements.free(address)
    })
    expect(seen).toEqual(gone.map(each => each.address))
  }

  /** Puts the element into another slot. */
  replaceAt(index: number): void {
    this.goTo(index)
    const element = this.model[index]
    const address = this.elements.create(element.name, 40)
    if (!this.tree.replace(this.cursor, address)) this.elements.free(element.address)
    this.model[index] = { ...element, address }
    expect(this.cursor.address).toBe(address)
  }

  /** Another weight, in place or, where a view sees the element, in the place of it. */
  reweighAt(index: number, weight: number): void {
    this.goTo(index)
    if (this.tree.isViewed(this.cursor)) this.replaceAt(index)
    this.tree.setWeight(this.cursor, weight)
    this.model[index] = { ...this.model[index], weight }
    expect(this.cursor.weight).toBe(weight)
  }

  readCursor(cursor: TreeCursor): Read {
    const score = this.tree.shape.ordered ? doubleOf(cursor.high, cursor.low) : 0
    return { score, name: this.elements.nameOf(cursor.address), weight: cursor.weight }
  }

  expected(): Read[] {
    return this.model.map(plain)
  }

  forward(): Read[] {
    const found: Read[] = []
    for (let more = this.tree.first(this.cursor); more; more = this.cursor.next())
      found.push(this.readCursor(this.cursor))
    return found
  }

  backward(): Read[] {
    const found: Read[] = []
    for (let more = this.tree.last(this.cursor); more; more = this.cursor.previous()) {
      found.push(this.readCursor(this.cursor))
    }
    return found
  }

  check(): void {
    expect(this.forward()).toEqual(this.expected())
    expect(this.backward().reverse()).toEqual(this.expected())
    checkNodes(this.tree, this.model)
  }

  /** All is freed, and the accounts say so. */
  end(): void {
    this.tree.drop()
    this.elements.collect()
    expect(this.elements.alive.size).toBe(0)
    expect(this.tree.nodeBytes).toBe(0)
    expect(this.elements.entries.usedBytes).toBe(0)
    expect(this.elements.entries.totalUsedBytes).toBe(0)
  }
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A view beside what was in the tree when it was taken. */
export class ViewPair {
  readonly view: TreeView<Buffer>
  readonly expected: Read[]
  readonly seen: Read[] = []
  private readonly pair: TreePair
  private readonly use: ViewUse
  private more = true

  constructor(pair: TreePair, use: ViewUse) {
    this.pair = pair
    this.use = use
    this.expected = pair.expected()
    if (use === 'backward') this.expected.reverse()
    this.view = new TreeView(pair.tree, use)
    this.more = this.view.seek(use === 'backward' ? Math.max(0, this.view.weight - 1) : 0) >= 0 && this.view.count > 0
  }

  step(): void {
    if (!this.more) return
    this.seen.push(this.pair.readCursor(this.view.cursor))
    this.more = this.view.step()
  }

  /** Reads anywhere. */
  look(index: number): void {
    if (this.use !== 'any' || this.expected.length === 0) return
    const at = index % this.expected.length
    let weight = 0
    for (let i = 0; i < at; i++) weight += this.expected[i].weight
    expect(this.view.seek(weight + this.expected[at].weight - 1)).toBe(this.expected[at].weight - 1)
    expect(this.pair.readCursor(this.view.cursor)).toEqual(this.expected[at])
    this.view.seek(weight)
  }

  finish(): void {
    if (this.use === 'any') {
      this.seen.length = 0
      this.more = this.view.seek(0) >= 0
    }
    while (this.more) this.step()
    expect(this.seen).toEqual(this.expected)
    this.view.close()
  }
}

/** Order, weights, least entries and fill of all nodes of a tree. */
function checkNodes(tree: OrderedTree<Buffer>, model: readonly Element[]): void {
  expect(tree.count).toBe(model.length)
  expect(tree.weight).toBe(model.reduce((sum, each) => sum + each.weight, 0))
  let bytes = 0
  let at = 0
  /** Returns the weight below. */
  const check = (node: number, level: number): number => {
    const count = tree.countOf(node)
    const inner = level < tree.depth - 1
    expect(tree.isInner(node)).toBe(inner)
    if (count === 0) expect.fail('an empty node')
    const capacity = tree.capacityOf(node)
    if (count > capacity || capacity > tree.mostOf(inner)) expect.fail(`${count} entries in room for ${capacity}`)
    bytes += Math.ceil((4 + capacity * tree.columns(inner)) / 2) * 8
    if (!inner) {
      for (let i = 0; i < count; i++) expect(tree.childOf(node, i)).toBe(model[at + i]?.address)
      at += count
      return tree.weightOf(node, 0, count)
    }
    let sum = 0
    for (let i = 0; i < count; i++) {
      if (tree.shape.ordered) {
        const words = tree.wordsOf(node)
        const first = tree.columnsAt(node) + i
        expect(doubleOf(words[first + capacity] | 0, words[first + 2 * capacity] | 0)).toBe(model[at].score)
        expect(words[first + INNER_TIE_COLUMN * capacity]).toBe(model[at].address)
      }
      const weight = check(tree.childOf(node, i), level + 1)
      expect(tree.weightOf(node, i, 1)).toBe(weight)
      sum += weight
    }
    return sum
  }
  if (tree.depth === 0) expect(tree.root).toBe(0)
  else {
    if (tree.depth > 1) expect(tree.countOf(tree.root)).toBeGreaterThan(1)
    expect(check(tree.root, 0)).toBe(tree.weight)
  }
  if (tree.views.length === 0) expect(tree.nodeBytes).toBeGreaterThanOrEqual(bytes)
}
