/** One append-only folder for both servers: each starts on the other's, and redis-check-aof finds nothing wrong. */
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { everyKind, PREPARATION } from './every-kind.js'
import { askText, info, inStep, linkUp, until } from './polling.js'
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

const run = promisify(execFile)
const AOF = ['--appendonly', 'yes', '--save', '', '--enable-debug-command', 'yes']
const ours: Start = (args = [], options) => startRedisTs([...AOF, ...args], options)
const stock: Start = (args = [], options) => startRedisServer([...AOF, ...args], options)
const needsStock = requireStock('redis-server', 'redis-check-aof')

const digest = (server: RunningServer): Promise<string> => askText(server.port, 'DEBUG', 'DIGEST')

async function rewrite(server: RunningServer): Promise<void> {
  expect(await askText(server.port, 'BGREWRITEAOF')).toContain('started')
  await until('the rewrite is over', async () => {
    return (await info(server.port, 'persistence')).get('aof_rewrite_in_progress') === '0'
  })
}

async function check(dir: string): Promise<void> {
  const { stdout } = await run('redis-check-aof', [join(dir, 'appendonlydir', 'appendonly.aof.manifest')])
  expect(stdout).toContain('All AOF files and manifest are valid')
}

describe('a folder of commands', needsStock, () => {
  test.each([
    { from: 'redis-ts', to: 'redis-server', how: 'as commands' },
    { from: 'redis-ts', to: 'redis-server', how: 'with a base' },
    { from: 'redis-server', to: 'redis-ts', how: 'as commands' },
    { from: 'redis-server', to: 'redis-ts', how: 'with a base' },
  ])('of $from is loaded by $to, data of every kind and encoding $how', async ({ from: writer, how }) => {
    const [from, to] = writer === 'redis-ts' ? [ours, stock] : [stock, ours]
    const rewrites = how === 'with a base'
    const first = await from()
    const commands = everyKind().flatMap(each => each.commands)
    await fill(first.port, [...PREPARATION, ...commands.slice(0, commands.length >> 1)])
    if (rewrites) await rewrite(first)
    await fill(first.port, commands.slice(commands.length >> 1))
    const wanted = await digest(first)
    await first.stop()
    await check(first.dir)
    const second = await to([], { dir: first.dir })
    expect(await digest(second)).toBe(wanted)
    await fill(second.port, [
      ['RPUSH', 'more', ...Array.from({ length: 100 }, (_, i) => String(i))],
      ['SELECT', '5'],
      ['SET', 'a', 'b'],
    ])
    await rewrite(second)
    const grown = await digest(second)
    await second.stop()
    await check(first.dir)
    const third = await from([], { dir: first.dir })
    expect(await digest(third)).toBe(grown)
    await third.stop()
  })

  test('is what a single file of an older Redis becomes, a snapshot ahead of its commands included', async () => {
    const old = await stock()
    await fill(
      old.port,
      everyKind().flatMap(each => each.commands),
    )
    await rewrite(old)
    await fill(old.port, [
      ['SELECT', '2'],
      ['SET', 'behind the snapshot', 'yes'],
    ])
    const wanted = await digest(old)
    await old.stop()
    const folder = join(old.dir, 'appendonlydir')
    const files = readdirSync(folder)
      .filter(name => !name.endsWith('manifest'))
      .sort()
    const dir = tempDir()
    writeFileSync(join(dir, 'appendonly.aof'), Buffer.concat(files.map(name => readFileSync(join(folder, name)))))
    const server = await ours([], { dir })
    expect(server.log()).toContain('Successfully migrated an old-style AOF file (appendonly.aof)')
    expect(await digest(server)).toBe(wanted)
    await server.stop()
    await check(dir)
    const again = await ours([], { dir })
    expect(await digest(again)).toBe(wanted)
    await again.stop()
  })

  test('of a replica holds what the master has sent, before and behind a full synchronization', async () => {
    const master = await stock()
    await fill(
      master.port,
      everyKind().flatMap(each => each.commands),
    )
    const replica = await ours(['--replicaof', '127.0.0.1', String(master.port)])
    await linkUp(replica.port)
    await fill(master.port, [
      ['MULTI'],
      ['INCR', 'a'],
      ['SELECT', '7'],
      ['INCR', 'b'],
      ['EXEC'],
      ['SPOP', 'a set of members'],
    ])
    await inStep(master.port, replica.port)
    await until('the first base is complete', async () => {
      return (
        (await info(replica.port, 'persistence')).get('aof_rewrite_scheduled') === '0' &&
        (await info(replica.port, 'persistence')).get('aof_rewrite_in_progress') === '0'
      )
    })
    const wanted = await digest(master)
    expect(await digest(replica)).toBe(wanted)
    replica.kill('SIGKILL')
    await replica.exited
    await check(replica.dir)
    const alone = await stock([], { dir: replica.dir })
    expect(await digest(alone)).toBe(wanted)
    await alone.stop()
    await master.stop()
  })

  test('under another name, with blanks in it', async () => {
    const names = ['--appendfilename', 'all my data.aof', '--appenddirname', 'a folder']
    const dir = tempDir()
    mkdirSync(join(dir, 'appendonlydir'))
    const first = await ours(names, { dir })
    await fill(first.port, [['SET', 'a', 'b']])
    await rewrite(first)
    await first.stop()
    const second = await stock(names, { dir })
    expect(await askText(second.port, 'GET', 'a')).toBe('b')
    await second.stop()
  })
})
