import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, askText, info, inStep, linkUp, until } from '../../interop/polling.js'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { shown } from '../play.js'
import { RawClient } from '../raw-client.js'

let master: RunningServer
let replica: RunningServer

beforeAll(async () => {
  master = await startRedisTs(['--save', '', '--repl-diskless-sync-delay', '0'])
  replica = await startRedisTs(['--save', '', '--replicaof', `127.0.0.1 ${master.port}`])
  await linkUp(replica.port)
})
afterAll(async () => {
  await Promise.all([master.stop(), replica.stop()])
})

test('the link to the master is a client: CLIENT LIST shows it, and whose it is', async () => {
  await ask(master.port, 'SET', 'k', '1')
  await inStep(master.port, replica.port)
  const line = await askText(replica.port, 'CLIENT', 'LIST', 'TYPE', 'master')
  expect(line).toMatch(
    new RegExp(
      `^id=\\d+ addr=127.0.0.1:${master.port} laddr=127.0.0.1:\\d+ fd=\\d+ name= age=\\d+ idle=\\d+ flags=M db=0 `,
    ),
  )
  expect(line).toMatch(/ cmd=set user=\(superuser\) redir=-1 resp=2 /)
  expect(await askText(replica.port, 'CLIENT', 'LIST')).toContain(' flags=M ')
  // The one who asks, and the master.
  expect((await info(replica.port, 'clients')).get('connected_clients')).toBe('2')
  const own = new RegExp(`addr=${/ laddr=(\S+)/.exec(line)?.[1]} .* flags=S `)
  expect(await askText(master.port, 'CLIENT', 'LIST', 'TYPE', 'replica')).toMatch(own)
})

test('a client of the replica is told of what the stream changes in keys that it has read', async () => {
  const client = await RawClient.connect(replica.port)
  await client.call('HELLO', '3')
  await client.call('CLIENT', 'TRACKING', 'ON')
  await client.call('GET', 'tracked')
  await ask(master.port, 'SET', 'tracked', '1')
  expect(shown(await client.next())).toBe('>[invalidate *[tracked]]')
  await ask(master.port, 'FLUSHALL')
  expect(shown(await client.next())).toBe('>[invalidate _]')
  client.close()
})

test('CLIENT KILL breaks the link, which comes back with a partial resynchronization', async () => {
  const before = await askText(replica.port, 'CLIENT', 'LIST', 'TYPE', 'master')
  const id = /^id=(\d+)/.exec(before)?.[1] ?? ''
  expect(await askText(replica.port, 'CLIENT', 'KILL', 'TYPE', 'master')).toBe('1')
  await replica.waitForLog('Connection with master lost')
  await ask(master.port, 'SET', 'k', '2')
  await until('the link is another one', async () => {
    const now = await askText(replica.port, 'CLIENT', 'LIST', 'TYPE', 'master')
    return now !== '' && !now.startsWith(`id=${id} `)
  })
  await inStep(master.port, replica.port)
  expect(await askText(replica.port, 'GET', 'k')).toBe('2')
  const { sync_full, sync_partial_ok } = Object.fromEntries(await info(master.port, 'stats'))
  expect([sync_full, sync_partial_ok]).toEqual(['1', '1'])
})

test('a link that is down is no client', async () => {
  await ask(replica.port, 'REPLICAOF', 'NO', 'ONE')
  expect(await askText(replica.port, 'CLIENT', 'LIST', 'TYPE', 'master')).toBe('')
  expect(await askText(replica.port, 'CLIENT', 'KILL', 'TYPE', 'master')).toBe('0')
})
