/** used_memory knows what is kept for those who read values in slices, and what is on its way into the store. */
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { info, until } from '../interop/polling.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'

const BYTES = 16 * 1024 * 1024
const PATIENCE_MS = 30_000

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--rdbcompression', 'no'])
  client = await RawClient.connect(server.port)
  return () => client.close()
})
beforeEach(async () => {
  await client.pipeline([['FLUSHALL'], ['SETRANGE', 'key', String(BYTES - 1), 'x']])
})

function figure(text: string | null, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text ?? '')?.[1])
}

async function saved(): Promise<void> {
  const ended = async (): Promise<boolean> =>
    (await info(server.port, 'persistence')).get('rdb_bgsave_in_progress') === '0'
  await until('it is saved', ended, PATIENCE_MS)
}

test.each([
  ['bytes that have changed since a snapshot began', ['BITOP', 'NOT', 'key', 'key'], BYTES],
  ['a value that is gone since a snapshot began', ['DEL', 'key'], 0],
])('%s', async (_what, change, growth) => {
  const memory = async (): Promise<number> => figure((await client.call('INFO', 'memory')).text, 'used_memory')
  const before = await memory()
  const replies = await client.pipeline([['BGSAVE'], change, ['INFO', 'memory']])
  const during = replies[2].text
  expect(figure(during, 'used_memory')).toBeGreaterThan(before + growth - BYTES / 8)
  expect(figure(during, 'mem_not_counted_for_evict')).toBeGreaterThan(BYTES - BYTES / 8)
  await saved()
  const after = (await client.call('INFO', 'memory')).text
  expect(figure(after, 'mem_not_counted_for_evict')).toBe(0)
  expect(figure(after, 'used_memory')).toBeLessThan(before + growth - BYTES / 2)
})
