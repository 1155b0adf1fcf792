/** Changes of streams that take long go on in slices, and nobody sees them half made. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { blockedClients, untilBlocked } from '../blocking/scene.js'
import { RawClient, type RawReply, texts } from '../raw-client.js'
import { words } from '../side-by-side.js'

const ENTRIES = 50_000
const ALL = Array.from({ length: ENTRIES }, (_, i) => `${i + 1}-0`)
const CLAIM = words(`XAUTOCLAIM s g bob 0 0 COUNT ${ENTRIES} JUSTID`)[0]

let server: RunningServer
let client: RawClient
let other: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  other = await RawClient.connect(server.port)
  return () => {
    client.close()
    other.close()
  }
})

/** A stream `s` whose group `g` has given all of it to alice, and an entry now and then to carol. */
async function fill(to: RawClient, entries = ENTRIES): Promise<void> {
  await to.call('FLUSHALL')
  for (let i = 1; i <= entries; i += 1000) {
    await to.pipeline(Array.from({ length: 1000 }, (_, j) => ['XADD', 's', String(i + j), 'number', String(i + j)]))
  }
  await to.call(...'XGROUP CREATE s g 0'.split(' '))
  for (let i = 0; i < entries; i += 1000) {
    await to.pipeline(
      words('XREADGROUP GROUP g carol COUNT 1 STREAMS s >', 'XREADGROUP GROUP g alice COUNT 999 STREAMS s >'),
    )
  }
}

/** Sends the command, and resolves when it is under way. */
async function begin(command: readonly string[], from = client, control = other): Promise<void> {
  from.write(['PING'], command)
  await from.next()
  await untilBlocked(control, 1)
}

/** How many entries are pending with whom. */
function holders(summary: RawReply): string {
  return (summary.elements?.[3].elements ?? []).map(each => texts(each).join(':')).join(' ')
}

/** IDs, consumers and counts of what is pending, without times. */
function pendingOf(list: RawReply): string[] {
  return (list.elements ?? []).map(({ elements }) => {
    const [id, consumer, , count] = elements ?? []
    return `${id.text} ${consumer.text} ${count.text}`
  })
}

const BOB = `bob:${ENTRIES}`

describe('while XAUTOCLAIM goes through all that is pending', () => {
  beforeEach(async () => {
    await fill(client)
  })

  test('clients that name other keys are served', async () => {
    await begin(CLAIM)
    const [set, get, info] = await other.pipeline(words('SET k v', 'GET k', 'INFO clients'))
    expect([set.text, get.text, blockedClients(info)]).toEqual(['OK', 'v', 1])
    expect(texts((await client.next()).elements?.[1] as RawReply)).toEqual(ALL)
  })

  test('those who read the stream, or write to it, see all of it done', async () => {
    await begin(CLAIM)
    const [summary, acknowledged, read, length] = await other.pipeline(
      words('XPENDING s g', 'XACK s g 50000', 'XREADGROUP GROUP g bob COUNT 1 STREAMS s 49999', 'XLEN s'),
    )
    expect([holders(summary), acknowledged.text, length.text]).toEqual([BOB, '1', String(ENTRIES)])
    expect(read.elements?.[0].elements?.[1].elements).toEqual([])
    expect(texts((await client.next()).elements?.[1] as RawReply)).toEqual(ALL)
  })

  test('those who read it wait, and do not have it brought to its end', async () => {
    const reader = await RawClient.connect(server.port)
    await begin(CLAIM)
    reader.write(['XLEN', 's'])
    await untilBlocked(other, 2)
    expect(blockedClients(await other.call('INFO', 'clients'))).toBe(2)
    expect((await reader.next()).text).toBe(String(ENTRIES))
    reader.close()
    await client.next()
  })

  test('a transaction that names the stream waits as a whole', async () => {
    await begin(CLAIM)
    const replies = await other.pipeline(words('MULTI', 'SET k v', 'XPENDING s g', 'EXEC', 'GET k'))
    expect(holders(replies[3].elements?.[1] as RawReply)).toBe(BOB)
    expect(replies[4].text).toBe('v')
    await client.next()
  })

  test('the client may go: what it has sent is done all the same', async () => {
    const leaving = await RawClient.connect(server.port)
    await begin(CLAIM, leaving)
    leaving.close()
    expect(holders(await other.call('XPENDING', 's', 'g'))).toBe(BOB)
    await untilBlocked(other, 0)
    expect((await other.call('XACK', 's', 'g', '1', '50000')).text).toBe('2')
  })

  test('the stream may be evicted: the claim came too late', async () => {
    await begin(CLAIM)
    await other.pipeline(
      words('CONFIG SET maxmemory-policy allkeys-random', 'CONFIG SET maxmemory 1', 'PING', 'CONFIG SET maxmemory 0'),
    )
    const text = "NOGROUP No such key 's' or consumer group 'g'"
    expect(await client.next()).toMatchObject({ type: '-', text })
    await fill(client, 3000)
    expect((await client.call('XPENDING', 's', 'g')).elements?.[0].text).toBe('3000')
  })

  test('it counts as one call', async () => {
    await client.call('CONFIG', 'RESETSTAT')
    await begin(CLAIM)
    await other.call('XLEN', 's')
    expect((await other.call('INFO', 'commandstats')).text).toMatch(/cmdstat_xautoclaim:calls=1,.*failed_calls=0/)
  })

  test('CLIENT PAUSE does not make it run twice', async () => {
    await begin(CLAIM.slice(0, -1))
    await other.pipeline(words('CLIENT PAUSE 100 WRITE', 'SET k v'))
    await client.next()
    const [list] = await other.pipeline(words('XPENDING s g 49990 + 2'))
    expect(pendingOf(list)).toEqual(['49990-0 bob 2', '49991-0 bob 2'])
  })

  test('CLIENT REPLY SKIP skips its reply, and no other', async () => {
    client.write(['CLIENT', 'REPLY', 'SKIP'], CLAIM, ['PING'])
    expect(await client.next()).toMatchObject({ type: '+', text: 'PONG' })
    expect(holders(await other.call('XPENDING', 's', 'g'))).toBe(BOB)
  })

  test('another one waits for it, and then takes what it has', async () => {
    await begin(CLAIM)
    const reply = await other.call(...words(`XAUTOCLAIM s g carol 0 0 COUNT ${ENTRIES} JUSTID`)[0])
    expect(texts(reply.elements?.[1] as RawReply)).toEqual(ALL)
    await client.next()
    expect(holders(await client.call('XPENDING', 's', 'g'))).toBe(`carol:${ENTRIES}`)
  })
})

