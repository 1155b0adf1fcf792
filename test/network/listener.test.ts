import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient, texts } from '../commands/raw-client.js'
import { until } from '../interop/polling.js'
import { freePort, type RunningServer, startRedisTs } from '../interop/stock.js'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--bind', '127.0.0.1'])
  client = await RawClient.connect(server.port)
})
afterAll(async () => {
  client.close()
  await server.stop()
})

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      resolve(true)
      socket.destroy()
    })
  })
}

const set = async (...args: string[]): Promise<string | null> => (await client.call('CONFIG', 'SET', ...args)).text

test('CONFIG SET port moves the server, and its connections stay', async () => {
  const port = await freePort()
  expect(await set('port', String(port))).toBe('OK')
  expect([await accepts(port), await accepts(server.port)]).toEqual([true, false])
  expect(await set('port', String(server.port))).toBe('OK')
  expect([await accepts(port), await accepts(server.port)]).toEqual([false, true])
})

test('addresses that cannot be had are refused, and the server stays where it is', async () => {
  for (const address of ['999.999.999.999', '192.0.2.77']) {
    expect(await set('bind', address)).toContain('Failed to bind to specified addresses.')
    expect(await accepts(server.port)).toBe(true)
  }
})

test('a host name that turns out to be none is taken back', async () => {
  expect(await set('bind', 'no-such-host.invalid')).toBe('OK')
  await until('the server is back', () => accepts(server.port))
  expect(texts(await client.call('CONFIG', 'GET', 'bind'))).toEqual(['bind', '127.0.0.1'])
})

test('with no address at all nobody can connect, until there is one again', async () => {
  expect(await set('bind', '')).toBe('OK')
  expect(await accepts(server.port)).toBe(false)
  expect(await set('bind', '127.0.0.1')).toBe('OK')
  expect(await accepts(server.port)).toBe(true)
})
