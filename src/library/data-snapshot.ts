/** All data of a server, taken as the bytes of an RDB file, and put in place of what is there. */
import { nextTurn, performance } from '../clock/platform.js'
import type { Saver } from '../persistence/saver.js'
import { Snapshot } from '../persistence/snapshot.js'
import type { SnapshotReceiver } from '../replication/socket-transfer.js'
import type { Keyspace } from '../store/keyspace.js'

export interface DataHost {
  readonly keyspace: Keyspace
  readonly saver: Saver
  readonly loader: { loadFromSocket(totalBytes: number, async: boolean): SnapshotReceiver }
  /** All data is another: replicas and the append-only file have to be given all of it. */
  dataReplaced(): void
}

/** How long a piece of it may hold up others. */
const SLICE_MS = 4

/** The data of one moment, functions included, as an RDB file. Large data comes in slices, between which others are served. */
export async function takeData({ keyspace, saver }: DataHost): Promise<Buffer> {
  while (!saver.mayStart) await nextTurn()
  const chunks: Buffer[] = []
  const sink = { congested: false, write: (chunk: Buffer) => void chunks.push(chunk) }
  const options = { compress: false, checksum: true, access: null, aux: [], libraries: saver.libraries() }
  saver.reserve()
  try {
    const snapshot = new Snapshot(keyspace, sink, options)
    while (!snapshot.step(performance.now() + SLICE_MS)) await nextTurn()
  } finally {
    saver.release()
  }
  return Buffer.concat(chunks)
}

/** Rejects with what is wrong with the file: the old data stays then. */
export async function putData(host: DataHost, rdb: Buffer): Promise<void> {
  host.saver.abort()
  const receiver = host.loader.loadFromSocket(rdb.length, true)
  try {
    let at = 0
    while (!receiver.done) {
      if (at === rdb.length && !receiver.isBusy) receiver.end()
      at += receiver.push(rdb.subarray(at))
      if (!receiver.done) await nextTurn()
    }
  } catch (error) {
    receiver.discard()
    throw new Error(`redis-ts: what restore() was given is no snapshot: ${(error as Error).message}`)
  }
  receiver.adopt()
  host.dataReplaced()
}
