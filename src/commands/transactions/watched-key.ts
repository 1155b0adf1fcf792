/** A key that a client WATCHes, and whether it has changed in a way that EXEC has to refuse. Source of behaviour: multi.c. */
import type { Database } from '../../store/database.js'
import type { KeyState, KeyWatcher } from '../../store/watchers.js'
import type { Client } from '../client.js'

/** What tells a watched key from the client's others. */
export function watchedName(database: number, key: string): string {
  return `${database} ${key}`
}

export class WatchedKey implements KeyWatcher {
  readonly database: Database
  /** One character a byte. */
  readonly key: string
  private readonly client: Client
  /** Its time had come before WATCH, though it may still be there: when it goes, that changes nothing. */
  private expired: boolean

  constructor(client: Client, database: Database, key: string) {
    this.client = client
    this.database = database
    this.key = key
    this.expired = this.state === 'expired'
    database.watchers.add(key, this)
  }

  private get state(): KeyState {
    return this.database.stateOf(Buffer.from(this.key, 'latin1'))
  }

  /** Whether the key has run out of time since WATCH, deleted or not. */
  get expiredSince(): boolean {
    return !this.expired && this.state === 'expired'
  }

  release(): void {
    this.database.watchers.remove(this.key, this)
  }

  watchedKeyChanged(): void {
    if (this.expired && this.state === 'gone') this.expired = false
    else this.client.watchFailed = true
  }

  watchedKeyReplaced(wasThere: boolean, now: KeyState): void {
    if (this.expired && now === 'gone') this.expired = false
    else if (now === 'expired' && (this.expired || !wasThere)) this.expired = true
    else this.client.watchFailed = true
  }
}
