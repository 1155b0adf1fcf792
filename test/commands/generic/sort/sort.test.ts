import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../../interop/stock.js'
import { Observed } from '../../observed.js'
import { RawClient, texts } from '../../raw-client.js'
import { expectSame, expectSameFromEmpty, words } from '../../side-by-side.js'

let ours: RawClient
let port: number

beforeAll(async () => {
  port = (await startRedisTs(['--save', ''])).port
  ours = await RawClient.connect(port)
})
afterAll(() => ours.close())
beforeEach(() => ours.call('FLUSHALL'))

describe('SORT beside redis-server', requireStock('redis-server'), () => {
  let stock: RawClient
  let stockPort: number
  beforeAll(async () => {
    stockPort = (await startRedisServer(['--save', ''])).port
    stock = await RawClient.connect(stockPort)
  })
  afterAll(() => stock.close())

  test('options in any order, and what is wrong with them', async () => {
    await expectSameFromEmpty(
      ours,
      stock,
      words(
        'RPUSH l 3 1 2 10',
        'SORT l',
        'SORT l DESC ASC',
        'sort l asc desc',
        'SORT l LIMIT 1 2 ALPHA DESC',
        'SORT l LIMIT -5 2',
        'SORT l LIMIT 1 -5',
        'SORT l LIMIT 4 1',
        'SORT l LIMIT 100 1',
        'SORT l LIMIT 0 0',
        'SORT l LIMIT 9223372036854775807 9223372036854775807',
        'SORT l LIMIT 1 9223372036854775808',
        'SORT l LIMIT x 1',
        'SORT l LIMIT 1 x',
        'SORT l LIMIT 1',
        'SORT l LIMIT',
        'SORT l BY',
        'SORT l GET',
        'SORT l STORE',
        'SORT l UP',
        'SORT',
        'SORT l BY nosort BY w_*',
        'SORT l BY w_* BY nosort',
        'SORT_RO l DESC',
        'SORT_RO l STORE d',
        'SORT_RO',
        'SET string x',
        'SORT string',
        'SORT string UP',
        'HSET hash f v',
        'SORT hash',
        'SORT missing',
        'SORT missing LIMIT 1 2 GET #',
        'SORT missing STORE l',
        'EXISTS l',
        'SORT missing STORE l',
        'COMMAND GETKEYS SORT k',
        'COMMAND GETKEYS SORT k BY store GET store LIMIT store store STORE d',
        'COMMAND GETKEYS SORT k STORE d STORE e',
        'COMMAND GETKEYS SORT k STORE STORE d',
        'COMMAND GETKEYS SORT_RO k STORE d',
      ),
    )
  })

  test('weights and values from other keys', async () => {
    await expectSameFromEmpty(
      ours,
      stock,
      words(
        'RPUSH l 1 2 3 4',
        'MSET w_1 30 w_2 20 w_4 -1.5e3 v_1 one v_2 two *1 star',
        'HSET h_1 f 3 g three',
        'HSET h_2 f 2',
        'HSET h_3 f 1',
        'LPUSH w_3 list',
        'SORT l BY w_*',
        'SORT l BY w_* DESC GET # GET w_*',
        'SORT l BY h_*->f',
        'SORT l BY h_*->f GET h_*->g GET h_*->f GET v_*',
        'SORT l BY w_*->f',
        'SORT l BY h_*',
        'SORT l BY h_*->',
        'SORT l BY h_*->missing ALPHA',
        'SORT l GET v_*',
        'SORT l GET v',
        'SORT l GET #',
        'SORT l GET ##',
        'SORT l GET **',
        'SORT l GET h_*->',
        'SORT l GET h_*->f->g',
        'SORT l BY v_*',
        'SORT l BY v_* ALPHA',
        'SORT l BY missing_*',
        'SORT l BY missing_* DESC',
        'SORT l GET v_* GET # STORE d',
        'LRANGE d 0 -1',
        'SORT l LIMIT 4 1 STORE d',
        'EXISTS d',
        'SET d string EX 100',
        'SORT l STORE d',
        'TTL d',
        'SORT l STORE l DESC',
        'LRANGE l 0 -1',
      ),
    )
  })

  test('a list that is stored keeps the nodes of the usual size', async () => {
    const size = (value: string): string[] => ['CONFIG', 'SET', 'list-max-listpack-size', value]
    await expectSameFromEmpty(ours, stock, [
      size('4'),
      ['RPUSH', 'l', ...Array.from({ length: 50 }, (_, i) => String(i * 7))],
      ...words('SORT l STORE d', 'DUMP d', 'RPUSH d 1 2 3 4 5', 'DUMP d'),
      size('-2'),
    ])
  })

  test('what is a number', async () => {
    const numbers = [
      '1',
      '-0',
      '007',
      ' 5',
      '5 ',
      '',
      '1e3',
      '1e400',
      '1e-400',
      '1e-310',
      '0x10',
      '0x1p-1074',
      '0x1.8p-1074',
      'inf',
      '-INFINITY',
      'nan',
      '1_0',
      '.5',
      '5.',
      'e5',
      '9007199254740993',
      '9223372036854775808',
      '5\0x',
      '\0',
    ]
    for (const number of [...numbers, '0']) {
      await expectSame(ours, stock, [['FLUSHALL'], ['RPUSH', 'l', '4', number, '-7.5'], ['SET', 'w_4', number]])
      for (const command of words('SORT l', 'SORT l BY w_*')) {
        await expectSame(ours, stock, [command])
        // redis-server does not clear errno before strtod: until something else sets it, one ERANGE makes every number wrong.
        ;(await RawClient.connect(stockPort)).close()
      }
    }
  })

  test('sets and sorted sets', async () => {
    await expectSameFromEmpty(
      ours,
      stock,
      words(
        'SADD ints 5 3 1 4',
        'SORT ints DESC',
        'SORT ints BY nosort',
        'SORT ints BY nosort DESC LIMIT 1 2',
        'SADD s pear apple fig',
        'SORT s ALPHA',
        'SORT s',
        'SORT s BY nosort STORE d',
        'LRANGE d 0 -1',
        'SORT s BY nosort LIMIT 1 1 STORE d DESC',
        'LRANGE d 0 -1',
        'ZADD z 3 a 1 b 2 c',
        'OBJECT ENCODING z',
        'SORT z ALPHA DESC',
        'OBJECT ENCODING z',
        'SORT z BY nosort',
        'SORT z BY nosort DESC',
        'SORT z BY nosort LIMIT 1 1',
        'SORT z BY nosort DESC LIMIT 0 2',
        'SORT z BY nosort LIMIT 2 5 STORE d',
        'LRANGE d 0 -1',
        'SORT z BY nosort LIMIT 3 5',
        'SORT z',
      ),
    )
  })

  const element = fc.constantFrom(
    '1',
    '2',
    '3',
    '10',
    '-4',
    '2.5',
    'a',
    'b',
    'ab',
    'a\0b',
    'a\0c',
    '',
    'longer than a few bytes',
    'longer than a few bytes!',
  )
  const numeric = fc.constantFrom('1', '2', '3', '10', '-4', '2.5', '7', '100000')
  const option = fc.constantFrom(
    ['ALPHA'],
    ['ALPHA'],
    ['DESC'],
    ['BY', 'w_*'],
    ['BY', 't_*'],
    ['BY', 'h_*->f'],
    ['BY', 'nosort'],
    ['LIMIT', '0', '3'],
    ['LIMIT', '2', '5'],
    ['LIMIT', '3', '40'],
    ['GET', '#'],
    ['GET', 'w_*'],
    ['GET', 't_*'],
    ['STORE', 'd'],
  )

  test('any list, with any options', async () => {
    const pool = ['1', '2', '3', '10', '-4', '2.5', 'a', 'b', 'ab', '7']
    const keys = pool.flatMap((name, i) => [
      [`w_${name}`, String(i % 3)],
      [`t_${name}`, `text ${i % 2}`],
    ])
    const hashes = pool.slice(0, 7).map((name, i) => ['HSET', `h_${name}`, 'f', String(-i)])
    const elements = fc.oneof(
      fc.array(element, { minLength: 1, maxLength: 60 }),
      fc.array(numeric, { minLength: 1, maxLength: 60 }),
    )
    await fc.assert(
      fc.asyncProperty(
        elements,
        fc.array(fc.array(option, { maxLength: 4 }), { minLength: 1, maxLength: 8 }),
        async (list, sorts) => {
          await expectSameFromEmpty(ours, stock, [
            ['MSET', ...keys.flat()],
            ...hashes,
            ['RPUSH', 'l', ...list],
            ...sorts.flatMap(options => [
              ['SORT', 'l', ...options.flat()],
              ['LRANGE', 'd', '0', '-1'],
            ]),
          ])
        },
      ),
      { numRuns: 150 },
    )
  }, 20_000)

  test('which of many with the same text BY and LIMIT give', async () => {
    const list = Array.from({ length: 300 }, (_, i) => String(i))
    const weights = list.flatMap(name => [`t_${name}`, 'xyz'[(Number(name) * 7) % 3]])
    await expectSameFromEmpty(ours, stock, [
      ['MSET', ...weights],
      ['RPUSH', 'l', ...list],
      ...words(
        'SORT l BY t_* ALPHA LIMIT 0 20',
        'SORT l BY t_* ALPHA LIMIT 100 20 DESC',
        'SORT l BY t_* ALPHA LIMIT 250 50',
        'SORT l BY t_* ALPHA',
        'SORT l BY none_* ALPHA LIMIT 5 20',
      ),
    ])
  })

  test('who may read what BY and GET name', async () => {
    const rules = [
      ['+@all', '~*'],
      ['+@all', '~l', '~w_*', '~d'],
      ['+@all', '%R~*', '~d'],
      ['+@all', '%W~*', '%R~l'],
      ['+@all', '~l', '~d', '(+sort ~*)'],
      ['+@all', '~l', '~d', '(+get ~*)'],
      ['+@all', '~l', '~d', '(+sort %R~*)'],
    ]
    const sorts = words(
      'SORT l',
      'SORT l BY w_*',
      'SORT l BY nosort',
      'SORT l GET w_*',
      'SORT l GET #',
      'SORT l STORE d',
      'SORT l BY w_* STORE d',
      'SORT other',
      'SORT_RO l BY w_*',
    )
    for (const rule of rules) {
      await expectSameFromEmpty(ours, stock, words('RPUSH l 2 1', 'MSET w_1 2 w_2 1'))
      const [mine, theirs] = await Promise.all(
        [ours, stock].map(async admin => {
          await admin.pipeline([
            ['ACL', 'DELUSER', 'reader'],
            ['ACL', 'SETUSER', 'reader', 'on', 'nopass', ...rule],
            ['AUTH', 'reader', 'x'],
          ])
          const replies = await admin.pipeline(sorts)
          await admin.call('AUTH', 'default', '')
          return replies.map(({ text, elements }) => text?.replace(/^NOPERM .*/, 'NOPERM') ?? elements)
        }),
      )
      expect({ rule, replies: mine }).toEqual({ rule, replies: theirs })
    }
  })

  test('events and misses', async () => {
    const scene = words(
      'RPUSH l 2 1',
      'SET w_1 5',
      'SORT l BY w_* GET v_*',
      'SORT missing',
      'SORT l STORE d',
      'SORT missing STORE d',
      'SORT missing STORE d',
    )
    const heard = await Promise.all(
      [port, stockPort].map(async each => {
        const observed = await Observed.connect(each)
        await observed.client.pipeline(words('FLUSHALL', 'CONFIG SET notify-keyspace-events KEAm'))
        const events = await observed.events(scene)
        await observed.client.pipeline(words('CONFIG SET notify-keyspace-events ""'))
        observed.close()
        return events
      }),
    )
    const [mine, theirs] = heard
    expect(mine).toEqual(theirs)
    expect(mine).toContain('__keyevent@0__:sortstore d')
  })
})

