/** A function that runs for too long: FUNCTION STATS tells of it, FUNCTION KILL ends it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../interop/polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { shown } from '../play.js'
import { RawClient } from '../raw-client.js'
import { library, load } from './libraries.js'

const QUIET = ['--save', '', '--busy-reply-threshold', '20']
const ENDLESS = 'local a = 1 while true do a = a + 1 end'

describe.each([
  ['redis-ts', startRedisTs],
  ['redis-server', startRedisServer],
] as const)('a function that runs for too long in %s', requireStock('redis-server'), (_, start) => {
  let server: RunningServer
  let runner: RawClient
  let client: RawClient

  beforeAll(async () => {
    server = await start(QUIET)
  })
  beforeEach(async () => {
    ;[runner, client] = await Promise.all([RawClient.connect(server.port), RawClient.connect(server.port)])
    await client.pipeline([['FUNCTION', 'FLUSH'], load(library('endless', ENDLESS))])
  })
  afterEach(() => {
    runner.close()
    client.close()
  })
  afterAll(() => server?.stop())

  const busy = () => until('it is busy', async () => /^BUSY/.test((await client.call('PING')).text ?? ''))

  test.each(['2', '3'])('is told of by FUNCTION STATS (RESP%s), and ended by FUNCTION KILL only', async resp => {
    await client.call('HELLO', resp)
    const reply = runner.call('FCALL', 'endless', '1', 'a key', 'an argument')
    await busy()
    const stats = shown(await client.call('FUNCTION', 'STATS')).replace(/:\d\d+/, ':N')
    const [map, end] = resp === '3' ? ['%[', ']'] : ['*[', ']']
    const running = `running_script ${map}name endless command *[FCALL endless 1 a key an argument] duration_ms :N${end}`
    expect(stats).toBe(`${map}${running} engines ${map}LUA ${map}libraries_count :1 functions_count :1]]]`)
    const refusal = 'BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.'
    for (const command of [['SCRIPT', 'KILL'], ['FUNCTION', 'LIST'], ['FCALL', 'endless', '0'], ['PING']]) {
      expect((await client.call(...command)).text).toBe(refusal)
    }
    expect((await client.call('FUNCTION', 'KILL')).text).toBe('OK')
    expect((await reply).text).toMatch(/^ERR Error running script|^ERR Script killed by user with/)
    expect((await client.call('PING')).text).toBe('PONG')
    expect((await client.call('FUNCTION', 'KILL')).text).toBe('NOTBUSY No scripts in execution right now.')
  })

  test('a script of EVAL is none', async () => {
    const reply = runner.call('EVAL', ENDLESS, '0')
    await busy()
    for (const subcommand of ['KILL', 'STATS']) {
      expect((await client.call('FUNCTION', subcommand)).text).toBe(
        'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
      )
    }
    await client.call('SCRIPT', 'KILL')
    await reply
  })
})
