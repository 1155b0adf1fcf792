/** A background save shows sorted sets as they were at its beginning, whatever commands do to them meanwhile. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { askText } from '../../interop/polling.js'
import { startRedisTs, tempDir } from '../../interop/stock.js'
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
  const before = await askText(server.port, 'DEBUG', 'DIGEST')
  const replies = await Promise.all([['BGSAVE'], ...CHANGES].map(each => client.call(...each)))
  expect(replies.filter(({ type }) => type === '-')).toEqual([])
  const after = await askText(server.port, 'DEBUG', 'DIGEST')
  expect(after).not.toBe(before)
  await server.waitForLog('Background saving terminated with success')
  const dir = tempDir()
  copyFileSync(join(server.dir, 'dump.rdb'), join(dir, 'dump.rdb'))
  const other = await startRedisTs(ARGS, { dir })
  expect(await askText(other.port, 'DEBUG', 'DIGEST')).toBe(before)
  expect(await askText(server.port, 'DEBUG', 'DIGEST')).toBe(after)
  client.close()
  await Promise.all([server.stop(), other.stop()])
})