describe('a long trim', () => {
  beforeEach(async () => {
    await fill(client, 20_000)
    await client.call('XACK', 's', 'g', ...ALL.filter((_, i) => i < 12_000 && i % 5000 !== 4000))
  })

  test.each([
    ['XTRIM s MAXLEN 4321 DELREF', '15679', 500],
    ['XTRIM s MINID 15680 DELREF', '15679', 500],
    ['XTRIM s MAXLEN ~ 4321 LIMIT 12345 DELREF', '12300', 300],
  ])('%s takes what short ones would take', async (line, taken, portion) => {
    await client.call('COPY', 's', 't')
    expect((await client.call(...words(line)[0])).text).toBe(taken)
    for (let left = Number(taken); left > 0; left -= portion) {
      const length = 20_000 - Number(taken) + Math.max(0, left - portion)
      await client.call('XTRIM', 't', 'MAXLEN', String(length), 'DELREF')
    }
    const [dump, expected] = await client.pipeline(words('DUMP s', 'DUMP t'))
    expect(dump).toEqual(expected)
  })

  test('XTRIM ACKED leaves what is pending, and counts what went', async () => {
    expect((await client.call(...words('XTRIM s MAXLEN 10 ACKED')[0])).text).toBe('11998')
    const first = await client.call('XRANGE', 's', '-', '+', 'COUNT', '3')
    expect(first.elements?.map(({ elements }) => elements?.[0].text)).toEqual(['4001-0', '9001-0', '12001-0'])
  })
})

describe('a master, which does not wait, finds all done that a client of its replica does', () => {
  let replica: RawClient
  let asking: RawClient

  beforeAll(async () => {
    const master = ['--replicaof', '127.0.0.1', String(server.port)]
    const { port, waitForLog } = await startRedisTs(['--save', '', '--replica-read-only', 'no', ...master])
    await waitForLog('Finished with success')
    replica = await RawClient.connect(port)
    asking = await RawClient.connect(port)
    return () => {
      replica.close()
      asking.close()
    }
  })

  test.each<[string, string, string]>([
    ['XACK s g 50000 49999', 's', 'bob:49998'],
    ['RENAME s t', 't', BOB],
    ['COPY s t', 't', BOB],
  ])('%s', async (command, key, expected) => {
    await fill(client)
    await client.call('WAIT', '1', '0')
    await begin(CLAIM, replica, asking)
    await client.call(...command.split(' '))
    expect(texts((await replica.next()).elements?.[1] as RawReply)).toEqual(ALL)
    await client.call('WAIT', '1', '0')
    expect(holders(await asking.call('XPENDING', key, 'g'))).toBe(expected)
  })

  test.each(['DEL s', 'FLUSHALL'])('%s: there is nothing left to be done', async command => {
    await fill(client)
    await client.call('WAIT', '1', '0')
    await begin(CLAIM, replica, asking)
    await client.call(...command.split(' '))
    expect(await replica.next()).toMatchObject({ type: '-' })
    await fill(client, 3000)
    await client.call('WAIT', '1', '0')
    expect((await asking.call('XPENDING', 's', 'g')).elements?.[0].text).toBe('3000')
  })
})

