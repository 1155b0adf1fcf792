/** Which replicas min-replicas-to-write counts. */
import { expect, test } from 'vitest'
import { dial, receive, resp } from '../fault/wire.js'
import { info, until } from '../interop/polling.js'
import { startRedisTs } from '../interop/stock.js'

const seconds = (): number => Math.floor(Date.now() / 1000)

/** What `act` gives, and the second of the clock in which all of it happened. */
async function within<T>(act: () => Promise<T>): Promise<[T, number]> {
  for (;;) {
    const before = seconds()
    const result = await act()
    if (seconds() === before) return [result, before]
  }
}

test('min-replicas-max-lag 1 is over in the second but one, so that an acknowledgement a second is enough', async () => {
  const lag = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '1']
  const master = await startRedisTs(['--save', '', '--repl-diskless-sync', 'no', ...lag])
  const replication = () => info(master.port, 'replication')
  const socket = await dial(master.port)
  socket.write(resp('PSYNC', '?', '-1'))
  await master.waitForLog(/Synchronization with replica .* succeeded/)
  await receive(socket, 1)
  let offset = 0
  const [, acknowledged] = await within(async () => {
    socket.write(resp('REPLCONF', 'ACK', String(++offset)))
    await until('it counts', async () => !!(await replication()).get('slave0')?.includes(`offset=${offset},`))
  })
  let good = '1'
  while (good === '1') {
    const [fields, now] = await within(replication)
    good = fields.get('min_slaves_good_slaves') ?? ''
    expect(`${now - acknowledged}: ${good}`).toBe(`${now - acknowledged}: ${now - acknowledged <= 1 ? 1 : 0}`)
    expect(fields.get('slave0')).toContain(`lag=${now - acknowledged}`)
  }
})
