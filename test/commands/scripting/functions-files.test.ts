/** Libraries of functions in RDB files: of redis-server and for it, through DEBUG RELOAD, as they were when a snapshot began. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dial, receive, resp } from '../../fault/wire.js'
import { ask, askText } from '../../interop/polling.js'
import { cli, type RunningServer, requireStock, startRedisServer, startRedisTs, tempDir } from '../../interop/stock.js'
import { fill } from '../../interop/traffic.js'
import { cat, file, str } from '../../persistence/rdb/bytes.js'
import { flagged, library, load } from './libraries.js'

/** The mark behind a copy that is sent without a file. */
const MARK_BYTES = 40
const BASE = ['--save', '', '--enable-debug-command', 'yes']
const LONG = library('long', `return '${'abcdefgh'.repeat(20_000)}'`)
const CODES = [library('a'), flagged('b', 'return keys[1]', 'no-writes', 'allow-stale'), LONG]

/** The libraries of a server with all that is said of them; the order is nobody's promise. */
async function libraries({ port }: { port: number }): Promise<string[]> {
  const { elements } = await ask(port, 'FUNCTION', 'LIST', 'WITHCODE')
  return (elements ?? []).map(each => JSON.stringify(each)).sort()
}

describe.concurrent('files with libraries', requireStock('redis-server', 'redis-check-rdb', 'redis-cli'), () => {
  test.each([
    ['redis-server', 'redis-ts', startRedisServer, startRedisTs],
    ['redis-ts', 'redis-server', startRedisTs, startRedisServer],
    ['redis-ts', 'redis-ts', startRedisTs, startRedisTs],
  ])('that %s has saved, %s loads', async (_saving, _loading, save, start) => {
    const saving = await save(BASE)
    await fill(saving.port, [...CODES.map(code => load(code)), ['SET', 'k', 'v']])
    const dir = tempDir()
    for (const how of ['SAVE', 'BGSAVE']) {
      await ask(saving.port, how)
      if (how === 'BGSAVE') await saving.waitForLog('Background saving terminated with success')
      const saved = join(saving.dir, 'dump.rdb')
      expect(execFileSync('redis-check-rdb', [saved], { encoding: 'latin1' })).toContain('RDB looks OK')
      copyFileSync(saved, join(dir, 'dump.rdb'))
      const loading = await start(BASE, { dir })
      expect(await libraries(loading)).toEqual(await libraries(saving))
      expect(await libraries(loading)).toHaveLength(CODES.length)
      expect(await askText(loading.port, 'FCALL', 'a', '0')).toBe('hello from a')
      expect(await askText(loading.port, 'GET', 'k')).toBe('v')
      await loading.stop()
    }
  })

  test('are saved as they were when the snapshot began', async () => {
    const server = await startRedisTs([...BASE, '--rdb-key-save-delay', '100000'])
    await fill(server.port, [load(library('a')), load(library('b')), ['SET', 'k', 'v'], ['SET', 'l', 'w']])
    const before = await libraries(server)
    await ask(server.port, 'BGSAVE')
    await fill(server.port, [
      load('REPLACE', library('a', 'return 2')),
      ['FUNCTION', 'DELETE', 'b'],
      load(library('c')),
    ])
    await server.waitForLog('Background saving terminated with success')
    const dir = tempDir()
    copyFileSync(join(server.dir, 'dump.rdb'), join(dir, 'dump.rdb'))
    expect(await libraries(await startRedisTs(BASE, { dir }))).toEqual(before)
  })

  test('DEBUG RELOAD brings the libraries of the file, and no others', async () => {
    const server = await startRedisTs(BASE)
    await fill(server.port, [load(library('a')), load(library('b'))])
    const saved = await libraries(server)
    expect(await askText(server.port, 'DEBUG', 'RELOAD')).toBe('OK')
    expect(await libraries(server)).toEqual(saved)
    expect(await askText(server.port, 'FCALL', 'a', '0')).toBe('hello from a')
    await fill(server.port, [load('REPLACE', library('a', 'return 2')), load(library('c'))])
    expect(await askText(server.port, 'DEBUG', 'RELOAD', 'NOSAVE')).toBe('OK')
    expect(await libraries(server)).toEqual(saved)
    await fill(server.port, [load(library('c'))])
    expect(await askText(server.port, 'DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH')).toMatch(/^ERR Error trying to load/)
    await server.waitForLog("Failed loading library, Library 'a' already exists")
    expect(await askText(server.port, 'DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH', 'MERGE')).toBe('OK')
    expect(await libraries(server)).toHaveLength(3)
  })

  test.each([
    ['that does not compile', '#!lua name=lib\nbad code', 'Error compiling function: user_function:2: '],
    ['that has no name', '#!lua\n', 'Library name was not given'],
    ['of another engine', '#!js name=lib\n', "Engine 'js' not found"],
    ['whose function another one has', library('other', 'return 1', 'a'), 'Function a already exists'],
  ])('a library %s ends loading', async (_, code, why) => {
    for (const start of [startRedisTs, startRedisServer]) {
      const dir = tempDir()
      const both = cat(0xf5, str(library('a')), 0xf5, str(code), 0, str('k'), str('v'))
      writeFileSync(join(dir, 'dump.rdb'), file(10, both))
      const starting = start(BASE, { dir })
      await expect(starting).rejects.toThrow(`Failed loading library, ${why}`)
    }
  })

  test('functions as release candidates of 7.0 saved them are refused', async () => {
    const dir = tempDir()
    writeFileSync(join(dir, 'dump.rdb'), file(10, 0xf6, str('name')))
    await expect(startRedisTs(BASE, { dir })).rejects.toThrow('Pre-release function format not supported.')
  })

  test('redis-cli --functions-rdb gets the libraries and no keys', async () => {
    const server = await startRedisTs([...BASE, '--repl-diskless-sync', 'no'])
    await fill(server.port, [...CODES.map(code => load(code)), ['SET', 'k', 'v']])
    const dir = tempDir()
    const copy = join(dir, 'dump.rdb')
    await cli(server.port, '--functions-rdb', copy)
    for (const start of [startRedisServer, startRedisTs]) {
      const loading = await start(BASE, { dir })
      expect(await libraries(loading)).toEqual(await libraries(server))
      expect(await askText(loading.port, 'DBSIZE')).toBe('0')
      await loading.stop()
    }
    expect(readFileSync(copy).length).toBeLessThan(20_000)
  })

  test('a replica that asks for nothing but the head gets that', async () => {
    const dumps: Buffer[] = []
    for (const start of [startRedisTs, startRedisServer]) {
      const server = await start([...BASE, '--repl-diskless-sync-delay', '0'])
      await fill(server.port, [load(library('a')), ['SET', 'k', 'v']])
      dumps.push(await filtered(server, ''))
      expect(dumps.at(-1)?.includes('#!lua')).toBe(false)
      expect((await filtered(server, 'functions FUNCTIONS')).includes('#!lua')).toBe(true)
    }
    // No opcode but those of auxiliary fields, and the end.
    const [mine, theirs] = dumps.map(bytes => [bytes.lastIndexOf(0xfa) > 0, bytes.at(-9)])
    expect(mine).toEqual(theirs)
    expect(mine).toEqual([true, 0xff])
  })
})

/** The file that a replica gets with this filter (REPLCONF rdb-filter-only). */
async function filtered({ port }: RunningServer, filter: string): Promise<Buffer> {
  const socket = await dial(port)
  for (const request of [
    ['capa', 'eof'],
    ['rdb-only', '1'],
    ['rdb-filter-only', filter],
  ]) {
    socket.write(resp('REPLCONF', ...request))
    expect((await receive(socket, 5)).toString()).toBe('+OK\r\n')
  }
  socket.write(resp('PSYNC', '?', '-1'))
  const all = await receive(socket, Number.POSITIVE_INFINITY)
  const start = all.indexOf('REDIS')
  return all.subarray(start, all.length - MARK_BYTES)
}
