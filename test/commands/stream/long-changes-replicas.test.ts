/** What replicas get of changes of streams that go on in slices: all of one as a transaction, in the order of the entries. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requireStock, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { ReplicaMonitor } from '../replica-monitor.js'
import { words } from '../side-by-side.js'

const ENTRIES = 12_000
const ALL = Array.from({ length: ENTRIES }, (_, i) => `${i + 1}-0`)

describe('replicas', requireStock('redis-server'), () => {
  let stock: ReplicaMonitor
  let master: RawClient
  let other: RawClient
  let replica: RawClient

  beforeAll(async () => {
    const { port } = await startRedisTs(['--save', ''])
    stock = await ReplicaMonitor.start(port)
    const own = await startRedisTs(['--save', '', '--replicaof', '127.0.0.1', String(port)])
    await own.waitForLog('Finished with success')
    ;[master, other, replica] = await Promise.all([port, port, own.port].map(each => RawClient.connect(each)))
    return () => {
      for (const each of [stock, master, other, replica]) each.close()
    }
  })

  beforeEach(async () => {
    await master.call('FLUSHALL')
    for (let i = 1; i <= ENTRIES; i += 1000) {
      await master.pipeline(
        Array.from({ length: 1000 }, (_, j) => ['XADD', 's', String(i + j), 'number', String(i + j)]),
      )
    }
    await master.pipeline(words('XGROUP CREATE s g 0', 'XGROUP CREATE s h 0'))
    await master.pipeline(
      words('XREADGROUP GROUP g carol COUNT 3000 STREAMS s >', 'XREADGROUP GROUP g alice STREAMS s >'),
    )
    await master.pipeline(words('XREADGROUP GROUP h carol COUNT 3 STREAMS s >', 'XDEL s 5 6000 6001'))
    await stock.received()
  })

  /** Runs it while another client writes to another key; returns what the stock replica was sent of both. */
  async function sentDuring(command: readonly string[]): Promise<string[]> {
    master.write(['PING'], command)
    await master.next()
    await other.pipeline(Array.from({ length: 20 }, () => ['INCR', 'n']))
    await master.next()
    return stock.received()
  }

  async function expectSameGroups(): Promise<void> {
    await master.call('WAIT', '2', '0')
    const groups = words(
      'XPENDING s g - + 100000',
      'XPENDING s h - + 100000',
      'XPENDING s g',
      'GET n',
      'DEBUG DIGEST-VALUE s',
    )
    const [ours, same, stocks] = await Promise.all([master, replica, stock.replica].map(each => each.pipeline(groups)))
    const withoutIdleTimes = (replies: typeof ours): unknown[] =>
      replies.map(({ elements, text }, i) =>
        i < 2 ? elements?.map(each => each.elements?.filter((_, j) => j !== 2)) : { elements, text },
      )
    expect(withoutIdleTimes(same)).toEqual(withoutIdleTimes(ours))
    expect(withoutIdleTimes(stocks)).toEqual(withoutIdleTimes(ours))
  }

  const LONG: Record<string, string[]> = {
    XAUTOCLAIM: words(`XAUTOCLAIM s g bob 0 0 COUNT ${ENTRIES} JUSTID`)[0],
    'XAUTOCLAIM of some of it': words('XAUTOCLAIM s g carol 0 1000 COUNT 7000')[0],
    XCLAIM: ['XCLAIM', 's', 'g', 'bob', '0', ...ALL.slice(0, 9000).reverse(), 'RETRYCOUNT', '5', 'LASTID', '99999'],
    'XREADGROUP of what is new': words('XREADGROUP GROUP h dora STREAMS s >')[0],
    'XREADGROUP of the history': words('XREADGROUP GROUP g alice STREAMS s 0')[0],
    'XREADGROUP NOACK': words('XREADGROUP GROUP h dora NOACK STREAMS s >')[0],
    XACK: ['XACK', 's', 'g', ...ALL.slice(2000, 9000)],
    'XGROUP DELCONSUMER': words('XGROUP DELCONSUMER s g alice')[0],
    'XTRIM DELREF': words('XTRIM s MAXLEN 4050 DELREF')[0],
    'XTRIM MINID DELREF': words('XTRIM s MINID ~ 7777 LIMIT 6000 DELREF')[0],
  }

  test.each(Object.entries(LONG).filter(([name]) => !name.includes('history')))(
    'have the same groups behind %s',
    async (_, command) => {
      await sentDuring(command)
      await expectSameGroups()
    },
  )

  test('have the same entries behind XTRIM ACKED, which leaves what is pending', async () => {
    await master.call(...['XACK', 's', 'g', ...ALL.filter((_, i) => i < 9000 && i % 2000 !== 1500)])
    await master.pipeline(words('XACK s h 1 2 3', 'XGROUP SETID s h 8000'))
    const sent = await sentDuring(words('XTRIM s MAXLEN 100 ACKED')[0])
    expect(sent.some(line => line.startsWith('XTRIM s MAXLEN = '))).toBe(true)
    expect(sent.some(line => line.startsWith('XDEL s 1502-0 '))).toBe(true)
    expect((await master.call('XRANGE', 's', '-', '8000')).elements?.map(({ elements }) => elements?.[0].text)).toEqual(
      ['1501-0', '3501-0', '5501-0', '7501-0'],
    )
    await expectSameGroups()
  })

  test('hear nothing of a history that is read, in which only times and counts change', async () => {
    const sent = await sentDuring(LONG['XREADGROUP of the history'])
    expect(sent.filter(line => !line.startsWith('INCR'))).toEqual([])
  })

  test.each(['XAUTOCLAIM', 'XCLAIM', 'XREADGROUP of what is new'])('get %s as one transaction', async name => {
    const sent = await sentDuring(LONG[name])
    const isClaim = (line: string): boolean => line.startsWith('XCLAIM')
    const begin = sent.indexOf('MULTI')
    const end = sent.indexOf('EXEC')
    const claims = sent.slice(begin + 1, end)
    expect(claims.length).toBeGreaterThan(1)
    expect(claims.filter(line => !isClaim(line))).toEqual([])
    expect([...sent.slice(0, begin), ...sent.slice(end)].filter(isClaim)).toEqual([])
    expect(sent.filter(line => line.startsWith('INCR'))).toHaveLength(20)
  })

  test('get claims in the order of the entries, with the time, the count and the last ID', async () => {
    const sent = await sentDuring(words(`XAUTOCLAIM s g bob 0 0 COUNT ${ENTRIES}`)[0])
    const ids: string[] = []
    for (const line of sent) {
      const parts = /^XCLAIM s g (\w+) 0 ([-\d ]+) TIME \d{13} RETRYCOUNT (\d) FORCE JUSTID LASTID 12000-0$/.exec(line)
      if (parts === null) continue
      const [, consumer, list, count] = parts
      // Of those that were deleted replicas hear with whom they were.
      expect([consumer, count]).toEqual(
        list === '5-0' ? ['carol', '1'] : list === '6000-0 6001-0' ? ['alice', '1'] : ['bob', '2'],
      )
      ids.push(...list.split(' '))
    }
    expect(ids).toEqual(ALL)
  })

  test('get it behind the claims of a transaction, too', async () => {
    master.write(['MULTI'], LONG.XAUTOCLAIM, ['SET', 'n', '1'], LONG.XACK, ['EXEC'])
    for (let i = 0; i < 5; i++) await master.next()
    const sent = await stock.received()
    expect(sent.filter(line => line === 'MULTI')).toHaveLength(1)
    expect(sent.filter(line => !line.startsWith('XCLAIM')).map(line => line.split(' ')[0])).toEqual([
      'MULTI',
      'SET',
      'XACK',
      'EXEC',
    ])
    await expectSameGroups()
  })
})
