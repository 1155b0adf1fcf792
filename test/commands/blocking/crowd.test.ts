import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { RawClient, type RawReply } from '../raw-client.js'
import { shown, untilBlocked } from './scene.js'

const CLIENTS = 2000

let control: RawClient
let clients: RawClient[]

beforeAll(async () => {
  const { port } = await startRedisTs(['--save', ''])
  control = await RawClient.connect(port)
  clients = await Promise.all(Array.from({ length: CLIENTS }, () => RawClient.connect(port)))
})
afterAll(() => {
  for (const client of [...clients, control]) client.close()
})

/** All clients wait, one behind the other. */
async function wait(command: (i: number) => string[]): Promise<Promise<RawReply>[]> {
  const replies: Promise<RawReply>[] = []
  for (const [i, client] of clients.entries()) replies.push(client.call(...command(i)))
  await untilBlocked(control, CLIENTS)
  return replies
}

test('thousands that wait for one key are served in the order in which they came', async () => {
  const replies: Promise<RawReply>[] = []
  for (let from = 0; from < CLIENTS; from += CLIENTS / 4) {
    for (const client of clients.slice(from, from + CLIENTS / 4)) replies.push(client.call('BLPOP', 'k', '0'))
    await untilBlocked(control, from + CLIENTS / 4)
  }
  const elements = Array.from({ length: CLIENTS }, (_, i) => String(i))
  const [length] = await control.pipeline([['RPUSH', 'k', ...elements]])
  expect(shown(length)).toBe(`:${CLIENTS}`)
  const served = (await Promise.all(replies)).map(shown)
  expect(new Set(served).size).toBe(CLIENTS)
  const quarterOf = (i: number): number => Math.floor(i / (CLIENTS / 4))
  const quarters = served.map(reply => quarterOf(Number(reply.slice('[k '.length, -1))))
  expect(quarters).toEqual(served.map((_, i) => quarterOf(i)))
})

test('thousands of time-outs come at their time', async () => {
  const started = Date.now()
  const replies = await wait(i => ['BLPOP', `k${i}`, '0.6'])
  expect(shown(await control.call('INFO', 'clients'))).toContain(`clients_in_timeout_table:${CLIENTS}\r`)
  const asked = Date.now()
  expect(new Set((await Promise.all(replies)).map(shown))).toEqual(new Set(['*nil']))
  expect(Date.now() - started).toBeGreaterThanOrEqual(600)
  expect(Date.now() - asked).toBeLessThan(2000)
  expect(shown(await control.call('INFO', 'clients'))).toContain('total_blocking_keys:0\r')
})

test('each of thousands waits for its own key', async () => {
  const replies = await wait(i => ['BLPOP', `k${i}`, '0'])
  await control.pipeline(clients.map((_, i) => ['LPUSH', `k${CLIENTS - 1 - i}`, 'x']))
  expect((await Promise.all(replies)).map(shown)).toEqual(clients.map((_, i) => `[k${i} x]`))
})
