/** What writers do while servers are killed: work in steps, each of which can be told from the data afterwards. */
import type { RawClient } from '../commands/raw-client.js'

/** Work of one writer, on keys that nobody else touches. A step is done whole, behind the one before it, or not at all. */
export interface Work {
  readonly name: string
  /** Database it is in. */
  readonly database: number
  /** Steps sent at once, at most. */
  readonly batch: number
  /** Pause between batches, in milliseconds. */
  readonly pauseMs: number
  /** Commands of the n-th step, counted from 0; it is done when the last one's reply is there. */
  step(n: number): string[][]
  /** How many steps the data shows. Throws when it is not exactly what so many steps make. */
  count(client: RawClient): Promise<number>
}

const FAR_MS = 4_000_000_000_000
const FLEETING_MS = 50
const BIG_KEYS = 3
const EXPIRING_KEYS = 100

const SEVERAL_KEYS = `
  redis.call('INCR', KEYS[1])
  redis.call('RPUSH', KEYS[2], ARGV[1])
  redis.call('ZADD', KEYS[3], ARGV[1], ARGV[1])
  redis.call('SETEX', KEYS[4], 1000000, ARGV[1])
  redis.call('XADD', KEYS[5], '*', 'n', ARGV[1])
  return redis.call('INCR', KEYS[1] .. ':again')`
const RANDOM_POPS = `
  redis.call('SADD', KEYS[1], ARGV[1])
  if ARGV[1] % 2 == 1 then redis.call('RPUSH', KEYS[2], redis.call('SPOP', KEYS[1])) end
  return redis.call('INCR', KEYS[3])`
const LIBRARY = `#!lua name=crashes
  redis.register_function('both', function(keys, args)
    redis.call('INCR', keys[1])
    redis.call('RPUSH', keys[2], args[1])
  end)`

/** All kinds of work there are. */
export function allWorks(): Work[] {
  return [
    work('counter', { step: () => [['INCR', 'counter']], count: c => number(c, 'GET', 'counter') }),
    work('list', { step: n => [['RPUSH', 'list', `${n}`]], count: c => range('list', c, 'LRANGE', 'list', '0', '-1') }),
    work('set', {
      step: n => [['SADD', 'set', `${n}`]],
      count: async c => inOrder('set', sorted(await words(c, 'SMEMBERS', 'set'))),
    }),
    work('hash', {
      step: n => [['HSET', 'hash', `${n}`, `${n}`]],
      count: async c => inOrder('hash', sorted(await words(c, 'HVALS', 'hash'))),
    }),
    work('zset', {
      step: n => [['ZADD', 'zset', `${n}`, `${n}`]],
      count: c => range('zset', c, 'ZRANGE', 'zset', '0', '-1'),
    }),
    work('stream', { step: n => [['XADD', 'stream', '*', 'n', `${n}`]], count: c => stream(c, 'stream') }),
    work('float', {
      step: () => [['INCRBYFLOAT', 'float', '0.5']],
      count: async c => (await number(c, 'GET', 'float')) * 2,
    }),
    work('database 7', { step: n => [['RPUSH', 'l', `${n}`]], count: c => range('7', c, 'LRANGE', 'l', '0', '-1') }, 7),
    transaction(),
    twoDatabases(),
    script(),
    functionCalls(),
    randomPops(),
    lastValues('expiring', EXPIRING_KEYS, 10, 2, n => [
      ['SET', `fleeting:${n % EXPIRING_KEYS}`, `${n}`, 'PX', `${1 + (n % FLEETING_MS)}`],
      ['SET', `expiring:${n % EXPIRING_KEYS}`, `${n}`, 'PXAT', `${FAR_MS + n}`],
    ]),
    lastValues('big', BIG_KEYS, 1, 60, n => [['SET', `big:${n % BIG_KEYS}`, bigValue(n)]]),
    ...queue(),
  ]
}

interface Doing {
  step(n: number): string[][]
  count(client: RawClient): Promise<number>
}

function work(name: string, { step, count }: Doing, database = 0, batch = 10, pauseMs = 2): Work {
  return { name, database, batch, pauseMs, step, count }
}

function transaction(): Work {
  const step = (n: number): string[][] => [
    ['MULTI'],
    ['INCR', 't:counter'],
    ['RPUSH', 't:list', `${n}`],
    ['HSET', 't:hash', `${n}`, `${n}`],
    ['SET', 't:last', `${n}`, 'EX', '1000000'],
    ['EXEC'],
  ]
  const count = async (c: RawClient): Promise<number> => {
    const counts = [
      await number(c, 'GET', 't:counter'),
      await range('t:list', c, 'LRANGE', 't:list', '0', '-1'),
      await number(c, 'HLEN', 't:hash'),
      (await number(c, 'GET', 't:last', -1)) + 1,
    ]
    return theSame('a transaction is torn', counts)
  }
  return work('transaction', { step, count })
}

function twoDatabases(): Work {
  const step = (n: number): string[][] => [
    ['MULTI'],
    ['RPUSH', 'two', `${n}`],
    ['SELECT', '5'],
    ['RPUSH', 'two', `${n}`],
    ['SELECT', '0'],
    ['EXEC'],
  ]
  const count = async (c: RawClient): Promise<number> => {
    const counts = [await range('two', c, 'LRANGE', 'two', '0', '-1')]
    await c.call('SELECT', '5')
    counts.push(await range('two', c, 'LRANGE', 'two', '0', '-1'))
    await c.call('SELECT', '0')
    return theSame('a transaction in two databases is torn', counts)
  }
  return work('two databases', { step, count })
}

