/** Requests about streams. Left out: IDs that the server makes of its clock, and idle times for which a slow machine could matter. */
import { generators } from './arguments.js'
import type { Random } from './random.js'
import { type Generators, type RequestMaker, requestMaker } from './syntax.js'

/** IDs rise, run by run, so that most entries can be added. */
const newestTimes = new WeakMap<Random, number>()
const RARE_NEW_IDS = ['0-*', '0-0', '0-1', 'x', '5-', '*-5', '18446744073709551615-*', '9223372036854775807-1']
const RARE_IDS = [
  ...[
    '0-0',
    '0',
    '0-1',
    '0-*',
    '-',
    '+',
    '$',
    '>',
    '(',
    '(-',
    '(0-0',
    '',
    'x',
    '5-',
    '-5',
    '5--1',
    '5-x',
    '5-*-*',
    '*-5',
  ],
  ...['18446744073709551615', '18446744073709551615-18446744073709551615', '18446744073709551614-18446744073709551615'],
  ...['(18446744073709551615-18446744073709551615', '18446744073709551616', '9223372036854775808-1'],
  ...['+7-1', ' 7-1', '7-1 ', '007-1'],
]
/** More than a run takes, and less than entries have that are given an idle time. */
const LONG_MS = '50000000'
const OLD_MS = '1000000000'

function newest(random: Random): number {
  return newestTimes.get(random) ?? 1
}

function newId(random: Random): string {
  const time = newest(random) + random.below(2)
  newestTimes.set(random, time)
  if (random.chance(0.03)) return random.pick(RARE_NEW_IDS)
  if (random.chance(0.3)) return `${time}-*`
  return random.chance(0.3) ? String(time) : `${time}-${random.below(300)}`
}

function oldId(random: Random): string {
  const time = Math.max(0, newest(random) - random.below(30))
  const kind = random.next()
  if (kind < 0.04) return random.pick(RARE_IDS)
  if (kind < 0.5) return String(time)
  return `${time}-${random.chance(0.5) ? random.below(4) : random.below(300)}`
}

/** Not below any ID there has been: 7.0 lets XSETID go back. */
function risingId(random: Random): string {
  const time = newest(random) + 1
  newestTimes.set(random, time)
  return `${time}-${random.below(300)}`
}

function border(random: Random): string {
  if (random.chance(0.4)) return random.pick(['-', '+'])
  return `${random.chance(0.2) ? '(' : ''}${oldId(random)}`
}

const own: Generators = {
  ...generators,
  stream: random => `stream:${random.below(3)}`,
  anystream: random => (random.chance(0.9) ? `stream:${random.below(4)}` : random.pick(['key:1', 'hash:0', 'missing'])),
  /** Has no groups: its payload does not depend on the clock. */
  log: random => `log:${random.below(2)}`,
  group: random => random.pick(['g', 'g', 'g', 'h', '', 'nogroup']),
  consumer: random => random.pick(['alice', 'bob', 'carol', '']),
  newid: newId,
  oldid: oldId,
  risingid: risingId,
  border,
  threshold: random => (random.chance(0.95) ? String(random.below(60)) : generators.int(random)),
  /** Here counters end at 2^53. */
  counter: random =>
    random.chance(0.9) ? String(random.below(60)) : random.pick(['-1', '-2', 'x', '9007199254740000']),
  count: random => (random.chance(0.85) ? String(1 + random.below(12)) : generators.int(random)),
  /** No more than stock Redis has memory for. */
  claimcount: random =>
    random.chance(0.9) ? String(1 + random.below(12)) : random.pick(['0', '-1', 'x', '9223372036854775807']),
  minidle: random =>
    random.chance(0.9) ? random.pick(['0', LONG_MS]) : random.pick(['-1', 'x', '9223372036854775807', '']),
  idle: random => random.pick(['0', OLD_MS, OLD_MS, OLD_MS, '-5', 'x', '9223372036854775807']),
  time: random => random.pick(['0', '1000', '-1', '-2', '4102444800000', 'x']),
}

const TRIM = 'MAXLEN threshold|MAXLEN = threshold|MAXLEN ~ threshold|MINID oldid|MINID = oldid|MINID ~ oldid'
const ADD = `[NOMKSTREAM] [${TRIM}] [LIMIT count]`
const CLAIM = '[IDLE idle|TIME time] [RETRYCOUNT int] [FORCE] [JUSTID] [LASTID oldid]'
const GROUP = 'GROUP group consumer [COUNT count]'

