import { spawnSync } from 'node:child_process'
import { beforeAll, describe, expect, test } from 'vitest'
import { RawClient, type RawReply } from '../commands/raw-client.js'
import {
  REDIS_TS,
  type RunningServer,
  requireStock,
  startRedisServer,
  startRedisTs,
  tempDir,
} from '../interop/stock.js'

/** What CONFIG SET is given: there a quote is a character like any other, and one blank parts two values. */
const SETTINGS: [name: string, ...values: string[]][] = [
  [
    'bind',
    '"127.0.0.1"',
    '"127.0.0.1',
    "'127.0.0.1'",
    '127.0.0.1 "127.0.0.2"',
    'localhost "127.0.0.2"',
    '127.0.0.1 ""',
    '"',
    '""',
    "''",
    ' ',
    '127.0.0.1 ',
    ' 127.0.0.1',
    '127.0.0.1  127.0.0.2',
    '-',
    '-"127.0.0.1"',
    '- 127.0.0.1',
    '127.0.0.1\t127.0.0.2',
    '127.0.0.1\n',
    '192.0.2.77',
    '127.0.0.1 192.0.2.77',
    '999.0.0.1',
    'fe80::x',
    '',
    '-192.0.2.77',
    '-192.0.2.77 127.0.0.1',
    '127.0.0.1 127.0.0.2',
    '127.0.0.1\0"',
    '-::1 127.0.0.1',
    '*',
    '* -::*',
    '-*',
    '127.0.0.1',
  ],
  ['save', '"60 1"', '60 "1"', '""', "''", '"', '60  1', ' 60 1', '60 1 ', '60\t1', '', '60 1'],
  ['oom-score-adj-values', '"0 200 800"', '0 "200" 800', '""', '', '0 200 800 ', '0 200  800', '0 200 800'],
  [
    'client-output-buffer-limit',
    '"normal 0 0 0"',
    'normal "0" 0 0',
    'normal 0 0 "0"',
    '"normal" 0 0 0',
    '""',
    'normal 0 0 0 ',
    'normal  0 0 0',
    '',
    'normal 0 0 0',
  ],
  ['latency-tracking-info-percentiles', '"50 99"', '50 "99"', '""', "''", '50  99', '50 99 ', ' ', '', '50 99'],
  ['shutdown-on-sigint', '"save now"', 'save "now"', '""', '', 'save  now', 'save now ', 'save now'],
  ['shutdown-on-sigterm', '"save"', "'now'", 'default'],
  ['notify-keyspace-events', '"KEA"', 'KEA'],
  ['maxmemory', '"1mb"', '0'],
  ['appendonly', '"no"', 'no'],
  ['replica-announce-ip', '"1.2.3.4"', ''],
]

/** Command lines: one argument is split anew, quotes and all; several are taken as they are. */
const STARTS: string[][] = [
  ['--bind', '"127.0.0.1"'],
  ['--bind', "'127.0.0.1' 127.0.0.2"],
  ['--bind', '127.0.0.1', '127.0.0.2'],
  ['--bind', '127.0.0.1 -192.0.2.77'],
  ['--bind', '127.0.0.1', '--save', '"60" "1"'],
  ['--bind', '127.0.0.1', '--save', '"60 1'],
  ['--bind', '127.0.0.1', '--oom-score-adj-values', '"0" 200 \'800\''],
  ['--bind', '127.0.0.1', '--client-output-buffer-limit', '"normal" 0 0 "0"'],
  ['--bind', '127.0.0.1', '--latency-tracking-info-percentiles', '"50" 99'],
]

const FAILED_STARTS: string[][] = [
  ['--bind', '"127.0.0.1"', '127.0.0.2'],
  ['--bind', '127.0.0.1', '"127.0.0.2"'],
  ['--bind', '127.0.0.1 ""'],
  ['--bind', '""'],
  ['--bind', ''],
  ['--bind', '"127.0.0.1'],
  ['--bind', '-192.0.2.77'],
  ['--bind', '127.0.0.1', '--save', '60', '"1"'],
  ['--bind', '127.0.0.1', '--save', '"60 1"', '"1 2"'],
  ['--bind', '127.0.0.1', '--oom-score-adj-values', '0', '"200"', '800'],
  ['--bind', '127.0.0.1', '--client-output-buffer-limit', 'normal', '0', '0', '"0"'],
  ['--bind', '127.0.0.1', '--latency-tracking-info-percentiles', '50', '"99"'],
]

const NAMES = [...new Set(SETTINGS.map(([name]) => name))]

describe('quotes in settings are as in redis-server', requireStock('redis-server'), () => {
  let ours: RunningServer
  let stock: RunningServer
  let clients: RawClient[]

  beforeAll(async () => {
    ours = await startRedisTs(['--save', ''])
    stock = await startRedisServer(['--save', ''])
    clients = await Promise.all([ours, stock].map(({ port }) => RawClient.connect(port)))
  })

  async function expectSame(...command: string[]): Promise<RawReply> {
    const [here, there] = await Promise.all(clients.map(client => client.call(...command)))
    expect({ command, reply: here }).toEqual({ command, reply: there })
    return here
  }

  test.each(SETTINGS)('CONFIG SET %s', async (name, ...values) => {
    for (const value of values) {
      await expectSame('CONFIG', 'SET', name, value)
      await expectSame('CONFIG', 'GET', name)
    }
  })

  test('an address with quotes leaves the server where it is', async () => {
    expect((await expectSame('CONFIG', 'SET', 'bind', '127.0.0.1')).text).toBe('OK')
    const refusal = await expectSame('CONFIG', 'SET', 'bind', '127.0.0.1 "127.0.0.2"')
    expect(refusal.text).toMatch(/^ERR CONFIG SET failed .* - Failed to bind to specified addresses\.$/)
    await ours.waitForLog(
      `Warning: Could not create server TCP listening socket "127.0.0.2":${ours.port}: Name or service not known`,
    )
    const late = await RawClient.connect(ours.port)
    expect((await late.call('PING')).text).toBe('PONG')
    late.close()
  })

  test.each(STARTS.map(args => [args]))('at the start: %j', async args => {
    const servers = await Promise.all([startRedisTs(args), startRedisServer(args)])
    const settings = servers.map(async ({ port }) => {
      const client = await RawClient.connect(port)
      const replies = await client.pipeline(NAMES.map(name => ['CONFIG', 'GET', name]))
      client.close()
      return replies
    })
    const [here, there] = await Promise.all(settings)
    expect(here).toEqual(there)
    await Promise.all(servers.map(server => server.stop()))
  })

  test.each(FAILED_STARTS.map(args => [args]))('no start: %j', args => {
    const dir = tempDir()
    const [here, there] = [REDIS_TS, 'redis-server'].map(program => {
      const { status, stdout, stderr } = spawnSync(program, ['--port', String(ours.port + 1), '--dir', dir, ...args], {
        encoding: 'latin1',
        timeout: 20_000,
      })
      const lines = `${stdout}${stderr}`.split('\n').map(line => line.replace(/^.* # /, ''))
      return { status, why: lines.filter(line => /^(Warning: Could|Failed|Configured|Invalid|Error in)/.test(line)) }
    })
    expect(here).toEqual(there)
    expect(here.status).toBe(1)
  })
})
