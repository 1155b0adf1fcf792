/** All data of a server, taken as the bytes of an RDB file, and put in place of what is there. */
import { delay, nextTurn, performance } from '../clock/platform.js'
import type { AppendOnlyFile } from '../persistence/aof/append-only-file.js'
import type { Saver } from '../persistence/saver.js'
import { Snapshot } from '../persistence/snapshot.js'
import type { SnapshotReceiver } from '../replication/socket-transfer.js'
import type { Keyspace } from '../store/keyspace.js'

export interface DataHost {
  readonly keyspace: Keyspace
  readonly saver: Saver
  readonly aof: AppendOnlyFile
  /** It has been shut down. */
  readonly isDown: boolean
  readonly loader: { loadFromSocket(totalBytes: number, async: boolean): SnapshotReceiver }
  /** All data is another: replicas and the append-only file have to be given all of it. */
  dataReplaced(): void
}

/** How long a piece of it may hold up others. */
const SLICE_MS = 4
/** How often is looked whether the append-only file is complete. */
const POLL_MS = 2

class ServerDown extends Error {}

async function nextTurnOf(host: DataHost): Promise<void> {
  await nextTurn()
  if (host.isDown) throw new ServerDown('redis-ts: the server is closed')
}

/** The data of one moment, functions included, as an RDB file. Large data comes in slices, between which others are served. */
export async function takeData(host: DataHost): Promise<Buffer> {
  const { keyspace, saver } = host
  while (!saver.mayStart) await nextTurnOf(host)
  const chunks: Buffer[] = []
  const sink = { congested: false, write: (chunk: Buffer) => void chunks.push(chunk) }
  const options = { compress: false, checksum: true, access: null, aux: [], libraries: saver.libraries() }
  saver.reserve()
  try {
    const snapshot = new Snapshot(keyspace, sink, options)
    while (!snapshot.step(performance.now() + SLICE_MS)) await nextTurnOf(host)
  } finally {
    saver.release()
  }
  return Buffer.concat(chunks)
}

/** Resolves when the append-only file, if there is one, has the new data too. Rejects with what is wrong with the file: the old data stays then. */
export async function putData(host: DataHost, rdb: Buffer): Promise<void> {
  host.saver.abort()
  const receiver = host.loader.loadFromSocket(rdb.length, true)
  try {
    let at = 0
    while (!receiver.done) {
      if (at === rdb.length && !receiver.isBusy) receiver.end()
      at += receiver.push(rdb.subarray(at))
      if (!receiver.done) await nextTurnOf(host)
    }
    if (at < rdb.length) throw new Error(`${rdb.length - at} bytes more than a whole one`)
  } catch (error) {
    receiver.discard()
    if (error instanceof ServerDown) throw error
    throw new Error(`redis-ts: what restore() was given is no snapshot: ${(error as Error).message}`)
  }
  receiver.adopt()
  host.dataReplaced()
  await appended(host.aof)
}

/** Until then the server has nothing that could be loaded, and would not close. What goes wrong is in the log, and is tried again. */
async function appended(aof: AppendOnlyFile): Promise<void> {
  const { rewriting } = aof
  while (aof.state === 'waiting' && (rewriting.isUnderWay || rewriting.lastOk)) await delay(POLL_MS)
}
