import { beforeAll, describe, expect, test } from 'vitest'
import { FakeReplica } from '../../fault/fake-replica.js'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { words } from '../side-by-side.js'
import { playScene, shown } from './scene.js'

/** What a replica gets of a scene: the commands, one a line, without the numbers that differ. */
async function streamOf(port: number, lines: readonly string[]): Promise<string[]> {
  const replica = await FakeReplica.attach(port)
  await playScene(port, lines)
  const control = await RawClient.connect(port)
  await control.call('SET', 'end', 'of-scene')
  while (!replica.stream.includes('of-scene')) {
    await replica.between(replica.startOffset, replica.startOffset + replica.stream.length + 1)
  }
  control.close()
  replica.close()
  const words = replica.stream.toString('latin1').match(/(?<=\r\n)[^$*\r][^\r]*(?=\r\n)|\*\d+(?=\r\n)/g) ?? []
  const commands = words.join(' ').split(/\*\d+ ?/)
  return commands
    .map(command => command.trim().replace(/\d{12,}/, 'TIME'))
    .filter(command => command !== '' && !/^ping$/i.test(command))
}

const scenes: Record<string, readonly string[]> = {
  'a pop that was waited for is a pop': ['A BLPOP k 0', 'B BRPOP k 0', 'P RPUSH k 1 2 3'],
  'each in its own database': ['A SELECT 3', 'A BLPOP k 0', 'P SELECT 3', 'P RPUSH k 1', 'P SELECT 0', 'P RPUSH k 2'],
  'BLMPOP says how many': [
    'A BLMPOP 0 2 j k LEFT COUNT 5',
    'B BLMPOP 0 1 k RIGHT COUNT 2',
    'P RPUSH k 1 2',
    'P RPUSH k 1 2 3',
  ],
  'moves, one behind the other': ['A BLMOVE a b left right 0', 'B BRPOPLPUSH b c 0', 'C BLPOP c 0', 'P RPUSH a 1'],
  'behind a transaction, and outside of it': [
    'A BLPOP k 0',
    'B BLPOP l 0',
    'P MULTI; RPUSH k 1; RPUSH l 2; INCR n; EXEC',
  ],
  'at once, when there is no need to wait': [
    'P RPUSH k 1 2 3',
    'A BLPOP k 0',
    'A MULTI; BRPOP k 0; BLMOVE k l LEFT LEFT 0; EXEC',
  ],
  'nothing, when the time is up': ['A BLPOP k 0.001', 'P CLIENT ID'],
  'a key that has expired before': ['A BLPOP k 0', 'P MULTI; RPUSH k 1; PEXPIRE k 1; DEBUG SLEEP 0.01; EXEC'],
}

describe('what replicas get of commands that wait', requireStock('redis-server'), () => {
  const options = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync', 'no']
  let ours: number
  let stock: number
  beforeAll(async () => {
    ours = (await startRedisTs(options)).port
    stock = (await startRedisServer(options)).port
  })

  test.each(Object.entries(scenes))('%s', async (_, lines) => {
    const [mine, theirs] = await Promise.all([streamOf(ours, lines), streamOf(stock, lines)])
    expect(mine).toEqual(theirs)
    expect(mine.length).toBeGreaterThan(1)
  })

  test('a stock replica has what is left', async () => {
    const replica = await startRedisServer([...options, '--replicaof', '127.0.0.1', String(ours)])
    await replica.waitForLog('Finished with success')
    const [master, below] = await Promise.all([ours, replica.port].map(port => RawClient.connect(port)))
    await master.call('FLUSHALL')
    const commands = words(
      'BLPOP q1 q2 0.05',
      'BRPOP q2 q1 0.05',
      'BLMOVE q1 q2 LEFT RIGHT 0.05',
      'BRPOPLPUSH q2 q3 0.05',
      'BLMPOP 0.05 2 q3 q1 LEFT COUNT 3',
      'BZPOPMIN z 0.05',
      'BZMPOP 0.05 1 z MAX COUNT 2',
    )
    const workers = await Promise.all(commands.flatMap(() => [RawClient.connect(ours), RawClient.connect(ours)]))
    const work = workers.map((worker, i) =>
      worker.pipeline(Array.from({ length: 40 }, (_, j) => commands[(i + j) % commands.length])),
    )
    for (let i = 0; i < 150; i++) {
      await master.pipeline(
        words('MULTI', `RPUSH q${1 + (i % 3)} ${i} x${i}`, `ZADD z ${i % 7} m${i}`, 'EXEC', `LPUSH q1 ${i}`),
      )
    }
    const replies = (await Promise.all(work)).flat()
    expect(replies.filter(reply => reply.elements !== null || reply.text !== null).length).toBeGreaterThan(100)
    expect(shown(await master.call('WAIT', '1', '5000'))).toBe(':1')
    const digests = await Promise.all([master, below].map(client => client.call('DEBUG', 'DIGEST')))
    expect(digests[0]).toEqual(digests[1])
    expect(digests[0].text).not.toMatch(/^0*$/)
    for (const client of [...workers, master, below]) client.close()
  })
})
