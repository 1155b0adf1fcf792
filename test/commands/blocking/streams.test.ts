import { beforeAll, describe, expect, test } from 'vitest'
import { FakeReplica } from '../../fault/fake-replica.js'
import { requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { playScene } from './scene.js'

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
})
