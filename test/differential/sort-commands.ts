/** Requests about SORT. Sets and sorted sets are only sorted in ways that leave nothing open: their tables have other orders here. */
import { generators } from './arguments.js'
import type { Random } from './random.js'
import { type RequestMaker, requestMaker } from './syntax.js'

const SORTS = [
  'RPUSH sorted element+',
  'SADD sortedset number+',
  'ZADD sortedzset small element',
  'MSET weight number',
  'HSET weighthash f number',
  'DEL sorted',
  'SORT anylist [BY by] [LIMIT int int] [GET get] [GET get] [ASC|DESC] [ALPHA]',
  'SORT anylist [BY by] [LIMIT int int] [ASC|DESC] [ALPHA] [STORE stored]',
  'SORT anysorted ALPHA [LIMIT small small] [ASC|DESC] [GET get]',
  'SORT anysorted ALPHA [LIMIT small small] [ASC|DESC] [STORE stored]',
  'SORT sortedset BY nosort STORE stored',
  'SORT sortedzset BY nosort [LIMIT small small] [ASC|DESC]',
  'SORT_RO anylist [BY by] [LIMIT int int] [GET get] [ASC|DESC] [ALPHA]',
  'LRANGE stored 0 -1',
  'COMMAND GETKEYS SORT anysorted [LIMIT int int] [GET get] [STORE stored] [BY by]',
]

const WEIGHTS = 12
const ELEMENTS = ['1', '2', '3', '10', '-4', 'a', 'b', 'ab', 'x y']
/**
 * Integers alone: redis-server reads others with strtod, and takes an errno for theirs that any command may have left behind (a score
 * of 1e400, say). It does so with every field of a hash, so that nothing here is sorted by one.
 */
const NUMBERS = ['0', '1', '-1', '-2000', '17', '1000000', 'x']

const sorted = (random: Random): string => `sorted:${random.below(3)}`
const number = (random: Random): string => (random.chance(0.9) ? String(random.below(50) - 10) : random.pick(NUMBERS))

const sortGenerators = {
  ...generators,
  sorted,
  // Never pushed to: 7.0 would go on with the quicklist that it has made, 7.2 begins another out of the listpack.
  stored: (random: Random) => `stored:${random.below(2)}`,
  sortedset: () => 'sorted:set',
  sortedzset: () => 'sorted:zset',
  anylist: (random: Random) =>
    random.chance(0.9) ? sorted(random) : random.pick(['stored:0', 'stored:1', 'key:0', 'sorted:none']),
  anysorted: (random: Random) => (random.chance(0.7) ? sorted(random) : random.pick(['sorted:zset', 'sorted:set'])),
  element: (random: Random) => (random.chance(0.7) ? number(random) : random.pick(ELEMENTS)),
  number,
  small: (random: Random) => String(random.below(8)),
  weight: (random: Random) => `weight_${random.below(WEIGHTS)}`,
  weighthash: (random: Random) => `weighthash_${random.below(WEIGHTS)}`,
  nosort: () => 'nosort',
  f: () => 'f',
  by: (random: Random) => random.pick(['weight_*', 'weight_*', 'nosort', 'missing_*']),
  get: (random: Random) => random.pick(['#', 'weight_*', 'weighthash_*->f', 'missing', 'key:*']),
}

/** What may not be mangled: numbers that no double can hold would come of it, and orders that are each server's own. */
export const UNMANGLED_SORTS = [
  'SORT',
  'SORT_RO',
  ...['RPUSH sorted:0', 'RPUSH sorted:1', 'RPUSH sorted:2', 'SADD sorted:set', 'ZADD sorted:zset'],
  ...Array.from({ length: WEIGHTS }, (_, i) => [`MSET weight_${i}`, `HSET weighthash_${i}`]).flat(),
]

export const sortMakers: readonly RequestMaker[] = SORTS.map(line => requestMaker(line, sortGenerators))
