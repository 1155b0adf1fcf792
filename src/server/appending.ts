/** How the append-only file is part of the server: who hears of what is on disk, and what ends with it. */
import type { AppendOnlyFileHost } from '../persistence/aof/append-only-file.js'
import { NO_AOF } from '../replication/identity.js'
import type { Replication } from '../replication/replication.js'

export interface AppendingHost {
  readonly replication: Replication
  readonly turnEnd: { schedule(): void; release(): void; settle(): void }
  stateChanged(): void
  exit(code: number): void
}

export class Appending implements AppendOnlyFileHost {
  private readonly server: AppendingHost

  constructor(server: AppendingHost) {
    this.server = server
  }

  get replicationOffset(): number {
    return this.server.replication.offset
  }

  fsynced(replicationOffset: number | null): void {
    const { replication } = this.server
    replication.fsyncedOffset = replicationOffset ?? NO_AOF
    replication.waiters.acknowledged()
  }

  synced(): void {
    this.server.turnEnd.release()
  }

  policyChanged(): void {
    this.server.turnEnd.settle()
  }

  flushLater(): void {
    this.server.turnEnd.schedule()
  }

  stateChanged(): void {
    this.server.stateChanged()
  }

  exit(code: number): void {
    this.server.exit(code)
  }
}
