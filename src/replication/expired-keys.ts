/**
 * Keys that a master leaves out of its own file because they have expired: its replicas have them still, and after a
 * partial resynchronization only the stream can tell them.
 */
import { KeyspaceTarget, type KeyspaceTargetOptions } from '../persistence/rdb/load.js'
import type { RdbKey } from '../persistence/rdb/target.js'
import { encodeRequest } from '../resp/request.js'
import type { Keyspace } from '../store/keyspace.js'

/** Loads a file and calls `expired` with a DEL request, as on the wire, for each key that was left out. */
export class ExpiredKeysTarget extends KeyspaceTarget {
  private readonly expired: (database: number, del: Buffer) => void
  private selected = 0

  constructor(keyspace: Keyspace, options: KeyspaceTargetOptions, expired: (database: number, del: Buffer) => void) {
    super(keyspace, options)
    this.expired = expired
  }

  override selectDatabase(index: number): boolean {
    this.selected = index
    return super.selectDatabase(index)
  }

  override string(key: RdbKey, value: Buffer, start: number, end: number, own: boolean): boolean {
    const before = this.keysExpired
    const taken = super.string(key, value, start, end, own)
    if (this.keysExpired !== before) this.tell(key)
    return taken
  }

  override integer(key: RdbKey, value: number): boolean {
    const before = this.keysExpired
    const taken = super.integer(key, value)
    if (this.keysExpired !== before) this.tell(key)
    return taken
  }

  override hashListpack(key: RdbKey, listpack: Buffer, start: number, own: boolean): boolean {
    const before = this.keysExpired
    const taken = super.hashListpack(key, listpack, start, own)
    if (this.keysExpired !== before) this.tell(key)
    return taken
  }

  override hashBegin(key: RdbKey, fields: number): boolean {
    const before = this.keysExpired
    const taken = super.hashBegin(key, fields)
    if (this.keysExpired !== before) this.tell(key)
    return taken
  }

  private tell(key: RdbKey): void {
    this.expired(this.selected, encodeRequest('DEL', key.bytes.subarray(key.start, key.end)))
  }
}
