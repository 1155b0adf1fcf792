/** Loads a master's snapshot from the socket beside the old data, which stays until the new is whole (repl-diskless-load). */
import { performance } from '../../clock/platform.js'
import type { LoadProgress, ServerApi } from '../../commands/server-api.js'
import { KeyspaceTarget } from '../../persistence/rdb/load.js'
import { RdbReader } from '../../persistence/rdb/reader.js'
import { auxNumber } from '../../rdb/aux-number.js'
import type { SnapshotReceiver } from '../../replication/socket-transfer.js'
import type { FunctionLibraries } from '../../scripting/functions/libraries.js'

/** How long a piece of it takes. A turn of the event loop may see two: of what was left, and of what has come since. */
const SLICE_MS = 2

/** The server that loads, with its account of the load. */
export interface StagedLoadHost extends ServerApi {
  readonly loader: LoadProgress & {
    loadedBytes: number
    begin(size: number, async: boolean): void
    end(): void
    /** Logs what a file says of whoever made it. */
    noteOrigin(name: string, value: string): void
  }
}

export class StagedLoad implements SnapshotReceiver {
  private readonly server: StagedLoadHost
  private readonly target: KeyspaceTarget
  private readonly reader: RdbReader
  private readonly functions: FunctionLibraries
  /** Database that the master's stream is in where the snapshot ends. */
  private streamDatabase = 0
  private delayMs = 0

  /**
   * @param totalBytes size of the snapshot, -1 when unknown.
   * @param async clients go on with the old data meanwhile; else they get -LOADING.
   */
  constructor(server: StagedLoadHost, totalBytes: number, async: boolean) {
    const { config, keyspace, loader, log } = server
    this.server = server
    this.functions = server.scripts.functions.another()
    this.target = new KeyspaceTarget(keyspace.stage(), {
      dropExpired: false,
      limits: server.valueLimits,
      aux: (name, value) => {
        loader.noteOrigin(name, value)
        if (name === 'repl-stream-db') this.streamDatabase = auxNumber(value)
      },
      library: code => this.functions.load(code),
      warn: message => log.warning(message),
    })
    this.reader = new RdbReader(this.target, {
      checksum: config.values.rdbchecksum,
      totalBytes: totalBytes < 0 ? Number.POSITIVE_INFINITY : totalBytes,
    })
    loader.begin(Math.max(0, totalBytes), async)
  }

  get done(): boolean {
    return this.reader.done
  }

  get isBusy(): boolean {
    return this.reader.isBusy
  }

  push(chunk: Buffer): number {
    const { loader, config } = this.server
    const before = this.reader.keysRead
    const taken = this.reader.push(chunk, performance.now() + SLICE_MS)
    loader.loadedBytes += taken
    // For tests of what happens while a dataset is loaded: so many microseconds a key.
    this.delayMs += Math.max(0, ((this.reader.keysRead - before) * config.values['key-load-delay']) / 1000)
    return taken
  }

  end(): void {
    this.reader.end()
  }

  takeDelayMs(): number {
    const { delayMs } = this
    if (delayMs >= 1) this.delayMs = 0
    return delayMs
  }

  adopt(): void {
    const { keyspace, loader, log, replication, saver, scripts } = this.server
    keyspace.adoptStaged()
    scripts.functions.adopt(this.functions)
    // No file has what is here now.
    keyspace.dirty++
    replication.masterDatabase = this.streamDatabase
    saver.keysLoaded = this.target.keysLoaded
    saver.keysExpired = this.target.keysExpired
    log.notice(this.target.summary)
    loader.end()
  }

  discard(): void {
    this.server.keyspace.dropStaged()
    this.functions.clear()
    this.server.loader.end()
  }
}
