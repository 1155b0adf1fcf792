import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { Observed } from '../observed.js'
import { words } from '../side-by-side.js'

const OPTIONS = ['--save', '', '--notify-keyspace-events', 'KEAmn']

let ours: Observed

beforeAll(async () => {
  ours = await Observed.connect((await startRedisTs(OPTIONS)).port)
  return () => ours.close()
})
beforeEach(() => ours.reset())

describe('events of strings are those of stock Redis, in its order', requireStock('redis-server'), () => {
  let stock: Observed
  beforeAll(async () => {
    stock = await Observed.connect((await startRedisServer(OPTIONS)).port)
    return () => stock.close()
  })
  beforeEach(() => stock.reset())

  test.each<[string, ...string[]]>([
    [
      'SET',
      'set a 1',
      'set a 2 ex 100',
      'set b 1 nx get',
      'set b 2 nx',
      'set b 3 xx get',
      'set c 1 xx',
      'set a 3 keepttl',
    ],
    ['SET over a hash', 'hset a f v', 'set a 1', 'hset b f v', 'set b 1 get'],
    ['SETNX', 'setnx a 1', 'setnx a 2', 'setex b 100 1', 'psetex b 100000 1', 'setex b 0 1'],
    ['MSET', 'mset a 1 b 2 a 3', 'msetnx a 1 c 2', 'msetnx c 1 d 2 c 3'],
    ['GET', 'get a', 'mget a b', 'set a 1', 'get a', 'strlen b'],
    ['GETSET', 'getset a 1', 'getset a 2', 'hset h f v', 'getset h 1'],
    ['GETDEL', 'set a 1', 'getdel a', 'getdel a', 'hset h f v', 'getdel h'],
    [
      'GETEX',
      'getex a',
      'set a 1',
      'getex a',
      'getex a persist',
      'getex a ex 100',
      'getex a persist',
      'getex a exat 1',
    ],
    ['APPEND', 'append a x', 'append a y', 'append a ""'],
    [
      'SETRANGE',
      'setrange a 0 ""',
      'setrange a 2 x',
      'setrange a 0 ""',
      'setrange a -1 x',
      'getrange b 0 -1',
      'substr b 0 1',
    ],
    [
      'INCR',
      'incr a',
      'decr a',
      'incrby a 5',
      'decrby a 5',
      'incrby a x',
      'incrbyfloat a 1.5',
      'incrbyfloat b x',
      'incr a',
    ],
    [
      'INCRBY of large numbers',
      'incrby a 9223372036854775807',
      'incr a',
      'decrby b 9223372036854775807',
      'incrby b 10',
    ],
    ['LCS', 'lcs a b', 'mset a ohmytext b mynewtext', 'lcs a b'],
    ['SETBIT', 'setbit a 7 1', 'setbit a 7 0', 'setbit a 100 0', 'setbit a x 0', 'getbit a 7', 'getbit b 7'],
    ['BITCOUNT and BITPOS', 'bitcount a', 'bitpos a 1', 'set a x', 'bitcount a', 'bitpos a 1'],
    [
      'BITOP',
      'set a x',
      'bitop not b a',
      'bitop and b c d',
      'bitop and b c d',
      'bitop or h a b',
      'hset h f v',
      'bitop or h a a',
    ],
    ['BITFIELD', 'bitfield a get u8 0', 'bitfield a set u8 0 1 incrby u8 8 1', 'bitfield_ro b get u8 0', 'bitfield a'],
  ])('%s', async (_name, ...lines) => {
    const commands = words(...lines)
    const [mine, theirs] = await Promise.all([ours.events(commands), stock.events(commands)])
    expect(mine).toEqual(theirs)
    expect(mine.length).toBeGreaterThan(0)
  })
})

test('bits that stay as they are give no event, since Redis 7.2', async () => {
  const commands = words(
    'setbit a 7 1',
    'setbit a 7 1',
    'bitfield a set u8 0 1',
    'bitfield a overflow fail incrby u8 0 255',
  )
  expect(await ours.events(commands)).toEqual([
    '__keyspace@0__:a new',
    '__keyevent@0__:new a',
    '__keyspace@0__:a setbit',
    '__keyevent@0__:setbit a',
  ])
})
