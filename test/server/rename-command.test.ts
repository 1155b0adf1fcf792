import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient, texts } from '../commands/raw-client.js'
import { expectSame, words } from '../commands/side-by-side.js'
import {
  REDIS_TS,
  type RunningServer,
  requireStock,
  startRedisServer,
  startRedisTs,
  tempDir,
} from '../interop/stock.js'

const CONFIG = `# who may call what
save ""
rename-command FLUSHALL ""
rename-command get HOLEN
rename-command SET Get
rename-command config cfg
rename-command strlen "how long?"
`

let server: RunningServer
let client: RawClient

beforeAll(async () => {
  server = await startRedisTs([], { config: CONFIG })
  client = await RawClient.connect(server.port)
})
afterAll(async () => {
  client.close()
  await server.stop()
})

test('a command is called by its new name, in any case, and by no other', async () => {
  const [set, holen, long, renamed] = await client.pipeline(words('get k v', 'holen k', 'HOLEN k', 'set k v'))
  expect([set.text, holen.text, long.text]).toEqual(['OK', 'v', 'v'])
  expect(renamed.text).toBe("ERR unknown command 'set', with args beginning with: 'k' 'v' ")
  expect((await client.call('How Long?', 'k')).text).toBe('1')
})

test('an empty name takes a command away', async () => {
  expect((await client.call('FLUSHALL')).text).toMatch(/^ERR unknown command 'FLUSHALL'/)
  expect(texts(await client.call('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'flush*'))).toEqual(['flushdb'])
})

test('CONFIG REWRITE keeps the lines', async () => {
  expect((await client.call('CFG', 'SET', 'timeout', '9')).text).toBe('OK')
  expect((await client.call('CFG', 'REWRITE')).text).toBe('OK')
  const text = readFileSync(join(server.dir, 'redis.conf'), 'utf8')
  expect(text).toContain(CONFIG.trimEnd())
  expect(text).toContain('\ntimeout 9\n')
})

test('HELP of a renamed command still knows its subcommands', async () => {
  const help = texts(await client.call('CFG', 'HELP'))
  expect(help).toContain('RESETSTAT')
})

/** What the start says, from the line that is refused on. */
function refusal(program: string, line: string, ...args: string[]): string {
  const file = join(tempDir(), 'redis.conf')
  writeFileSync(file, `port 0\n${line}\n`)
  const { stdout, stderr, status } = spawnSync(program, [file, ...args], { encoding: 'utf8' })
  expect(status).toBe(1)
  const said = `${stdout}${stderr}`
  return said.slice(said.indexOf('Reading the configuration file'))
}

test('what cannot be renamed is refused, with file and line', () => {
  const said = refusal(REDIS_TS, 'rename-command get set')
  expect(said).toMatch(
    /^Reading .*, at line 2\n>>> 'rename-command get set'\nTarget command name already exists\n\(in .*redis\.conf\)\n$/,
  )
  expect(refusal(REDIS_TS, 'rename-command config|get x')).toContain('No such command in rename-command')
})

test('a server that was to run in the background says so where it was started', () => {
  expect(refusal(REDIS_TS, 'rename-command nonsense x', '--daemonize', 'yes')).toContain('No such command in rename')
})

describe('beside stock Redis', requireStock('redis-server'), () => {
  test('a start is refused with the same words', () => {
    for (const line of ['rename-command nonsense x', 'rename-command get set', 'rename-command get']) {
      const ours = refusal(REDIS_TS, line)
      expect(ours.slice(0, ours.indexOf('\n(in '))).toBe(refusal('redis-server', line).trimEnd())
    }
  })

  test('COMMAND knows what is called by the new name under its own', async () => {
    const stock = await startRedisServer([], { config: CONFIG })
    const theirs = await RawClient.connect(stock.port)
    await expectSame(
      client,
      theirs,
      words(
        'command info holen',
        'command getkeys get k v',
        'command getkeys holen k',
        'command getkeys set k v',
        'command getkeys flushall x',
        'command list filterby pattern strlen',
        'command docs set flushall',
        'get k',
        'holen',
      ),
    )
    const [info] = (await client.call('COMMAND', 'INFO', 'how long?')).elements ?? []
    expect(info.elements?.[0].text).toBe('strlen')
    theirs.close()
    await stock.stop()
  })
})