function script(): Work {
  const keys = ['s:counter', 's:list', 's:zset', 's:last', 's:stream']
  const step = (n: number): string[][] => [['EVAL', SEVERAL_KEYS, '5', ...keys, `${n}`]]
  const count = async (c: RawClient): Promise<number> => {
    const counts = [
      await number(c, 'GET', 's:counter'),
      await number(c, 'GET', 's:counter:again'),
      await range('s:list', c, 'LRANGE', 's:list', '0', '-1'),
      await range('s:zset', c, 'ZRANGE', 's:zset', '0', '-1'),
      (await number(c, 'GET', 's:last', -1)) + 1,
      await stream(c, 's:stream'),
    ]
    return theSame('a script is torn', counts)
  }
  return work('script', { step, count })
}

function functionCalls(): Work {
  const call = (n: number): string[] => ['FCALL', 'both', '2', 'f:counter', 'f:list', `${n}`]
  const step = (n: number): string[][] => (n === 0 ? [['FUNCTION', 'LOAD', 'REPLACE', LIBRARY], call(n)] : [call(n)])
  const count = async (c: RawClient): Promise<number> =>
    theSame('a function is torn', [
      await number(c, 'GET', 'f:counter'),
      await range('f:list', c, 'LRANGE', 'f:list', '0', '-1'),
    ])
  return work('function', { step, count })
}

function randomPops(): Work {
  const step = (n: number): string[][] => [['EVAL', RANDOM_POPS, '3', 'p:set', 'p:popped', 'p:counter', `${n}`]]
  const count = async (c: RawClient): Promise<number> => {
    const there = [...(await words(c, 'SMEMBERS', 'p:set')), ...(await words(c, 'LRANGE', 'p:popped', '0', '-1'))]
    return theSame('SPOP', [inOrder('SPOP', sorted(there)), await number(c, 'GET', 'p:counter')])
  }
  return work('random pops', { step, count })
}

/** One writer pushes, another waits for what it pushes and moves it on: nothing may be in both lists, or in none. */
function queue(): Work[] {
  const lists = async (c: RawClient): Promise<[string[], string[]]> => {
    const [moved, waiting] = await Promise.all([
      words(c, 'LRANGE', 'moved', '0', '-1'),
      words(c, 'LRANGE', 'queue', '0', '-1'),
    ])
    inOrder('a queue', [...moved, ...waiting])
    return [moved, waiting]
  }
  const push = (n: number): string[][] => [['RPUSH', 'queue', `${n}`]]
  const move = (): string[][] => [['BLMOVE', 'queue', 'moved', 'LEFT', 'RIGHT', '0']]
  return [
    work('queue', { step: push, count: async c => (await lists(c)).flat().length }),
    work('worker', { step: move, count: async c => (await lists(c))[0].length }, 0, 1, 0),
  ]
}

/** Every step replaces a value, in one of some keys after another. */
function lastValues(name: string, keys: number, batch: number, pauseMs: number, step: Work['step']): Work {
  const count = async (c: RawClient): Promise<number> => {
    const names = Array.from({ length: keys }, (_, i) => `${name}:${i}`)
    const values = await words(c, 'MGET', ...names)
    const numbers = values.map(value => (value === '(null)' ? -1 : Number.parseInt(value, 10)))
    const steps = Math.max(...numbers) + 1
    for (let n = Math.max(0, steps - keys); n < steps; n++) {
      const expected = step(n).at(-1) ?? []
      if (values[n % keys] !== expected[2]) throw new Error(`${name}: the value of step ${n} is not there, of ${steps}`)
      if (expected[3] === undefined) continue
      const expiry = await number(c, 'PEXPIRETIME', names[n % keys])
      if (`${expiry}` !== expected[4]) throw new Error(`${name}: step ${n} expires at ${expiry}`)
      const leftMs = await number(c, 'PTTL', `fleeting:${n % keys}`)
      if (leftMs === -1 || leftMs > FLEETING_MS) throw new Error(`fleeting:${n % keys} stays for ${leftMs} ms`)
    }
    return steps
  }
  return { name, database: 0, batch, pauseMs, step, count }
}

function bigValue(n: number): string {
  return `${n}:`.padEnd(150_000 + ((n * 77_777) % 250_000), String.fromCharCode(97 + (n % 26)))
}

async function words(client: RawClient, ...command: string[]): Promise<string[]> {
  const { elements, text } = await client.call(...command)
  if (elements === null) throw new Error(`${command[0]} ${command[1]}: ${text}`)
  return elements.map(element => element.text ?? '(null)')
}

async function number(client: RawClient, command: string, key: string, otherwise = 0): Promise<number> {
  const { text, type } = await client.call(command, key)
  if (type === '-') throw new Error(`${command} ${key}: ${text}`)
  return text === null ? otherwise : Number(text)
}

async function range(what: string, client: RawClient, ...command: string[]): Promise<number> {
  return inOrder(what, await words(client, ...command))
}

async function stream(client: RawClient, key: string): Promise<number> {
  const { elements } = await client.call('XRANGE', key, '-', '+')
  const numbers = (elements ?? []).map(entry => entry.elements?.[1]?.elements?.[1]?.text ?? '')
  return inOrder(key, numbers)
}

function sorted(numbers: string[]): string[] {
  return numbers.sort((a, b) => Number(a) - Number(b))
}

/** Checks that these are 0, 1, 2, ...: nothing is missing, nothing is there twice. */
function inOrder(what: string, numbers: string[]): number {
  const wrong = numbers.findIndex((text, i) => text !== String(i))
  if (wrong >= 0) throw new Error(`${what}: ${numbers[wrong]} where ${wrong} has to be, of ${numbers.length}`)
  return numbers.length
}

function theSame(what: string, counts: number[]): number {
  if (counts.some(count => count !== counts[0])) throw new Error(`${what}: ${counts.join(', ')}`)
  return counts[0]
}
