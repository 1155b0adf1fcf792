/**
 * Which key goes when room is needed: maxmemory-policy. As in Redis's evict.c, LRU, LFU and TTL are approximated: a few keys of
 * every database are looked at for each one that goes, and the best candidates seen so far wait in a small pool, so that the
 * choice gets as good as if many more had been looked at.
 *
 * A candidate is an address with the hash of its key. By the time it is chosen its entry may have moved, gone or been used
 * again: it is looked up and judged anew, and one that is not as good a choice as it was is dropped.
 */
import type { Database } from './database.js'
import type { Keyspace } from './keyspace.js'
import type { HashTable } from './table/hash-table.js'

export type EvictionPolicy =
  | 'allkeys-lru'
  | 'allkeys-lfu'
  | 'allkeys-random'
  | 'volatile-lru'
  | 'volatile-lfu'
  | 'volatile-random'
  | 'volatile-ttl'
  | 'noeviction'

const POOL_SIZE = 16
/** More samples than this make no better choice, only a slower one. */
const MAX_SAMPLES = 64
const MAX_FREQUENCY = 255

export class Eviction {
  policy: EvictionPolicy = 'noeviction'
  private allKeys = false
  private samples = 5
  private readonly keyspace: Keyspace
  /** Candidates by rising score: the last is the next to go. */
  private readonly scores = new Float64Array(POOL_SIZE)
  private readonly remainders = new Float64Array(POOL_SIZE)
  private readonly addresses = new Uint32Array(POOL_SIZE)
  private readonly hashes = new Int32Array(POOL_SIZE)
  private readonly databases = new Uint32Array(POOL_SIZE)
  private pooled = 0
  /** The database whose keys are being looked at. */
  private database: Database
  /** The database from which a random key was taken last. */
  private lastDatabase = 0

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace
    this.database = keyspace.databases[0]
  }

  /** Takes over maxmemory-policy and maxmemory-samples. */
  configure(policy: EvictionPolicy, samples: number): void {
    if (policy !== this.policy) this.pooled = 0
    this.policy = policy
    this.allKeys = policy.startsWith('allkeys')
    this.samples = Math.min(samples, MAX_SAMPLES)
  }

  /**
   * Evicts one key, which listeners hear of. False: there is none that the policy allows to go. O(databases with keys *
   * samples); what a large value held is freed later, by Keyspace.collectGarbage().
   */
  evictOne(): boolean {
    if (this.keyspace.importing) return false
    switch (this.policy) {
      case 'noeviction':
        return false
      case 'allkeys-random':
      case 'volatile-random':
        return this.evictRandom()
      default:
        return this.evictBest()
    }
  }

  /** The keys that may go: all of them, or those with an expiry. */
  private candidates(database: Database): HashTable {
    return this.allKeys ? database.keys : database.expires
  }

  private evictRandom(): boolean {
    const { databases } = this.keyspace
    for (let i = 0; i < databases.length; i++) {
      this.lastDatabase = (this.lastDatabase + 1) % databases.length
      const database = databases[this.lastDatabase]
      const address = this.candidates(database).random()
      if (address === 0) continue
      database.evict(address)
      return true
    }
    return false
  }

  private evictBest(): boolean {
    while (this.fillPool()) {
      while (this.pooled > 0) {
        const at = --this.pooled
        const database = this.keyspace.databases[this.databases[at]]
        const address = this.addresses[at]
        if (!this.stillThere(database, this.hashes[at], address)) continue
        if (this.score(database, address) < this.scores[at]) continue
        database.evict(address)
        return true
      }
    }
    return false
  }

  private stillThere(database: Database, hash: number, address: number): boolean {
    return this.candidates(database).locate(hash, address) && database.entries.hashOf(address) === hash
  }

  /** Looks at some keys of every database, at all of them where there are no more; false when there are none at all. */
  private fillPool(): boolean {
    let any = false
    for (const database of this.keyspace.databases) {
      const candidates = this.candidates(database)
      if (candidates.count === 0) continue
      any = true
      this.database = database
      if (candidates.count > this.samples) {
        for (let i = 0; i < this.samples; i++) this.consider(candidates.random())
      } else {
        let cursor = 0
        do cursor = candidates.scan(cursor, this.consider)
        while (cursor !== 0)
      }
    }
    return any
  }

  private readonly consider = (address: number): void => {
    const score = this.score(this.database, address)
    this.offer(this.database, address, score, Number.isSafeInteger(score) ? 0 : this.remainder(this.database, address))
  }

  /** How well the key suits to go: higher is better. Scores of one policy compare across databases. */
  private score(database: Database, address: number): number {
    const { entries, keyspace } = database
    switch (this.policy) {
      case 'volatile-ttl':
        return -entries.expiry(address)
      case 'allkeys-lfu':
      case 'volatile-lfu':
        return MAX_FREQUENCY - keyspace.clock.frequency(entries.clock(address))
      default:
        return keyspace.clock.idleSeconds(entries.clock(address))
    }
  }

  /** What the score has lost, which is a time beyond 2^53 milliseconds: of two with the same score the higher is the better. */
  private remainder({ entries }: Database, address: number): number {
    return Number(BigInt(entries.expiry(address)) - entries.exactExpiry(address))
  }

  /** Puts a candidate into the pool, where it has room or pushes out a worse one. */
  private offer(database: Database, address: number, score: number, remainder: number): void {
    const { addresses, databases, hashes, remainders, scores } = this
    let at = this.pooled
    while (at > 0 && (scores[at - 1] > score || (scores[at - 1] === score && remainders[at - 1] >= remainder))) {
      at--
      if (addresses[at] === address && databases[at] === database.index) return
    }
    if (this.pooled < POOL_SIZE) {
      this.shift(at, this.pooled, at + 1)
      this.pooled++
    } else if (at === 0) return
    else this.shift(1, at--, 0)
    scores[at] = score
    remainders[at] = remainder
    addresses[at] = address
    hashes[at] = database.entries.hashOf(address)
    databases[at] = database.index
  }

  /** Moves candidates [start, end) to `target`. */
  private shift(start: number, end: number, target: number): void {
    this.scores.copyWithin(target, start, end)
    this.remainders.copyWithin(target, start, end)
    this.addresses.copyWithin(target, start, end)
    this.hashes.copyWithin(target, start, end)
    this.databases.copyWithin(target, start, end)
  }
}
