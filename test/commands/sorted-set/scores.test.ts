import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'

const OPTIONS = ['--save', '', '--zset-max-listpack-entries', '3']

let ours: RawClient

beforeAll(async () => {
  ours = await RawClient.connect((await startRedisTs(OPTIONS)).port)
})
afterAll(() => ours.close())

/** Texts that are numbers, nearly, or not at all. */
const scoreText = fc.oneof(
  fc.double({ noNaN: true }).map(String),
  fc.double().map(value => value.toExponential()),
  fc.integer().map(value => `0x${(value >>> 0).toString(16)}.8p-3`),
  fc.string({ unit: fc.constantFrom(...'0123456789+-.eExXpPinfaINFA_ '), maxLength: 10 }),
  fc.constantFrom('inf', '+inf', '-Infinity', 'INFINITY', 'nan', '-nan', 'NaN(1)', '', ' 1', '1 ', '\t1', '1\0'),
  fc.constantFrom(
    '1e308',
    '1e309',
    '-1e400',
    '4.9e-324',
    '2e-324',
    '1e-400',
    '0e999',
    '9007199254740993',
    '00012',
    '1_0',
  ),
  fc.tuple(fc.constantFrom('9', '1', '5'), fc.nat(400)).map(([digit, zeros]) => `${digit}${'0'.repeat(zeros)}.5`),
)

describe('what is a score', requireStock('redis-server'), () => {
  let theirs: RawClient

  beforeAll(async () => {
    theirs = await RawClient.connect((await startRedisServer(OPTIONS)).port)
  })
  afterAll(() => theirs.close())

  test('is what redis-server takes for one, with the same value', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(scoreText, { minLength: 1, maxLength: 30 }), async scores => {
        const commands = scores.flatMap(score => [
          ['ZADD', 'key', score, 'member'],
          ['ZSCORE', 'key', 'member'],
        ])
        const all = [['DEL', 'key'], ...commands]
        const [our, their] = await Promise.all([ours.pipeline(all), theirs.pipeline(all)])
        all.forEach((command, i) => {
          if (command[0] === 'ZSCORE') {
            // 7.0 writes all 17 digits.
            const value = (text: string | null): number => Number((text ?? 'NaN').replace('inf', 'Infinity'))
            expect(value(our[i].text), all[i - 1][2]).toBe(value(their[i].text))
          } else expect({ command, reply: our[i] }).toEqual({ command, reply: their[i] })
        })
      }),
      { numRuns: 200 },
    )
  })

  test('as the end of a range is what redis-server takes for one', async () => {
    const members = [-1e300, -1, -0.5, 0, 0.5, 1, 255, 1e300].flatMap((score, i) => [String(score), `m${i}`])
    const open = fc.constantFrom('', '(')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(open, scoreText, open, scoreText), { maxLength: 30 }), async ranges => {
        const commands = ranges.map(([a, min, b, max]) => ['ZRANGEBYSCORE', 'key', a + min, b + max])
        const all = [['DEL', 'key'], ['ZADD', 'key', ...members], ...commands]
        const [our, their] = await Promise.all([ours.pipeline(all), theirs.pipeline(all)])
        all.forEach((command, i) => {
          expect({ command, reply: our[i] }).toEqual({ command, reply: their[i] })
        })
      }),
      { numRuns: 200 },
    )
  })
})

describe.each([
  ['a listpack', 1],
  ['a large sorted set', 10],
])('a score of %s', (_, others) => {
  const SCORES = [
    '0.1',
    '1e17',
    '1e22',
    '4611686018427387904',
    '-0.00001',
    '1e-7',
    '123456789.125',
    '3e0',
    '91699.40769',
  ]
  const SHOWN = [
    '0.1',
    '100000000000000000',
    '1e+22',
    '4611686018427387904',
    '-0.00001',
    '1e-7',
    '123456789.125',
    '3',
    '9.169940768999999e+4',
  ]

  test.each(['2', '3'])('is written as Redis 7.2 does in RESP%s', async resp => {
    await ours.call('HELLO', resp)
    for (const [i, score] of SCORES.entries()) {
      await ours.call('DEL', 'key')
      for (let other = 0; other < others; other++) await ours.call('ZADD', 'key', 'inf', `other ${other}`)
      await ours.call('ZADD', 'key', score, 'member')
      const shown = SHOWN[i]
      expect(await ours.call('ZSCORE', 'key', 'member')).toMatchObject({ type: resp === '3' ? ',' : '$', text: shown })
      const range = (await ours.call('ZRANGE', 'key', '0', '0', 'WITHSCORES')).elements ?? []
      expect(resp === '3' ? texts(range[0]) : range.map(({ text }) => text)).toEqual(['member', shown])
      const rank = (await ours.call('ZRANK', 'key', 'member', 'WITHSCORE')).elements ?? []
      expect(rank.map(({ text }) => text)).toEqual(['0', shown])
      expect((await ours.call('ZADD', 'key', 'INCR', '0', 'member')).text).toBe(shown)
    }
    await ours.call('HELLO', '2')
  })

  test('is shown by ZSCAN with 17 digits where it is no text', async () => {
    await ours.call('DEL', 'key')
    for (let other = 0; other < others; other++) await ours.call('ZADD', 'key', 'inf', `other ${other}`)
    await ours.call('ZADD', 'key', '0.1', 'member')
    const [, found] = (await ours.call('ZSCAN', 'key', '0', 'MATCH', 'member', 'COUNT', '100')).elements ?? []
    expect(texts(found)).toEqual(['member', others === 1 ? '0.1' : '0.10000000000000001'])
  })
})
