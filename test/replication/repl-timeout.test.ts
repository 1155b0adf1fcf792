/** Whom repl-timeout sends away. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { dial, receive, resp } from '../fault/wire.js'
import { askText, info, until } from '../interop/polling.js'
import { startRedisTs } from '../interop/stock.js'

/** The line that announces a file, the +FULLRESYNC before it, and how long the file is. */
async function beginTransfer(socket: Socket): Promise<{ size: number; received: number }> {
  socket.write(resp('PSYNC', '?', '-1'))
  let text = ''
  while (!/\$\d+\r\n/.test(text)) text += (await receive(socket, 1)).toString('latin1')
  const announced = /\$(\d+)\r\n/.exec(text)
  const size = Number(announced?.[1])
  return { size, received: text.length - (announced?.index ?? 0) - (announced?.[0].length ?? 0) }
}

test('a replica that acknowledges nothing, but none that takes its time over a file', async () => {
  const master = await startRedisTs(['--save', '', '--repl-diskless-sync', 'no', '--repl-timeout', '2'])
  await askText(master.port, 'CONFIG', 'SET', 'rdbcompression', 'no')
  for (let i = 0; i < 40; i++) await askText(master.port, 'SETRANGE', `big:${i}`, '1000000', 'x')
  const slow = await dial(master.port)
  const silent = await dial(master.port)
  const { size, received } = await beginTransfer(slow)
  const whole = await beginTransfer(silent)
  const closed = once(silent, 'close')
  silent.resume()
  expect(whole.size).toBe(size)
  // It was online for two seconds, the other stood still for longer.
  await master.waitForLog('Disconnecting timedout replica (streaming sync)')
  await closed
  await until('one replica is left', async () => (await info(master.port)).get('connected_slaves') === '1')
  expect((await info(master.port)).get('slave0')).toContain('state=send_bulk')
  expect((await receive(slow, size - received)).length).toBeGreaterThanOrEqual(size - received)
  slow.destroy()
  await master.stop()
})
