/**
 * Keys on their way to another server: while MIGRATE waits for its target, which in Redis stops everything, commands that would
 * change one of them wait. So do FLUSHALL and the like. What reaches the data past this (a master's stream, expiry)
 * is seen by MIGRATE itself, see migration.ts.
 */
import type { Request } from '../../resp/request.js'
import { PostponedClients } from '../blocking/postponed-clients.js'
import type { Client } from '../client.js'
import type { Command } from '../command.js'
import { keyArguments } from '../command-keys.js'
import { KeyArguments } from '../key-arguments.js'
import { WRITE } from '../spec.js'

export class KeyLocks {
  /** Names, one character a byte, of whatever database, and how many hold each. */
  private readonly holders = new Map<string, number>()
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

  lock(keys: readonly string[]): void {
    for (const key of keys) this.holders.set(key, (this.holders.get(key) ?? 0) + 1)
    this.onChange()
  }

  unlock(keys: readonly string[]): void {
    for (const key of keys) {
      const holders = (this.holders.get(key) ?? 0) - 1
      if (holders > 0) this.holders.set(key, holders)
      else this.holders.delete(key)
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
    if (!command.mayPropagate) return false
    const { found } = this
    keyArguments(command, request, 0, found)
    // FLUSHALL, FLUSHDB and SWAPDB name no keys.
    if (found.count === 0) return (command.flags & WRITE) !== 0
    for (let i = 0; i < found.count; i++) if (this.holders.has(request.latin1(found.indexes[i]))) return true
    return false
  }
}
