/** Data of every kind in every encoding goes from redis-server to redis-ts and back, and is the same at every station. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type EncodedKey, everyKind, PREPARATION } from './every-kind.js'
import { ask, askText, info, inStep, linkUp } from './polling.js'
import {
  type RunningServer,
  requireStock,
  type StartOptions,
  startRedisServer,
  startRedisTs,
  tempDir,
} from './stock.js'
import { fill } from './traffic.js'

type Start = (args?: string[], options?: StartOptions) => Promise<RunningServer>

const BASE = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const ours: Start = (args = [], options) => startRedisTs([...BASE, ...args], options)
const stock: Start = (args = [], options) => startRedisServer([...BASE, ...args], options)

const digest = (server: RunningServer): Promise<string> => askText(server.port, 'DEBUG', 'DIGEST')

/** Fills a server with all of it; its digest. */
async function filled(start: Start): Promise<{ server: RunningServer; wanted: string }> {
  const server = await start()
  const data = everyKind()
  await fill(server.port, [...PREPARATION, ...data.flatMap(({ commands }) => commands)])
  const wanted = await digest(server)
  expect(wanted).not.toBe('0'.repeat(40))
  return { server, wanted }
}

async function encodings(server: RunningServer, keys: readonly EncodedKey[]): Promise<[string, string][]> {
  const found: [string, string][] = []
  for (const { key } of keys) found.push([key, await askText(server.port, 'OBJECT', 'ENCODING', key)])
  return found
}

const needsStock = requireStock('redis-server')

describe('data of every kind and encoding', needsStock, () => {
  test('has the encodings it is meant to have', async () => {
    const keys = everyKind()
    const { server } = await filled(ours)
    expect(await encodings(server, keys)).toEqual(keys.map(({ encoding, key }) => [key, encoding]))
  })

  test.each([
    ['redis-server, redis-ts, redis-server', stock, ours],
    ['redis-ts, redis-server, redis-ts', ours, stock],
  ])('stays the same by RDB files: %s', async (_, one, other) => {
    const { server, wanted } = await filled(one)
    let last = server
    for (const start of [other, one]) {
      expect(await askText(last.port, 'SAVE')).toBe('OK')
      const dir = tempDir()
      copyFileSync(join(last.dir, 'dump.rdb'), join(dir, 'dump.rdb'))
      await last.stop()
      last = await start([], { dir })
      expect(await digest(last)).toBe(wanted)
    }
  })

  test.each([
    ['redis-server, redis-ts, redis-server', stock, ours],
    ['redis-ts, redis-server, redis-ts', ours, stock],
  ])('stays the same by replication: %s', async (_, one, other) => {
    const { server, wanted } = await filled(one)
    const middle = await other(['--replicaof', '127.0.0.1', String(server.port)])
    await linkUp(middle.port)
    const last = await one(['--replicaof', '127.0.0.1', String(middle.port)])
    await linkUp(last.port)
    await inStep(server.port, middle.port)
    expect([await digest(middle), await digest(last)]).toEqual([wanted, wanted])
    // And command by command.
    expect(await askText(server.port, 'FLUSHALL')).toBe('OK')
    await fill(
      server.port,
      everyKind().flatMap(({ commands }) => commands),
    )
    await inStep(server.port, middle.port)
    await inStep(middle.port, last.port)
    expect([await digest(middle), await digest(last)]).toEqual([await digest(server), await digest(server)])
  })

  test.each([
    ['redis-server, redis-ts, redis-server', stock, ours],
    ['redis-ts, redis-server, redis-ts', ours, stock],
  ])('stays the same by MIGRATE: %s', async (_, one, other) => {
    const { server, wanted } = await filled(one)
    const keys = everyKind().map(({ key }) => key)
    const stations = [server, await other(), await one()]
    for (let i = 1; i < stations.length; i++) {
      const [from, to] = [stations[i - 1], stations[i]]
      expect(await ask(from.port, 'MIGRATE', '127.0.0.1', String(to.port), '', '0', '10000', 'KEYS', ...keys)).toEqual({
        type: '+',
        text: 'OK',
        elements: null,
      })
      expect(await digest(to)).toBe(wanted)
      expect((await info(from.port, 'keyspace')).size).toBe(0)
    }
  })
})
