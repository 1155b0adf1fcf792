import { RawClient } from '../commands/raw-client.js'

/** Numbers that look random and are the same every time: mulberry32. */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Bytes that do not compress, one character each. */
export function noise(random: () => number, length: number): string {
  return Array.from({ length }, () => String.fromCharCode(random() * 256)).join('')
}

const DAY_MS = 86_400_000

/** Commands that make values of every kind and encoding, with and without expiry, in databases 0, 3 and 9. */
export function everyKind(random: () => number, bigHashFields: number): string[][] {
  const commands: string[][] = [['FLUSHALL']]
  const later = String(Date.now() + 30 * DAY_MS)
  for (const database of ['9', '3', '0']) {
    commands.push(['SELECT', database])
    for (const integer of [
      '0',
      '-1',
      '127',
      '-32768',
      '2147483647',
      '-2147483649',
      '9007199254740993',
      '-9223372036854775808',
    ]) {
      commands.push(['SET', `integer:${integer}`, integer])
    }
    commands.push(['SET', '', 'empty key'], ['SET', 'empty', ''], ['SET', '\0\r\n\xff', '\0\r\n\xff'])
    for (const length of [1, 44, 45, 63, 64, 500, 4096, 4097, 16383, 16384, 100_000]) {
      commands.push(['SET', `noise:${length}`, noise(random, length)])
      commands.push(['SET', `text:${length}`, 'abc '.repeat(length).slice(0, length), 'PXAT', later])
    }
    commands.push(['SET', 'raw', 'x'], ['APPEND', 'raw', 'yz'], ['APPEND', 'noise:4096', noise(random, 5000)])
    commands.push(['HSET', 'small', 'a', '1', 'b', 'text', '', '', '-5', '9223372036854775807'])
    commands.push(['HSET', 'small:expires', 'field', 'value'], ['PEXPIREAT', 'small:expires', later])
    commands.push(['HSET', 'long value', 'field', noise(random, 6000), 'other', 'v'.repeat(65)])
    for (const name of ['big', 'big:expires']) {
      for (let at = 0; at < bigHashFields; at += 500) {
        const pairs: string[] = []
        for (let i = at; i < Math.min(bigHashFields, at + 500); i++)
          pairs.push(`field:${i}`, i % 3 === 0 ? String(i) : `value:${i}`)
        commands.push(['HSET', name, ...pairs])
      }
    }
    commands.push(['PEXPIREAT', 'big:expires', later])
    const words = (count: number): string[] => Array.from({ length: count }, (_, i) => `element ${i}`)
    commands.push(
      ['RPUSH', 'list', 'a', '1', '-70000', ''],
      ['RPUSH', 'list:nodes', ...words(1500), noise(random, 9000)],
    )
    commands.push(['SADD', 'set', 'a', '1', 'b'], ['SADD', 'set:integers', '1', '-70000', '5000000000'])
    commands.push(['SADD', 'set:large', ...words(600), noise(random, 9000)])
    commands.push(['ZADD', 'zset', '1', 'a', '-2.5', 'b', 'inf', 'c', '7', '12'])
    commands.push(['ZADD', 'zset:large', ...words(600).flatMap((word, i) => [String(i / 4), word])])
  }
  return commands
}

export async function withClient<T>(port: number, use: (client: RawClient) => Promise<T>): Promise<T> {
  const client = await RawClient.connect(port)
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

/** One command's reply as text. */
export function ask(port: number, ...args: string[]): Promise<string | null> {
  return withClient(port, async client => (await client.call(...args)).text)
}

/** DEBUG DIGEST: the same on two servers when they hold the same data. */
export async function digest(port: number): Promise<string> {
  const text = await ask(port, 'DEBUG', 'DIGEST')
  if (!/^[0-9a-f]{40}$/.test(text ?? '')) throw new Error(`DEBUG DIGEST: ${text}`)
  return text ?? ''
}

/** INFO's fields. */
export async function info(port: number, section: string): Promise<Map<string, string>> {
  const text = (await ask(port, 'INFO', section)) ?? ''
  return new Map([...text.matchAll(/^(\w+):(.*)\r$/gm)].map(([, name, value]) => [name, value]))
}
