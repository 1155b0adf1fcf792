import { beforeAll, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { playScene } from './scene.js'

let ours: number

beforeAll(async () => {
  ours = (await startRedisTs(['--save', ''])).port
})

/** Scenes that go the same way here and in redis-server. */
const scenes: Record<string, readonly string[]> = {
  'who comes first is served first': [
    'A BLPOP k 0',
    'B BRPOP k 0',
    'C BLPOP k 0',
    'P RPUSH k 1 2',
    'P RPUSH k 3 4',
    'P LRANGE k 0 -1',
  ],
  'a client waits for several keys, and takes from the first that comes': [
    'A BLPOP k1 k2 k3 0',
    'B BLPOP k2 0',
    'P RPUSH k2 x',
    'P RPUSH k3 y',
    'P RPUSH k2 z',
    'P RPUSH k1 w',
    'P EXISTS k1 k2 k3',
  ],
  'a key that is named twice is one': ['A BLPOP k k k 0', 'P RPUSH k 1', 'P RPUSH k 2', 'A BLPOP k k 0', 'P LLEN k'],
  'what a transaction takes back is not served': ['A BLPOP k 0', 'P MULTI; RPUSH k 1; DEL k; EXEC', 'P RPUSH k 2'],
  'a push that a transaction shortens serves what is left': [
    'A BLPOP k 0',
    'B BLPOP k 0',
    'P MULTI; RPUSH k 1 2 3; LPOP k; LPOP k; EXEC',
    'P RPUSH k 4',
  ],
  'behind the push in the same pipeline the element is gone': ['A BLPOP k 0', 'P RPUSH k 1; LLEN k; RPUSH k 2; LLEN k'],
  'a client that waits lets what it sends wait': [
    'A BLPOP k 0; PING; RPUSH done 1',
    'P EXISTS done',
    'P RPUSH k 1',
    'P EXISTS done',
  ],
  'commands that wait behind each other': [
    'A BLPOP k 0; BLPOP k 0; BLPOP k 0',
    'B BLPOP k 0',
    'P RPUSH k 1',
    'P RPUSH k 2 3 4',
  ],
  'BLMOVE serves the clients that wait for its target': [
    'A BLMOVE a b LEFT RIGHT 0',
    'B BLMOVE b c LEFT LEFT 0',
    'C BLPOP c 0',
    'P RPUSH a moved',
    'P EXISTS a b c',
  ],
  'a circle of moves ends': [
    'A BLMOVE a b LEFT RIGHT 0',
    'B BLMOVE b a LEFT RIGHT 0',
    'P RPUSH a 1',
    'P LRANGE a 0 -1',
    'P LRANGE b 0 -1',
  ],
  'BLMOVE onto itself, with others behind it': [
    'A BRPOPLPUSH k k 0',
    'B BLPOP k 0',
    'P RPUSH k 1 2',
    'P LRANGE k 0 -1',
  ],
  'BLMOVE to something else than a list takes nothing': [
    'P SET target string',
    'A BLMOVE k target LEFT LEFT 0',
    'B BLPOP k 0',
    'P RPUSH k 1',
    'P EXISTS k',
  ],
  'BLMPOP takes what there is': ['A BLMPOP 0 2 k1 k2 RIGHT COUNT 2', 'P RPUSH k2 1 2 3', 'P LRANGE k2 0 -1'],
  'transactions do not wait': [
    'A MULTI; BLPOP k 0; BRPOP k 0; BLMOVE k l LEFT LEFT 0; BRPOPLPUSH k l 0; BLMPOP 0 1 k LEFT; EXEC',
  ],
  'RENAME brings the key': ['A BLPOP k 0', 'P RPUSH l 1 2', 'P RENAME l k', 'P LRANGE k 0 -1'],
  'RENAME of something else does not': ['A BLPOP k 0', 'P SET s 1', 'P RENAME s k', 'P RPUSH l 1', 'P RENAME l k'],
  'COPY brings the key, over something else too': [
    'A BLPOP k 0',
    'P RPUSH l 1',
    'P COPY l k',
    'A BLPOP k 0',
    'P SET k string',
    'P COPY l k',
    'P COPY l k REPLACE',
  ],
  'MOVE brings the key to another database': [
    'A SELECT 9',
    'A BLPOP k 0',
    'P RPUSH k 1',
    'P MOVE k 9',
    'P SELECT 9',
    'P EXISTS k',
  ],
  'SWAPDB brings keys to those who wait in either database': [
    'A SELECT 9',
    'A BLPOP k 0',
    'B BLPOP l 0',
    'C SELECT 9',
    'C RPUSH l 2',
    'P RPUSH k 1',
    'P SWAPDB 0 9',
    'P EXISTS k l',
  ],
  'who waits in a database stays with its number': [
    'A SELECT 9',
    'A BLPOP k 0',
    'P SWAPDB 0 9',
    'P RPUSH k 0',
    'B SELECT 9',
    'B RPUSH k 9',
  ],
  'a key that something else is put over is no new key': [
    'A BLPOP k 0',
    'P SET k string',
    'P RPUSH l 3 1 2',
    'P SORT l STORE k',
    'P EXISTS k',
  ],
  'SORT with STORE brings the key': ['A BLPOP k 0', 'P RPUSH l 3 1 2', 'P SORT l STORE k', 'P LRANGE k 0 -1'],
  'lists and sorted sets, waited for under the same name': [
    'A BLPOP k 0',
    'B BZPOPMIN k 0',
    'C BLPOP k 0',
    'D BZPOPMAX k 0',
    'P ZADD k 1 a 2 b',
    'P EXISTS k',
    'P RPUSH k 1',
    'P RPUSH k 2',
  ],
  'an expired key is no key': ['A BLPOP k 0', 'P MULTI; RPUSH k 1; PEXPIREAT k 1; EXEC', 'P EXISTS k', 'P RPUSH k 2'],
  'CLIENT UNBLOCK ends a wait as the time-out would, or with an error': [
    'A BLPOP k 0',
    'B BLPOP k 0',
    'C BLMOVE k l LEFT LEFT 0',
    'P CLIENT UNBLOCK $A',
    'P CLIENT UNBLOCK $A',
    'P CLIENT UNBLOCK $B ERROR',
    'P CLIENT UNBLOCK $C TIMEOUT',
    'P RPUSH k 1',
    'P LLEN k',
    'A PING',
    'B PING',
  ],
  'who may not wait for such a type is told at once': [
    'P SET k 1',
    'A BLPOP k 0',
    'A BLPOP missing k 0',
    'A BLMOVE k l LEFT LEFT 0',
  ],
  'what a time-out may be': [
    'A BLPOP k -1',
    'A BLPOP k -0.001',
    'A BLPOP k x',
    'A BLPOP k 1e',
    'A BLPOP k nan',
    'A BLPOP k inf',
    'A BLPOP k -inf',
    'A BLPOP k 1e19',
    'A BLPOP k 9223372036854775.807',
    'A BLPOP k 9223372036854775',
    'A BLPOP k 0.001',
    'A BLPOP k 1e-9',
    'A BLPOP k 0x1p-8',
  ],
  'watched keys that somebody who waited takes from have changed': [
    'W WATCH k',
    'A BLPOP k 0',
    'P RPUSH k 1',
    'W MULTI; PING; EXEC',
  ],
}

describe('clients that wait for keys', requireStock('redis-server'), () => {
  let stock: number
  beforeAll(async () => {
    stock = (await startRedisServer(['--save', ''])).port
  })

  test.each(Object.entries(scenes))('%s', async (_, lines) => {
    const [mine, theirs] = await Promise.all([playScene(ours, lines), playScene(stock, lines)])
    expect(mine).toEqual(theirs)
  })
})
