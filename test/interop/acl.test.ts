/** Access control between redis-ts and stock redis-server: replicas that log in as a user, and ACL files. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ask, askText, inStep, linkUp } from './polling.js'
import { requireStock, startRedisServer, startRedisTs, tempDir } from './stock.js'

const BASE = ['--save', '']
const servers = { 'redis-ts': startRedisTs, 'redis-server': startRedisServer }
type Name = keyof typeof servers

const PAIRS: [Name, Name][] = [
  ['redis-ts', 'redis-server'],
  ['redis-server', 'redis-ts'],
]

/** What Redis's documentation gives a replica. */
const REPLICA_USER = ['replica', 'on', '>secret', '+psync', '+replconf', '+ping']

describe.each(PAIRS)('%s beside %s', (first, second) => {
  test('a replica logs in as a user that may do no more than replicate', requireStock('redis-server'), async () => {
    const master = await servers[first]([...BASE, '--repl-diskless-sync-delay', '0'])
    await ask(master.port, 'ACL', 'SETUSER', ...REPLICA_USER)
    await ask(master.port, 'SET', 'key', 'value')
    const login = ['--masteruser', 'replica', '--masterauth', 'secret']
    const replica = await servers[second]([...BASE, ...login, '--replicaof', '127.0.0.1', String(master.port)])
    await linkUp(replica.port)
    await ask(master.port, 'SET', 'key', 'later')
    await inStep(master.port, replica.port)
    expect(await askText(replica.port, 'GET', 'key')).toBe('later')
    await ask(master.port, 'ACL', 'DELUSER', 'replica')
    await replica.waitForLog('Unable to AUTH to MASTER')
  })

  test('an ACL file that one saves is what the other loads', requireStock('redis-server'), async () => {
    const dir = tempDir()
    writeFileSync(join(dir, 'users.acl'), '')
    const args = [...BASE, '--aclfile', 'users.acl']
    const writer = await servers[first](args, { dir })
    const rules = ['on', '>secret', '~a*', '%R~"q"', '&news:*', '+@all', '-@dangerous', '-client|kill', '(%W~b +set)']
    await ask(writer.port, 'ACL', 'SETUSER', 'alice', ...rules)
    const commands = ['get a1', 'get "q"', 'set a1 x', 'set "q" x', 'set b x', 'client kill x', 'config get x']
    const verdicts = async (port: number): Promise<boolean[]> => {
      const asked = commands.map(command => askText(port, 'ACL', 'DRYRUN', 'alice', ...command.split(' ')))
      return (await Promise.all(asked)).map(answer => answer === 'OK')
    }
    const before = await verdicts(writer.port)
    expect(before).toEqual([true, true, true, false, true, false, false])
    expect(await askText(writer.port, 'ACL', 'SAVE')).toBe('OK')
    await writer.stop()
    const reader = await servers[second](args, { dir })
    expect(await verdicts(reader.port)).toEqual(before)
    expect(await askText(reader.port, 'AUTH', 'alice', 'secret')).toBe('OK')
  })
})
