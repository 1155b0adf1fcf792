/** Clients whose command had to be put off, and how they go on: first come first, in slices. */
import { performance, setImmediate } from '../../clock/platform.js'
import type { Client } from '../client.js'

/** How long clients that go on may hold up others, in one go. */
const SLICE_MS = 1

export class PostponedClients {
  private readonly waiting = new Set<Client>()
  /** How many of them may go on. */
  private released = 0

  /** The client's command, which it has put back, waits. */
  add(client: Client): void {
    this.waiting.add(client)
    const cancel = (): void => {
      this.waiting.delete(client)
      client.transport.dropPostponed()
    }
    client.blocked = { kind: 'postponed', cancel, timeOut: null }
  }

  /** Lets all who wait now go on with their command, which is looked at anew. */
  release(): void {
    const idle = this.released === 0
    this.released = this.waiting.size
    if (idle && this.released > 0) setImmediate(() => this.goOn())
  }

  private goOn(): void {
    const deadline = performance.now() + SLICE_MS
    for (const client of this.waiting) {
      if (this.released === 0) return
      if (performance.now() >= deadline) break
      this.released--
      this.waiting.delete(client)
      client.blocked = null
      client.transport.resume()
    }
    this.released = Math.min(this.released, this.waiting.size)
    if (this.released > 0) setImmediate(() => this.goOn())
  }
}
