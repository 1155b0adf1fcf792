/** repl-disable-tcp-nodelay: what the master asks of the sockets of its replicas. */
import { createServer as createNetServer } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { createServer } from '../../src/index.js'
import { dial, resp } from '../fault/wire.js'
import { askText, info, until } from '../interop/polling.js'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Watches TCP_NODELAY being set on any socket of this process, which has the server in it. */
async function watchNoDelay(): Promise<() => unknown[]> {
  const listener = createNetServer()
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const prototype: { setNoDelay(on: boolean): void } = Object.getPrototypeOf(Reflect.get(listener, '_handle'))
  listener.close()
  const spy = vi.spyOn(prototype, 'setNoDelay')
  return () => spy.mock.calls.map(([on]) => on)
}

test('small pieces of the stream travel together while it is set, those of replies never', async () => {
  const set = await watchNoDelay()
  const server = await createServer({ port: 0, save: '', 'repl-diskless-sync': false })
  try {
    for (const disabled of ['no', 'yes', 'no']) {
      expect(await askText(server.port, 'CONFIG', 'SET', 'repl-disable-tcp-nodelay', disabled)).toBe('OK')
      const before = set().length
      const replica = await dial(server.port)
      replica.write(resp('PSYNC', '?', '-1'))
      await until('it is a replica', async () => (await info(server.port)).get('connected_slaves') === '1')
      expect(set().slice(before).includes(false)).toBe(disabled === 'yes')
      replica.destroy()
      await until('it has left', async () => (await info(server.port)).get('connected_slaves') === '0')
    }
  } finally {
    await server.close()
  }
})
