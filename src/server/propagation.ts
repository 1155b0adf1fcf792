/** Where writes go that others have to know of: to replicas, and into the append-only file. */
import type { AppendOnlyFile } from '../persistence/aof/append-only-file.js'
import type { Replication } from '../replication/replication.js'
import type { Request } from '../resp/request.js'
import { REPL_ALL, REPL_AOF, REPL_REPLICA } from '../scripting/script-run.js'

export class Propagation {
  /** What is executed comes from the append-only file: it goes nowhere. */
  muted = false
  private readonly replication: Replication
  private readonly aof: AppendOnlyFile

  constructor(replication: Replication, aof: AppendOnlyFile) {
    this.replication = replication
    this.aof = aof
  }

  /** Whether it goes anywhere. */
  get isWanted(): boolean {
    if (this.muted) return false
    return this.aof.active || (this.replication.stream.active && !this.replication.isReplica)
  }

  /** A command as it came, executed in `database`. */
  request(database: number, request: Request, targets = REPL_ALL): void {
    if (this.muted) return
    if ((targets & REPL_REPLICA) !== 0) this.replication.feedRequest(database, request)
    if (this.aof.active) {
      if ((targets & REPL_AOF) !== 0) this.aof.buffer.request(database, request)
      this.replication.countWrite()
    }
  }

  /** A request in RESP whose bytes lie in several places. */
  pieces(database: number, pieces: readonly Buffer[], targets = REPL_ALL): void {
    if (this.muted) return
    if ((targets & REPL_REPLICA) !== 0) this.replication.feedPieces(database, pieces)
    if (this.aof.active) {
      if ((targets & REPL_AOF) !== 0) this.aof.buffer.several(database, pieces)
      this.replication.countWrite()
    }
  }

  /** A command that needs no database: MULTI, EXEC. */
  bytes(bytes: Buffer): void {
    if (this.muted) return
    this.replication.feed(-1, bytes, 0, bytes.length)
    if (this.aof.active) this.aof.buffer.bytes(-1, bytes, 0, bytes.length)
  }

  /** The requests in `bytes` are about to be executed: meanwhile these do not change. */
  lend(bytes: Buffer): void {
    this.replication.stream.lend(bytes)
    if (this.aof.active) this.aof.buffer.lend(bytes)
  }

  settle(): void {
    this.replication.stream.settle()
    this.aof.buffer.settle()
  }
}
