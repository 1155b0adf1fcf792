/** A replica that wants the snapshot alone (REPLCONF rdb-only, redis-cli --rdb): the stream does not wait for it. */
import { describe, expect, test } from 'vitest'
import { dial, receive, resp } from '../fault/wire.js'
import { ask, info, until } from '../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../interop/stock.js'
import { fill } from '../interop/traffic.js'

const OPTIONS = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync', 'no', '--rdbcompression', 'no']
const LIMIT = ['--client-output-buffer-limit', 'replica 1mb 0 0', '--repl-backlog-size', '16kb']

async function field(server: RunningServer, name: string): Promise<string> {
  return (await info(server.port)).get(name) ?? ''
}

describe.concurrent.each([
  ['redis-ts', startRedisTs],
  ['redis-server', startRedisServer],
] as const)('%s', requireStock('redis-server'), (_, start) => {
  test('keeps nothing of what is written meanwhile, and sends the file however slowly it is taken', async () => {
    const master = await start([...OPTIONS, ...LIMIT])
    await ask(master.port, 'DEBUG', 'POPULATE', '300', 'key', '100000')
    const socket = await dial(master.port)
    socket.write(resp('REPLCONF', 'rdb-only', '1'))
    await new Promise(resolve => socket.once('data', resolve))
    socket.pause()
    socket.write(resp('PSYNC', '?', '-1'))
    await until('it gets the file', async () => (await field(master, 'slave0')).includes('state=send_bulk'))
    const write = Array.from({ length: 50 }, () => ['SET', 'written', 'x'.repeat(100_000)])
    await fill(master.port, write)
    expect(Number(await field(master, 'mem_clients_slaves'))).toBeLessThan(500_000)
    // Limits are looked at once a second, too.
    const ticks = Date.now() + 1200
    await until('a second has passed', async () => Date.now() > ticks)
    expect(await field(master, 'connected_slaves')).toBe('1')

    const all = (await receive(socket, Number.POSITIVE_INFINITY)).toString('latin1')
    const header = /^\+FULLRESYNC \w{40} \d+\r\n(?:\n|\r\n)*\$(\d+)\r\n/.exec(all)
    expect(all.length - (header?.[0].length ?? 0)).toBe(Number(header?.[1]))
    await until('it is gone', async () => (await field(master, 'connected_slaves')) === '0')
  })

  test('does not let one that wants the stream share its snapshot, but the other way round', async () => {
    const master = await start([...OPTIONS, '--rdb-key-save-delay', '300000'])
    await ask(master.port, 'SET', 'a', 'b')
    const join = async (rdbOnly: string): Promise<void> => {
      const socket = await dial(master.port)
      socket.write(resp('REPLCONF', 'rdb-only', rdbOnly))
      await new Promise(resolve => socket.once('data', resolve))
      const from = master.log().length
      socket.write(resp('PSYNC', '?', '-1'))
      socket.resume()
      await master.waitForLog('Full resync requested', 10_000, from)
    }
    await join('1')
    await join('0')
    await master.waitForLog("Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC")
    await until('that one is on its way', async () => (await field(master, 'connected_slaves')) === '1')
    await until('its own has begun', async () => (await field(master, 'rdb_bgsave_in_progress')) === '1')
    await join('1')
    await master.waitForLog('Waiting for end of BGSAVE for SYNC')
    await until('one is left', async () => /^1$/.test(await field(master, 'connected_slaves')))
    await until('and online', async () => (await field(master, 'slave0')).includes('state=online'))
  })
})
