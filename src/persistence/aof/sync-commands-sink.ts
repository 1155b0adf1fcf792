/** A base file as commands, at once: as the server starts. In the background: commands-sink.ts. */
import { ChunkPool } from '../chunk-pool.js'
import type { SyncFileSink } from '../file-sink.js'
import type { ByteSink } from '../snapshot.js'
import { SnapshotCommands } from './snapshot-commands.js'

export class SyncCommandsSink implements ByteSink {
  readonly congested = false
  private readonly target: SyncFileSink
  private readonly commands: SnapshotCommands
  private readonly pool = new ChunkPool()

  /** @param timestampSeconds as SnapshotCommands has it. */
  constructor(target: SyncFileSink, timestampSeconds: number | null = null) {
    this.target = target
    this.commands = new SnapshotCommands(target, timestampSeconds)
  }

  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length || this.commands.isBusy; ) {
      at += this.commands.read(chunk.subarray(at), Number.POSITIVE_INFINITY)
    }
    this.pool.give(chunk)
  }

  spare(): Buffer | null {
    return this.pool.take()
  }

  finish(): void {
    this.commands.end()
    this.target.finish()
  }

  discard(): void {
    this.target.discard()
  }
}
