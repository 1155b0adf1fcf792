/** Broadcast mode: prefixes that clients listen to, and the keys of this turn that start with them. */
import type { TrackingClient } from './tracking-client.js'

export interface Prefix {
  readonly text: string
  readonly listeners: Set<TrackingClient>
  /** Keys that changed in this turn, each with the client that changed it last (null: none, it expired or was evicted). */
  readonly changed: Map<string, TrackingClient | null>
}

/** Prefixes and keys are texts of one character a byte. */
export class Broadcasts {
  private readonly prefixes = new Map<string, Prefix>()
  /** How many prefixes there are of each length: a key is looked up once for each. */
  private readonly lengths = new Map<number, number>()
  private dirty: Prefix[] = []

  /** Number of different prefixes (INFO tracking_total_prefixes). */
  get size(): number {
    return this.prefixes.size
  }

  listen(client: TrackingClient, text: string): void {
    let prefix = this.prefixes.get(text)
    if (prefix === undefined) {
      prefix = { text, listeners: new Set(), changed: new Map() }
      this.prefixes.set(text, prefix)
      this.lengths.set(text.length, (this.lengths.get(text.length) ?? 0) + 1)
    }
    prefix.listeners.add(client)
  }

  leave(client: TrackingClient, text: string): void {
    const prefix = this.prefixes.get(text)
    if (prefix === undefined) return
    prefix.listeners.delete(client)
    if (prefix.listeners.size > 0) return
    this.prefixes.delete(text)
    const left = (this.lengths.get(text.length) ?? 1) - 1
    if (left === 0) this.lengths.delete(text.length)
    else this.lengths.set(text.length, left)
  }

  /** A key has changed. True when it is the turn's first with a prefix that somebody listens to. O(lengths of prefixes). */
  add(key: string, by: TrackingClient | null): boolean {
    const first = this.dirty.length === 0
    for (const length of this.lengths.keys()) {
      if (length > key.length) continue
      const prefix = this.prefixes.get(key.slice(0, length))
      if (prefix === undefined) continue
      if (prefix.changed.size === 0) this.dirty.push(prefix)
      prefix.changed.set(key, by)
    }
    return first && this.dirty.length > 0
  }

  /** Calls `visit` with each prefix that has keys, in the order of their bytes, and forgets the keys. */
  drain(visit: (prefix: Prefix) => void): void {
    const { dirty } = this
    this.dirty = []
    dirty.sort((a, b) => (a.text < b.text ? -1 : 1))
    for (const prefix of dirty) {
      visit(prefix)
      prefix.changed.clear()
    }
  }
}
