/** A background save shows sorted sets as they were at its beginning, whatever commands do to them meanwhile. */
import { test } from 'vitest'
import { startRedisTs } from '../../interop/stock.js'
import { expectSavedAsBefore } from '../../persistence/point-in-time.js'
import { RawClient } from '../raw-client.js'
import { words } from '../side-by-side.js'

/** Saving a key takes so long that all changes come in time. */
const ARGS = ['--save', '', '--enable-debug-command', 'yes', '--rdb-key-save-delay', '20000']
const KEYS = ['zadd', 'zincrby', 'zrem', 'zpopmin', 'zremrangebyrank', 'store', 'del', 'rename', 'copy', 'expire']

const CHANGES = words(
  ...['small', 'large'].flatMap(kind => [
    `zadd zadd-${kind} 5 m1 6 new`,
    `zincrby zincrby-${kind} 100 m2`,
    `zrem zrem-${kind} m3 m4`,
    `zpopmin zpopmin-${kind} 30`,
    `zremrangebyrank zremrangebyrank-${kind} 10 200`,
  ]),
  'zunionstore store-small 2 zadd-small zadd-large',
  'zrangestore store-large zadd-large 0 10',
  'del del-small del-large',
  'rename rename-large renamed',
  'zadd renamed 1 m5',
  'copy copy-large copied',
  'zadd copy-large 1 m6',
  'pexpire expire-large 100000',
  'zrem expire-large m7',
  'zadd later 1 a',
)

test('with changes to every key', async () => {
  const server = await startRedisTs(ARGS)
  const client = await RawClient.connect(server.port)
  for (const key of KEYS) {
    const pairs = (count: number): string[] => Array.from({ length: count }, (_, i) => [`${i / 4}`, `m${i}`]).flat()
    await client.call('ZADD', `${key}-small`, ...pairs(60))
    await client.call('ZADD', `${key}-large`, ...pairs(600))
  }
  client.close()
  await expectSavedAsBefore(server, CHANGES, ARGS)
  await server.stop()
})
