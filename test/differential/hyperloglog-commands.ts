/** Requests about HyperLogLogs, sound ones and such as have been written to. Left out: PFSELFTEST, which takes seconds there. */
import { generators } from './arguments.js'
import type { Random } from './random.js'
import { type RequestMaker, requestMaker } from './syntax.js'

const HYPERLOGLOGS = [
  'PFADD hll element*',
  'PFADD hll element+',
  'PFADD hll element element element element element+',
  'PFADD anyhll element*',
  'PFCOUNT hll',
  'PFCOUNT anyhll+',
  'PFMERGE hll anyhll*',
  'PFMERGE anyhll hll+',
  'PFDEBUG {GETREG|DECODE|ENCODING|TODENSE|word} anyhll',
  'CONFIG SET HLL-SPARSE-MAX-BYTES {40|200|3000|3000|3000|10000}',
  'SETRANGE hll offset code',
  'APPEND hll code',
  'SET copied code',
  'SETRANGE copied 0 header',
  'DUMP hll',
  'GET anyhll',
  'STRLEN hll',
  'OBJECT ENCODING anyhll',
  'COPY hll hll [REPLACE]',
  'RENAME hll hll',
  'DEL hll',
]

/** Headers as they are, and such as are almost right. */
const HEADERS = ['HYLL', 'HYLL\x01\0\0\0', 'HYLL\x01\0\0\0\x07\0\0\0\0\0\0\x80', 'HYLL\0', 'HYLL\x02', 'HYLK', 'H']

const hll = (random: Random): string => `hll:${random.below(5)}`

const hyperLogLogGenerators = {
  ...generators,
  hll,
  anyhll: (random: Random) =>
    random.chance(0.85) ? hll(random) : random.pick(['missing', 'hash:0', 'key:0', 'hll:copied']),
  copied: () => 'hll:copied',
  /** A few that come again and again, so that registers stay as they are, and many that make sparse ones dense. */
  element: (random: Random) => (random.chance(0.3) ? generators.value(random) : `element ${random.below(20_000)}`),
  offset: (random: Random) =>
    random.chance(0.7) ? String(random.below(24)) : random.pick(['16', '100', '500', '2000', '12303', '12304']),
  code: (random: Random) =>
    String.fromCharCode(...Array.from({ length: 1 + random.below(3) }, () => random.below(256))),
  header: (random: Random) => random.pick(HEADERS),
}

export const hyperLogLogMakers: readonly RequestMaker[] = HYPERLOGLOGS.map(line =>
  requestMaker(line, hyperLogLogGenerators),
)
