/**
 * Large values of which parts expire (fields of hashes), by when the next part does: a binary heap. O(log n) for each change.
 */

/** A value in the queue. */
export interface ExpiringValue {
  /** Unix time in milliseconds at which the next part expires. */
  readonly nextExpiryMs: number
  /** Its place in the queue; -1: it is in none. */
  queueIndex: number
}

export class FieldExpiryQueue<T extends ExpiringValue> {
  private readonly heap: T[] = []

  get count(): number {
    return this.heap.length
  }

  /** The value of which a part expires first; null: there is none. */
  get first(): T | null {
    return this.heap[0] ?? null
  }

  /** All values, in no particular order. */
  values(): readonly T[] {
    return this.heap
  }

  /** When the next part of `value` expires has changed: Infinity takes it out. */
  update(value: T): void {
    if (value.nextExpiryMs === Number.POSITIVE_INFINITY) {
      this.remove(value)
      return
    }
    if (value.queueIndex < 0) {
      value.queueIndex = this.heap.length
      this.heap.push(value)
    }
    this.rise(value)
    this.sink(value)
  }

  /** Nothing happens when it is not there. */
  remove(value: T): void {
    const { heap } = this
    const index = value.queueIndex
    if (index < 0) return
    value.queueIndex = -1
    const last = heap.pop() as T
    if (last === value) return
    this.put(last, index)
    this.rise(last)
    this.sink(last)
  }

  private put(value: T, index: number): void {
    this.heap[index] = value
    value.queueIndex = index
  }

  private rise(value: T): void {
    const { heap } = this
    let index = value.queueIndex
    while (index > 0) {
      const above = (index - 1) >> 1
      if (heap[above].nextExpiryMs <= value.nextExpiryMs) break
      this.put(heap[above], index)
      index = above
    }
    this.put(value, index)
  }

  private sink(value: T): void {
    const { heap } = this
    let index = value.queueIndex
    for (;;) {
      let below = index * 2 + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && heap[below + 1].nextExpiryMs < heap[below].nextExpiryMs) below++
      if (heap[below].nextExpiryMs >= value.nextExpiryMs) break
      this.put(heap[below], index)
      index = below
    }
    this.put(value, index)
  }
}
