/** Nodes that have gone from a list or a stream all at once: a few are freed at once, more in slices. */
import { performance } from '../clock/platform.js'
import type { Entries } from '../store/entries.js'
import { AddressList } from '../store/ordered-tree/address-list.js'
import type { Remains } from '../store/remains.js'

const FREED_AT_ONCE = 256
const FREED_BETWEEN_CLOCK_READS = 64

export class NodeGarbage implements Remains {
  private readonly entries: Entries
  private readonly free: (entries: Entries, node: number) => void
  private readonly nodes: AddressList
  private freed = 0

  constructor(entries: Entries, free: (entries: Entries, node: number) => void) {
    this.entries = entries
    this.free = free
    this.nodes = new AddressList(entries)
  }

  add(node: number): void {
    if (this.freed++ < FREED_AT_ONCE) this.free(this.entries, node)
    else this.nodes.add(node)
  }

  /** All have been added. */
  finish(): void {
    if (!this.nodes.isEmpty) this.entries.remains.push(this)
  }

  freeSome(deadlineMs: number): boolean {
    const { entries, nodes } = this
    for (let freed = 1; !nodes.isEmpty; freed++) {
      this.free(entries, nodes.take())
      if (freed % FREED_BETWEEN_CLOCK_READS === 0 && performance.now() >= deadlineMs) break
    }
    return nodes.isEmpty
  }
}