const LINES = [
  'XADD stream newid A value',
  'XADD stream newid A value B value',
  'XADD stream newid field value {field value}*',
  `XADD anystream ${ADD} newid field value {field value}*`,
  'XADD log newid A value',
  `XADD log ${ADD} newid field value {field value}*`,
  'XLEN anystream',
  'XRANGE anystream border border [COUNT count]',
  'XREVRANGE anystream border border [COUNT count]',
  'XDEL anystream oldid+',
  'XDEL log oldid+',
  `XTRIM anystream {${TRIM}} [LIMIT count]`,
  `XTRIM log {${TRIM}} [LIMIT count]`,
  'XSETID anystream risingid [ENTRIESADDED counter] [MAXDELETEDID oldid]',
  'XSETID stream {X|-|risingid ENTRIESADDED -1|risingid MAXDELETEDID|1-1 MAXDELETEDID 1-2|risingid word}',
  'XREAD [COUNT count] [BLOCK 1] STREAMS anystream oldid',
  'XREAD [COUNT count] STREAMS {anystream stream oldid oldid|stream stream oldid oldid|log $|log >|stream|stream stream oldid}',
  `XREADGROUP ${GROUP} [BLOCK 1] [NOACK] STREAMS anystream >`,
  `XREADGROUP ${GROUP} [NOACK] STREAMS {stream stream > >|stream stream > oldid|anystream stream oldid >}`,
  `XREADGROUP ${GROUP} [NOACK] STREAMS {stream stream stream > 0 >|anystream oldid|anystream stream >}`,
  'XREADGROUP {GROUP group|COUNT 1 BLOCK 1|GROUP group consumer GROUP group consumer} STREAMS stream {>|$|oldid}',
  // Groups are on streams alone: whatever DUMP is asked for elsewhere does not depend on the clock.
  'XGROUP CREATE stream group {oldid|0|$} [MKSTREAM] [ENTRIESREAD counter]',
  'XGROUP CREATE ABSENT group {oldid|0|$} [ENTRIESREAD counter]',
  'XGROUP CREATE stream thegroup {0|$|oldid} MKSTREAM',
  'XGROUP SETID anystream group {oldid|0|$} [ENTRIESREAD counter]',
  'XGROUP {CREATE stream|CREATE stream group|CREATE stream group 0 ENTRIESREAD|CREATE stream group 0 word|SETID stream group 0 word}',
  'XGROUP {CREATE stream group 0 MKSTREAM MKSTREAM MKSTREAM MKSTREAM|SETID stream group 0 MKSTREAM|DESTROY stream group word|word stream}',
  'XGROUP DESTROY anystream group',
  'XGROUP CREATECONSUMER anystream group consumer',
  'XGROUP DELCONSUMER anystream group consumer',
  'XACK anystream group oldid+',
  'XPENDING anystream group',
  'XPENDING anystream group [IDLE minidle] border border count [consumer] [word]',
  `XCLAIM anystream group consumer minidle oldid+ ${CLAIM}`,
  `XCLAIM stream thegroup consumer 0 oldid+ ${CLAIM} [word]`,
  'XAUTOCLAIM anystream group consumer minidle border [COUNT claimcount] [JUSTID]',
  'XAUTOCLAIM stream thegroup consumer 0 - [COUNT claimcount] [JUSTID]',
  'XINFO STREAM anystream',
  'XINFO STREAM anystream FULL [COUNT count]',
  'XINFO GROUPS anystream',
  'XINFO CONSUMERS anystream group',
  'DUMP log',
  'DEBUG DIGEST-VALUE stream log',
  'OBJECT ENCODING stream',
  'COPY stream stream [REPLACE]',
  'RENAME stream stream',
  'COPY log log REPLACE',
  'TYPE anystream',
]
/** Now and then everything begins anew. */
const RARE = ['DEL stream', 'DEL log', 'UNLINK stream']
const RARE_SHARE = 0.01

const thegroup = (): string => 'g'
const makers = LINES.map(line => requestMaker(line, { ...own, thegroup }))
const rare = RARE.map(line => requestMaker(line, own))

export const streamMakers: readonly RequestMaker[] = [
  random => random.pick(random.chance(RARE_SHARE) ? rare : makers)(random),
]

/** Kept as they are written: with others they could wait for ever, for what is idle for just so long, or give other keys groups. */
export const UNMANGLED_STREAMS: readonly string[] = [
  ...['XREAD', 'XREADGROUP', 'XPENDING', 'XCLAIM', 'XAUTOCLAIM', 'XSETID', 'XGROUP', 'DEBUG'],
  ...[0, 1, 2].flatMap(i => [`COPY stream:${i}`, `RENAME stream:${i}`]),
]
