/** Who watches which keys of one database (WATCH, MIGRATE). Source of behaviour: touchWatchedKey and its kin in multi.c. */
import type { Database } from './database.js'

/** What has become of a key: 'expired' when it is there still but its time has come. */
export type KeyState = 'gone' | 'expired' | 'there'

/** Is told when a key changes. */
export interface KeyWatcher {
  /** The key was set, changed or removed. */
  watchedKeyChanged(): void
  /** All keys of the database went or were replaced (FLUSHDB, SWAPDB), and this one was there before or is now. */
  watchedKeyReplaced(wasThere: boolean, now: KeyState): void
}

export class Watchers {
  private readonly byKey = new Map<string, Set<KeyWatcher>>()
  /** Number of keys that are watched. */
  count = 0

  /** @param key one character a byte. */
  add(key: string, watcher: KeyWatcher): void {
    let set = this.byKey.get(key)
    if (set === undefined) this.byKey.set(key, (set = new Set()))
    set.add(watcher)
    this.count = this.byKey.size
  }

  remove(key: string, watcher: KeyWatcher): void {
    const set = this.byKey.get(key)
    if (set === undefined) return
    set.delete(watcher)
    if (set.size === 0) this.byKey.delete(key)
    this.count = this.byKey.size
  }

  /** key[start, end) has changed. O(watchers of the key). */
  changed(key: Uint8Array, start: number, end: number): void {
    if (this.count === 0) return
    const set = this.byKey.get(Buffer.from(key.buffer, key.byteOffset + start, end - start).toString('latin1'))
    if (set !== undefined) for (const watcher of set) watcher.watchedKeyChanged()
  }

  /** The keys of `before` are about to give way to those of `after`, or with null to none. O(watchers). */
  replaced(before: Database, after: Database | null): void {
    for (const [name, set] of this.byKey) {
      const key = Buffer.from(name, 'latin1')
      const wasThere = before.stateOf(key) !== 'gone'
      const now = after === null ? 'gone' : after.stateOf(key)
      if (!wasThere && now === 'gone') continue
      for (const watcher of set) watcher.watchedKeyReplaced(wasThere, now)
    }
  }
}
