/** Readers of streams that wait: who is woken, by what, and what tells them that there is nothing to wait for any more. */
import { beforeAll, describe, expect, test } from 'vitest'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { playScene } from '../blocking/scene.js'

const OPTIONS = ['--save', '', '--stream-node-max-entries', '3']
const GROUP = 'P XADD s 1 f v; XGROUP CREATE s g $; XGROUP CREATE s h 0'
const WAIT = 'XREADGROUP GROUP g alice BLOCK 0 STREAMS s >'
const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value'
const GONE = "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option"

const scenes: Record<string, readonly string[]> = {
  'XREAD behind an ID': ['A XREAD BLOCK 0 STREAMS s 5', 'P XADD s 3 f v', 'P XADD s 5 f v', 'P XADD s 5-1 f v'],
  'XREAD of what is to come': ['P XADD s 1 f v', 'A XREAD BLOCK 0 STREAMS s $', 'P XADD s 2 f v; XADD s 3 f v'],
  'XREAD of a stream that is not there yet': ['A XREAD BLOCK 0 STREAMS s $', 'P XADD s 1 f v'],
  'XREAD at once': ['P XADD s 1 f v', 'A XREAD BLOCK 0 STREAMS s t 0 $', 'A! XREAD BLOCK 1 STREAMS s $'],
  'all who wait with XREAD': [
    'A XREAD BLOCK 0 STREAMS s 0',
    'B XREAD BLOCK 0 STREAMS s 0',
    'C XREAD BLOCK 0 STREAMS s 9',
    'P XADD s 1 f v',
  ],
  'XREAD of a key of another type': ['A XREAD BLOCK 0 STREAMS s $', 'P SET s x', 'P DEL s', 'P XADD s 1 f v'],
  'XREAD of a stream that goes and comes back': [
    'P XADD s 5 f v',
    'A XREAD BLOCK 0 STREAMS s $',
    'P DEL s',
    'P XADD s 3 f v',
    'P XADD s 6 f v',
  ],
  'by RENAME, COPY and MOVE': [
    'P XADD from 1 f v',
    'A XREAD BLOCK 0 STREAMS s 0',
    'B XREAD BLOCK 0 STREAMS t 0',
    'P COPY from s',
    'P RENAME from t',
  ],
  'one of a group': [
    GROUP,
    `A ${WAIT}`,
    'B XREADGROUP GROUP g bob BLOCK 0 STREAMS s >',
    'C XREADGROUP GROUP g carol COUNT 2 BLOCK 0 STREAMS s >',
    'P XADD s 2 f v',
    'P MULTI; XADD s 3 f v; XADD s 4 f v; XADD s 5 f v; EXEC',
    'P XLEN s',
  ],
  'readers of several groups, and of none': [
    GROUP,
    `A ${WAIT}`,
    'B XREADGROUP GROUP h bob BLOCK 0 STREAMS s >',
    'B XREADGROUP GROUP h bob BLOCK 0 STREAMS s >',
    'C XREAD BLOCK 0 STREAMS s $',
    'P XADD s 2 f v',
    'P XPENDING s g',
  ],
  'who reads what is pending does not wait': [GROUP, 'A XREADGROUP GROUP g alice BLOCK 0 STREAMS s 0'],
  'another group is destroyed': [GROUP, `A ${WAIT}`, 'P XGROUP DESTROY s h', 'P XADD s 2 f v'],
  'the key is deleted and made again in a transaction': [
    GROUP,
    `A ${WAIT}`,
    'P MULTI; DEL s; XADD s 9 f v; XGROUP CREATE s g 0; EXEC',
  ],
  'CLIENT UNBLOCK': [
    GROUP,
    `A ${WAIT}`,
    'B XREAD BLOCK 0 STREAMS s $',
    'P CLIENT UNBLOCK $A; CLIENT UNBLOCK $B ERROR',
    'P XADD s 2 f v; XPENDING s g',
  ],
  'XGROUP SETID gives nobody anything by itself': [GROUP, `A ${WAIT}`, 'P XGROUP SETID s g 0', 'P XADD s 2 f v'],
  'nobody waits in a transaction': [GROUP, `A MULTI; ${WAIT}; XREAD BLOCK 0 STREAMS s $; EXEC`],
  'the time is up': [GROUP, 'A! XREADGROUP GROUP g alice BLOCK 1 STREAMS s >', 'P XADD s 2 f v; XPENDING s g'],
  'wrong timeouts': ['A XREAD BLOCK -1 STREAMS s $', 'A XREAD BLOCK x STREAMS s $', 'A XREAD BLOCK 1.5 STREAMS s $'],
}

