/** Random requests of a few connections: good ones, bad ones, and all that changes how what follows is taken. */
import fc from 'fast-check'
import { resp } from './wire.js'

/** Stands for the connection's own id. */
export const OWN_ID = '@own-id@'
/** Passwords that the requests know. */
export const PASSWORDS = ['first', 'second'] as const
/** The password of the user "limited", who may use some keys only. */
export const LIMITED = 'third'
export const CONNECTIONS = 3
const HTTP_WORDS = ['POST', 'Host:'] as const

/** A request: its words, or bytes that are no such thing. */
export type StreamRequest = { readonly words: readonly string[]; readonly inline?: boolean } | { readonly raw: string }

/** What one connection sends before another has its turn. */
export interface Burst {
  readonly connection: number
  readonly requests: readonly StreamRequest[]
  /** Where its bytes are cut, in thousandths of their length. */
  readonly cuts: readonly number[]
  /** Bytes at its end that are no whole request, or none. */
  readonly rest: string
}

export interface Streams {
  /** requirepass as it begins; '' for none. */
  readonly password: string
  readonly bursts: readonly Burst[]
}

/** A request's bytes, of a client with this id. */
export function encoded(request: StreamRequest, id: string): string {
  if ('raw' in request) return request.raw
  const words = request.words.map(word => (word === OWN_ID ? id : word))
  return request.inline === true ? `${words.map(quoted).join(' ')}\r\n` : resp(...words)
}

/** Whether the server ends the connection at once, as one that speaks HTTP. */
export function isHttp(request: StreamRequest): boolean {
  return 'words' in request && HTTP_WORDS.some(word => word === request.words[0])
}

function quoted(word: string): string {
  return /^[\w:.-]+$/.test(word) ? word : `"${word.replace(/[\\"]/g, '\\$&')}"`
}

const key = fc.nat(11).map(n => `k${n}`)
const hash = fc.nat(3).map(n => `h${n}`)
const wideKey = fc.nat(149).map(n => `w${n}`)
const field = fc.nat(149).map(n => `f${n}`)
const value = fc.oneof(
  { weight: 4, arbitrary: fc.nat(1000).map(String) },
  { weight: 2, arbitrary: fc.constantFrom('', 'text', 'with space', 'v'.repeat(70), 'v'.repeat(5000)) },
  { weight: 1, arbitrary: fc.constantFrom('\r\n', '\0\xff', '*1\r\n$4\r\nPING\r\n') },
)
/** Large ones: beyond what may be sent before login, beyond a read, beyond proto-max-bulk-len at its least. */
const largeValue = fc
  .oneof(
    { weight: 8, arbitrary: fc.constantFrom(16_384, 16_385, 40_000, 65_536, 70_000, 200_000) },
    { weight: 1, arbitrary: fc.constantFrom(1_048_576, 1_048_577) },
  )
  .map(length => 'L'.repeat(length))
/** Long after these tests, and long before. */
const moment = fc.constantFrom('4000000000000', '4100000000000', '1000')

