/** What replicas get of stream commands: what came of them, so that nothing depends on clocks, nodes or who was waiting. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisTs } from '../../interop/stock.js'
import { untilBlocked } from '../blocking/scene.js'
import { RawClient } from '../raw-client.js'
import { ReplicaMonitor } from '../replica-monitor.js'
import { words } from '../side-by-side.js'

const SEVEN_ENTRIES = Array.from({ length: 7 }, (_, i) => `XADD s ${i + 1} a b`)
const GROUP = 'XGROUP CREATE s g 0'
/** Group g has read up to 4 and acknowledged 4, group h has read up to 2. */
const PENDING = [
  ...SEVEN_ENTRIES,
  GROUP,
  'XGROUP CREATE s h 0',
  'XREADGROUP GROUP g alice COUNT 4 STREAMS s >',
  'XREADGROUP GROUP h bob COUNT 2 STREAMS s >',
  'XACK s g 4',
]

/** The time of a delivery, and IDs that are times. */
function withoutTimes(lines: readonly string[]): string[] {
  return lines.map(line => line.replace(/\b\d{13}(-\d+)?\b/g, 'NOW'))
}

function claimOf(id: string, consumer: string, rest: string): string {
  return `XCLAIM s g ${consumer} 0 ${id} TIME ${rest}`
}

/** Entry 2 has been pending for long. */
const CLAIM_OLD = 'XCLAIM s g alice 0 2 TIME 5 JUSTID'

/** As XREADGROUP sends what it gave to a consumer. */
function given(consumer: string, ...ids: string[]): string[] {
  return ids.map(id => claimOf(id, consumer, `NOW RETRYCOUNT 1 FORCE JUSTID LASTID ${id}`))
}

