/** A stream with consumer groups as plain arrays, and what commands of Redis 8.2 do to it, entry by entry. */

/** As a stream's nodes are filled: by --stream-node-max-entries. */
export const NODE_ENTRIES = 3

export type Option = 'KEEPREF' | 'DELREF' | 'ACKED'

export interface Trim {
  readonly option: Option
  readonly byLength: boolean
  readonly approximate: boolean
  readonly threshold: number
  /** Of an approximate one; 0: none. */
  readonly limit: number
}

interface Node {
  entries: { id: number; deleted: boolean }[]
}

interface Group {
  lastId: number
  pending: Set<number>
}

/** IDs are numbers: times of entries with the sequence number 0. */
export class ReferenceModel {
  nodes: Node[] = []
  lastId = 0
  /** A trim has left a node without entries, as Redis does: when that goes, with a trim that takes nothing else, replicas do not hear of it. */
  leftEmptyNode = false
  readonly groups = new Map<string, Group>()

  get ids(): number[] {
    return this.nodes.flatMap(({ entries }) => entries.filter(({ deleted }) => !deleted).map(({ id }) => id))
  }

  pending(group: string): number[] {
    return [...(this.groups.get(group)?.pending ?? [])].toSorted((a, b) => a - b)
  }

  add(): number {
    const tail = this.nodes.at(-1)
    const entry = { id: ++this.lastId, deleted: false }
    if (tail === undefined || tail.entries.length >= NODE_ENTRIES) this.nodes.push({ entries: [entry] })
    else tail.entries.push(entry)
    return this.lastId
  }

  read(name: string, count: number): void {
    const group = this.groups.get(name)
    if (group === undefined) return
    for (const id of this.ids.filter(each => each > group.lastId).slice(0, count)) {
      group.lastId = id
      group.pending.add(id)
    }
  }

  acknowledge(name: string, id: number): boolean {
    return this.groups.get(name)?.pending.delete(id) ?? false
  }

  private isReferenced(id: number): boolean {
    return [...this.groups.values()].some(({ lastId, pending }) => lastId < id || pending.has(id))
  }

  private removeReferences(id: number): void {
    for (const { pending } of this.groups.values()) pending.delete(id)
  }

  delete(id: number): boolean {
    const node = this.nodes.find(({ entries }) => entries.some(entry => entry.id === id && !entry.deleted))
    const entry = node?.entries.find(each => each.id === id)
    if (node === undefined || entry === undefined) return false
    entry.deleted = true
    if (node.entries.every(({ deleted }) => deleted)) this.nodes = this.nodes.filter(each => each !== node)
    return true
  }

  xdelex(option: Option, ids: readonly number[]): number[] {
    return ids.map(id => {
      if (option === 'ACKED' && this.isReferenced(id)) return 2
      if (option === 'DELREF') this.removeReferences(id)
      return this.delete(id) ? 1 : -1
    })
  }

  xackdel(group: string, option: Option, ids: readonly number[]): number[] {
    return ids.map(id => {
      if (!this.acknowledge(group, id)) return -1
      if (option === 'ACKED' && this.isReferenced(id)) return 2
      if (option === 'DELREF') this.removeReferences(id)
      this.delete(id)
      return 1
    })
  }

  /** Returns how many went. */
  trim({ approximate, byLength, limit, option, threshold }: Trim): number {
    let gone = 0
    for (const node of [...this.nodes]) {
      const alive = node.entries.filter(({ deleted }) => !deleted)
      const left = this.ids.length
      if (byLength && left <= threshold) break
      if (limit > 0 && gone + alive.length > limit) break
      const isWhole = byLength ? left - alive.length >= threshold : (node.entries.at(-1)?.id ?? 0) < threshold
      if (approximate && option === 'KEEPREF' && !isWhole) break
      for (const entry of node.entries) {
        if (byLength ? this.ids.length <= threshold : entry.id >= threshold) break
        if (entry.deleted || (option === 'ACKED' && this.isReferenced(entry.id))) continue
        if (option === 'DELREF') this.removeReferences(entry.id)
        entry.deleted = true
        gone++
      }
      const isEmpty = node.entries.every(({ deleted }) => deleted)
      if (isEmpty && (isWhole || option === 'ACKED')) this.nodes = this.nodes.filter(each => each !== node)
      else if (isEmpty) this.leftEmptyNode = true
      if (!isWhole) break
    }
    return gone
  }
}
