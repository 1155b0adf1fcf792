import { RawClient } from '../commands/raw-client.js'
import { info, until } from './polling.js'

const BATCH = 50
const LASTING_KEYS = 300

/** Sends requests in batches of some size. */
export async function fill(port: number, commands: readonly (readonly string[])[]): Promise<void> {
  const client = await RawClient.connect(port)
  for (let i = 0; i < commands.length; i += 1000) {
    for (const reply of await client.pipeline(commands.slice(i, i + 1000))) {
      if (reply.type === '-') throw new Error(reply.text ?? 'error')
    }
  }
  client.close()
}

/** HSET commands that make a hash of so many fields. */
export function largeHash(key: string, fields: number): string[][] {
  const commands: string[][] = []
  for (let i = 0; i < fields; ) {
    const command = ['HSET', key]
    for (let n = 0; n < 200 && i < fields; n++, i++) command.push(`field:${i}`, `value ${i * 7}`)
    commands.push(command)
  }
  return commands
}

/** Commands that make a list, a set and a sorted set of so many elements each. */
export function largeAggregates(elements: number): string[][] {
  const commands: string[][] = []
  for (let i = 0; i < elements; i += 200) {
    const names = Array.from({ length: Math.min(200, elements - i) }, (_, n) => `element ${i + n}`)
    commands.push(['RPUSH', 'large list', ...names], ['SADD', 'large set', ...names])
    commands.push(['ZADD', 'large zset', ...names.flatMap((name, n) => [String(((i + n) * 7919) % 5000), name])])
  }
  return commands
}

/** One of everything there is: numbers, texts, big values, expiries far and near, small and large hashes, two databases. */
export function sampleData(): string[][] {
  const commands: string[][] = []
  for (let i = 0; i < 2000; i++) commands.push(['SET', `text:${i}`, `value of ${i} `.repeat((i % 20) + 1)])
  for (let i = 0; i < 500; i++) commands.push(['SET', `number:${i}`, String(i ** 4 * (i % 2 === 0 ? 1 : -1))])
  for (let i = 0; i < LASTING_KEYS; i++) commands.push(['SET', `lasting:${i}`, 'x', 'EX', '10000'])
  for (let i = 0; i < 300; i++) commands.push(['SET', `fleeting:${i}`, 'x', 'PX', String(100 + i)])
  for (let i = 0; i < 200; i++) commands.push(['HSET', `hash:${i}`, 'a', String(i), 'b', 'text', `field ${i}`, '-1'])
  let random = 1
  const noise = Array.from({ length: 1 << 20 }, () => {
    random = (random * 1103515245 + 12345) % 2147483648
    return String.fromCharCode(random >> 23)
  }).join('')
  commands.push(['SET', 'big:noise', noise], ['SET', 'big:even', 'y'.repeat(1 << 20)])
  commands.push(...largeHash('large', 10_000))
  commands.push(...largeAggregates(6000))
  for (let i = 0; i < 100; i++) {
    commands.push(['RPUSH', `list:${i}`, 'a', String(i), `element ${i}`, ''])
    commands.push(['SADD', `set:${i}`, 'a', String(i), '-7'], ['SADD', `intset:${i}`, '1', String(i * 1000), '-70000'])
    commands.push(['ZADD', `zset:${i}`, '1', 'a', String(i / 8), 'b', '-inf', 'c'])
  }
  commands.push(['SELECT', '9'], ['SET', 'other', 'database'], ['HSET', 'small', 'f', 'v'], ['SELECT', '0'])
  return commands
}

/**
 * Waits until the short-lived keys of the sample data and the traffic are deleted on the master, and not only hidden: from
 * then on their deletions are in the stream.
 */
export function fleetingGone(master: number): Promise<void> {
  return until('only the lasting expiries are left', async () => {
    return (await info(master, 'keyspace')).get('db0')?.includes(`expires=${LASTING_KEYS},`) === true
  })
}

/** Writes of all kinds, one batch after another, until it is stopped. */
export class Traffic {
  /** Batches that have been answered. */
  batches = 0
  private readonly port: number
  private stopping = false
  private readonly ended: Promise<void>
  private problem: string | null = null

