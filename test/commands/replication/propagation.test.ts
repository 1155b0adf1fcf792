import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FakeMaster } from '../../fault/fake-master.js'
import { requireStock, startRedisTs } from '../../interop/stock.js'
import type { RawClient } from '../raw-client.js'
import { ReplicaMonitor } from '../replica-monitor.js'

/** The commands that a stock replica gets from redis-ts, as its MONITOR shows them. */
describe('what key commands send to replicas', requireStock('redis-server'), () => {
  let monitor: ReplicaMonitor
  let ours: RawClient

  beforeAll(async () => {
    const { port } = await startRedisTs(['--save', '', '--enable-debug-command', 'yes'])
    monitor = await ReplicaMonitor.start(port)
    ours = monitor.client
  })
  afterAll(() => monitor.close())

  const received = (): Promise<string[]> => monitor.received()
  const sends = (...commands: string[][]): Promise<string[]> => monitor.sends(...commands)

  async function millisecondsPass(ms: number): Promise<void> {
    const before = Date.now()
    while (Date.now() <= before + ms) await ours.call('PING')
  }

  beforeEach(async () => {
    await ours.pipeline([
      ['SELECT', '0'],
      ['FLUSHALL'],
      ['SET', 'a', '1'],
      ['SET', 'b', '1'],
      ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
    ])
    await received()
  })

  test.each(['EXPIRE', 'pexpire', 'EXPIREAT'])('%s travels as an absolute time', async name => {
    const lines = await sends([name, 'a', '4000000000'])
    expect(lines).toEqual([`PEXPIREAT a ${(await ours.call('PEXPIRETIME', 'a')).text}`])
    expect((await sends([name, 'a', '4100000000', 'GT']))[0]).toMatch(/^PEXPIREAT a \d+ GT$/)
  })

  test('a time in the past travels as a deletion', async () => {
    expect(await sends(['EXPIRE', 'a', '-1'])).toEqual(['DEL a'])
    await ours.call('CONFIG', 'SET', 'lazyfree-lazy-expire', 'yes')
    expect(await sends(['PEXPIREAT', 'b', '1'])).toEqual(['UNLINK b'])
    await ours.call('CONFIG', 'SET', 'lazyfree-lazy-expire', 'no')
  })

  test('what changes nothing sends nothing', async () => {
    expect(
      await sends(
        ['DEL', 'missing'],
        ['EXPIRE', 'missing', '5'],
        ['EXPIRE', 'a', '100', 'XX'],
        ['PERSIST', 'a'],
        ['RENAMENX', 'a', 'b'],
        ['RENAME', 'a', 'a'],
        ['TOUCH', 'a'],
        ['KEYS', '*'],
        ['MULTI'],
        ['GET', 'a'],
        ['EXEC'],
      ),
    ).toEqual([])
  })

  test('RESTORE travels with an absolute time', async () => {
    const bytes = (await ours.call('DUMP', 'a')).text ?? ''
    const shown = '\\x00\\xc0\\x01'
    const lines = await sends(
      ['RESTORE', 'x', '100000', bytes],
      ['RESTORE', 'y', '4000000000000', bytes, 'ABSTTL', 'IDLETIME', '5'],
      ['RESTORE', 'z', '0', bytes, 'REPLACE'],
    )
    const time = (await ours.call('PEXPIRETIME', 'x')).text
    expect(lines.map(line => line.replace(/ \\x00\S*/, ' PAYLOAD'))).toEqual([
      `RESTORE x ${time} PAYLOAD ABSTTL`,
      'RESTORE y 4000000000000 PAYLOAD ABSTTL IDLETIME 5',
      'RESTORE z 0 PAYLOAD REPLACE',
    ])
    expect(lines[0]).toContain(shown)
  })

  test('RESTORE of what has expired travels as the deletion of what it replaces', async () => {
    const bytes = (await ours.call('DUMP', 'a')).text ?? ''
    expect(
      await sends(['RESTORE', 'a', '1', bytes, 'ABSTTL', 'REPLACE'], ['RESTORE', 'x', '1', bytes, 'ABSTTL']),
    ).toEqual(['DEL a'])
    await ours.call('CONFIG', 'SET', 'lazyfree-lazy-server-del', 'yes')
    expect(await sends(['RESTORE', 'b', '1', bytes, 'ABSTTL', 'REPLACE'])).toEqual(['UNLINK b'])
    await ours.call('CONFIG', 'SET', 'lazyfree-lazy-server-del', 'no')
  })

  test('MIGRATE travels as the deletion of what the target has acknowledged', async () => {
    const target = await FakeMaster.start(([name, key]) =>
      name === 'RESTORE' && key === 'b' ? '-BUSYKEY over there\r\n' : '+OK\r\n',
    )
    const to = ['MIGRATE', '127.0.0.1', String(target.port)]
    await sends(['SET', 'c', '1'])
    expect(await sends([...to, 'a', '0', '1000', 'COPY'])).toEqual([])
    expect(await sends([...to, '', '0', '1000', 'KEYS', 'a', 'b', 'missing', 'c'])).toEqual(['DEL a c'])
    expect(await sends([...to, 'b', '0', '1000'])).toEqual([])
    await target.close()
  })

  test('other changes travel as they came', async () => {
    const commands = [
      ['DEL', 'a', 'missing'],
      ['RENAME', 'b', 'c'],
      ['COPY', 'c', 'd', 'DB', '2', 'REPLACE'],
      ['MOVE', 'c', '3'],
      ['SWAPDB', '0', '3'],
      ['FLUSHDB', 'async'],
      ['FLUSHALL'],
    ]
    expect(await sends(...commands)).toEqual(commands.map(command => command.join(' ')))
  })

  test('SET travels with the time itself, and without GET', async () => {
    const time = async (): Promise<string> => `PXAT ${(await ours.call('PEXPIRETIME', 'a')).text}`
    expect(await sends(['SET', 'a', '2', 'EX', '100', 'GET', 'XX'])).toEqual([`SET a 2 ${await time()}`])
    expect(await sends(['SETEX', 'a', '100', '3'])).toEqual([`SET a 3 ${await time()}`])
    expect(await sends(['set', 'a', '4', 'pxat', '4000000000000', 'get'])).toEqual(['set a 4 pxat 4000000000000 get'])
    expect(await sends(['set', 'a', '5', 'GET', 'keepttl', 'get'])).toEqual(['set a 5 keepttl'])
    expect(await sends(['GETSET', 'a', '6'])).toEqual(['SET a 6'])
    expect(await sends(['INCRBYFLOAT', 'a', '0.5'])).toEqual(['SET a 6.5 KEEPTTL'])
  })

  test('GETEX and GETDEL travel as what they do to the key', async () => {
    const commands = [
      ['GETEX', 'a'],
      ['GETEX', 'a', 'PERSIST'],
      ['GETEX', 'a', 'EXAT', '4000000000'],
      ['GETEX', 'a', 'PERSIST'],
      ['GETEX', 'a', 'PXAT', '1'],
      ['GETEX', 'a', 'EX', '10'],
      ['GETDEL', 'b'],
      ['GETDEL', 'b'],
    ]
    expect(await sends(...commands)).toEqual(['PEXPIREAT a 4000000000000', 'PERSIST a', 'DEL a', 'DEL b'])
  })

  test('FLUSHALL travels even when there is nothing to flush', async () => {
    expect(await sends(['FLUSHALL'], ['FLUSHDB'])).toEqual(['FLUSHALL', 'FLUSHDB'])
    expect(await sends(['FLUSHDB'])).toEqual(['FLUSHDB'])
  })

  test('a transaction travels as one, unless it is a single command', async () => {
    expect(await sends(['MULTI'], ['SET', 'a', '2'], ['EXPIREAT', 'a', '4000000000'], ['EXEC'])).toEqual([
      'MULTI',
      'SET a 2',
      'PEXPIREAT a 4000000000000',
      'EXEC',
    ])
    expect(await sends(['MULTI'], ['GET', 'a'], ['INCR', 'b'], ['EXEC'])).toEqual(['INCR b'])
  })

  test.each([
    ['GET', 'gone:0'],
    ['EXISTS', 'gone:0'],
    ['TTL', 'gone:0'],
    ['DEL', 'gone:0'],
    ['RENAME', 'gone:0', 'x'],
  ])('%s %s deletes an expired key there too', async (...command) => {
    await ours.call('SET', 'gone:0', 'x', 'PX', '1')
    await millisecondsPass(2)
    await received()
    expect(await sends(command)).toEqual(['DEL gone:0'])
  })

  test('with lazyfree-lazy-expire an expired key is unlinked', async () => {
    await ours.pipeline([
      ['CONFIG', 'SET', 'lazyfree-lazy-expire', 'yes'],
      ['SET', 'gone:0', 'x', 'PX', '1'],
    ])
    await millisecondsPass(2)
    await received()
    expect(await sends(['GET', 'gone:0'])).toEqual(['UNLINK gone:0'])
    await ours.call('CONFIG', 'SET', 'lazyfree-lazy-expire', 'no')
  })

  test('SCAN deletes expired keys one by one, not as a transaction', async () => {
    await ours.pipeline(['0', '1', '2'].map(i => ['SET', `gone:${i}`, 'x', 'PX', '1']))
    await millisecondsPass(2)
    await received()
    expect((await sends(['SCAN', '0', 'COUNT', '1000'])).sort()).toEqual(['DEL gone:0', 'DEL gone:1', 'DEL gone:2'])
  })

  test('so does active expiry', async () => {
    await ours.pipeline(['0', '1', '2'].map(i => ['SET', `gone:${i}`, 'x', 'PX', '1']))
    await millisecondsPass(2)
    await received()
    await ours.call('DEBUG', 'SET-ACTIVE-EXPIRE', '1')
    while ((await ours.call('DBSIZE')).text !== '2') await new Promise(resolve => setImmediate(resolve))
    expect((await received()).sort()).toEqual(['DEL gone:0', 'DEL gone:1', 'DEL gone:2'])
  })
})