describe('what is saved while XAUTOCLAIM goes on has all of it', () => {
  test.each<[string, (control: RawClient, saving: RunningServer) => Promise<unknown>]>([
    ['SAVE', control => control.call('SAVE')],
    [
      'BGSAVE',
      async (control, saving) => {
        await control.call('BGSAVE')
        await saving.waitForLog('Background saving terminated with success')
      },
    ],
    [
      'SHUTDOWN',
      (control, saving) => {
        control.write(['SHUTDOWN', 'SAVE'])
        return saving.exited
      },
    ],
    ['SIGTERM', (_, saving) => saving.stop()],
    ['DEBUG RELOAD', control => control.call('DEBUG', 'RELOAD')],
  ])('by %s', async (_, save) => {
    const saving = await startRedisTs(['--save', '3600 1000000000', '--enable-debug-command', 'yes'])
    const [claiming, control] = await Promise.all([RawClient.connect(saving.port), RawClient.connect(saving.port)])
    await fill(claiming)
    await begin(CLAIM, claiming, control)
    await save(control, saving)
    claiming.close()
    control.close()
    const loaded = await startRedisTs(['--dir', saving.dir, '--save', ''])
    const asking = await RawClient.connect(loaded.port)
    const summary = await asking.call('XPENDING', 's', 'g')
    asking.close()
    expect(holders(summary)).toBe(BOB)
  })
})

/** Commands that take long, each as it would be alone. */
const LONG: Record<string, string[]> = {
  'XAUTOCLAIM with entries': words('XAUTOCLAIM s g bob 0 0 COUNT 20000')[0],
  'XAUTOCLAIM of a part': words('XAUTOCLAIM s g bob 0 17 COUNT 5000')[0],
  'XAUTOCLAIM of what is idle': words('XAUTOCLAIM s g alice 3600000 0 COUNT 20000')[0],
  'XAUTOCLAIM JUSTID': words('XAUTOCLAIM s g alice 0 0 COUNT 20000 JUSTID')[0],
  XCLAIM: ['XCLAIM', 's', 'g', 'bob', '0', ...ALL.slice(100, 4000).reverse(), '7', '7', 'RETRYCOUNT', '9'],
  'XCLAIM FORCE JUSTID': [
    'XCLAIM',
    's',
    'h',
    'bob',
    '0',
    ...ALL.slice(100, 4000),
    '30000',
    'FORCE',
    'JUSTID',
    'LASTID',
    '5000',
  ],
  XACK: ['XACK', 's', 'g', ...ALL.slice(100, 4000), '1', '1', '30000'],
  'XACK of no IDs': ['XACK', 's', 'g', ...ALL.slice(0, 2000), 'no ID'],
  'the history of XREADGROUP': words('XREADGROUP GROUP g alice STREAMS s 500')[0],
  'XREADGROUP of what is new': words('XREADGROUP GROUP h dora STREAMS s >')[0],
  'XREADGROUP NOACK': words('XREADGROUP GROUP h dora NOACK STREAMS s >')[0],
  'XREADGROUP of several': words('XREADGROUP GROUP h dora COUNT 15000 STREAMS s t s > 0 >')[0],
  'XGROUP DELCONSUMER': words('XGROUP DELCONSUMER s g alice')[0],
}
const AFTER = words(
  'XPENDING s g',
  'XADD s 50000 number new',
  'XPENDING s g - + 100000',
  'XPENDING s h - + 100000',
  'XINFO GROUPS s',
  'XACK s g 9 10 11',
  'XPENDING s g - + 5 alice',
  'XLEN s',
)

/** Without idle times, which nobody knows. */
function withoutTimes(replies: readonly RawReply[]): unknown[] {
  return replies.map((reply, i) => (AFTER[i]?.length > 4 && AFTER[i]?.[0] === 'XPENDING' ? pendingOf(reply) : reply))
}

const PREPARATION = words('XGROUP CREATE s h 0', 'XADD t 1 a b', 'XGROUP CREATE t h 0', 'XDEL s 1500 1501 1700 19999')

