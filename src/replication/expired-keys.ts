/**
 * Keys that a master leaves out of its own file because they have expired: its replicas have them still, and after a
 * partial resynchronization only the stream can tell them.
 */
import { KeyspaceTarget, type KeyspaceTargetOptions } from '../persistence/rdb/load.js'
import type { RdbKey } from '../rdb/key.js'
import { encodeRequest } from '../resp/request.js'
import type { Keyspace } from '../store/keyspace.js'
import { type Claim, LEFT_OUT } from '../types/value-reader.js'

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

  override claim(key: RdbKey): Claim {
    const claim = super.claim(key)
    if (claim === LEFT_OUT) {
      this.expired(this.selected, encodeRequest('DEL', key.bytes.subarray(key.start, key.end)))
    }
    return claim
  }
}