describe('replicas get', requireStock('redis-server'), () => {
  let replica: ReplicaMonitor
  let port: number

  beforeAll(async () => {
    ;({ port } = await startRedisTs(['--save', '', '--stream-node-max-entries', '3']))
    replica = await ReplicaMonitor.start(port)
    return () => replica.close()
  })
  beforeEach(async () => {
    await replica.client.call('FLUSHALL')
    await replica.received()
  })

  /** What they get of commands that come behind others. */
  async function sent(before: readonly string[], commands: readonly string[]): Promise<string[]> {
    await replica.sends(...words(...before))
    return withoutTimes(await replica.sends(...words(...commands)))
  }

  /** The replica has the same as the master: it says so itself. */
  async function expectSameData(): Promise<void> {
    await replica.received()
    const [ours, theirs] = await Promise.all(
      [replica.client, replica.replica].map(client => client.call('DEBUG', 'DIGEST-VALUE', 's')),
    )
    expect(ours).toEqual(theirs)
  }

  test.each<[string, string[], string[], string[]]>([
    [
      'the ID that an entry was given',
      [],
      ['XADD s * a b', 'XADD s 9999999999999-* a b', 'XADD s 9999999999999-* a b', 'XADD s 9999999999999-7 a b'],
      ['XADD s NOW a b', 'XADD s NOW a b', 'XADD s NOW a b', 'XADD s NOW a b'],
    ],
    ['a partial ID as it was given', [], ['XADD s 5 a b', 'XADD s 5-* a b'], ['XADD s 5 a b', 'XADD s 5-1 a b']],
    ['nothing of an entry that is refused', ['XADD s 5 a b'], ['XADD s 5 a b', 'XADD s 0-0 a b', 'XADD s 4-* a b'], []],
    ['nothing of NOMKSTREAM without a stream', [], ['XADD s NOMKSTREAM 1 a b'], []],
    [
      'exact trims as they are',
      SEVEN_ENTRIES,
      ['XADD s MAXLEN 7 8 a b', 'XADD s NOMKSTREAM MAXLEN = 6 9-* a b', 'XTRIM s MINID 6', 'XTRIM s MAXLEN = 1'],
      ['XADD s MAXLEN 7 8 a b', 'XADD s NOMKSTREAM MAXLEN = 6 9-0 a b', 'XTRIM s MINID 6', 'XTRIM s MAXLEN = 1'],
    ],
    [
      'what an approximate XTRIM by length came to',
      SEVEN_ENTRIES,
      ['XTRIM s MAXLEN ~ 3', 'XTRIM s MAXLEN ~ 0 LIMIT 2', 'XTRIM s MAXLEN ~ 0 LIMIT 3'],
      ['XTRIM s MAXLEN = 4', 'XTRIM s MAXLEN = 1 LIMIT 3'],
    ],
    [
      'what an approximate XTRIM by ID came to',
      SEVEN_ENTRIES,
      ['XTRIM s MINID ~ 6', 'XTRIM s MINID ~ 9'],
      ['XTRIM s MINID = 4-0', 'XTRIM s MINID = 18446744073709551615-18446744073709551615'],
    ],
    [
      'what approximate trims of XADD came to, also where nothing went',
      SEVEN_ENTRIES,
      ['XADD s MAXLEN ~ 100 8 a b', 'XADD s MAXLEN ~ 4 9 a b', 'XADD s MINID ~ 8 10-* a b'],
      ['XADD s MAXLEN = 8 8 a b', 'XADD s MAXLEN = 6 9 a b', 'XADD s MINID = 7-0 10-0 a b'],
    ],
    [
      'deletions, and last IDs',
      SEVEN_ENTRIES,
      ['XDEL s 1 2 99', 'XDEL s 99', 'XSETID s 50', 'XSETID s 60 ENTRIESADDED 9 MAXDELETEDID 7'],
      ['XDEL s 1 2 99', 'XSETID s 50', 'XSETID s 60 ENTRIESADDED 9 MAXDELETEDID 7'],
    ],
    [
      'entries that go with what groups refer to as deletions and acknowledgements',
      PENDING,
      ['XDELEX s IDS 3 1 2 99', 'XDELEX s DELREF IDS 4 1 3 5 99', 'XDELEX s ACKED IDS 2 4 7', 'XDELEX s ACKED IDS 1 4'],
      ['XDEL s 1-0 2-0', 'MULTI', 'XACK s g 1-0 3-0', 'XACK s h 1-0', 'XDEL s 3-0 5-0', 'EXEC'],
    ],
    [
      'acknowledgements that delete as both',
      PENDING,
      ['XACKDEL s g IDS 3 1 99 7', 'XACKDEL s g ACKED IDS 2 2 3', 'XACKDEL s h DELREF IDS 1 2', 'XACKDEL s h IDS 1 2'],
      [
        ...['MULTI', 'XACK s g 1-0', 'XDEL s 1-0', 'EXEC'],
        'XACK s g 2-0 3-0',
        ...['MULTI', 'XACK s h 2-0', 'XDEL s 2-0', 'EXEC'],
      ],
    ],
    [
      'nothing of KEEPREF',
      SEVEN_ENTRIES,
      [
        'XADD s KEEPREF 8 a b',
        'XADD s MAXLEN ~ 5 KEEPREF 9-* a b',
        'XTRIM s KEEPREF MAXLEN ~ 3',
        'XTRIM s MAXLEN 1 KEEPREF',
      ],
      ['XADD s 8 a b', 'XADD s MAXLEN = 6 9-0 a b', 'XTRIM s MAXLEN = 3', 'XTRIM s MAXLEN 1'],
    ],
    [
      'trims with DELREF as trims and acknowledgements',
      PENDING,
      ['XTRIM s MINID 2 DELREF', 'XTRIM s DELREF MAXLEN ~ 5', 'XADD s DELREF MAXLEN ~ 5 8-* a b', 'XADD s ACKED 9 a b'],
      [
        ...['MULTI', 'XTRIM s MINID 2', 'XACK s g 1-0', 'XACK s h 1-0', 'EXEC'],
        ...['MULTI', 'XTRIM s MAXLEN = 5', 'XACK s g 2-0', 'XACK s h 2-0', 'EXEC'],
        ...['MULTI', 'XADD s MAXLEN = 5 8-0 a b', 'XACK s g 3-0', 'EXEC'],
        'XADD s 9 a b',
      ],
    ],
    [
      'trims by length with DELREF that came to a limit as trims by ID: nodes without entries go where they went here',
      PENDING,
      ['XTRIM s MAXLEN ~ 0 LIMIT 4 DELREF', 'XTRIM s MAXLEN ~ 0 DELREF'],
      [
        ...['MULTI', 'XTRIM s MINID = 4-0 LIMIT 4', 'XACK s g 1-0 2-0 3-0', 'XACK s h 1-0 2-0', 'EXEC'],
        'XTRIM s MAXLEN = 0',
      ],
    ],
    [
      'trims by ID with DELREF as exact ones, unless they came to a limit',
      PENDING,
      ['XTRIM s MINID ~ 3 DELREF', 'XTRIM s MINID ~ 7 LIMIT 1 DELREF', 'XADD s MINID ~ 5 DELREF LIMIT 2 8 a b'],
      [
        ...['MULTI', 'XTRIM s MINID = 3-0', 'XACK s g 1-0 2-0', 'XACK s h 1-0 2-0', 'EXEC'],
        ...['MULTI', 'XTRIM s MINID = 4-0 LIMIT 1', 'XACK s g 3-0', 'EXEC'],
        'XADD s MINID = 4-0 LIMIT 2 8 a b',
      ],
    ],
    [
      'trims with ACKED as a trim of what went first, and deletions of what was behind it',
      [...PENDING, 'XREADGROUP GROUP g alice STREAMS s >', 'XREADGROUP GROUP h bob STREAMS s >', 'XACK s g 1 3 4 5'],
      [
        'XTRIM s MAXLEN 0 ACKED',
        'XACK s h 1 4 7',
        'XADD s MAXLEN ~ 1 ACKED 8-* a b',
        'XTRIM s MAXLEN 0 ACKED',
        'XACK s h 3',
        'XTRIM s MAXLEN 4 ACKED',
      ],
      [
        'XACK s h 1 4 7',
        ...['MULTI', 'XADD s 8-0 a b', 'XTRIM s MAXLEN = 7', 'XDEL s 4-0', 'EXEC'],
        'XACK s h 3',
        'XDEL s 3-0',
      ],
    ],
    [
      'groups and consumers that are made, moved and removed',
      ['XADD s 1 a b'],
      [
        GROUP,
        GROUP,
        'XGROUP CREATE t g $ MKSTREAM ENTRIESREAD 3',
        'XGROUP SETID s g 1',
        'XGROUP CREATECONSUMER s g alice',
        'XGROUP CREATECONSUMER s g alice',
        'XGROUP DELCONSUMER s g alice',
        'XGROUP DELCONSUMER s g alice',
        'XGROUP DESTROY s g',
        'XGROUP DESTROY s g',
      ],
      [
        GROUP,
        'XGROUP CREATE t g $ MKSTREAM ENTRIESREAD 3',
        'XGROUP SETID s g 1',
        'XGROUP CREATECONSUMER s g alice',
        'XGROUP DELCONSUMER s g alice',
        'XGROUP DESTROY s g',
      ],
    ],
    [
      'what a consumer was given as claims of it',
      ['XADD s 1 a b', 'XADD s 2 a b', 'XADD s 3 a b', GROUP],
      ['XREADGROUP GROUP g alice COUNT 2 STREAMS s >', 'XREADGROUP GROUP g bob STREAMS s >'],
      [...given('alice', '1-0', '2-0'), ...given('bob', '3-0')],
    ],
    [
      'with NOACK the consumer and how far the group is',
      ['XADD s 1 a b', 'XADD s 2 a b', GROUP],
      ['XREADGROUP GROUP g alice NOACK STREAMS s >', 'XREADGROUP GROUP g alice NOACK STREAMS s >'],
      ['XGROUP CREATECONSUMER s g alice', 'XGROUP SETID s g 2-0 ENTRIESREAD 2'],
    ],
    [
      'nothing of a consumer that reads again what it has, or finds nothing',
      ['XADD s 1 a b', GROUP, 'XREADGROUP GROUP g alice STREAMS s >'],
      [
        'XREADGROUP GROUP g alice STREAMS s 0',
        'XREADGROUP GROUP g alice STREAMS s >',
        'XREADGROUP GROUP g bob STREAMS s >',
        'XREAD STREAMS s 0',
        'XPENDING s g',
      ],
      [],
    ],
    [
      'a stream that is named twice once',
      ['XADD s 1 a b', GROUP],
      ['XREADGROUP GROUP g alice STREAMS s s > >'],
      given('alice', '1-0'),
    ],
    [
      'what is acknowledged, if it was pending',
      ['XADD s 1 a b', GROUP, 'XREADGROUP GROUP g alice STREAMS s >'],
      ['XACK s g 9', 'XACK s g 1 9', 'XACK s g 1', 'XACK s none 1'],
      ['XACK s g 1 9'],
    ],
    [
      'claims as they came out',
      ['XADD s 1 a b', 'XADD s 2 a b', GROUP, 'XREADGROUP GROUP g alice COUNT 1 STREAMS s >'],
      [
        'XCLAIM s g bob 0 1 TIME 1000',
        'XCLAIM s g bob 0 1 TIME 1000 RETRYCOUNT 7 JUSTID',
        'XCLAIM s g bob 9000000000000 1',
        'XCLAIM s g bob 0 2 9 TIME 5 FORCE',
      ],
      [
        claimOf('1', 'bob', '1000 RETRYCOUNT 2 FORCE JUSTID LASTID 1-0'),
        claimOf('1', 'bob', '1000 RETRYCOUNT 7 FORCE JUSTID LASTID 1-0'),
        claimOf('2', 'bob', '5 RETRYCOUNT 2 FORCE JUSTID LASTID 1-0'),
      ],
    ],
    [
      'with LASTID how far the group is, alone or with the claim',
      ['XADD s 1 a b', GROUP, 'XREADGROUP GROUP g alice STREAMS s >'],
      ['XCLAIM s g bob 0 9 LASTID 8', 'XCLAIM s g bob 0 1 TIME 5 LASTID 9', 'XCLAIM s g bob 0 7 LASTID 3'],
      ['XGROUP SETID s g 8-0 ENTRIESREAD 1', claimOf('1', 'bob', '5 RETRYCOUNT 2 FORCE JUSTID LASTID 9-0')],
    ],
    [
      'a claim of an entry that is deleted as one by its old owner, whom it leaves there',
      ['XADD s 1 a b', GROUP, 'XREADGROUP GROUP g alice STREAMS s >', 'XDEL s 1'],
      ['XCLAIM s g bob 0 1', 'XCLAIM s g bob 0 1'],
      [claimOf('1', 'alice', 'NOW RETRYCOUNT 1 FORCE JUSTID LASTID 1-0')],
    ],
    [
      'claims of who reads as claims, in order, and then what is new',
      [
        'XADD s 1 a b',
        'XADD s 2 a b',
        'XADD s 3 a b',
        GROUP,
        'XREADGROUP GROUP g alice COUNT 2 STREAMS s >',
        CLAIM_OLD,
      ],
      [
        'XREADGROUP GROUP g bob COUNT 1 CLAIM 1000 STREAMS s >',
        'XREADGROUP GROUP g bob CLAIM 0 STREAMS s >',
        'XREADGROUP GROUP g bob CLAIM 9000000000000 STREAMS s >',
      ],
      [
        claimOf('2-0', 'bob', 'NOW RETRYCOUNT 2 FORCE JUSTID LASTID 2-0'),
        'MULTI',
        claimOf('1-0', 'bob', 'NOW RETRYCOUNT 2 FORCE JUSTID LASTID 2-0'),
        claimOf('2-0', 'bob', 'NOW RETRYCOUNT 3 FORCE JUSTID LASTID 2-0'),
        claimOf('3-0', 'bob', 'NOW RETRYCOUNT 1 FORCE JUSTID LASTID 3-0'),
        'EXEC',
      ],
    ],
    [
      'claims with NOACK as claims, and what is new as how far the group is',
      ['XADD s 1 a b', 'XADD s 2 a b', GROUP, 'XREADGROUP GROUP g alice COUNT 1 STREAMS s >'],
      ['XREADGROUP GROUP g bob NOACK CLAIM 0 STREAMS s >'],
      [
        'XGROUP CREATECONSUMER s g bob',
        claimOf('1-0', 'bob', 'NOW RETRYCOUNT 2 FORCE JUSTID LASTID 1-0'),
        'XGROUP SETID s g 2-0 ENTRIESREAD 2',
      ],
    ],
    [
      'automatic claims as claims, entries that are deleted by their old owner',
      ['XADD s 1 a b', 'XADD s 2 a b', 'XADD s 3 a b', GROUP, 'XREADGROUP GROUP g alice STREAMS s >', 'XDEL s 2'],
      ['XAUTOCLAIM s g bob 0 - COUNT 2', 'XAUTOCLAIM s g bob 0 3 JUSTID', 'XAUTOCLAIM s g bob 9000000000000 -'],
      [
        claimOf('1-0', 'bob', 'NOW RETRYCOUNT 2 FORCE JUSTID LASTID 3-0'),
        claimOf('2-0', 'alice', 'NOW RETRYCOUNT 1 FORCE JUSTID LASTID 3-0'),
        claimOf('3-0', 'bob', 'NOW RETRYCOUNT 1 FORCE JUSTID LASTID 3-0'),
      ],
    ],
    [
      'a transaction around what its commands came to',
      ['XADD s 1 a b', GROUP],
      ['MULTI', 'XADD s 2-* a b', 'XREADGROUP GROUP g alice BLOCK 0 STREAMS s >', 'XTRIM s MAXLEN ~ 9', 'EXEC'],
      ['MULTI', 'XADD s 2-0 a b', ...given('alice', '1-0', '2-0'), 'EXEC'],
    ],
    [
      'one command that is sent as several as a transaction',
      ['XADD s 1 a b', 'XADD s 2 a b', GROUP],
      ['MULTI', 'XREAD STREAMS s 0', 'XREADGROUP GROUP g alice STREAMS s >', 'EXEC'],
      ['MULTI', ...given('alice', '1-0', '2-0'), 'EXEC'],
    ],
  ])('%s', async (_, before, commands, expected) => {
    const lines = await sent(before, commands)
    const several = lines[0] === 'MULTI' && expected[0] !== 'MULTI'
    expect(several ? lines.filter(line => line !== 'MULTI' && line !== 'EXEC') : lines).toEqual(expected)
    await expectSameData()
  })

  test('what was read by who waited, behind what was added', async () => {
    await sent([], ['XGROUP CREATE s g $ MKSTREAM', 'XGROUP CREATECONSUMER s g bob'])
    const [alice, bob] = await Promise.all([RawClient.connect(port), RawClient.connect(port)])
    const reads = [
      alice.call(...words('XREADGROUP GROUP g alice BLOCK 0 STREAMS s >')[0]),
      bob.call(...words('XREADGROUP GROUP g bob BLOCK 0 NOACK STREAMS s >')[0]),
    ]
    await untilBlocked(replica.client, 2)
    const lines = withoutTimes(await replica.sends(...words('XADD s 1 a b')))
    expect(lines).toEqual(['XADD s 1 a b', ...given('alice', '1-0')])
    await reads[0]
    expect(withoutTimes(await replica.sends(...words('XADD s 2 a b')))).toEqual([
      'XADD s 2 a b',
      'XGROUP SETID s g 2-0 ENTRIESREAD 2',
    ])
    await reads[1]
    await expectSameData()
    alice.close()
    bob.close()
  })
})
