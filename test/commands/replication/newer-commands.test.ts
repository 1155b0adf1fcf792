/** Commands that Redis 7 does not know reach its replicas in a form it does. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { ReplicaMonitor } from '../replica-monitor.js'
import { words } from '../side-by-side.js'

describe('what newer commands send to replicas', requireStock('redis-server'), () => {
  let server: RunningServer
  let monitor: ReplicaMonitor
  beforeAll(async () => {
    server = await startRedisTs(['--save', '', '--enable-debug-command', 'yes'])
    monitor = await ReplicaMonitor.start(server.port)
  })
  afterAll(() => monitor.close())
  beforeEach(async () => {
    await monitor.client.pipeline(words('flushall', 'mset a 1 b 2 c 3'))
    await monitor.received()
  })

  async function sends(...lines: string[]): Promise<string[]> {
    await monitor.client.pipeline(words(...lines))
    return monitor.received()
  }

  test('SET with IFEQ travels as the SET that it has come to', async () => {
    expect(await sends('set a x ifeq 2', 'set a x ifeq 1', 'set a y ifeq x get', 'set a ifeq get ifeq y')).toEqual([
      'set a x',
      'set a y',
      'set a ifeq',
    ])
    expect(await sends('set b x ifeq 2 pxat 4000000000000', 'set b y ifeq x keepttl')).toEqual([
      'SET b x PXAT 4000000000000',
      'set b y keepttl',
    ])
    const [line] = await sends('set c x get ifeq 3 ex 1000')
    expect(line).toBe(`SET c x PXAT ${(await monitor.client.call('PEXPIRETIME', 'c')).text}`)
  })

  test('DELIFEQ travels as DEL', async () => {
    expect(await sends('delifeq a 2', 'delifeq a 1', 'delifeq a 1')).toEqual(['DEL a'])
  })

  test('MSETEX travels as MSET, or as a transaction of SETs', async () => {
    expect(await sends('msetex 2 a x d y', 'msetex 2 a 1 b 2 nx', 'msetex 1 e z nx')).toEqual([
      'MSET a x d y',
      'MSET e z',
    ])
    expect(await sends('msetex 2 a x b y exat 4000000000', 'msetex 1 c z keepttl')).toEqual([
      'MULTI',
      'SET a x PXAT 4000000000000',
      'SET b y PXAT 4000000000000',
      'EXEC',
      'SET c z KEEPTTL',
    ])
  })

  test('MSETEX travels whole, however many keys it has', async () => {
    const request = ['MSETEX', '150000']
    for (let i = 0; i < 150_000; i++) request.push(`key:${i}`, String(i))
    await monitor.client.pipeline([request])
    const [line, ...others] = await monitor.received()
    expect([line.slice(0, 21), line.endsWith('key:149999 149999'), others]).toEqual(['MSET key:0 0 key:1 1 ', true, []])
  })

  test('newer operations of BITOP travel as older ones where that can be', async () => {
    expect(await sends('bitop diff d a b c')).toEqual([
      'MULTI',
      'BITOP OR d b c',
      'BITOP AND d d a',
      'BITOP XOR d d a',
      'EXEC',
    ])
    expect(await sends('bitop diff1 d a b c')).toEqual(['MULTI', 'BITOP OR d b c a', 'BITOP XOR d d a', 'EXEC'])
    expect(await sends('bitop andor d a b')).toEqual(['MULTI', 'BITOP OR d b', 'BITOP AND d d a', 'EXEC'])
    expect(await sends('bitop one d a b c', 'bitop diff a a b')).toEqual(['SET d \\x00', 'SET a \\x01'])
    expect(await sends('bitop one d missing', 'bitop one d missing', 'bitop or d a b')).toEqual([
      'DEL d',
      'bitop or d a b',
    ])
  })

  test('a large result travels as it was, whatever a transaction does to it next', async () => {
    const bits = 'a'.repeat(200_000)
    await monitor.client.pipeline([
      ['SET', 'x', bits],
      ['SET', 'y', bits.slice(1)],
      ['MULTI'],
      ['BITOP', 'ONE', 'd', 'x', 'y', 'missing'],
      ['SETRANGE', 'd', '0', 'changed'],
      ['EXEC'],
    ])
    const lines = await monitor.received()
    expect(lines.at(-3)).toBe(`SET d ${'\\x00'.repeat(199_999)}a`)
    expect(lines.at(-2)).toBe('SETRANGE d 0 changed')
  })
})

describe('a stock replica', requireStock('redis-server'), () => {
  test('has the same data after any newer commands', async () => {
    const debug = ['--save', '', '--enable-debug-command', 'yes']
    const { port } = await startRedisTs(debug)
    const replica = await startRedisServer([...debug, '--replicaof', '127.0.0.1', String(port)])
    await replica.waitForLog('Finished with success', 20_000)
    const [ours, theirs] = [await RawClient.connect(port), await RawClient.connect(replica.port)]
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'missing')
    const value = fc.constantFrom('', '1', 'ab', 'b', '\xff\0\x0f', 'long'.repeat(2000))
    const option = fc.constantFrom([], ['GET'], ['KEEPTTL'], ['EX', '1000'], ['PXAT', '4000000000000'])
    const plain = fc.constantFrom([], ['NX'], ['XX'], ['KEEPTTL'], ['PX', '1000000'], ['EXAT', '4000000000', 'XX'])
    const command = fc.oneof(
      fc.tuple(key, value, value, option).map(([key, to, from, more]) => ['SET', key, to, 'IFEQ', from, ...more]),
      fc.tuple(key, value).map(([key, value]) => ['DELIFEQ', key, value]),
      fc
        .tuple(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 3 }), plain)
        .map(([pairs, more]) => ['MSETEX', String(pairs.length), ...pairs.flat(), ...more]),
      fc
        .tuple(fc.constantFrom('DIFF', 'DIFF1', 'ANDOR', 'ONE'), key, fc.array(key, { minLength: 1, maxLength: 4 }))
        .map(([operation, to, sources]) => ['BITOP', operation, to, ...sources]),
      fc.tuple(key, value).map(([key, value]) => ['SET', key, value]),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 60 }), async commands => {
        await ours.pipeline([...commands, ['SET', 'end', '1'], ['WAIT', '1', '0']])
        expect(await theirs.call('DEBUG', 'DIGEST')).toEqual(await ours.call('DEBUG', 'DIGEST'))
      }),
      { numRuns: 60 },
    )
    ours.close()
    theirs.close()
  })
})
