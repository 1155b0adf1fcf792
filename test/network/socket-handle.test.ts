import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { type RunningServer, startRedisTs, tempDir } from '../interop/stock.js'

/** A server in a Node that does not give its stream handles away: connections take net.Socket. */
let server: RunningServer

beforeAll(async () => {
  const script = join(tempDir(), 'no-handles.cjs')
  writeFileSync(script, `process.binding = () => { throw new Error('not in this Node') }`)
  server = await startRedisTs(['--save', '', '--maxclients', '3'], {
    env: { NODE_OPTIONS: `--require ${script}` },
  })
})
afterAll(async () => {
  await server.stop()
})

test('requests, large values and messages go through net.Socket as well', async () => {
  const client = await RawClient.connect(server.port)
  const other = await RawClient.connect(server.port)
  const large = 'x'.repeat(3_000_000)
  await client.call('SET', 'large', large)
  expect((await client.call('GET', 'large')).text).toBe(large)
  other.write(['SUBSCRIBE', 'c'])
  await other.next()
  await client.pipeline([
    ['PUBLISH', 'c', 'one'],
    ['PUBLISH', 'c', 'two'],
  ])
  expect((await other.next()).elements?.[2].text).toBe('one')
  expect((await other.next()).elements?.[2].text).toBe('two')
  expect((await client.call('CLIENT', 'INFO')).text).toMatch(/ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ /)
  client.close()
  other.close()
})

test('QUIT is answered, then the connection ends', async () => {
  const socket = connect(server.port, '127.0.0.1')
  socket.write('QUIT\r\nPING\r\n')
  let received = ''
  socket.on('data', data => {
    received += data
  })
  await once(socket, 'close')
  expect(received).toBe('+OK\r\n')
})

test('a client too many is told so', async () => {
  const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(server.port)))
  for (const client of clients) await client.call('PING')
  const late = await RawClient.connect(server.port)
  expect((await late.next()).text).toBe('ERR max number of clients reached')
  for (const client of [...clients, late]) client.close()
})
