import type { Bytes } from '../server/bytes.js'

/** A row of the list of keys: a key, or those seen that go on alike behind a separator. */
export type KeyRow =
  | { kind: 'key'; key: Bytes; rest: Bytes }
  | { kind: 'group'; prefix: Bytes; rest: Bytes; seen: number }

const SEPARATOR = ':'

/** Keys below a prefix, put in groups by their next part as they come. A group of one is that key. */
export class KeyGroups {
  readonly prefix: Bytes
  /** Counts the changes. */
  version = 0
  readonly #seen = new Set<Bytes>()

  constructor(prefix: Bytes) {
    this.prefix = prefix
  }

  get seen(): number {
    return this.#seen.size
  }

  /** SCAN may give a key twice. Returns how many are new. */
  add(keys: Iterable<Bytes>): number {
    const before = this.#seen.size
    for (const key of keys) if (key.startsWith(this.prefix)) this.#seen.add(key)
    const added = this.#seen.size - before
    if (added > 0) this.version++
    return added
  }

  delete(key: Bytes): void {
    if (this.#seen.delete(key)) this.version++
  }

  /** What was found below is known here as well. */
  addAll(below: KeyGroups): void {
    this.add(below.#seen)
  }

  /** The keys below a longer prefix, to begin with there. */
  below(prefix: Bytes): KeyGroups {
    const groups = new KeyGroups(prefix)
    groups.add(this.#seen)
    return groups
  }

  /** Groups first, then keys, each in the order of their names. */
  rows(): KeyRow[] {
    const from = this.prefix.length
    const counts = new Map<Bytes, { seen: number; first: Bytes }>()
    const rows: KeyRow[] = []
    for (const key of this.#seen) {
      const end = key.indexOf(SEPARATOR, from)
      if (end === -1) rows.push(this.#row(key))
      else {
        const prefix = key.slice(0, end + 1) as Bytes
        const group = counts.get(prefix)
        if (group) group.seen++
        else counts.set(prefix, { seen: 1, first: key })
      }
    }
    const groups: KeyRow[] = []
    for (const [prefix, { seen, first }] of counts) {
      if (seen === 1) rows.push(this.#row(first))
      else groups.push({ kind: 'group', prefix, rest: prefix.slice(from) as Bytes, seen })
    }
    return [...groups.sort(byName), ...rows.sort(byName)]
  }

  #row(key: Bytes): KeyRow {
    return { kind: 'key', key, rest: key.slice(this.prefix.length) as Bytes }
  }
}

const LONGEST_NUMBER = 15

/** Numbers in names by their value: 2 before 10. */
function byName(a: KeyRow, b: KeyRow): number {
  const [x, y] = [/^\d+/.exec(a.rest)?.[0], /^\d+/.exec(b.rest)?.[0]]
  if (x !== undefined && y !== undefined && x !== y && Math.max(x.length, y.length) <= LONGEST_NUMBER)
    return Number(x) - Number(y)
  return a.rest < b.rest ? -1 : a.rest > b.rest ? 1 : 0
}
