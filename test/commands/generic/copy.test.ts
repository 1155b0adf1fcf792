import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes', '--hash-max-listpack-entries', '4']

let ours: RawClient

beforeAll(async () => {
  ours = await RawClient.connect((await startRedisTs(OPTIONS)).port)
})
afterAll(() => ours.close())
beforeEach(async () => {
  await ours.pipeline([['SELECT', '0'], ['FLUSHALL']])
})

async function text(...command: string[]): Promise<string | null> {
  return (await ours.call(...command)).text
}

test.each<[string, string[][]]>([
  ['an integer', [['SET', 'key', '5']]],
  ['a large integer', [['SET', 'key', '-9223372036854775807']]],
  ['a string', [['SET', 'key', 'text']]],
  ['a string that was appended to', [['APPEND', 'key', 'text']]],
  ['a long string', [['SET', 'key', 'x'.repeat(100_000)]]],
  ['a small hash', [['HSET', 'key', 'a', '1', 'b', '2']]],
  ['a hash in a Buffer', [['HSET', 'key', ...'abcd'.split('').flatMap(field => [field, 'v'.repeat(60)])]]],
  ['a large hash', [['HSET', 'key', ...Array.from({ length: 2000 }, (_, i) => [`f${i}`, `${i}`]).flat()]]],
])('copies %s, which is independent from then on', async (_what, commands) => {
  await ours.pipeline(commands)
  await ours.call('PEXPIREAT', 'key', '4000000000000')
  expect(await text('COPY', 'key', 'copy', 'DB', '3')).toBe('1')
  const [digest, encoding] = [await text('DEBUG', 'DIGEST-VALUE', 'key'), await text('OBJECT', 'ENCODING', 'key')]
  await ours.call('SELECT', '3')
  expect(await text('DEBUG', 'DIGEST-VALUE', 'copy')).toBe(digest)
  expect(await text('OBJECT', 'ENCODING', 'copy')).toBe(encoding)
  expect(await text('PEXPIRETIME', 'copy')).toBe('4000000000000')
  await ours.pipeline([
    ['APPEND', 'copy', 'x'],
    ['HSET', 'copy', 'a', 'changed', 'f0', 'changed'],
    ['DEL', 'copy'],
    ['SELECT', '0'],
  ])
  expect(await text('DEBUG', 'DIGEST-VALUE', 'key')).toBe(digest)
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  const key = fc.constantFrom('a', 'b', 'h', 'missing')
  const option = fc.constantFrom<string[]>(
    ['REPLACE'],
    ['replace'],
    ['DB', '0'],
    ['db', '1'],
    ['DB', '16'],
    ['DB', '-1'],
    ['DB', 'x'],
    ['DB', '99999999999'],
    ['DB'],
    ['NONSENSE'],
  )
  const command: fc.Arbitrary<string[]> = fc.oneof(
    { weight: 2, arbitrary: key.map((k): string[] => ['SET', k, 'value', 'PXAT', '4000000000000']) },
    { weight: 2, arbitrary: fc.tuple(key, fc.nat(9)).map(([k, n]): string[] => ['HSET', k, `f${n}`, `${n}`]) },
    {
      weight: 6,
      arbitrary: fc
        .tuple(key, key, fc.array(option, { maxLength: 2 }))
        .map(([from, to, options]): string[] => ['COPY', from, to, ...options.flat()]),
    },
    { weight: 1, arbitrary: fc.constantFrom('0', '1').map((n): string[] => ['SELECT', n]) },
    { weight: 1, arbitrary: key.map((k): string[] => ['DEL', k]) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom('TYPE', 'PEXPIRETIME', 'HLEN'), key).map((w): string[] => [...w]),
    },
  )

  test('the same commands give the same replies', async () => {
    const stock = await RawClient.connect((await startRedisServer(OPTIONS)).port)
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 60 }), async words => {
        const all = [['SELECT', '0'], ['FLUSHALL'], ...words, ['DBSIZE'], ['DEBUG', 'DIGEST']]
        const [mine, theirs] = await Promise.all([ours.pipeline(all), stock.pipeline(all)])
        for (const [i, each] of all.entries()) {
          expect({ command: each, reply: mine[i] }).toEqual({ command: each, reply: theirs[i] })
        }
      }),
      { numRuns: 150 },
    )
    stock.close()
  })
})
