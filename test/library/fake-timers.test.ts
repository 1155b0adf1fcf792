/** Fake timers, of vitest and of sinon (which jest's are as well), whenever they were installed, are the test's: a server lives by real ones. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import FakeTimers from '@sinonjs/fake-timers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { LIFE, live } from './life-of-a-server.js'

interface Fakes {
  /** Returns what takes them away. */
  install(): () => void
}

const FAKES: Readonly<Record<string, Fakes>> = {
  vitest: {
    install() {
      vi.useFakeTimers({
        toFake: [
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'setImmediate',
          'clearImmediate',
          'Date',
          'performance',
          'hrtime',
          'queueMicrotask',
        ],
        now: 0,
      })
      return () => vi.useRealTimers()
    },
  },
  sinon: {
    install() {
      // Node's own sockets run by nextTick.
      const clock = FakeTimers.install({ now: 0, toNotFake: ['nextTick'] })
      return () => clock.uninstall()
    },
  },
}

let uninstall = (): void => {}
afterEach(() => uninstall())

describe.each(Object.keys(FAKES))('of %s', name => {
  test.each(['before', 'after'])('installed %s the library is loaded', async when => {
    vi.resetModules()
    if (when === 'before') uninstall = FAKES[name].install()
    const { createServer } = await import('../../src/index.js')
    if (when === 'after') uninstall = FAKES[name].install()
    expect(Date.now()).toBe(0)
    expect(await live(createServer)).toEqual(LIFE)
    expect(Date.now()).toBe(0)
  })

  test('installed while a server lives, and taken away again', async () => {
    vi.resetModules()
    const { createServer } = await import('../../src/index.js')
    await using server = await createServer()
    const client = await RawClient.connect(server.port)
    await client.call('SET', 'key', 'value', 'PX', '100')
    const now = Date.now()
    uninstall = FAKES[name].install()
    const [seconds] = (await client.call('TIME')).elements ?? []
    expect(Math.abs(Number(seconds?.text) - now / 1000)).toBeLessThan(60)
    expect((await client.call('BLPOP', 'list', '0.12')).elements).toBe(null)
    expect((await client.call('EXISTS', 'key')).text).toBe('0')
    uninstall()
    expect((await client.call('BLPOP', 'list', '0.01')).elements).toBe(null)
    client.close()
  })

  test("the fakes are the test's: no server moves or uses them", async () => {
    vi.resetModules()
    uninstall = FAKES[name].install()
    const { createServer } = await import('../../src/index.js')
    await using server = await createServer({ clock: 'manual' })
    let ran = false
    setTimeout(() => {
      ran = true
    }, 10)
    await server.command('SET', 'key', 'value', 'PX', 10)
    await server.clock.advance(1000)
    expect(await server.command('EXISTS', 'key')).toBe(0)
    expect(ran).toBe(false)
    expect(Date.now()).toBe(0)
  })
})

/** Runs a life in a process of its own, with these fakes there. */
function inProcess(fakes: string): { status: number | null; output: string } {
  const script = join(import.meta.dirname, 'faked-process.mjs')
  const library = pathToFileURL(join(process.cwd(), 'dist', 'index.js')).href
  const { status, stdout, stderr } = spawnSync('node', [script, fakes, library], { encoding: 'utf8', timeout: 30_000 })
  return { status, output: stdout + stderr }
}

// With process.nextTick in a test's hands no socket or stream of Node's lives in its process, a client's no more than a replica's.
test.each(['all-before', 'all-after'])(
  'with nextTick among them, a server without sockets of Node goes on (%s)',
  fakes => {
    expect(inProcess(fakes)).toEqual({ status: 0, output: 'started, waited, expired, saved, unix, closed\n' })
  },
)

test('globals that do not tell what they have replaced, as of older versions of jest, are no matter', () => {
  expect(inProcess('mocks')).toEqual({ status: 0, output: 'started, waited, expired, saved, unix, closed\n' })
})
