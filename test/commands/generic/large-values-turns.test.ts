/** However large a value is, DUMP, RESTORE and MIGRATE leave everybody else their turns. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createServer, type RunningServer } from '../../../src/index.js'

/** Several times what a turn takes. Without slices each of these commands takes from 300 ms up. */
const TURN_MAX_MS = 50

/** Milliseconds that this thread has worked so far: where others have the processor, waiting for it is not the server's fault. */
function workedClock(): () => number {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r')
    const text = Buffer.alloc(128)
    return () => Number(text.toString('latin1', 0, readSync(file, text, 0, text.length, 0)).split(' ')[0]) / 1e6
  } catch {
    return () => performance.now()
  }
}

test('300 MB as a string and 100 MB as a hash', { timeout: 120_000 }, async () => {
  const servers: RunningServer[] = []
  for (let i = 0; i < 2; i++) servers.push(await createServer({ port: 0, save: '' }))
  const script = fileURLToPath(new URL('large-values-client.mjs', import.meta.url))
  const client = fork(
    script,
    servers.map(({ port }) => String(port)),
    { execArgv: [] },
  )
  const worked = workedClock()
  const longest: Record<string, number> = {}
  let name = ''
  let over = false
  client.on('message', next => {
    name = String(next)
    if (name !== '') client.send('go')
    else client.send('end')
  })
  const exited = once(client, 'exit').then(([code]) => {
    over = true
    return code
  })
  for (let last = worked(); !over; last = worked()) {
    await nextTurn()
    if (name !== '') longest[name] = Math.max(longest[name] ?? 0, worked() - last)
  }
  expect(await exited).toBe(0)
  expect(Object.keys(longest).length).toBe(11)
  expect(Object.entries(longest).filter(([, ms]) => ms > TURN_MAX_MS)).toEqual([])
  await Promise.all(servers.map(server => server.close()))
})
