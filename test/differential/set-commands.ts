/** Requests about sets. Left out: draws, which differ from server to server. */
import { generators } from './arguments.js'
import type { Random } from './random.js'
import { type RequestMaker, requestMaker } from './syntax.js'

const SETS = [
  'SADD set member+',
  'SADD anyset member+',
  'SREM set member+',
  'SMOVE anyset set member',
  'SISMEMBER anyset member',
  'SMISMEMBER anyset member+',
  'SCARD anyset',
  'SMEMBERS anyset',
  'SINTER anyset+',
  'SUNION anyset+',
  'SDIFF anyset+',
  'SINTERSTORE set anyset+',
  'SUNIONSTORE set anyset+',
  'SDIFFSTORE set anyset+',
  'SINTERCARD {1 anyset|2 anyset anyset|int anyset anyset} [LIMIT int]',
  'SPOP anyset {0|1000000|X|-1}',
  'SRANDMEMBER anyset {0|1000000|X|1.5}',
  'SRANDMEMBER nosuchkey [int]',
  'SSCAN anyset 0 COUNT 1000000 [MATCH pattern]',
  'DUMP set',
  'COPY set set [REPLACE]',
  'RENAME set set',
]

/** What may not be mangled: a count less, and a draw comes of it. */
export const UNMANGLED_SETS = ['SPOP', 'SRANDMEMBER']

const set = (random: Random): string => `set:${random.below(5)}`

const setGenerators = {
  ...generators,
  set,
  anyset: (random: Random) => (random.chance(0.85) ? set(random) : random.pick(['missing', 'hash:0', 'key:0'])),
  nosuchkey: () => 'no such key',
  member: (random: Random) =>
    random.chance(0.6)
      ? String(random.below(12))
      : random.chance(0.5)
        ? generators.value(random)
        : generators.field(random),
}

export const setMakers: readonly RequestMaker[] = SETS.map(line => requestMaker(line, setGenerators))
