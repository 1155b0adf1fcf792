/** Geo requests. */
import { generators } from './arguments.js'
import type { Random } from './random.js'
import { type Generators, type RequestMaker, requestMaker } from './syntax.js'

const LONGITUDES = ['180', '-180', '0', '179.9999999', '13.361389', '181', '-200.5', 'nan', 'x', '', '1e-300', 'inf']
const LATITUDES = ['85.05112878', '-85.05112878', '0', '38.115556', '66', '-80.5', '90', 'nan', 'x', '1e400']
const LENGTHS = ['0', '1', '-1', 'x', '', '0.0001', '1e30', 'inf', '20037726.37', '5000000', '21000000', '-0']

/** All over the globe, in one town, or at a border; now and then nowhere. */
function coordinate(random: Random, most: number, odd: readonly string[]): string {
  switch (random.below(8)) {
    case 0:
      return random.pick(odd)
    case 1:
      return ((random.chance(0.5) ? 1 : -1) * (most - random.next() / 1000)).toString()
    case 2:
    case 3:
      return (random.next() / 100 + 15).toString()
    case 4:
      return (random.next() * 4 - 2).toFixed(3)
    default:
      return ((random.next() * 2 - 1) * most).toString()
  }
}

function length(random: Random): string {
  if (random.chance(0.1)) return random.pick(LENGTHS)
  return random.chance(0.5) ? String(random.below(2000)) : (random.next() * 10 ** random.below(8)).toString()
}

const own: Generators = {
  ...generators,
  geo: random => `geo:${random.below(3)}`,
  anygeo: random => (random.chance(0.92) ? `geo:${random.below(3)}` : random.pick(['key:1', 'zset:1', 'missing'])),
  store: random => `geostore:${random.below(2)}`,
  member: random => (random.chance(0.95) ? `m${random.below(150)}` : random.pick(['', '12', 'missing'])),
  longitude: random => coordinate(random, 180, LONGITUDES),
  latitude: random => coordinate(random, 85.05, LATITUDES),
  length,
  unit: random => random.pick(['m', 'km', 'km', 'ft', 'mi', 'M', 'Km', random.chance(0.2) ? 'x' : 'km']),
  count: random => (random.chance(0.95) ? String(1 + random.below(60)) : random.pick(['0', '-1', 'x', ''])),
}

const CENTRE = '{FROMMEMBER member|FROMLONLAT longitude latitude}'
const SHAPE = '{BYRADIUS length unit|BYRADIUS length unit|BYBOX length length unit}'
const ORDER = '[ASC|DESC] [COUNT count|COUNT count ANY]'
const SHOWN = '[WITHCOORD] [WITHDIST] [WITHHASH]'

const LINES = [
  'GEOADD geo longitude latitude member {longitude latitude member}*',
  'GEOADD geo longitude latitude member longitude latitude member longitude latitude member',
  'GEOADD anygeo [NX|XX] [CH] [NX] longitude latitude member {longitude latitude member}*',
  'GEOPOS anygeo member*',
  'GEOHASH anygeo member*',
  'GEODIST anygeo member member [unit]',
  `GEOSEARCH anygeo ${CENTRE} ${SHAPE} ${ORDER} ${SHOWN}`,
  `GEOSEARCH geo ${SHAPE} ${CENTRE} ${SHOWN} ${ORDER}`,
  `GEOSEARCH anygeo ${CENTRE} [${CENTRE}] ${SHAPE} [${SHAPE}] [ANY] [STOREDIST]`,
  `GEOSEARCHSTORE store anygeo ${CENTRE} ${SHAPE} ${ORDER} [WITHCOORD]`,
  `GEORADIUS anygeo longitude latitude length unit ${SHOWN} ${ORDER}`,
  `GEORADIUS anygeo longitude latitude length unit ${ORDER} [STORE store] [STORE]`,
  `GEORADIUS_RO anygeo longitude latitude length unit ${SHOWN} ${ORDER} [STORE]`,
  `GEORADIUSBYMEMBER anygeo member length unit ${SHOWN} ${ORDER}`,
  `GEORADIUSBYMEMBER anygeo member length unit ${ORDER} [STORE store] [WITHDIST]`,
  `GEORADIUSBYMEMBER_RO anygeo member length unit ${SHOWN} ${ORDER}`,
  'COMMAND GETKEYSANDFLAGS GEORADIUS geo 0 0 1 M [STORE store] [STOREDIST store]',
  'COMMAND GETKEYSANDFLAGS GEORADIUSBYMEMBER geo member 1 M [COUNT] [STOREDIST store]',
  'ZRANGE store 0 -1 WITHSCORES',
  'ZREM geo member',
  'OBJECT ENCODING geo',
]

export const geoMakers: readonly RequestMaker[] = LINES.map(line => requestMaker(line, own))