describe('SORT of many elements', () => {
  const COUNT = 20_000
  const numbers = Array.from({ length: COUNT }, (_, i) => String((i * 7919) % COUNT))
  const ascending = Array.from({ length: COUNT }, (_, i) => String(i))

  beforeEach(async () => {
    await ours.call('RPUSH', 'l', ...numbers)
    await ours.call('SADD', 's', ...numbers)
  })

  test('comes in order, as of its moment', async () => {
    for (const key of ['l', 's']) {
      const [sorted, removed, gone] = await ours.pipeline([
        ['SORT', key],
        ['DEL', key],
        ['SORT', key],
      ])
      expect(texts(sorted)).toEqual(ascending)
      expect([removed.text, gone.elements]).toEqual(['1', []])
    }
  })

  test('by texts, by weights, backwards, in part', async () => {
    const byText = [...numbers].sort()
    expect(texts(await ours.call('SORT', 'l', 'ALPHA', 'DESC'))).toEqual(byText.toReversed())
    expect(texts(await ours.call('SORT', 's', 'ALPHA', 'LIMIT', '5000', '9000'))).toEqual(byText.slice(5000, 14_000))
    expect(texts(await ours.call('SORT', 'l', 'LIMIT', '10', '5'))).toEqual(ascending.slice(10, 15))
    await ours.call('MSET', ...numbers.flatMap(number => [`w_${number}`, String(-Number(number))]))
    expect(texts(await ours.call('SORT', 'l', 'BY', 'w_*'))).toEqual(ascending.toReversed())
    const got = texts(await ours.call('SORT', 'l', 'GET', '#', 'GET', 'w_*'))
    expect(got).toEqual(ascending.flatMap(number => [number, String(-Number(number))]))
    expect(texts(await ours.call('SORT', 'l', 'BY', 'nosort', 'DESC'))).toEqual(numbers.toReversed())
    expect(texts(await ours.call('SORT', 's', 'BY', 'nosort')).sort()).toEqual([...numbers].sort())
  })

  test('stores all of them', async () => {
    expect((await ours.call('SORT', 'l', 'STORE', 'd')).text).toBe(String(COUNT))
    expect(texts(await ours.call('LRANGE', 'd', '0', '-1'))).toEqual(ascending)
  })

  test('is an error when one is no number, and counted as one', async () => {
    await ours.pipeline(words('CONFIG RESETSTAT', 'RPUSH l x'))
    const [refused, pong] = await ours.pipeline(words('SORT l', 'PING'))
    expect([refused.text, pong.text]).toEqual(["ERR One or more scores can't be converted into double", 'PONG'])
    const info = (await ours.call('INFO', 'all')).text
    expect(info).toMatch(/cmdstat_sort:calls=1,.*failed_calls=1\r/)
    expect(info).toContain('errorstat_ERR:count=1\r')
  })

  test('keeps its place in a transaction', async () => {
    const replies = await ours.pipeline(words('MULTI', 'SORT l LIMIT 0 2000', 'SORT l LIMIT 0 2', 'LLEN l', 'EXEC'))
    const [long, short, length] = replies[4].elements ?? []
    expect(texts(long)).toEqual(ascending.slice(0, 2000))
    expect([texts(short), length.text]).toEqual([['0', '1'], String(COUNT)])
  })
})

test('SORT ALPHA in the order of a language', async () => {
  await ours.pipeline(words('CONFIG SET locale-collate sv_SE.UTF-8', 'RPUSH l Ö z a B'))
  expect(texts(await ours.call('SORT', 'l', 'ALPHA'))).toEqual(['a', 'B', 'z', 'Ö'])
  await ours.call('CONFIG', 'SET', 'locale-collate', 'C')
  expect(texts(await ours.call('SORT', 'l', 'ALPHA'))).toEqual(['B', 'a', 'z', 'Ö'])
  await ours.call('CONFIG', 'SET', 'locale-collate', '')
})