  constructor(port: number) {
    this.port = port
    this.ended = this.run()
  }

  /** Resolves when the last batch has been answered; rejects with the first error reply. */
  async stop(): Promise<void> {
    this.stopping = true
    await this.ended
    if (this.problem !== null) throw new Error(this.problem)
  }

  private async run(): Promise<void> {
    const client = await RawClient.connect(this.port)
    for (const reply of await client.pipeline(largeAggregates(2000))) if (reply.type === '-') this.problem = reply.text
    let n = 0
    while (!this.stopping && this.problem === null) {
      const commands: string[][] = []
      while (commands.length < BATCH) commands.push(...this.writes(n++))
      for (const reply of await client.pipeline(commands)) if (reply.type === '-') this.problem = reply.text
      this.batches++
    }
    client.close()
  }

  private writes(n: number): string[][] {
    const i = (n * 7919) % 2000
    switch (n % 14) {
      case 0:
        return [['SET', `text:${i}`, `changed ${n}`]]
      case 1:
        return [['INCR', 'counter']]
      case 2:
        return [['HSET', 'large', `field:${(n * 31) % 12000}`, `changed ${n}`]]
      case 3:
        return [['DEL', `text:${i}`]]
      case 4:
        return [['MULTI'], ['INCRBY', 'sum', String(i)], ['HINCRBY', 'sums', `of:${i % 50}`, '3'], ['EXEC']]
      case 5:
        return [['APPEND', `text:${i}`, 'more']]
      case 6:
        return [['SET', `fleeting:${i}`, 'x', 'PX', String(1 + (n % 300))]]
      case 7:
        return [
          ['HDEL', 'large', `field:${(n * 17) % 12000}`],
          ['HSET', `hash:${i % 200}`, `f${n % 200}`, String(n)],
        ]
      case 8:
        return [
          ['LPUSH', 'large list', `head ${n}`],
          ['RPUSH', 'large list', `tail ${n}`, 'x'.repeat(n % 300)],
          ['LSET', 'large list', String(n % 1000), `set ${n}`],
          ['LINSERT', 'large list', 'AFTER', `set ${n}`, `inserted ${n}`],
          ['RPOP', 'large list', '2'],
          ['LMOVE', 'large list', `list:${i % 100}`, 'LEFT', 'RIGHT'],
        ]
      case 9:
        return [
          ['SADD', 'large set', `added ${n}`, String(n)],
          ['SREM', 'large set', `element ${(n * 17) % 6000}`],
          ['SPOP', 'large set'],
          ['SADD', `intset:${i % 100}`, String(n * 3000)],
          ['SPOP', `set:${i % 100}`, '2'],
          ['SUNIONSTORE', 'union', `set:${i % 100}`, `intset:${i % 100}`],
        ]
      case 10:
        return [
          ['ZADD', 'large zset', String(n / 16), `added ${n}`],
          ['ZINCRBY', 'large zset', '0.125', `element ${(n * 31) % 6000}`],
          ['ZREM', 'large zset', `element ${(n * 17) % 6000}`],
          ['ZPOPMIN', 'large zset'],
          ['ZADD', `zset:${i % 100}`, 'GT', 'CH', String(n), 'a'],
          ['ZUNIONSTORE', 'zunion', '2', `zset:${i % 100}`, 'zset:1', 'WEIGHTS', '2', '3'],
        ]
      case 11:
        return [
          ['DEL', `list:${i % 100}`],
          ['RPUSH', `list:${i % 100}`, ...Array.from({ length: n % 200 }, (_, e) => `again ${e}`), 'last'],
          ['LTRIM', `list:${i % 100}`, '1', '-2'],
          ['LREM', 'large list', '1', 'x'],
        ]
      case 12:
        return [
          ['SELECT', '9'],
          ['INCRBYFLOAT', 'float', '0.25'],
          ['SELECT', '0'],
        ]
      default:
        return [
          ['EXPIRE', `lasting:${i % LASTING_KEYS}`, '5000'],
          ['RENAME', 'counter', 'counter'],
          ['MSET', 'm1', `${n}`, 'm2', 'z'],
        ]
    }
  }
}
