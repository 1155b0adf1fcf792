/** Sorted set requests. Scores are such as Redis 7.0 and 7.2 write alike. */
import { generators } from './arguments.js'
import type { Random } from './random.js'
import { type Generators, type RequestMaker, requestMaker } from './syntax.js'

const MEMBERS = ['a', 'b', 'c', '', '1', '-7', '100000', 'a longer member', '\x01\x00\xff']
const SCORES = ['0', '1', '-1', '2', 'inf', '-inf', '+inf', '3.0e3', '0x10', '100000', '1e400', 'nan', 'x', '']

function score(random: Random): string {
  return random.chance(0.7) ? String((random.below(160) - 40) / 8) : random.pick(SCORES)
}

function member(random: Random): string {
  return random.chance(0.4) ? random.pick(MEMBERS) : `m${random.below(30)}`
}

const own: Generators = {
  ...generators,
  zset: random => `zset:${random.below(4)}`,
  anyzset: random => (random.chance(0.9) ? `zset:${random.below(5)}` : random.pick(['key:1', 'hash:0', 'missing'])),
  /** All its members have the score 0. */
  lex: () => 'lex:0',
  member,
  score,
  bound: random => `${random.chance(0.3) ? '(' : ''}${score(random)}`,
  lexbound: random =>
    random.chance(0.2) ? random.pick(['-', '+', 'x', '']) : random.pick(['[', '(']) + member(random),
}

const LINES = [
  'ZADD zset score member {score member}*',
  'ZADD zset score member {score member}*',
  'ZADD anyzset [NX|XX] [GT|LT] [CH] score member {score member}*',
  'ZADD anyzset [NX|XX] [GT|LT] INCR score member',
  'ZINCRBY anyzset score member',
  'ZREM anyzset member+',
  'ZCARD anyzset',
  'ZSCORE anyzset member',
  'ZMSCORE anyzset member+',
  'ZRANK anyzset member',
  'ZREVRANK anyzset member',
  'ZRANGE anyzset index index [REV] [WITHSCORES] [LIMIT index index]',
  'ZRANGE anyzset bound bound BYSCORE [REV] [LIMIT index index] [WITHSCORES]',
  'ZREVRANGE anyzset index index [WITHSCORES]',
  'ZRANGEBYSCORE anyzset bound bound [WITHSCORES] [LIMIT index index]',
  'ZREVRANGEBYSCORE anyzset bound bound [WITHSCORES] [LIMIT index index]',
  'ZCOUNT anyzset bound bound',
  'ZADD lex 0 member {0 member}*',
  'ZRANGE lex lexbound lexbound BYLEX [REV] [LIMIT index index]',
  'ZRANGEBYLEX lex lexbound lexbound [LIMIT index index]',
  'ZREVRANGEBYLEX lex lexbound lexbound [LIMIT index index]',
  'ZLEXCOUNT lex lexbound lexbound',
  'ZREMRANGEBYLEX lex lexbound lexbound',
  'ZREMRANGEBYRANK anyzset index index',
  'ZREMRANGEBYSCORE anyzset bound bound',
  'ZRANGESTORE zset anyzset index index [REV]',
  'ZRANGESTORE zset anyzset bound bound BYSCORE [REV] [LIMIT index index]',
  'ZPOPMIN anyzset [int]',
  'ZPOPMAX anyzset [int]',
  'ZMPOP 2 anyzset anyzset {MIN|MAX} [COUNT int]',
  'ZUNION 2 anyzset anyzset [WEIGHTS score score] [AGGREGATE SUM|AGGREGATE MIN|AGGREGATE MAX] [WITHSCORES]',
  'ZINTER 2 anyzset anyzset [WEIGHTS score score] [AGGREGATE SUM|AGGREGATE MIN|AGGREGATE MAX] [WITHSCORES]',
  'ZDIFF 2 anyzset anyzset [WITHSCORES]',
  'ZUNIONSTORE zset 3 anyzset anyzset anyzset [WEIGHTS score score score]',
  'ZINTERSTORE zset 2 anyzset anyzset [AGGREGATE MIN]',
  'ZDIFFSTORE zset 2 anyzset anyzset',
  'ZINTERCARD 2 anyzset anyzset [LIMIT int]',
  'DUMP zset',
  'OBJECT ENCODING zset',
  'COPY zset zset',
  'TYPE anyzset',
]

export const sortedSetMakers: readonly RequestMaker[] = LINES.map(line => requestMaker(line, own))

/**
 * Kept as they are written: ZRANK takes one argument more since 7.2; the others might take a score that 7.0 writes with 17 digits, and
 * 7.2 with fewer.
 */
export const UNMANGLED_SORTED_SETS: readonly string[] = [
  ...['ZRANK', 'ZREVRANK'],
  ...['ZADD', 'ZINCRBY', 'ZUNION', 'ZINTER', 'ZUNIONSTORE', 'ZINTERSTORE'],
]
