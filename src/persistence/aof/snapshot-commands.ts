/** What a snapshot writes, read as commands: as much at a time as is asked for. */
import { type ChunkTaker, RequestOutput } from '../../resp/request-output.js'
import { KeyCommands } from '../../types/key-commands.js'
import { RdbReader } from '../rdb/reader.js'
import type { SnapshotOptions } from '../snapshot.js'
import { CommandsTarget } from './commands-target.js'

/** As long as that nobody knows, but what is said about lengths of strings is true: memory for these is made at once. */
const UNKNOWN_BYTES = Number.MAX_SAFE_INTEGER

/** How a snapshot is to be taken that becomes commands. `libraries`: the code of each library of functions. */
export function snapshotForCommands(libraries: readonly Buffer[]): SnapshotOptions {
  return { compress: false, checksum: false, access: null, aux: [], libraries, forCommands: true }
}

export class SnapshotCommands {
  private readonly out: RequestOutput
  private readonly reader: RdbReader

  /** @param timestampSeconds Unix time for the line ahead of everything (redis.conf: aof-timestamp-enabled); null: there is none. */
  constructor(taker: ChunkTaker, timestampSeconds: number | null) {
    this.out = new RequestOutput(taker)
    const target = new CommandsTarget(new KeyCommands(this.out))
    this.reader = new RdbReader(target, { checksum: false, totalBytes: UNKNOWN_BYTES })
    if (timestampSeconds !== null) this.out.raw(Buffer.from(`#TS:${timestampSeconds}\r\n`, 'latin1'))
  }

  /** There is more to do before further bytes are taken: read() is to be called again, be it with none. */
  get isBusy(): boolean {
    return this.out.isBusy || this.reader.isBusy
  }

  /**
   * Reads on until `deadline` (performance.now() ms). Returns how many bytes of the chunk have been taken: the others are to be given
   * again. Nothing refers to the chunk afterwards. @throws RdbError
   */
  read(chunk: Buffer, deadline: number): number {
    if (!this.out.isBusy) return this.reader.push(chunk, deadline)
    this.out.work()
    return 0
  }

  /** No more bytes come; not while it is busy. @throws RdbError when the snapshot's end was not reached */
  end(): void {
    this.reader.end()
    this.out.flush()
  }
}
