/** Requests about SORT. Sets and sorted sets are only sorted in ways that leave nothing open: their tables have other orders here. */
import { generators } from './arguments.js'
import type { Random } from './random.js'
import { type RequestMaker, requestMaker } from './syntax.js'

const SORTS = [
  'RPUSH sorted element+',
  'SADD sortedset number+',
  'ZADD sortedzset int element',
  'MSET weight number',
  'HSET weighthash f number',
  'DEL sorted',
  'SORT anylist [BY by] [LIMIT int int] [GET get] [GET get] [ASC|DESC] [ALPHA] [STORE sorted]',
  'SORT anysorted [ALPHA] [LIMIT small small] [STORE sorted]',
  'SORT sortedset [ASC|DESC] [GET get] [STORE sorted]',
  'SORT sortedset BY nosort STORE sorted',
  'SORT sortedzset BY nosort [LIMIT small small] [ASC|DESC]',
  'SORT_RO anylist [BY by] [LIMIT int int] [GET get] [ASC|DESC] [ALPHA]',
  'LRANGE sorted 0 -1',
  'COMMAND GETKEYS SORT anysorted [LIMIT int int] [GET get] [STORE sorted] [BY by]',
]

const WEIGHTS = 12
const ELEMENTS = ['1', '2', '3', '10', '-4', '2.5', 'a', 'b', 'ab', '']
/** No numbers that a double cannot hold: redis-server leaves their errno behind for the next ones. */
const NUMBERS = ['0', '1', '-1', '3.5', '-2e3', '17', '1000000', 'x']

const sorted = (random: Random): string => `sorted:${random.below(3)}`
const number = (random: Random): string => (random.chance(0.9) ? String(random.below(50) - 10) : random.pick(NUMBERS))

const sortGenerators = {
  ...generators,
  sorted,
  sortedset: () => 'sorted:set',
  sortedzset: () => 'sorted:zset',
  anylist: (random: Random) => (random.chance(0.9) ? sorted(random) : random.pick(['key:0', 'missing'])),
  anysorted: (random: Random) => (random.chance(0.7) ? sorted(random) : random.pick(['sorted:zset', 'sorted:set'])),
  element: (random: Random) => (random.chance(0.7) ? number(random) : random.pick(ELEMENTS)),
  number,
  small: (random: Random) => String(random.below(8)),
  weight: (random: Random) => `weight_${random.below(WEIGHTS)}`,
  weighthash: (random: Random) => `weighthash_${random.below(WEIGHTS)}`,
  nosort: () => 'nosort',
  f: () => 'f',
  by: (random: Random) => random.pick(['weight_*', 'weight_*', 'weighthash_*->f', 'nosort', 'missing_*']),
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
