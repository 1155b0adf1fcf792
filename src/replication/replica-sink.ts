/** A diskless full synchronization: one snapshot on its way to several replicas at once. Source of behaviour: replication.c. */
import type { BackgroundSink } from '../persistence/saver.js'
import type { ReplicaLink } from './replica-link.js'
import { randomId } from './stream.js'

const CONGESTED_BYTES = 4 * 1024 * 1024

/** The snapshot's way to the sockets of replicas that asked together; the slowest sets the pace. */
export class ReplicaSink implements BackgroundSink {
  onDrain: () => void = () => {}
  private readonly links: readonly ReplicaLink[]
  private readonly mark = Buffer.from(randomId(), 'latin1')
  private started = false
  private discarded = false

  constructor(links: readonly ReplicaLink[]) {
    this.links = links
  }

  private get alive(): ReplicaLink[] {
    return this.links.filter(link => link.transport.onDrain !== null)
  }
  get failed(): Error | null {
    return this.discarded || this.alive.length === 0 ? new Error('no replica is left') : null
  }
  get congested(): boolean {
    return this.alive.some(link => link.transport.pendingOutputBytes > CONGESTED_BYTES)
  }

  write(chunk: Buffer): void {
    const chunks = this.started ? [chunk] : [Buffer.from(`$EOF:${this.mark.toString('latin1')}\r\n`, 'latin1'), chunk]
    this.started = true
    for (const link of this.alive) link.transport.sendAll(chunks)
  }

  drained(): void {
    this.onDrain()
  }

  finish(done: (failure: Error | null) => void): void {
    for (const link of this.alive) link.transport.send(this.mark)
    done(this.failed)
  }

  discard(): void {
    this.discarded = true
  }
}
