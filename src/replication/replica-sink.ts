/** A diskless full synchronization: one snapshot on its way to several replicas at once. Source of behaviour: replication.c. */
import type { Log } from '../observe/log.js'
import { ChunkPool } from '../persistence/chunk-pool.js'
import type { BackgroundSink } from '../persistence/saver.js'
import type { ReplicaLink } from './replica-link.js'
import { randomId } from './stream.js'

const CONGESTED_BYTES = 4 * 1024 * 1024

/** The snapshot's way to the sockets of replicas that asked together; the slowest sets the pace. */
export class ReplicaSink implements BackgroundSink {
  onDrain: () => void = () => {}
  private readonly links: readonly ReplicaLink[]
  private readonly log: Log
  private readonly countOutput: (bytes: number) => void
  private readonly mark = Buffer.from(randomId(), 'latin1')
  private started = false
  /** Chunks that may still be on their way. */
  private lent: Buffer[] = []
  private readonly pool = new ChunkPool()
  private discarded = false

  /** `countOutput` is told of every byte that goes to a replica. */
  constructor(links: readonly ReplicaLink[], log: Log, countOutput: (bytes: number) => void) {
    this.links = links
    this.log = log
    this.countOutput = countOutput
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
    for (const link of this.alive) this.send(link, chunks)
    this.lent.push(chunk)
  }

  spare(): Buffer | null {
    if (this.alive.every(({ idle }) => idle)) {
      for (const chunk of this.lent) this.pool.give(chunk)
      this.lent = []
    }
    return this.pool.take()
  }

  private send(link: ReplicaLink, chunks: readonly Buffer[]): void {
    for (const { length } of chunks) this.countOutput(length)
    link.transport.sendAll(chunks)
  }

  drained(): void {
    this.onDrain()
  }

  /** One of the replicas is gone: the others, or nobody, may have waited for it alone. */
  dropped(): void {
    if (this.alive.length === 0) this.log.warning('Diskless rdb transfer, last replica dropped, killing fork child.')
    this.onDrain()
  }

  finish(done: (failure: Error | null) => void): void {
    const { alive } = this
    this.log.notice(`Diskless rdb transfer, done reading from pipe, ${alive.length} replicas still up.`)
    for (const link of alive) this.send(link, [this.mark])
    done(this.failed)
  }

  discard(): void {
    this.discarded = true
  }
}
