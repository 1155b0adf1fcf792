import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock/manual-clock.js'
import { TargetConnections } from '../../src/replication/target-connections.js'
import { FakeMaster } from '../fault/fake-master.js'

let target: FakeMaster
let connections: TargetConnections
let clock: ManualClock

function pass(ms: number): void {
  const untilMs = clock.now() + ms
  while (clock.step(untilMs)) {}
}

beforeEach(async () => {
  target = await FakeMaster.start(() => '+OK\r\n')
  clock = new ManualClock()
  connections = new TargetConnections(clock)
})
afterEach(async () => {
  connections.closeAll()
  await target.close()
})

test('a connection is kept for ten seconds behind its last use', async () => {
  const first = await connections.take('127.0.0.1', String(target.port), 1000)
  connections.release(first)
  pass(9_000)
  const second = await connections.take('127.0.0.1', String(target.port), 1000)
  expect(second).toBe(first)
  pass(60_000)
  expect(connections.count).toBe(1)
  connections.release(second)
  pass(9_999)
  expect(connections.count).toBe(1)
  pass(1)
  expect(connections.count).toBe(0)
  expect(await connections.take('127.0.0.1', String(target.port), 1000)).not.toBe(first)
})

test('no more than 64 are kept, and none that is in use is given up', async () => {
  const port = String(target.port)
  const held = await connections.take('127.0.0.1', port, 1000)
  for (let i = 1; i < 70; i++) connections.release(await connections.take('127.0.0.1', `${port} ${i}`, 1000))
  expect(connections.count).toBe(64)
  expect(held.closed).toBe(false)
})

test('there are none any more once the server goes down', async () => {
  const open = await connections.take('127.0.0.1', String(target.port), 1000)
  connections.closeAll()
  expect(open.closed).toBe(true)
  await expect(connections.take('127.0.0.1', String(target.port), 1000)).rejects.toThrow('no connection')
})
