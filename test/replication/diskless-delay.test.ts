/** How long a master waits for more replicas before it begins a diskless synchronization, and what ends the waiting. */
import { describe, expect, test } from 'vitest'
import { dial, resp } from '../fault/wire.js'
import { askText, info, until } from '../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../interop/stock.js'

const OPTIONS = ['--save', '', '--repl-diskless-sync-delay', '1000']

/** A replica that takes a diskless synchronization, and no more, asks for one. */
async function join(master: RunningServer): Promise<void> {
  const socket = await dial(master.port)
  socket.write(resp('REPLCONF', 'capa', 'eof'))
  await new Promise(resolve => socket.once('data', resolve))
  socket.write(resp('PSYNC', '?', '-1'))
  socket.resume()
}

function states(master: RunningServer, ...wanted: string[]): Promise<void> {
  return until(`its replicas are ${wanted.join(' and ')}`, async () => {
    const fields = await info(master.port, 'replication')
    return wanted.every((state, i) => fields.get(`slave${i}`)?.includes(`state=${state},`) === true)
  })
}

describe.concurrent('a master that waits for more replicas', requireStock('redis-server'), () => {
  const starts = { 'redis-ts': startRedisTs, 'redis-server': startRedisServer }

  describe.each(['redis-ts', 'redis-server'] as const)('%s', name => {
    test.each([
      ['repl-diskless-sync-delay', '1', 'replicas sockets'],
      ['repl-diskless-sync-max-replicas', '1', 'replicas sockets'],
      ['repl-diskless-sync', 'no', 'disk'],
    ])('begins once CONFIG SET makes it: %s %s', async (directive, value, target) => {
      const master = await starts[name](OPTIONS)
      await join(master)
      await states(master, 'wait_bgsave')
      expect(await askText(master.port, 'CONFIG', 'SET', directive, value)).toBe('OK')
      await states(master, 'online')
      expect(master.log()).toContain(`Starting BGSAVE for SYNC with target: ${target}`)
    })

    test('begins when there are repl-diskless-sync-max-replicas', async () => {
      const master = await starts[name]([...OPTIONS, '--repl-diskless-sync-max-replicas', '2'])
      await join(master)
      await states(master, 'wait_bgsave')
      await join(master)
      await states(master, 'online', 'online')
      expect((await info(master.port, 'stats')).get('total_forks')).toBe('1')
    })
  })
})

test('the delay counts from when the first of them asked', async () => {
  const master = await startRedisTs(['--save', '', '--repl-diskless-sync-delay', '1'])
  const asked = Date.now()
  await join(master)
  await states(master, 'online')
  expect(Date.now() - asked).toBeGreaterThanOrEqual(1000)
})
