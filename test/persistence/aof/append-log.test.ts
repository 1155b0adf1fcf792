import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ManualClock } from '../../../src/clock/manual-clock.js'
import { LatencyMonitor } from '../../../src/observe/latency-monitor.js'
import { Log } from '../../../src/observe/log.js'
import { AppendBuffer } from '../../../src/persistence/aof/append-buffer.js'
import { AppendLog, type AppendLogHost } from '../../../src/persistence/aof/append-log.js'
import { Keyspace } from '../../../src/store/keyspace.js'
import { tempDir } from '../../interop/stock.js'

const MUCH_BYTES = 8_000_000

test('with everysec a second that has passed is synced, though there is much more to be written', async () => {
  const clock = new ManualClock()
  const buffer = new AppendBuffer(new Keyspace(1).released.held)
  const leftAtSyncs: number[] = []
  const host: AppendLogHost = {
    policy: 'everysec',
    skipsSync: false,
    isSaving: false,
    clock,
    latency: new LatencyMonitor(clock),
    replicationOffset: 0,
    synced: () => void leftAtSyncs.push(buffer.length),
    statusChanged: () => {},
    failedForGood: () => {},
  }
  const log = new AppendLog(buffer, host, new Log())
  const file = join(tempDir(), 'file')
  log.open(openSync(file, 'a'), 0)
  buffer.bytes(-1, Buffer.alloc(MUCH_BYTES, 'x'), 0, MUCH_BYTES)
  log.flush()
  log.whenWritten(() => clock.step(clock.now() + 2000))
  await new Promise<void>(resolve => log.whenIdle(resolve))
  log.flushNow()
  expect(leftAtSyncs[0]).toBeGreaterThan(MUCH_BYTES / 2)
  expect(readFileSync(file).length).toBe(MUCH_BYTES)
})
