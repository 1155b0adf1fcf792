import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { askText } from '../interop/polling.js'
import { type RunningServer, startRedisTs, tempDir } from '../interop/stock.js'

/**
 * Sees to it that a background save shows the data as they are now, whatever `changes` do meanwhile, and that the server then has what
 * they did. Saving has to take longer than they do. `options`: for a server that loads what was saved, at which
 * `look` looks too.
 */
export async function expectSavedAsBefore(
  server: RunningServer,
  changes: readonly string[][],
  options: string[],
  look: (port: number) => Promise<void> = async () => {},
): Promise<void> {
  const client = await RawClient.connect(server.port)
  const before = await askText(server.port, 'DEBUG', 'DIGEST')
  const replies = await Promise.all([['BGSAVE'], ...changes].map(each => client.call(...each)))
  expect(replies[0].text).toMatch(/^Background saving started/)
  expect(replies.filter(({ type }) => type === '-')).toEqual([])
  const after = await askText(server.port, 'DEBUG', 'DIGEST')
  expect(after).not.toBe(before)
  await server.waitForLog('Background saving terminated with success')
  const dir = tempDir()
  copyFileSync(join(server.dir, 'dump.rdb'), join(dir, 'dump.rdb'))
  const other = await startRedisTs(options, { dir })
  expect(await askText(other.port, 'DEBUG', 'DIGEST')).toBe(before)
  await look(other.port)
  expect(await askText(server.port, 'DEBUG', 'DIGEST')).toBe(after)
  client.close()
  await other.stop()
}
