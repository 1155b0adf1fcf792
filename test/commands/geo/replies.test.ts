/** What geo commands reply: beside stock Redis, byte for byte. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient, texts } from '../raw-client.js'
import { expectSameFromEmpty, words } from '../side-by-side.js'

const OPTIONS = ['--save', '']
const SICILY = 'GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania'
const EDGES = 'GEOADD edge1 17.241510 38.788135 edge1 17.241510 38.788135 same 12.758489 38.788135 edge2'
const BORDERS =
  'GEOADD g 180 0 east -180 0 west 0 85.05112878 north 0 -85.05112878 south 179.9999 85 corner -179.9999 -85 other 0 0 middle'

describe('replies are those of stock Redis', requireStock('redis-server'), () => {
  let ours: RawClient
  let stock: RawClient

  beforeAll(async () => {
    ours = await RawClient.connect((await startRedisTs(OPTIONS)).port)
    stock = await RawClient.connect((await startRedisServer(OPTIONS)).port)
    return () => {
      ours.close()
      stock.close()
    }
  })

  const SCENES: [string, ...string[]][] = [
    [
      'GEOADD',
      SICILY,
      'GEOADD Sicily 13.361389 38.115556 Palermo',
      'GEOADD Sicily CH 13.5 38.1 Palermo 1 1 new',
      'GEOADD Sicily NX CH 14 38 Palermo 2 2 newer',
      'GEOADD Sicily xx ch 14 38 Palermo 3 3 newest',
      'ZRANGE Sicily 0 -1 WITHSCORES',
      'OBJECT ENCODING Sicily',
    ],
    [
      'GEOADD with wrong arguments',
      'GEOADD g 1 1',
      'GEOADD g NX XX 1 1 a',
      'GEOADD g NX CH NX',
      'GEOADD g 1 1 a 2',
      'GEOADD g GT 1 1 a',
      'GEOADD g x 1 a',
      'GEOADD g 1 x a',
      'GEOADD g 1 nan a',
      'GEOADD g 181 1 a',
      'GEOADD g 1 1 a 1 -85.1 b',
      'GEOADD g -200.0078125 1e22 a',
      'GEOADD g inf -inf a',
      'EXISTS g',
      'SET s x',
      'GEOADD s 1 1 a',
      'GEOADD s 1 x a',
      'GEOADD s 1 1 a 2',
    ],
    [
      'GEOPOS, GEOHASH, GEODIST',
      SICILY,
      BORDERS,
      'GEOPOS Sicily Palermo none Catania',
      'GEOPOS Sicily',
      'GEOPOS none a b',
      'GEOHASH Sicily Palermo none Catania',
      'GEOHASH Sicily',
      'GEOHASH none a',
      'GEOPOS g east west north south corner other middle',
      'GEOHASH g east west north south corner other middle',
      ...['m', 'km', 'ft', 'mi', 'KM', 'x'].map(unit => `GEODIST Sicily Palermo Catania ${unit}`),
      ...['east', 'west', 'north', 'south', 'corner', 'other'].map(name => `GEODIST g middle ${name}`),
      'GEODIST g corner other',
      'GEODIST g east west',
      'GEODIST g east east',
      'GEODIST g east none',
      'GEODIST none a b',
      'GEODIST none a b x',
      'GEODIST g a b m m',
      'GEODIST g a',
    ],
    [
      'scores that were no positions',
      'ZADD g -1 a 1e300 b inf c -inf d 0.5 e 9007199254740993 f 1e19 h',
      'GEOPOS g a b c d e f h',
      'GEOHASH g a b c d e f h',
      'GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 30000 km ASC WITHHASH WITHDIST WITHCOORD',
      'GEOSEARCH g FROMMEMBER e BYRADIUS 30000 km ASC WITHHASH WITHDIST WITHCOORD',
      'GEODIST g a d',
    ],
    [
      'GEOSEARCH',
      SICILY,
      EDGES,
      'GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC',
      'GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km DESC WITHCOORD WITHDIST WITHHASH',
      'GEOSEARCH Sicily BYRADIUS 200 km FROMMEMBER Palermo WITHHASH',
      'GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST',
      'GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 40 400 km ASC WITHDIST',
      'GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 m',
      'GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1',
      'GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 DESC WITHDIST',
      'GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 ANY',
      'GEOSEARCH edge1 FROMMEMBER edge1 BYRADIUS 0 m WITHDIST',
      'GEOSEARCH edge1 FROMLONLAT 15 38.788135 BYRADIUS 1000 km ASC WITHDIST COUNT 2',
      'GEOSEARCH edge1 FROMLONLAT 15 38.788135 BYRADIUS 1000 km DESC WITHDIST',
      'GEOSEARCH none FROMLONLAT 15 37 BYRADIUS 200 km',
      'GEOSEARCH none FROMMEMBER a BYBOX 1 1 m WITHDIST',
    ],
    [
      'searches around borders',
      BORDERS,
      ...['180 0', '-180 0', '0 85.05', '0 -85.05', '179.9999 85'].flatMap(centre =>
        ['BYRADIUS 1 m', 'BYRADIUS 5000 km', 'BYRADIUS 30000 km', 'BYRADIUS inf m', 'BYBOX 5000 300 km'].flatMap(
          shape => [
            `GEOSEARCH g FROMLONLAT ${centre} ${shape} WITHDIST`,
            `GEOSEARCH g FROMLONLAT ${centre} ${shape} ASC`,
          ],
        ),
      ),
    ],
    [
      'GEOSEARCH with wrong arguments',
      SICILY,
      'SET s x',
      ...['Sicily', 'none', 's'].flatMap(key => [
        `GEOSEARCH ${key} FROMMEMBER none BYRADIUS 1 m`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYRADIUS -1 m`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYRADIUS x m`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYRADIUS 1 x`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYBOX x 1 m`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYBOX 1 x m`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYBOX 1 -1 m`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYBOX 1 1 x`,
        `GEOSEARCH ${key} FROMLONLAT 1 x BYBOX 1 1 m`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 FROMMEMBER Palermo BYRADIUS 1 m`,
        `GEOSEARCH ${key} FROMMEMBER Palermo FROMLONLAT 1 1 BYRADIUS 1 m`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYRADIUS 1 m BYBOX 1 1 m`,
        `GEOSEARCH ${key} BYRADIUS 1 m ASC WITHDIST`,
        `geoSearch ${key} FROMLONLAT 1 1 ASC WITHDIST`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYRADIUS 1 m ANY`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYRADIUS 1 m COUNT 0`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYRADIUS 1 m COUNT x`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYRADIUS 1 m COUNT`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYRADIUS 1 m STOREDIST`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYRADIUS 1 m STORE d`,
        `GEOSEARCH ${key} FROMLONLAT 1 1 BYRADIUS`,
        `GEOSEARCHSTORE d ${key} FROMLONLAT 1 1 BYRADIUS 1 m WITHDIST`,
        `GEOSEARCHSTORE d ${key} FROMLONLAT 1 1 WITHHASH ASC DESC`,
        `GEORADIUS ${key} x 1 1 m`,
        `GEORADIUS ${key} 1 1 -1 m`,
        `GEORADIUS ${key} 1 1 1 m WITHDIST STORE d`,
        `GEORADIUS_RO ${key} 1 1 1 m STORE d`,
        `GEORADIUS ${key} 1 1 1 m STOREDIST`,
        `GEORADIUSBYMEMBER ${key} none 1 m`,
        `GEORADIUSBYMEMBER ${key} Palermo x m`,
        `GEORADIUSBYMEMBER ${key} Palermo 1 x`,
        `GEORADIUSBYMEMBER_RO ${key} Palermo 1 m STOREDIST d`,
      ]),
    ],
    [
      'GEORADIUS and its kin',
      SICILY,
      'GEORADIUS Sicily 15 37 200 km WITHDIST WITHCOORD WITHHASH',
      'GEORADIUS_RO Sicily 15 37 200 km DESC',
      'GEORADIUS Sicily 15 37 200 km COUNT 1 ANY ASC',
      'GEORADIUSBYMEMBER Sicily Palermo 200 km WITHDIST ASC',
      'GEORADIUSBYMEMBER_RO Sicily Palermo 200 km COUNT 1',
      'GEORADIUS Sicily 15 37 200 km STORE d',
      'ZRANGE d 0 -1 WITHSCORES',
      'GEORADIUS Sicily 15 37 200 km STOREDIST e STORE d COUNT 1',
      'ZRANGE d 0 -1 WITHSCORES',
      'EXISTS e',
      'GEORADIUSBYMEMBER Sicily Palermo 1 km STORE d',
      'GEORADIUSBYMEMBER none Palermo 1 km STORE d',
      'EXISTS d',
    ],
    [
      'GEOSEARCHSTORE',
      SICILY,
      'SET d x EX 1000',
      'GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYBOX 400 400 km ASC COUNT 3',
      'TTL d',
      'ZRANGE d 0 -1 WITHSCORES',
      'GEOSEARCHSTORE Sicily Sicily FROMMEMBER Palermo BYRADIUS 1 km',
      'ZRANGE Sicily 0 -1',
      'GEOSEARCHSTORE d Sicily FROMLONLAT 0 0 BYRADIUS 1 m',
      'EXISTS d',
      'GEOSEARCHSTORE d none FROMLONLAT 0 0 BYRADIUS 1 m STOREDIST',
    ],
  ]

  describe.each(['2', '3'])('in RESP%s', resp => {
    beforeAll(async () => {
      await Promise.all([ours.call('HELLO', resp), stock.call('HELLO', resp)])
    })

    test.each(SCENES)('%s', async (_, ...lines) => {
      await expectSameFromEmpty(ours, stock, words(...lines))
    })

    test.each(SCENES)('%s, in a large sorted set', async (_, ...lines) => {
      const commands = words('CONFIG SET zset-max-listpack-entries 0', ...lines)
      await expectSameFromEmpty(ours, stock, [...commands, ...words('CONFIG SET zset-max-listpack-entries 128')])
    })
  })

  test('distances and positions of thousands of members have the same digits', async () => {
    let seed = 7
    const next = (): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return (seed >>> 8) / 2 ** 24
    }
    const names = Array.from({ length: 3000 }, (_, i) => `m${i}`)
    const places = names.flatMap(name => [String(next() * 360 - 180), String(next() * 170 - 85), name])
    const pairs = names.map((name, i) => ['GEODIST', 'g', name, names[(i * 7919) % names.length], i % 2 ? 'ft' : 'm'])
    await expectSameFromEmpty(ours, stock, [
      ['GEOADD', 'g', ...places],
      ['GEOPOS', 'g', ...names],
      ['GEOHASH', 'g', ...names],
      ...pairs,
      ['GEOSEARCH', 'g', 'FROMLONLAT', '1', '1', 'BYRADIUS', '9000', 'km', 'ASC', 'WITHDIST', 'WITHCOORD', 'WITHHASH'],
      ['GEOSEARCH', 'g', 'FROMLONLAT', '170', '60', 'BYBOX', '9000', '4000', 'km', 'DESC', 'WITHDIST'],
      ['GEOSEARCH', 'g', 'FROMLONLAT', '1', '1', 'BYRADIUS', '9000', 'km', 'COUNT', '500'],
    ])
  })

  test('members at the same place come in the order of stock Redis, all or some', async () => {
    const places = Array.from({ length: 300 }, (_, i) => [String(i % 7), String(i % 5), `m${i}`])
    const search = ['GEOSEARCH', 'g', 'FROMLONLAT', '3', '2', 'BYRADIUS', '900', 'km']
    await expectSameFromEmpty(ours, stock, [
      ['GEOADD', 'g', ...places.flat()],
      [...search],
      [...search, 'ASC'],
      [...search, 'DESC'],
      ...Array.from({ length: 40 }, (_, i) => [...search, i % 2 ? 'ASC' : 'DESC', 'COUNT', String(1 + i * 7)]),
      ...Array.from({ length: 40 }, (_, i) => [...search, 'COUNT', String(1 + i * 7), 'ANY']),
    ])
  })

  test('distances that are stored are the same but for the last digit of some', async () => {
    const places = Array.from({ length: 200 }, (_, i) => [String((i * 37) % 180), String((i * 17) % 85), `m${i}`])
    const commands = [
      ['FLUSHALL'],
      ['GEOADD', 'g', ...places.flat()],
      ['GEOSEARCHSTORE', 'd', 'g', 'FROMLONLAT', '10', '10', 'BYRADIUS', '20000', 'km', 'STOREDIST'],
      ['GEORADIUS', 'g', '20', '10', '9000', 'mi', 'STOREDIST', 'e'],
      ['ZRANGE', 'd', '0', '-1'],
      ['ZRANGE', 'd', '0', '-1', 'WITHSCORES'],
      ['ZRANGE', 'e', '0', '-1', 'WITHSCORES'],
    ]
    await Promise.all([ours.call('HELLO', '2'), stock.call('HELLO', '2')])
    const [mine, theirs] = await Promise.all([ours.pipeline(commands), stock.pipeline(commands)])
    expect(mine.slice(0, 5)).toEqual(theirs.slice(0, 5))
    const rounded = (text: string): string => (text.includes('.') ? Number(text).toPrecision(14) : text)
    for (const i of [5, 6]) expect(texts(mine[i]).map(rounded)).toEqual(texts(theirs[i]).map(rounded))
  })
})

describe('without stock Redis', () => {
  let client: RawClient

  beforeAll(async () => {
    client = await RawClient.connect((await startRedisTs(OPTIONS)).port)
  })
  afterAll(() => client.close())
  beforeEach(async () => {
    await client.call('FLUSHALL')
    await client.call(...SICILY.split(' '))
  })

  test('a distance has four digits', async () => {
    expect((await client.call('GEODIST', 'Sicily', 'Palermo', 'Catania')).text).toBe('166274.1516')
    expect((await client.call('GEODIST', 'Sicily', 'Palermo', 'Catania', 'km')).text).toBe('166.2742')
  })

  test('a position has all its digits', async () => {
    const [position] = (await client.call('GEOPOS', 'Sicily', 'Palermo')).elements ?? []
    expect(texts(position)).toEqual(['13.36138933897018433', '38.11555639549629859'])
  })

  test('positions may be stored as a geo set of their own', async () => {
    const search = 'Sicily FROMLONLAT 15 37 BYRADIUS 200 km'.split(' ')
    expect((await client.call('GEOSEARCHSTORE', 'd', ...search, 'ASC', 'COUNT', '1')).text).toBe('1')
    expect(texts(await client.call('GEOHASH', 'd', 'Catania'))).toEqual(['sqdtr74hyu0'])
  })
})
