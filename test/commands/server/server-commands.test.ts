import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', ''])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

async function info(...sections: string[]): Promise<string> {
  return (await client.call('INFO', ...sections)).text ?? ''
}

test('TIME is the time of day, in microseconds, and never runs backwards', async () => {
  const before = Date.now() - 3
  const times: number[] = []
  for (let i = 0; i < 200; i++) {
    const [seconds, micros] = (await client.call('TIME')).elements ?? []
    times.push(Number(seconds.text) * 1e6 + Number(micros.text))
  }
  expect(times[0] / 1000).toBeGreaterThanOrEqual(before)
  expect((times.at(-1) ?? 0) / 1000).toBeLessThanOrEqual(Date.now() + 3)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(times.some(time => time % 1000 !== 0)).toBe(true)
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  test('errors of SAVE, BGSAVE, LASTSAVE, SHUTDOWN, TIME', async () => {
    const theirs = await RawClient.connect((await startRedisServer(['--save', ''])).port)
    await expectSame(
      client,
      theirs,
      words(
        'save x',
        'bgsave x',
        'bgsave schedule x',
        'lastsave x',
        'time x',
        'shutdown x',
        'shutdown save nosave',
        'shutdown abort now',
        'shutdown abort abort x',
        'shutdown abort',
        'multi',
        'shutdown',
        'save',
        'exec',
        'save',
      ),
    )
  })
})

test('SAVE and BGSAVE write the file and move LASTSAVE', async () => {
  const file = join(server.dir, 'dump.rdb')
  rmSync(file, { force: true })
  await client.call('SET', 'k', 'v')
  expect(await info('persistence')).toMatch(/rdb_changes_since_last_save:[1-9]/)
  const before = Math.floor(Date.now() / 1000)
  expect((await client.call('SAVE')).text).toBe('OK')
  expect(existsSync(file)).toBe(true)
  expect(Number((await client.call('LASTSAVE')).text)).toBeGreaterThanOrEqual(before)
  expect(await info('persistence')).toContain('rdb_changes_since_last_save:0')

  rmSync(file)
  const from = server.log().length
  expect((await client.call('BGSAVE')).text).toBe('Background saving started')
  await server.waitForLog('Background saving terminated with success', 5000, from)
  expect(existsSync(file)).toBe(true)
})

test('one save at a time, and inside EXEC it is put off', async () => {
  const from = server.log().length
  const replies = await client.pipeline(words('bgsave', 'bgsave', 'bgsave schedule', 'save'))
  expect(replies.map(({ text }) => text)).toEqual([
    'Background saving started',
    'ERR Background save already in progress',
    'ERR Background save already in progress',
    'ERR Background save already in progress',
  ])
  await server.waitForLog('Background saving terminated with success', 5000, from)
  const later = server.log().length
  const [, , exec] = await client.pipeline(words('multi', 'bgsave', 'exec'))
  expect(exec.elements?.[0].text).toBe('Background saving scheduled')
  await server.waitForLog('Background saving terminated with success', 5000, later)
})

test('a SAVE that fails says no more than ERR, and is no failed background save', async () => {
  const failing = await startRedisTs(['--save', '', '--dbfilename', 'there.rdb'])
  const other = await RawClient.connect(failing.port)
  // A directory where the file has to go cannot be replaced by it.
  mkdirSync(join(failing.dir, 'there.rdb'))
  expect((await other.call('SAVE')).text).toBe('ERR')
  expect((await other.call('INFO', 'persistence')).text).toContain('rdb_last_bgsave_status:ok')
  other.close()
})

test('SHUTDOWN SAVE saves, NOSAVE does not, and neither is answered', async () => {
  for (const [option, saves] of [
    ['SAVE', true],
    ['nosave', false],
  ] as const) {
    const doomed = await startRedisTs(['--save', ''])
    const other = await RawClient.connect(doomed.port)
    await other.call('SET', 'k', 'v')
    let answered = false
    other.call('SHUTDOWN', option).then(() => {
      answered = true
    })
    expect(await doomed.exited).toBe(0)
    expect(existsSync(join(doomed.dir, 'dump.rdb'))).toBe(saves)
    expect(answered).toBe(false)
    other.close()
  }
})