describe('as from redis-server', requireStock('redis-server'), () => {
  let stock: RawClient

  beforeAll(async () => {
    const { port } = await startRedisServer(['--save', ''])
    stock = await RawClient.connect(port)
    return () => stock.close()
  })

  test.each(Object.entries(LONG))('come replies to %s, and to those who come meanwhile', async (_, command) => {
    for (const each of [client, stock]) {
      await fill(each, 20_000)
      await each.pipeline(PREPARATION)
    }
    const expected = [await stock.call(...command), ...withoutTimes(await stock.pipeline(AFTER))]
    client.write(['PING'], command)
    await client.next()
    const after = await other.pipeline(AFTER)
    expect(await client.next()).toEqual(expected[0])
    expect(withoutTimes(after)).toEqual(expected.slice(1))
  })

  test.each(Object.entries(LONG))('comes what a transaction with %s does', async (_, command) => {
    const transaction = [['MULTI'], command, ...AFTER, ['EXEC']]
    const [ours, theirs] = await Promise.all(
      [client, stock].map(async each => {
        await fill(each, 20_000)
        await each.pipeline(PREPARATION)
        const { elements } = (await each.pipeline(transaction))[transaction.length - 1]
        return [elements?.[0], ...withoutTimes(elements?.slice(1) ?? [])]
      }),
    )
    expect(ours).toEqual(theirs)
  })
})

describe('XREADGROUP CLAIM beside them', () => {
  const DELETED = ['1500-0', '1501-0', '1700-0', '19999-0']
  const OLD = ['XCLAIM', 's', 'g', 'carol', '0', ...ALL.slice(300, 9000), 'TIME', '5000', 'JUSTID']
  /** Nothing is idle for so long: a group has an order from then on. h is given an entry. */
  const ORDER = ['g', 'h'].map(
    group => words(`XREADGROUP GROUP ${group} eve COUNT 1 CLAIM 3600000000000 STREAMS s >`)[0],
  )

  beforeEach(async () => {
    await fill(client, 20_000)
    await client.pipeline([...PREPARATION, OLD])
  })

  /** Entries of stream `index` of a reply of XREADGROUP. */
  function entriesOf({ elements }: RawReply, index = 0): RawReply[] {
    return elements?.[index].elements?.[1].elements ?? []
  }

  function ids(entries: readonly RawReply[]): string[] {
    return entries.map(({ elements }) => elements?.[0].text ?? '')
  }

  /** What is pending with a group comes by time, then by ID, without what is deleted. */
  async function checkOrder(group: string): Promise<void> {
    const [list, claimed] = await client.pipeline(
      words(`XPENDING s ${group} - + 100000`, `XREADGROUP GROUP ${group} eve CLAIM 0 COUNT 100000 STREAMS s >`),
    )
    const byTime = (list.elements ?? [])
      .map(row => texts(row))
      .filter(([id]) => !DELETED.includes(id))
      .toSorted(([, , idleA], [, , idleB]) => Number(idleB) - Number(idleA))
    const claimedIds = ids(entriesOf(claimed))
    expect(claimedIds.slice(0, byTime.length)).toEqual(byTime.map(([id]) => id))
  }

  test.each(Object.entries(LONG))('the order of time is kept by %s', async (_, command) => {
    await client.pipeline([...ORDER, command])
    await checkOrder('g')
    await checkOrder('h')
  })

  test.each(['XAUTOCLAIM JUSTID', 'XACK', 'the history of XREADGROUP', 'XGROUP DELCONSUMER'])(
    'an order that is being made meanwhile has what %s does',
    async name => {
      other.write(ORDER[0])
      client.write(LONG[name])
      expect((await other.next()).elements).toBe(null)
      await client.next()
      await checkOrder('g')
    },
  )

  test('what is claimed, and the history behind it, come in one long reply', async () => {
    const reply = await client.call(...words('XREADGROUP GROUP g alice CLAIM 0 STREAMS s s > 0')[0])
    const [claimed, history] = [entriesOf(reply), entriesOf(reply, 1)]
    const left = ALL.slice(0, 20_000).filter(id => !DELETED.includes(id))
    expect(ids(claimed).toSorted()).toEqual(left.toSorted())
    expect(new Set(claimed.map(({ elements }) => elements?.length))).toEqual(new Set([4]))
    // The others went when what is old was claimed.
    expect(ids(history)).toEqual([...left.slice(0, -1), '19999-0', '20000-0'])
    expect(ids(history.filter(({ elements }) => elements?.[1].elements === null))).toEqual(['19999-0'])
  })

  test('in a long reply of what is new, only the streams up to the first history have idle times', async () => {
    const reply = await client.call(...words('XREADGROUP GROUP h dora CLAIM 0 COUNT 7000 STREAMS s s s > 7000 >')[0])
    const lengths = [0, 1, 2].map(i => entriesOf(reply, i).map(({ elements }) => elements?.length))
    const left = ALL.filter(id => !DELETED.includes(id))
    expect(lengths.map(each => [...new Set(each)])).toEqual([[4], [2], [2]])
    expect(ids(entriesOf(reply))).toEqual(left.slice(0, 7000))
    expect(ids(entriesOf(reply, 2))).toEqual(left.slice(7000, 14_000))
  })
})
