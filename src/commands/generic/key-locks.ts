/**
 * Keys on their way to another server: while MIGRATE waits for its target, which in Redis stops everything, commands that would
 * change one of them wait. So do FLUSHALL and the like. What reaches the data past this (a master's stream, expiry)
 * is seen by MIGRATE itself, see migration.ts.
 *
 * Keys whose values are changed in slices (store/open-change.ts) are locked for readers, too, and for what looks at all values.
 */
import type { Request } from '../../resp/request.js'
import { PostponedClients } from '../blocking/postponed-clients.js'
import type { Client } from '../client.js'
import type { Command } from '../command.js'
import { keyArguments } from '../command-keys.js'
import { KeyArguments } from '../key-arguments.js'
import { WRITE } from '../spec.js'

/** What looks at all values. So does all of DEBUG, for one reason or another. */
const SEES_ALL = new Set(['save', 'bgsave', 'bgrewriteaof', 'sync', 'psync', 'shutdown'])

function seesAll({ fullName }: Command): boolean {
  return SEES_ALL.has(fullName) || fullName.startsWith('debug')
}

export class KeyLocks {
  /** Names, one character a byte, of whatever database, and how many hold each. */
  private readonly holders = new Map<string, number>()
  /** Those of them that nobody may look at. */
  private readonly hidden = new Map<string, number>()
  private readonly waiting = new PostponedClients()
  private readonly found = new KeyArguments()
  private readonly onChange: () => void

  /** @param onChange called when there are locked keys, or no longer. */
  constructor(onChange: () => void) {
    this.onChange = onChange
  }

  /** Whether any key is locked. */
  get active(): boolean {
    return this.holders.size > 0
  }

  /** `hides`: commands that only read the keys wait as well. */
  lock(keys: readonly string[], hides = false): void {
    for (const key of keys) {
      add(this.holders, key, 1)
      if (hides) add(this.hidden, key, 1)
    }
    this.onChange()
  }

  /** As lock() was called. */
  unlock(keys: readonly string[], hides = false): void {
    for (const key of keys) {
      add(this.holders, key, -1)
      if (hides) add(this.hidden, key, -1)
    }
    this.onChange()
    // Those that have to wait for other keys will be put back.
    this.waiting.release()
  }

  /** Whether the client's request has to wait; it has been put back then, and the client goes on with it in time. */
  holdUp(client: Client, command: Command, request: Request): boolean {
    if (client.isMaster) return false
    const { transaction } = client
    const conflict =
      transaction === null
        ? this.conflicts(command, request)
        : command.fullName === 'exec' &&
          transaction.queue.some(queued => this.conflicts(queued.command, queued.request))
    if (!conflict) return false
    client.transport.postpone(request)
    this.waiting.add(client)
    return true
  }

  private conflicts(command: Command, request: Request): boolean {
    const { found } = this
    const locked = command.mayPropagate ? this.holders : this.hidden
    if (locked.size === 0) return false
    if (this.hidden.size > 0 && seesAll(command)) return true
    keyArguments(command, request, 0, found)
    // FLUSHALL, FLUSHDB and SWAPDB name no keys.
    if (found.count === 0) return (command.flags & WRITE) !== 0
    for (let i = 0; i < found.count; i++) if (locked.has(request.latin1(found.indexes[i]))) return true
    return false
  }
}

function add(counts: Map<string, number>, key: string, more: number): void {
  const count = (counts.get(key) ?? 0) + more
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}
