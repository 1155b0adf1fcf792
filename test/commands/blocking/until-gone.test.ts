import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { allCommands } from '../../../src/commands/all.js'
import { readTimeout, waitForKeys } from '../../../src/commands/blocking/wait-for-keys.js'
import { type CommandContext, WRONG_TYPE } from '../../../src/commands/context.js'
import { BLOCKING, type CommandSpec, READ_KEY, READONLY } from '../../../src/commands/spec.js'
import { createServer, type RunningServer } from '../../../src/index.js'
import { TYPE_HASH } from '../../../src/store/entries.js'
import { RawClient } from '../raw-client.js'
import { shown, untilBlocked } from './scene.js'

/** AWAIT key timeout: waits until a hash has a second field, or is none any more. What XREADGROUP does with streams. */
const awaitCommand: CommandSpec = {
  name: 'await',
  arity: 3,
  flags: READONLY | BLOCKING,
  keys: READ_KEY,
  group: 'generic',
  since: '1.0.0',
  summary: 'Waits for a hash to change.',
  run(ctx: CommandContext): void {
    const timeoutMs = readTimeout(ctx, 2)
    const address = ctx.findForRead(1)
    if (address === 0) ctx.reply.error('NOHASH')
    else if (ctx.db.entries.type(address) !== TYPE_HASH) ctx.reply.error(WRONG_TYPE)
    else waitForKeys(ctx, TYPE_HASH, 1, 2, timeoutMs, { untilGone: true })
  },
}

let server: RunningServer
let control: RawClient
let client: RawClient

beforeAll(async () => {
  ;(allCommands as CommandSpec[]).push(awaitCommand)
  server = await createServer({ port: 0, save: '' })
})
afterAll(() => server.close())
beforeEach(async () => {
  control = await RawClient.connect(server.port)
  client = await RawClient.connect(server.port)
  await control.pipeline([['FLUSHALL'], ['HSET', 'h', 'f', 'v'], ['HSET', 'other', 'f', 'v']])
})
afterEach(() => {
  for (const each of [client, control]) each.close()
})

async function fields(): Promise<string[]> {
  const info = (await control.call('INFO', 'clients')).text ?? ''
  return [...info.matchAll(/^(?:blocked_clients|total_blocking_keys(?:_on_nokey)?):(\d+)/gm)].map(([, value]) => value)
}

test.each([
  ['is deleted', [['DEL', 'h']], '-NOHASH'],
  ['is renamed', [['RENAME', 'h', 'x']], '-NOHASH'],
  ['is moved', [['MOVE', 'h', '1']], '-NOHASH'],
  ['is flushed', [['FLUSHALL']], '-NOHASH'],
  ['is flushed with its database', [['FLUSHDB']], '-NOHASH'],
  ['is swapped away', [['SWAPDB', '0', '1']], '-NOHASH'],
  ['expires', [['PEXPIRE', 'h', '1']], '-NOHASH'],
  ['is set to a string', [['SET', 'h', 'string']], `-${WRONG_TYPE}`],
  ['goes in a transaction', [['MULTI'], ['DEL', 'h'], ['PING'], ['EXEC']], '-NOHASH'],
])('a client that waits until a key goes is served when it %s', async (_, commands, reply) => {
  const waiting = client.call('AWAIT', 'h', '0')
  await untilBlocked(control, 1)
  expect(await fields()).toEqual(['1', '1', '1'])
  await control.pipeline([
    ['HSET', 'h', 'g', 'v'],
    ['HDEL', 'h', 'g'],
    ['DEL', 'other'],
  ])
  expect(await fields()).toEqual(['1', '1', '1'])
  await control.pipeline(commands)
  expect(shown(await waiting)).toBe(reply)
  expect(await fields()).toEqual(['0', '0', '0'])
})

test('a key that has gone and come back is looked at again', async () => {
  const waiting = client.call('AWAIT', 'h', '0.2')
  await untilBlocked(control, 1)
  await control.pipeline([['MULTI'], ['DEL', 'h'], ['HSET', 'h', 'f', 'v'], ['EXEC']])
  expect(shown(await waiting)).toBe('*nil')
})
