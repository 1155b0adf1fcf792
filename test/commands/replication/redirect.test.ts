/** Clients that take redirections (CLIENT CAPA, of Valkey 8) are sent to the master by its replicas. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningServer, startRedisTs } from '../../interop/stock.js'
import { shown } from '../play.js'
import { RawClient } from '../raw-client.js'
import { words } from '../side-by-side.js'

let master: RunningServer
let replica: RunningServer
let client: RawClient
let redirect: string

beforeAll(async () => {
  master = await startRedisTs(['--save', ''])
  replica = await startRedisTs(['--save', '', '--replicaof', '127.0.0.1', String(master.port)])
  await replica.waitForLog('Finished with success', 20_000)
  redirect = `-REDIRECT 127.0.0.1:${master.port}`
})
beforeEach(async () => {
  client = await RawClient.connect(replica.port)
  return () => client.close()
})
afterAll(async () => {
  await replica.stop()
  await master.stop()
})

async function replies(of: RawClient, ...lines: string[]): Promise<string[]> {
  return (await of.pipeline(words(...lines))).map(shown)
}

test('reads and writes are sent to the master, nothing else', async () => {
  expect(await replies(client, 'get k', 'set k v')).toEqual([
    '$null',
    "-READONLY You can't write against a read only replica.",
  ])
  expect(await replies(client, 'client capa redirect', 'get k', 'set k v', 'ping', 'dbsize', 'client getname')).toEqual(
    ['+OK', redirect, redirect, '+PONG', redirect, '$null'],
  )
})

test('READONLY lets a replica serve reads, and READWRITE not', async () => {
  const disabled = '-ERR This instance has cluster support disabled'
  expect(await replies(client, 'readonly', 'readwrite', 'client capa REDIRECT', 'readonly')).toEqual([
    disabled,
    disabled,
    '+OK',
    '+OK',
  ])
  expect(await replies(client, 'get k', 'set k v')).toEqual(['$null', redirect])
  expect((await client.call('CLIENT', 'INFO')).text).toMatch(/ flags=r capa=r /)
  expect(await replies(client, 'readwrite', 'get k', 'readonly', 'reset', 'get k')).toEqual([
    '+OK',
    redirect,
    '+OK',
    '+RESET',
    redirect,
  ])
})

test('a transaction is given up', async () => {
  expect(await replies(client, 'client capa redirect', 'multi', 'set k v', 'exec', 'ping')).toEqual([
    '+OK',
    '+OK',
    redirect,
    '-EXECABORT Transaction discarded because of previous errors.',
    '+PONG',
  ])
  await replies(client, 'multi', 'ping')
  expect(await replies(client, 'exec')).toEqual(['*[+PONG]'])
})

test('a master serves them, and tells those who wait, or are in a transaction, when it becomes a replica', async () => {
  const former = await startRedisTs(['--save', ''])
  const [waiting, other, inMulti, admin] = await Promise.all([1, 2, 3, 4].map(() => RawClient.connect(former.port)))
  expect(await replies(inMulti, 'client capa redirect', 'set k v', 'multi', 'set k w')).toEqual([
    '+OK',
    '+OK',
    '+OK',
    '+QUEUED',
  ])
  await replies(waiting, 'client capa redirect')
  waiting.write(['BLPOP', 'list', '0'])
  other.write(['BLPOP', 'list', '0'])
  const blocked = async (): Promise<boolean> =>
    ((await admin.call('INFO', 'clients')).text ?? '').includes('blocked_clients:2')
  while (!(await blocked())) await admin.call('PING')
  await admin.call('REPLICAOF', '127.0.0.1', String(master.port))
  expect(shown(await waiting.next())).toBe(redirect)
  expect(await replies(waiting, 'ping')).toEqual(['+PONG'])
  expect(shown(await other.next())).toMatch(/^-UNBLOCKED /)
  await other.closed()
  expect(await replies(inMulti, 'exec', 'ping')).toEqual([redirect, '+PONG'])
  for (const each of [waiting, inMulti, admin]) each.close()
  await former.stop()
})
