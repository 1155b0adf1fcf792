/**
 * Commands that need something large to be made before they can run. It is made in slices, while whoever would write to its keys waits;
 * then the command is run again, and finds it ready. So what it does is of one moment, that of its last run, and replicas see the same.
 */
import { performance, setImmediate } from '../../clock/platform.js'
import type { KeyWatcher } from '../../store/watchers.js'
import type { CommandContext } from '../context.js'
import { Unfinished } from './key-wait.js'

const SLICE_MS = 1

export interface PreparedWork {
  /** Goes on until `deadlineMs` (performance.now()); true when all is done. */
  run(deadlineMs: number): boolean
  /** Nobody wants it, or no more. */
  close(): void
}

/**
 * Lets the client wait until the work is done. `conclude` is to run the command again, and to close the work; `changed`: a key has changed
 * meanwhile, and what was made is out of date. `names`: keys, one character a byte.
 */
export function prepareInSlices(
  { args, client, command, db, server }: CommandContext,
  names: readonly string[],
  work: PreparedWork,
  conclude: (changed: boolean, runAgain: () => void) => void,
): void {
  const unfinished = new Unfinished(command, args.keep(), Number.POSITIVE_INFINITY)
  let over = false
  let changed = false
  // Locks do not keep keys from expiring, or from being evicted.
  const noteChange = (): void => {
    changed = true
  }
  const watcher: KeyWatcher = { watchedKeyChanged: noteChange, watchedKeyReplaced: noteChange }
  const end = (): void => {
    over = true
    for (const name of names) db.watchers.remove(name, watcher)
    server.keyLocks.unlock(names)
  }
  const cancel = (): void => {
    end()
    work.close()
  }
  const goOn = (): void => {
    if (over) return
    if (!changed && !work.run(performance.now() + SLICE_MS)) {
      setImmediate(goOn)
      return
    }
    end()
    client.blocked = null
    conclude(changed, () => server.runAgain(client, unfinished))
    if (client.transport.pendingInputBytes > 0) server.afterTurn(() => client.transport.resume())
  }
  for (const name of names) db.watchers.add(name, watcher)
  server.keyLocks.lock(names)
  client.unfinished = unfinished
  client.blocked = { kind: 'key', cancel, timeOut: null }
  setImmediate(goOn)
}
