/** Libraries of functions between masters and replicas, redis-ts and redis-server on either side. */
import { describe, expect, test } from 'vitest'
import { ask, askText, info, inStep, linkUp, until } from '../../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { fill } from '../../interop/traffic.js'
import { ReplicaMonitor } from '../replica-monitor.js'
import { flagged, library, load } from './libraries.js'

const BASE = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const of = ({ port }: RunningServer): string[] => ['--replicaof', '127.0.0.1', String(port)]

async function expectSameFunctions(master: RunningServer, replica: RunningServer): Promise<void> {
  await inStep(master.port, replica.port)
  const [theirs, mine] = await Promise.all([master, replica].map(({ port }) => askText(port, 'FUNCTION', 'DUMP')))
  expect(mine).toBe(theirs)
}

const PAIRS = [
  ['redis-server', 'redis-ts', startRedisServer, startRedisTs],
  ['redis-ts', 'redis-server', startRedisTs, startRedisServer],
  ['redis-ts', 'redis-ts', startRedisTs, startRedisTs],
] as const

describe.concurrent.each(PAIRS)(
  '%s as master of %s',
  requireStock('redis-server'),
  (_m, _r, startMaster, startReplica) => {
    test.each([
      ['yes', 'disabled'],
      ['no', 'disabled'],
      ['yes', 'swapdb'],
      ['no', 'swapdb'],
    ])('a full copy brings the libraries in place of what was there (diskless %s, load %s)', async (diskless, how) => {
      const master = await startMaster([...BASE, '--repl-diskless-sync', diskless])
      await fill(master.port, [load(library('lib', `return '${'long '.repeat(3000)}'`)), ['SET', 'k', 'v']])
      const replica = await startReplica([...BASE, '--repl-diskless-load', how])
      await fill(replica.port, [load(library('lib', 'return 1')), load(library('own'))])
      await ask(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port))
      await linkUp(replica.port)
      await expectSameFunctions(master, replica)
      expect(await askText(replica.port, 'FCALL', 'own', '0')).toBe('ERR Function not found')
      await Promise.all([master.stop(), replica.stop()])
    })

    test('what FUNCTION changes follows, what FCALL does as well', async () => {
      const master = await startMaster(BASE)
      const replica = await startReplica([...BASE, ...of(master)])
      await linkUp(replica.port)
      const changes = [
        load(library('lib')),
        load('REPLACE', library('lib', "redis.call('SET', keys[1], math.random()) return redis.call('GET', keys[1])")),
        ['FCALL', 'lib', '1', 'k'],
        ['FUNCTION', 'RESTORE', (await askText(master.port, 'FUNCTION', 'DUMP')) ?? '', 'APPEND'],
        ['FUNCTION', 'DELETE', 'lib'],
        load(flagged('lib', 'return keys[1]', 'no-writes')),
        ['FUNCTION', 'FLUSH', 'ASYNC'],
        load(library('last')),
      ]
      for (const change of changes) {
        await ask(master.port, ...change)
        await expectSameFunctions(master, replica)
      }
      expect(await askText(replica.port, 'GET', 'k')).toBe(await askText(master.port, 'GET', 'k'))
      expect(await askText(replica.port, 'GET', 'k')).not.toBe('(nil)')
      await Promise.all([master.stop(), replica.stop()])
    })

    test('a replica calls functions that do not write, and takes no libraries of its own', async () => {
      const master = await startMaster(BASE)
      const get = "return redis.call('GET', keys[1])"
      await fill(master.port, [load(flagged('reads', get, 'no-writes')), load(library('any', get)), ['SET', 'k', 'v']])
      const replica = await startReplica([...BASE, ...of(master)])
      await linkUp(replica.port)
      expect(await askText(replica.port, 'FCALL', 'reads', '1', 'k')).toBe('v')
      expect(await askText(replica.port, 'FCALL_RO', 'reads', '1', 'k')).toBe('v')
      for (const refused of [
        ['FCALL', 'any', '1', 'k'],
        load(library('x')),
        ['FUNCTION', 'FLUSH'],
        ['FUNCTION', 'DELETE', 'any'],
      ]) {
        expect(await askText(replica.port, ...refused)).toBe("READONLY You can't write against a read only replica.")
      }
      await Promise.all([master.stop(), replica.stop()])
    })
  },
)

describe('redis-ts', () => {
  test('sends FUNCTION as it came, once for each change, and of FCALL what it did', async () => {
    const master = await startRedisTs(BASE)
    const monitor = await ReplicaMonitor.start(master.port)
    const write = library('write', "redis.call('SET', keys[1], 'v') redis.call('INCR', 'counter') return 1")
    const replace = ['function', 'Load', 'replace', library('write', "return redis.call('SET', keys[1], 'w')")]
    const received = await monitor.sends(
      load(write),
      load(write),
      ['FCALL', 'write', '1', 'k'],
      replace,
      ['FCALL', 'write', '1', 'k'],
      ['FUNCTION', 'DELETE', 'none'],
      ['FUNCTION', 'DELETE', 'write'],
      ['FUNCTION', 'FLUSH', 'SYNC'],
      ['FUNCTION', 'LIST'],
    )
    const sent = [
      load(write),
      ['MULTI'],
      ['SET', 'k', 'v'],
      ['INCR', 'counter'],
      ['EXEC'],
      replace,
      ['SET', 'k', 'w'],
      ['FUNCTION', 'DELETE', 'write'],
      ['FUNCTION', 'FLUSH', 'SYNC'],
    ]
    expect(received).toEqual(sent.map(words => words.join(' ').replaceAll('\n', '\\n')))
    monitor.close()
    await master.stop()
  })

  test('keeps its libraries until a copy that is loaded beside them is whole', async () => {
    const master = await startRedisTs(BASE)
    await fill(master.port, [load(library('f', "return 'old'"))])
    await ask(master.port, 'DEBUG', 'POPULATE', '300', 'large', '100000')
    const replica = await startRedisTs([...BASE, '--repl-diskless-load', 'swapdb', ...of(master)])
    await linkUp(replica.port)
    await inStep(master.port, replica.port)
    await ask(replica.port, 'CONFIG', 'SET', 'key-load-delay', '5000')
    await ask(master.port, 'CONFIG', 'SET', 'repl-backlog-size', '16384')
    // More than the backlog holds, while the replica cannot read it.
    replica.kill('SIGSTOP')
    await ask(master.port, 'CLIENT', 'KILL', 'TYPE', 'replica')
    await ask(master.port, 'SET', 'filler', 'x'.repeat(200_000))
    await ask(master.port, ...load('REPLACE', flagged('f', "return 'new'", 'no-writes')))
    replica.kill('SIGCONT')
    await until('it loads', async () => (await info(replica.port)).get('async_loading') === '1')
    expect(await askText(replica.port, 'FUNCTION', 'STATS')).not.toMatch(/LOADING/)
    expect((await info(replica.port)).get('number_of_libraries')).toBe('1')
    const listed = JSON.stringify(await ask(replica.port, 'FUNCTION', 'LIST', 'WITHCODE'))
    expect(listed).toContain("return 'old'")
    await ask(replica.port, 'CONFIG', 'SET', 'key-load-delay', '0')
    await linkUp(replica.port)
    expect(await askText(replica.port, 'FCALL', 'f', '0')).toBe('new')
    await expectSameFunctions(master, replica)
    await Promise.all([master.stop(), replica.stop()])
  })
})
