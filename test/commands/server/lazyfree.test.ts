import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { infoFields, until } from '../../interop/polling.js'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'

const OPTIONS = ['--save', '', '--hash-max-listpack-entries', '4']
const DIRECTIVES = ['expire', 'server-del', 'user-del', 'user-flush'].map(name => `lazyfree-lazy-${name}`)

function hash(key: string, fields: number): string[] {
  return ['HSET', key, ...Array.from({ length: fields }, (_, i) => [`f${i}`, 'v']).flat()]
}

let ours: RawClient

beforeAll(async () => {
  ours = await RawClient.connect((await startRedisTs(OPTIONS)).port)
})
afterAll(() => ours.close())
beforeEach(() => reset(ours))

async function reset(client: RawClient): Promise<void> {
  await client.pipeline([
    ['FLUSHALL', 'SYNC'],
    ...DIRECTIVES.map(name => ['CONFIG', 'SET', name, 'no']),
    ['CONFIG', 'RESETSTAT'],
  ])
}

/** INFO's count, once nothing waits to be freed any more. */
async function freed(client: RawClient): Promise<string | undefined> {
  let fields = new Map<string, string>()
  await until('nothing waits to be freed', async () => {
    fields = infoFields((await client.call('INFO', 'memory')).text ?? '')
    return fields.get('lazyfree_pending_objects') === '0'
  })
  return fields.get('lazyfreed_objects')
}

test('CONFIG RESETSTAT resets the count', async () => {
  await ours.pipeline([hash('h', 65), ['UNLINK', 'h']])
  expect(await freed(ours)).toBe('1')
  await ours.call('CONFIG', 'RESETSTAT')
  expect(await freed(ours)).toBe('0')
})

test('what a save under way still needs counts once it is freed', async () => {
  await ours.pipeline([hash('a', 1000), hash('b', 1000), ['BGSAVE'], ['UNLINK', 'a'], ['FLUSHDB', 'ASYNC']])
  await until('both are freed', async () => (await freed(ours)) === '2')
})

test('UNLINK gives the memory of a large hash back', async () => {
  const used = async (): Promise<number> =>
    Number(infoFields((await ours.call('INFO', 'memory')).text ?? '').get('used_memory_dataset'))
  const before = await used()
  await ours.pipeline(Array.from({ length: 600 }, (_, i) => hash(`h${i}`, 1000)))
  expect(await used()).toBeGreaterThan(before + 10_000_000)
  await ours.call('UNLINK', ...Array.from({ length: 600 }, (_, i) => `h${i}`))
  expect(await freed(ours)).toBe('600')
  expect(await used()).toBeLessThan(before + 10_000_000)
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  let stock: RawClient

  beforeAll(async () => {
    stock = await RawClient.connect((await startRedisServer(OPTIONS)).port)
    return () => stock.close()
  })
  beforeEach(() => reset(stock))

  test.each<[string, string[][]]>([
    ['UNLINK of 64 elements is not worth it', [hash('h', 64), ['UNLINK', 'h']]],
    ['UNLINK of more is', [hash('a', 65), hash('b', 1000), ['SET', 'c', 'x'], ['UNLINK', 'a', 'b', 'c']]],
    ['DEL', [hash('h', 65), ['DEL', 'h']]],
    ['DEL, user-del', [['CONFIG', 'SET', 'lazyfree-lazy-user-del', 'yes'], hash('h', 65), ['DEL', 'h']]],
    ['SET over it', [hash('h', 65), ['SET', 'h', 'x']]],
    [
      'SET over it, server-del',
      [['CONFIG', 'SET', 'lazyfree-lazy-server-del', 'yes'], hash('h', 65), ['SET', 'h', 'x']],
    ],
    [
      'RENAME over it, server-del',
      [['CONFIG', 'SET', 'lazyfree-lazy-server-del', 'yes'], hash('h', 65), ['SET', 'a', 'x'], ['RENAME', 'a', 'h']],
    ],
    ['EXPIRE in the past', [hash('h', 65), ['EXPIRE', 'h', '-1']]],
    [
      'EXPIRE in the past, expire',
      [['CONFIG', 'SET', 'lazyfree-lazy-expire', 'yes'], hash('h', 65), ['EXPIRE', 'h', '-1']],
    ],
    ['HDEL of the last field', [hash('h', 65), ['HDEL', ...hash('h', 65).slice(1)]]],
    ['FLUSHDB', [['SET', 'a', 'x'], hash('h', 65), ['FLUSHDB']]],
    ['FLUSHDB ASYNC', [['SET', 'a', 'x'], hash('h', 65), ['FLUSHDB', 'ASYNC']]],
    ['FLUSHDB, user-flush', [['CONFIG', 'SET', 'lazyfree-lazy-user-flush', 'yes'], ['SET', 'a', 'x'], ['FLUSHDB']]],
    [
      'FLUSHDB SYNC, user-flush',
      [
        ['CONFIG', 'SET', 'lazyfree-lazy-user-flush', 'yes'],
        ['SET', 'a', 'x'],
        ['FLUSHDB', 'SYNC'],
      ],
    ],
    [
      'FLUSHALL ASYNC',
      [['SET', 'a', 'x'], ['SELECT', '1'], hash('h', 65), ['SET', 'b', 'x'], ['FLUSHALL', 'ASYNC'], ['SELECT', '0']],
    ],
    ['FLUSHALL', [['SET', 'a', 'x'], ['FLUSHALL']]],
  ])('%s', async (_what, commands) => {
    await Promise.all([ours.pipeline(commands), stock.pipeline(commands)])
    expect(await freed(ours)).toBe(await freed(stock))
  })
})