/** Since 7.2 a reader that is woken has its command executed anew, behind the transaction: 7.0 had words of its own for that. */
const since72: [string, readonly string[], Record<string, string[]>][] = [
  [
    'XREAD of several streams',
    [
      'P XADD s 1 f v',
      'A XREAD BLOCK 0 STREAMS t s u $ $ 0',
      'B XREAD COUNT 1 BLOCK 0 STREAMS u s 0 $',
      'P MULTI; XADD s 2 f v; XADD u 1 f v; XADD s 3 f v; EXEC',
    ],
    { A: ['[[s [[2-0 [f v]] [3-0 [f v]]]] [u [[1-0 [f v]]]]]'], B: ['[[u [[1-0 [f v]]]] [s [[2-0 [f v]]]]]'] },
  ],
  [
    'XREAD where an entry is added and deleted',
    ['P XADD s 1 f v', 'A XREAD BLOCK 0 STREAMS s $', 'P MULTI; XADD s 2 f v; XDEL s 2; EXEC', 'P XADD s 3 f v'],
    { A: ['[[s [[3-0 [f v]]]]]'] },
  ],
  [
    'the group is destroyed',
    [
      GROUP,
      `A ${WAIT}`,
      'B XREADGROUP GROUP h bob BLOCK 0 NOACK STREAMS s >',
      `B ${WAIT}`,
      'P XGROUP DESTROY s h',
      'P XGROUP DESTROY s g',
    ],
    { A: [GONE], B: ['[[s [[1-0 [f v]]]]]', GONE] },
  ],
  ['the key is deleted', [GROUP, `A ${WAIT}`, 'P DEL s'], { A: [GONE] }],
  ['the key is flushed', [GROUP, `A ${WAIT}`, 'P FLUSHALL'], { A: [GONE] }],
  ['the key gets another type', [GROUP, `A ${WAIT}`, 'P SET s x'], { A: [WRONG_TYPE] }],
  ['the key is renamed', [GROUP, `A ${WAIT}`, 'P RENAME s t'], { A: [GONE] }],
  [
    'one of several streams goes',
    [GROUP, 'P XGROUP CREATE t g $ MKSTREAM', 'A XREADGROUP GROUP g alice BLOCK 0 STREAMS t s > >', 'P DEL s'],
    { A: [GONE] },
  ],
]

describe('readers hear what they hear of stock Redis', requireStock('redis-server'), () => {
  let ours: number
  let stock: number
  beforeAll(async () => {
    ours = (await startRedisTs(OPTIONS)).port
    stock = (await startRedisServer(OPTIONS)).port
  })

  test.each(Object.entries(scenes))('%s', async (_, lines) => {
    const [mine, theirs] = await Promise.all([playScene(ours, lines), playScene(stock, lines)])
    expect(mine).toEqual(theirs)
  })
})

describe('readers hear what they hear of Redis 7.2', () => {
  let ours: number
  beforeAll(async () => {
    ours = (await startRedisTs(OPTIONS)).port
  })

  test.each(since72)('%s', async (_, lines, expected) => {
    expect(await playScene(ours, lines)).toMatchObject(expected)
  })
})
