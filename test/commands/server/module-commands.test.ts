import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from '../../interop/stock.js'
import { RawClient } from '../raw-client.js'
import { expectSame, words } from '../side-by-side.js'

const COMMANDS = words(
  'module list',
  'module load /nonexistent.so',
  'module loadex /nonexistent.so config a.b c args d',
  'module unload nothing',
  'module load',
  'module unload',
  'module nonsense',
  'command list filterby module nothing',
)

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--enable-module-command', 'local'])
})
beforeEach(async () => {
  client = await RawClient.connect(server.port)
  return () => client.close()
})
afterAll(async () => {
  await server.stop()
})

test('a module cannot be loaded, and the log says why', async () => {
  const { text } = await client.call('MODULE', 'LOAD', '/usr/lib/x.so', 'arg')
  expect(text).toBe('ERR Error loading the extension. Please check the server logs.')
  await server.waitForLog('Module /usr/lib/x.so failed to load: redis-ts cannot load native libraries')
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  async function compare(setting: string): Promise<void> {
    const options = ['--save', '', '--enable-module-command', setting]
    const [ours, theirs] = await Promise.all([startRedisTs(options), startRedisServer(options)])
    const [here, there] = await Promise.all([RawClient.connect(ours.port), RawClient.connect(theirs.port)])
    await expectSame(here, there, COMMANDS)
    here.close()
    there.close()
  }

  test('without modules', () => compare('yes'))
  test('with enable-module-command no', () => compare('no'))
})
