/**
 * Runs, on data of its own, the paths that a first BGSAVE or a first replica would otherwise find cold. Compiled code drops
 * back to the interpreter when it meets a branch that was never taken ("is a snapshot under way?"); under load that shows
 * as one pause of some 30 ms at the start of the first save. A few thousand writes, in slices while nobody waits, teach the
 * compiler both sides.
 */

import { clearTimeout, performance, setTimeout } from '../clock/platform.js'
import type { Command } from '../commands/command.js'
import { encodeCommandReplies } from '../commands/command-replies.js'
import { Snapshot } from '../persistence/snapshot.js'
import { ReplicationStream } from '../replication/stream.js'
import { encodeRequest } from '../resp/request.js'
import { NEVER } from '../store/database.js'
import { Keyspace } from '../store/keyspace.js'
import { reserveArena } from '../store/slabs/arenas.js'
import { setString } from '../types/string/set-string.js'

const KEYS = 1000
const ROUNDS = 6
const SLICE_MS = 1
const FIRST_DELAY_MS = 100
const BUSY_DELAY_MS = 20
const PATIENCE_MS = 3000
/** Time for V8 to look for the garbage that it sees in memory set aside (arenas.ts), and to find what starting up has left. */
const RESERVE_DELAY_MS = 50
/** Every form that a value takes in the store and in a file. */
const VALUES: readonly ((i: number) => string)[] = [
  i => String(i),
  i => String(-i),
  i => String(i * 2 ** 30),
  i => `xxxx${i}`,
  i => `${i}-${i}`,
  i => `value ${i}, long enough to be compressed, compressed, compressed`,
]
const NOWHERE = { congested: false, write(): void {} }

/**
 * Starts in the background; the returned function stops it. What COMMAND will reply is put together as well, and memory set aside. While requests come
 * (`requests` counts them) it keeps out of their way, but only for so long.
 */
export function warmUp(commands: readonly Command[], requests: () => number): () => void {
  const work = steps(commands)
  const patienceEndsMs = performance.now() + PATIENCE_MS
  let seen = requests()
  let ready = false
  let timer = setTimeout(function slice() {
    const startedMs = performance.now()
    const busy = requests() !== seen && startedMs < patienceEndsMs
    seen = requests()
    while (!busy && !ready && performance.now() < startedMs + SLICE_MS) ready = work.next().done === true
    if (ready && !busy && !reserveArena()) return
    timer = setTimeout(slice, busy ? BUSY_DELAY_MS : ready ? RESERVE_DELAY_MS : 1)
    timer.unref()
  }, FIRST_DELAY_MS)
  timer.unref()
  return () => clearTimeout(timer)
}

function* steps(commands: readonly Command[]): Generator<void> {
  yield* encodeCommandReplies(commands)
  const keyspace = new Keyspace(1)
  const [db] = keyspace.databases
  const stream = new ReplicationStream()
  const command = encodeRequest('SET', 'key', 'value')
  for (let round = 0; round < ROUNDS; round++) {
    if (round === ROUNDS / 2) stream.open()
    const options = { compress: true, checksum: true, access: null, aux: [] }
    const snapshot = round % 2 === 0 ? null : new Snapshot(keyspace, NOWHERE, options)
    for (let i = 0; i < KEYS; i++) {
      const key = Buffer.from(`key:${i}`, 'latin1')
      const value = Buffer.from(VALUES[i % VALUES.length](i * 7919 + round), 'latin1')
      const address = db.findForWrite(key, 0, key.length)
      setString(db, address, key, 0, key.length, value, 0, value.length, i % 5 === 0 ? keyspace.nowMs + 60_000 : NEVER)
      db.touch(key, 0, key.length)
      stream.feed(0, command, 0, command.length)
      db.findForRead(key, 0, key.length)
      if (i % 16 === 0) {
        snapshot?.step(performance.now() + SLICE_MS / 10)
        yield
      }
    }
    while (snapshot !== null && !snapshot.step(performance.now() + SLICE_MS / 4)) yield
  }
}
