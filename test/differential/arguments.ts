/** Arguments for random requests: few keys, so that commands meet; values at the borders of what is allowed. */
import type { Random } from './random.js'
import type { Generators } from './syntax.js'

const INTEGERS = [
  '0',
  '1',
  '-1',
  '2',
  '7',
  '10',
  '100',
  '-100',
  '255',
  '256',
  '65535',
  '2147483647',
  '-2147483648',
  '2147483648',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '123456789012345678901',
  '01',
  '+1',
  ' 1',
  '1 ',
  '',
  'x',
  '1.5',
  '0x10',
  '1e3',
  '-0',
]
const FLOATS = [
  '0',
  '1',
  '-1',
  '1.5',
  '-2.25',
  '0.1',
  '3.0e3',
  '1e-7',
  '5.0e-324',
  '1e308',
  '1e400',
  'inf',
  '-inf',
  'nan',
  '123456789.123456789',
  '0x1p3',
  '1.',
  '.5',
  ' 1',
  '1 ',
  '',
  'x',
  '17179869184.000001',
  '-0',
  '1,5',
]
const WORDS = [
  '',
  'a',
  'hallo',
  'Hello World',
  'foobar',
  '\x01\x00\xff',
  '\r\n',
  'x'.repeat(44),
  'y'.repeat(45),
  '12',
  '-7',
]
const PATTERNS = [
  '*',
  'key:*',
  'key:?',
  'key:[0-4]',
  'key:[^1-3]',
  'k*y:1*',
  '\\k*',
  '[',
  'missing',
  '',
  '*:*:*',
  'key:1',
]

/** Far enough in the future that nothing expires during a run. */
const FUTURE_S = 4102444800

function small(random: Random): string {
  return String(random.below(40) - 8)
}

function bytes(random: Random, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += String.fromCharCode(random.below(256))
  return text
}

function value(random: Random): string {
  switch (random.below(8)) {
    case 0:
      return random.pick(INTEGERS)
    case 1:
      return String(random.below(2000) - 1000)
    case 2:
      return random.pick(FLOATS)
    case 3:
      return bytes(random, random.below(24))
    case 4:
      return random.chance(0.1) ? 'large '.repeat(100 + random.below(1200)) : random.pick(WORDS)
    default:
      return random.pick(WORDS)
  }
}

export function key(random: Random): string {
  return `key:${random.below(12)}`
}

export const generators: Generators = {
  key,
  hash: random => `hash:${random.below(4)}`,
  anykey: random => (random.chance(0.8) ? key(random) : random.pick(['hash:0', 'hash:1', 'missing', 'set:0', 'set:1'])),
  field: random => random.pick(['a', 'b', 'c', '', '1', '-5', `f${random.below(20)}`]),
  value,
  int: random => (random.chance(0.7) ? small(random) : random.pick(INTEGERS)),
  float: random => (random.chance(0.5) ? random.pick(FLOATS) : String(random.below(1000) / 8)),
  index: random => (random.chance(0.9) ? small(random) : random.pick(INTEGERS)),
  offset: random =>
    random.chance(0.95)
      ? String(random.below(300))
      : random.pick(['-1', '4294967295', '4294967296', 'x', '9223372036854775807']),
  bitoffset: random =>
    random.chance(0.9)
      ? `${random.chance(0.3) ? '#' : ''}${random.below(120)}`
      : random.pick(['-1', '#-1', '#', 'x', '4294967296', '#99999999999']),
  bit: random => random.pick(['0', '1', '1', '0', '2', 'x']),
  bittype: random =>
    random.pick([
      'u1',
      'u8',
      'i8',
      'u16',
      'i16',
      'i32',
      'u63',
      'i64',
      'u5',
      'i1',
      'i13',
      'u64',
      'i65',
      'u0',
      'x8',
      'i',
    ]),
  ttl: random =>
    random.chance(0.85)
      ? String(1_000_000 + random.below(1_000_000))
      : random.pick(['0', '-1', '-100', 'x', '', '9223372036854775807', '9223372036854775', '1.5']),
  ttlms: random =>
    random.chance(0.85)
      ? String(1_000_000_000 + random.below(1_000_000))
      : random.pick(['0', '-1', '-9223372036854775808', 'x', '9223372036854775807']),
  time: random =>
    random.chance(0.85)
      ? String(FUTURE_S + random.below(1_000_000))
      : random.pick(['0', '1', '-1', 'x', '9223372036854775807']),
  timems: random =>
    random.chance(0.85)
      ? String(FUTURE_S * 1000 + random.below(1_000_000))
      : random.pick(['0', '1', '-1', 'x', '9223372036854775807']),
  future: random => (random.chance(0.85) ? String(FUTURE_S + random.below(1_000_000)) : random.pick(['0', '-1', 'x'])),
  futurems: random =>
    random.chance(0.85) ? String(FUTURE_S * 1000 + random.below(1_000_000)) : random.pick(['0', '-1', 'x']),
  db: random => (random.chance(0.9) ? String(random.below(3)) : random.pick(['15', '16', '-1', 'x', '99999999999'])),
  pattern: random => random.pick(PATTERNS),
  word: random => random.pick(WORDS),
  type: random => random.pick(['string', 'hash', 'list', 'STRING', 'set', 'x']),
  channel: random => random.pick(['news', 'news.a', 'chat', '']),
  user: random => random.pick(['alice', 'bob', 'carol', 'nobody']),
  rule: random =>
    random.pick([
      'on',
      'off',
      'nopass',
      'resetpass',
      '>secret',
      '>other',
      '<secret',
      '<absent',
      '~key:*',
      '~*',
      'allkeys',
      'resetkeys',
      '%R~key:1*',
      '%W~key:2*',
      '%RW~x',
      '&news*',
      '&*',
      'allchannels',
      'resetchannels',
      '+@all',
      '-@all',
      '+@read',
      '-@write',
      '+get',
      '-get',
      '+set',
      '+config|get',
      '-config|set',
      '+client',
      '-client|kill',
      '+@string',
      '-@dangerous',
      'allcommands',
      'nocommands',
      'reset',
      'clearselectors',
      '(+get ~key:*)',
      '(+set %W~key:*)',
      '(bad)',
      '+nosuch',
      '+@nosuch',
      'x',
      '',
      '#zz',
      '+get|nosuch',
      '-config|nosuch',
      '+select|1',
      '+@hash',
      '-@keyspace',
      '+@connection',
      'sanitize-payload',
    ]),
  category: random =>
    random.pick(['string', 'hash', 'bitmap', 'keyspace', 'connection', 'transaction', 'pubsub', 'nosuch']),
  junktime: random =>
    random.pick(['', 'x', '0', '-1', '-100', '1.5', '01', ' 5', '9223372036854775808', 'NX', 'EX', 'hallo']),
  junk: random => (random.chance(0.4) ? random.pick(INTEGERS) : value(random)),
}