function words(...parts: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string[]> {
  return fc.tuple(...parts.map(part => (typeof part === 'string' ? fc.constant(part) : part)))
}

function list(name: string, first: readonly fc.Arbitrary<string>[], each: readonly fc.Arbitrary<string>[]) {
  const many = fc.array(fc.tuple(...each), { minLength: 1, maxLength: 100, size: 'max' })
  return fc.tuple(fc.tuple(...first), many).map(([head, rest]) => [name, ...head, ...rest.flat()])
}

const brief = fc.oneof(
  words('GET', key),
  words('FETCH', key),
  words('SET', key, value),
  words('SET', key, value, 'PXAT', moment),
  words('SET', key, value, fc.constantFrom('NX', 'XX', 'GET', 'KEEPTTL', 'what')),
  words('SETNX', key, value),
  words('INCR', key),
  words('DECRBY', key, value),
  words('STRLEN', key),
  words('MEASURE', key),
  words('APPEND', key, value),
  words('EXISTS', key),
  words('DEL', key),
  words('PEXPIREAT', key, moment),
  words('PERSIST', key),
  words('RENAME', key, key),
  words('COPY', key, key, 'REPLACE'),
  words('GETRANGE', key, '0', '-3'),
  words('SETRANGE', key, '3', value),
  words('TYPE', fc.oneof(key, hash)),
  words('HSET', hash, field, value),
  words('HGET', fc.oneof(key, hash), field),
  words('HLEN', fc.oneof(key, hash)),
  words('HEXISTS', hash, field),
  words('HINCRBY', hash, field, '7'),
  words('PING'),
  words('PING', value),
)

const wide = fc.oneof(
  list('MGET', [], [wideKey]),
  list('MSET', [], [wideKey, value]),
  list('MSETNX', [], [fc.oneof(wideKey, key), value]),
  list('DEL', [], [wideKey]),
  list('UNLINK', [], [wideKey]),
  list('EXISTS', [], [wideKey]),
  list('TOUCH', [], [wideKey]),
  list('HSET', [hash], [field, value]),
  list('HSET', [hash], [field, fc.constantFrom('1', '2', 'v'.repeat(65))]),
  list('HMSET', [hash], [field, value]),
  list('HMGET', [hash], [field]),
  list('HDEL', [hash], [field]),
  // An odd number of arguments.
  list('MSET', [value], [wideKey, value]),
  list('HSET', [], [hash, field]),
)

const password = fc.constantFrom(...PASSWORDS, LIMITED, '')
const session = fc.oneof(
  { weight: 3, arbitrary: words('AUTH', password) },
  words('AUTH', 'limited', fc.constantFrom(LIMITED, 'wrong')),
  words('AUTH', 'default', password),
  words('HELLO'),
  { weight: 2, arbitrary: words('HELLO', fc.constantFrom('2', '3', '3', '4')) },
  words('HELLO', '3', 'AUTH', fc.constantFrom('default', 'limited'), password),
  { weight: 4, arbitrary: words('SELECT', fc.constantFrom('0', '1', '2', '99')) },
  { weight: 3, arbitrary: words('MULTI') },
  { weight: 3, arbitrary: words('EXEC') },
  words('DISCARD'),
  words('WATCH', key, wideKey),
  words('UNWATCH'),
  words('CLIENT', 'REPLY', fc.constantFrom('ON', 'ON', 'OFF', 'SKIP', 'SKIP')),
  words('CLIENT', 'SETNAME', fc.constantFrom('a', 'b c')),
  words('CLIENT', 'NO-TOUCH', fc.constantFrom('ON', 'OFF')),
  words('CLIENT', 'TRACKING', fc.constantFrom('ON', 'OFF')),
  words('SUBSCRIBE', 'c1', 'c2'),
  words('PSUBSCRIBE', 'c*'),
  words('UNSUBSCRIBE'),
  words('PUNSUBSCRIBE'),
  { weight: 2, arbitrary: words('PUBLISH', fc.constantFrom('c1', 'c2', 'd'), value) },
  { weight: 2, arbitrary: words('RESET') },
)

const slow = fc.oneof(
  words('DEBUG', 'SLEEP', fc.constantFrom('0.001', '0.005')),
  words('WAIT', fc.constantFrom('0', '2'), '3'),
  words('CLIENT', 'PAUSE', '60000', 'WRITE'),
  words('CLIENT', 'PAUSE', '10', 'ALL'),
  words('CLIENT', 'UNPAUSE'),
  words('MIGRATE', '127.0.0.1', '1', key, '0', '500'),
  words('FLUSHDB'),
  words('SWAPDB', '0', '1'),
)

const settings = fc.oneof(
  words('CONFIG', 'SET', 'requirepass', fc.constantFrom('', ...PASSWORDS)),
  words('CONFIG', 'SET', 'proto-max-bulk-len', fc.constantFrom('1048576', '536870912')),
  words('CONFIG', 'SET', 'hash-max-listpack-entries', fc.constantFrom('4', '128')),
)

const refused = fc.oneof(
  words('NOSUCH', value),
  words('GET'),
  words('GET', key, key),
  words('CLIENT', 'NOSUCH'),
  words('HLEN', hash, field),
  words('CONFIG'),
  words('', ''),
  fc.tuple(fc.constantFrom('SET', 'NOSUCH'), key, largeValue),
  // Beyond what may be sent before login.
  fc.constant(['MGET', ...Array.from({ length: 10 }, (_, i) => `k${i}`)]),
  fc.constant(['PING', 'x'.repeat(16_385)]),
)

const farewells = fc.oneof(
  words('QUIT'),
  words('CLIENT', 'KILL', 'ID', OWN_ID, 'SKIPME', 'no'),
  words(HTTP_WORDS[0]),
  words(HTTP_WORDS[1], 'example.org'),
)

const raw = (...texts: string[]) => fc.constantFrom(...texts).map(text => ({ raw: text }))
const empty = raw('\r\n', '\n', '*0\r\n', '*-1\r\n', '   \r\n')
const broken = raw(
  '*x\r\n',
  '*1\r\n:4\r\nPING\r\n',
  '*1\r\n$-1\r\n',
  '*2\r\n$3\r\nGET\r\n$536870913\r\n',
  '*2147483648\r\n',
  'SET "k\r\n',
)

const whole = fc.oneof(
  { weight: 40, arbitrary: brief },
  { weight: 8, arbitrary: wide },
  { weight: 10, arbitrary: session },
  { weight: 2, arbitrary: slow },
  { weight: 1, arbitrary: settings },
  { weight: 3, arbitrary: refused },
)
const inBytes = whole.map(each => ({ words: each }))
const inLines = brief
  .filter(each => each.every(word => /^[ -~]*$/.test(word) && word.length < 1000))
  .map(each => ({ words: each, inline: true }))

const sent = (...requests: string[][]): StreamRequest[] => requests.map(each => ({ words: each }))
const limit = (bytes: string) => ['CONFIG', 'SET', 'proto-max-bulk-len', bytes]
const tooLarge = ['SET', 'k1', 'L'.repeat(1_048_577)]

/** What is rare by chance: what one request does to those behind it that have come with it. */
const scenes: readonly StreamRequest[][] = [
  // A key that is gone when it is read.
  sent(['SET', 'fleeting', 'x', 'PX', '1'], ['DEBUG', 'SLEEP', '0.01'], ['GET', 'fleeting'], ['DEL', 'fleeting']),
  // A long reply, given in pieces.
  sent(
    ['HSET', 'long', ...Array.from({ length: 100 }, (_, i) => [`f${i}`, 'v'.repeat(700)]).flat()],
    ['HVALS', 'long'],
    ['PING', 'behind'],
  ),
  sent(['CLIENT', 'PAUSE', '60000', 'WRITE'], ['GET', 'k1'], ['SET', 'k1', 'p'], ['GET', 'k1'], ['INCR', 'k2']),
  sent(['MULTI'], ['SET', 'k1', '1'], ['HSET', 'h0', 'f1', '1'], ['INCR', 'k1'], ['EXEC']),
  sent(['RESET'], ['AUTH', 'first'], ['SET', 'k1', 'again']),
  sent(['RESET'], ['PING', 'x'.repeat(16_385)]),
  sent(['AUTH', 'first'], ['PING', 'x'.repeat(16_385)]),
  sent(limit('1048576'), tooLarge),
  sent(['MULTI'], limit('1048576'), ['EXEC'], tooLarge),
  sent(limit('1048576'), ['GET', 'k1'], limit('536870912'), tooLarge),
  // One alone between two that are empty, in the place of one that had a key.
  [...sent(['GET', 'k1']), { raw: '\r\n' }, { words: ['INCR', 'k2'], inline: true }, { raw: '\r\n' }],
  // The next one has come in part when this one has to wait, or ends the connection.
  sent(['WAIT', '2', '3'], ['SET', 'k1', 'L'.repeat(70_000)], ['GET', 'k1']),
  sent(['QUIT'], ['SET', 'k1', 'L'.repeat(70_000)]),
]
const scene = fc.constantFrom(...scenes)

const step: fc.Arbitrary<readonly StreamRequest[]> = fc.oneof(
  { weight: 160, arbitrary: inBytes.map(request => [request]) },
  { weight: 12, arbitrary: inLines.map(request => [request]) },
  { weight: 6, arbitrary: empty.map(request => [request]) },
  { weight: 8, arbitrary: scene },
  {
    weight: 1,
    arbitrary: fc
      .oneof(
        broken,
        farewells.map(each => ({ words: each })),
      )
      .map(request => [request]),
  },
)

const burst: fc.Arbitrary<Burst> = fc.record({
  connection: fc.nat(CONNECTIONS - 1),
  requests: fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }).map(steps => steps.flat()),
  cuts: fc.array(fc.nat(999), { maxLength: 5, size: 'max' }),
  rest: fc.oneof(
    { weight: 12, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom('*2\r\n$3\r\nGET\r\n$5\r\nab', 'GET k', '*', '*1\r\n$100000\r\nxyz') },
  ),
})

export const streams: fc.Arbitrary<Streams> = fc.record({
  password: fc.constantFrom('', '', PASSWORDS[0]),
  bursts: fc.array(burst, { minLength: 1, maxLength: 8, size: 'max' }),
})
