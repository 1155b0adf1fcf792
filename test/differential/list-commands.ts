/** Requests about lists. Left out: those that wait. */
import { generators } from './arguments.js'
import type { Random } from './random.js'
import { type RequestMaker, requestMaker } from './syntax.js'

const LISTS = [
  'LPUSH list element+',
  'RPUSH list element+',
  'RPUSH anylist element',
  'LPUSHX anylist element',
  'RPUSHX anylist element+',
  'LPOP anylist [int]',
  'RPOP anylist [int]',
  'LLEN anylist',
  'LINDEX anylist index',
  'LSET anylist index element',
  'LINSERT anylist {BEFORE|AFTER|word} element element',
  'LRANGE anylist index index',
  'LTRIM anylist index index',
  'LREM anylist index element',
  'LPOS anylist element [RANK int] [COUNT int] [MAXLEN int] [word]',
  'LMOVE anylist anylist {LEFT|RIGHT|word} {LEFT|RIGHT}',
  'RPOPLPUSH anylist anylist',
  'LMPOP {1 anylist|2 anylist anylist|int anylist} {LEFT|RIGHT|word} [COUNT int]',
  'DUMP list',
  'COPY list list [REPLACE]',
  'RENAME list list',
  'OBJECT ENCODING list',
]

const list = (random: Random): string => `list:${random.below(5)}`

const listGenerators = {
  ...generators,
  list,
  anylist: (random: Random) => (random.chance(0.85) ? list(random) : random.pick(['missing', 'hash:0', 'key:0'])),
  element: (random: Random) =>
    random.chance(0.6)
      ? String(random.below(12))
      : random.chance(0.5)
        ? generators.value(random)
        : generators.field(random),
}

export const listMakers: readonly RequestMaker[] = LISTS.map(line => requestMaker(line, listGenerators))
