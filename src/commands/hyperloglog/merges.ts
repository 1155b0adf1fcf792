/**
 * PFMERGE of many keys. The union is made in slices, while whoever would write to one of the keys waits; then the command is run
 * again, and finds the union ready. So the merge is of one moment, that of its last run, and replicas see the same.
 */
import { performance } from 'node:perf_hooks'
import type { KeyWatcher } from '../../store/watchers.js'
import { Unfinished } from '../blocking/key-wait.js'
import { mayWait } from '../blocking/wait-for-keys.js'
import type { CommandContext } from '../context.js'
import { beginUnion, type UnionWork } from './union-work.js'

const SLICE_MS = 1

/** The union of the command that is being run again, null for none; or that there was one, of other keys than there are now. */
let ready: UnionWork | 'outdated' | null = null

/** The union of all keys of the request, or null: the command will be run again when there is one. */
export function uniteForMerge(ctx: CommandContext): UnionWork | null {
  if (ready !== null && ready !== 'outdated') return ready
  const work = beginUnion(ctx, ready === null && mayWait(ctx) && !ctx.inScript)
  if (work.isDone) return work
  mergeLater(ctx, work)
  return null
}

function mergeLater({ args, client, command, db, server }: CommandContext, work: UnionWork): void {
  const unfinished = new Unfinished(command, args.keep(), Number.POSITIVE_INFINITY)
  const names = [...new Set(Array.from({ length: args.argc - 1 }, (_, i) => args.latin1(i + 1)))]
  let over = false
  let changed = false
  // Locks do not keep keys from expiring, or from being evicted.
  const noteChange = (): void => {
    changed = true
  }
  const watcher: KeyWatcher = { watchedKeyChanged: noteChange, watchedKeyReplaced: noteChange }
  const end = (): void => {
    over = true
    work.close()
    for (const name of names) db.watchers.remove(name, watcher)
    server.keyLocks.unlock(names)
  }
  const goOn = (): void => {
    if (over) return
    if (!changed && !work.run(performance.now() + SLICE_MS)) {
      setImmediate(goOn)
      return
    }
    end()
    client.blocked = null
    ready = changed ? 'outdated' : work
    server.runAgain(client, unfinished)
    ready = null
    if (client.transport.pendingInputBytes > 0) server.afterTurn(() => client.transport.resume())
  }
  for (const name of names) db.watchers.add(name, watcher)
  server.keyLocks.lock(names)
  client.unfinished = unfinished
  client.blocked = { kind: 'key', cancel: end, timeOut: null }
  setImmediate(goOn)
}
