/**
 * Memory that the store is done with, on its way back to the system. Left to the garbage collector it would stay with the
 * process until the next full run, which an idle server may never see: after a DEL of a gigabyte nothing would change.
 *
 * An ArrayBuffer whose memory is transferred away gives it up at once. That takes up to 0.4 ms a megabyte (the kernel takes
 * pages back one by one), so it happens in slices between requests, when nothing of the request that let go is left either. What
 * is too large for a slice is freed elsewhere (memory-reaper.ts).
 */

import { MessageChannel } from 'node:worker_threads'
import { performance } from '../../clock/platform.js'
import { HeldBuffers } from '../held-buffers.js'
import type { Outputs } from '../lent-buffers.js'
import { freeElsewhere } from './memory-reaper.js'

/** Small buffers go together: a transfer costs as much as freeing 10 KB. */
const BATCH_BUFFERS = 16
const BATCH_BYTES = 1024 * 1024
/** What would take more than a slice alone. */
const ELSEWHERE_MIN_BYTES = 8 * 1024 * 1024
/** Buffers that were lent are compared with all that waits for clients: so many in one call. */
const LOOKED_AT_ONCE = 1000

export class ReleasedMemory {
  /** Bytes that wait to be given back. */
  pendingBytes = 0
  private buffers: ArrayBuffer[] = []
  /** Where the next batch starts in `buffers`. */
  private next = 0
  /** More of them, which nobody has counted yet. */
  private readonly sources: Iterator<ArrayBufferLike>[] = []
  /** What waits for clients; without it, buffers that were lent are left to the garbage collector. */
  outputs: Outputs | null = null
  private lent: ArrayBufferLike[] = []
  /** Memory that somebody reads in slices: it goes when it is no longer held. */
  readonly held = new HeldBuffers()

  constructor() {
    this.held.onFree = memory => this.add(memory)
  }

  /** Takes a buffer that nobody will look at any more, once the current turn is over, but those who hold it. O(1). */
  add(buffer: ArrayBufferLike): void {
    if (!(buffer instanceof ArrayBuffer) || this.held.keep(buffer)) return
    this.buffers.push(buffer)
    this.pendingBytes += buffer.byteLength
  }

  /** Whether a buffer that was added is still there: it is its owner's again then. For what nobody else may have seen. */
  takeBack(buffer: ArrayBuffer): boolean {
    const index = this.buffers.lastIndexOf(buffer)
    if (index < this.next) return false
    this.buffers.splice(index, 1)
    this.pendingBytes -= buffer.byteLength
    return true
  }

  /** As add(), for a buffer that replies which wait for clients may refer to: it goes once none does. */
  addLent(buffer: ArrayBufferLike): void {
    if (this.outputs !== null) this.lent.push(buffer)
  }

  /** Takes all buffers of `source`, which is asked for them only as they are given back. O(1). */
  addAll(source: Iterator<ArrayBufferLike>): void {
    this.sources.push(source)
  }

  /** Gives memory back until `deadline` (performance.now()), at least about a megabyte; true when none is left. */
  giveBack(deadline: number): boolean {
    this.takeReturned()
    for (;;) {
      if (this.next === this.buffers.length && !this.refill()) return true
      const batch: ArrayBuffer[] = []
      let bytes = 0
      while (this.next < this.buffers.length && batch.length < BATCH_BUFFERS && bytes < BATCH_BYTES) {
        const buffer = this.buffers[this.next++]
        bytes += buffer.byteLength
        if (buffer.byteLength < ELSEWHERE_MIN_BYTES || !freeElsewhere(buffer)) batch.push(buffer)
      }
      this.pendingBytes -= bytes
      if (batch.length > 0) discard(batch)
      if (performance.now() >= deadline) return this.next === this.buffers.length && this.sources.length === 0
    }
  }

  /** Looks at some of the buffers that were lent. */
  private takeReturned(): void {
    if (this.lent.length === 0) return
    const looked = this.lent.splice(0, LOOKED_AT_ONCE)
    for (const buffer of looked) {
      if (this.outputs?.referTo(buffer)) this.lent.push(buffer)
      else this.add(buffer)
    }
  }

  /** Takes the next batch out of the sources; false when there is none. */
  private refill(): boolean {
    this.buffers = []
    this.next = 0
    while (this.sources.length > 0 && this.buffers.length < BATCH_BUFFERS) {
      const { done, value } = this.sources[0].next()
      if (done) this.sources.shift()
      else this.add(value)
    }
    return this.buffers.length > 0
  }
}

/**
 * A port that is closed: what is posted to it goes nowhere, but what is transferred with it is gone for the sender all the same
 * (HTML Standard, "message port post message steps").
 */
const nowhere = new MessageChannel().port1
nowhere.close()

function discard(buffers: readonly ArrayBuffer[]): void {
  nowhere.postMessage(null, buffers)
}
