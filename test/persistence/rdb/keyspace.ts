/** What a keyspace holds, as plain objects, for tests. */
import { KeyspaceTarget, type KeyspaceTargetOptions } from '../../../src/persistence/rdb/load.js'
import { RdbReader } from '../../../src/persistence/rdb/reader.js'
import type { Database } from '../../../src/store/database.js'
import { TYPE_LIST, TYPE_SET, TYPE_STRING, TYPE_ZSET } from '../../../src/store/entries.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { Hash } from '../../../src/types/hash/hash.js'
import { encodingName } from '../../../src/types/kinds.js'
import { List } from '../../../src/types/list/list.js'
import { ListWalk } from '../../../src/types/list/list-walk.js'
import { MemberSet } from '../../../src/types/set/set.js'
import { SortedSet } from '../../../src/types/sorted-set/sorted-set.js'
import { StringView } from '../../../src/types/string/string.js'
import { defaultLimits, type HashLimits, type ValueLimits } from '../../../src/types/value-limits.js'

export interface Seen {
  encoding: string
  value: string | string[] | Record<string, string>
  expiryMs?: number
}

/** Redis's limits, but for hashes. */
export function limitsOf(hash: HashLimits): ValueLimits {
  return { ...defaultLimits(), hash }
}

export const LIMITS = limitsOf({ maxEntries: 128, maxValueBytes: 64 })

/** Addresses of all keys. */
export function addresses(database: Database): number[] {
  const found: number[] = []
  let cursor = 0
  do {
    cursor = database.keys.scan(cursor, address => found.push(address))
  } while (cursor !== 0)
  return found
}

/** All keys of a database, bytes as latin1. */
export function contents(database: Database): Record<string, Seen> {
  const { entries } = database
  const all: Record<string, Seen> = {}
  for (const address of addresses(database)) {
    const seen: Seen = { encoding: encodingName(database.keyspace, address), value: '' }
    seen.value = contentOf(database, address)
    const expiryMs = entries.expiry(address)
    if (!Number.isNaN(expiryMs)) seen.expiryMs = expiryMs
    all[entries.keyCopy(address).toString('latin1')] = seen
  }
  return all
}

function contentOf(database: Database, address: number): Seen['value'] {
  const { entries } = database
  switch (entries.type(address)) {
    case TYPE_STRING: {
      const view = new StringView().of(entries, address)
      return view.bytes.toString('latin1', view.start, view.end)
    }
    case TYPE_LIST:
      return elementsOf(database, address)
    case TYPE_SET: {
      const members: string[] = []
      const set = new MemberSet()
      set.open(database, address)
      set.iterate(member => void members.push(member.copy().toString('latin1')))
      return members.sort()
    }
    case TYPE_ZSET: {
      const scores: Record<string, string> = {}
      const set = new SortedSet()
      set.open(database, address)
      set.iterateRange(0, set.length, false, ({ buffer, end, start }, score) => {
        scores[buffer.toString('latin1', start, end)] = String(score)
      })
      return scores
    }
    default: {
      const fields: Record<string, string> = {}
      const hash = new Hash()
      hash.open(database, address)
      hash.iterate((field, value) => {
        fields[field.copy().toString('latin1')] = value.copy().toString('latin1')
      })
      return fields
    }
  }
}

/** The elements of a list. */
export function elementsOf(database: Database, address: number): string[] {
  const list = new List()
  list.open(database, address)
  const walk = new ListWalk(list)
  const elements: string[] = []
  while (walk.next()) elements.push(walk.element.copy().toString('latin1'))
  return elements
}

export interface Loaded {
  keyspace: Keyspace
  target: KeyspaceTarget
}

/** Loads a file, in chunks of 1000 bytes, into a new keyspace of 16 databases or into `keyspace`. */
export function load(
  bytes: Buffer,
  options: Partial<KeyspaceTargetOptions> = {},
  keyspace: Keyspace = new Keyspace(16),
): Loaded {
  const target = new KeyspaceTarget(keyspace, { limits: LIMITS, dropExpired: false, ...options })
  const reader = new RdbReader(target, { totalBytes: bytes.length })
  for (let at = 0; at < bytes.length; at += 1000) reader.push(bytes.subarray(at, at + 1000))
  reader.end()
  return { keyspace, target }
}
