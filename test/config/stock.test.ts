import { spawnSync } from 'node:child_process'
import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../src/config/command-line.js'
import { Config } from '../../src/config/config.js'
import { HIDDEN, IMMUTABLE, MULTI_ARG } from '../../src/config/directive.js'
import { spellings } from '../../src/config/directives.js'
import { ConfigFileError, loadConfig } from '../../src/config/file.js'
import { type RunningServer, requireStock, startRedisServer, tempDir } from '../interop/stock.js'

/** Applying these would disturb the server under comparison, or tells about its machine. */
const LEFT_ALONE = new Set([
  'bind',
  'dir',
  'port',
  'tls-port',
  'maxclients',
  'maxmemory',
  'oom-score-adj',
  'watchdog-period',
])

/** Its range goes on beyond INT64_MAX, which it shows rounded to a double. */
const ROUNDED = 'cluster-link-sendbuf-limit'

/** Behaves otherwise in 7.0, or by what it was compiled with. */
const OTHER_IN_7_0 = new Set([
  'activedefrag',
  'appendonly',
  'cluster-announce-hostname',
  'locale-collate',
  'loglevel',
  'oom-score-adj-values',
])

const CONFIG = `# comment
save 900 1
save 300 10

slave-priority 5
masterauth "a b\\x00\\xff"
client-output-buffer-limit slave 1mb 512kb 30
client-output-buffer-limit pubsub 1k 2 3
client-output-buffer-limit normal 0 0 0
# middle


maxmemory-clients 5%
hash-max-ziplist-entries 21
notify-keyspace-events "KEx$"
shutdown-on-sigint nosave force
list-max-ziplist-entries 5
oom-score-adj relative
proc-title-template "{title} x"
auto-aof-rewrite-min-size 64MB
repl-backlog-size 3000
timeout 0
latency-tracking-info-percentiles 50 99.99
# end
`

describe('beside redis-server', requireStock('redis-server'), () => {
  let server: RunningServer
  let redis: Redis
  const ours = new Config()

  beforeAll(async () => {
    server = await startRedisServer(['--save', ''], { config: CONFIG })
    redis = new Redis(server.port, '127.0.0.1')
    loadConfig(ours, {
      file: join(server.dir, 'redis.conf'),
      stdin: null,
      overrides: `port ${server.port}\ndir ${server.dir}\nsave ""\n`,
    })
  })
  afterAll(() => redis.disconnect())

  /** CONFIG GET of the directives that both know. */
  async function shown(): Promise<[stock: Map<string, string>, our: Map<string, string>]> {
    const reply = (await redis.callBuffer('CONFIG', 'GET', '*')) as Buffer[]
    const stock = new Map<string, string>()
    for (let at = 0; at < reply.length; at += 2) {
      const name = reply[at].toString()
      const known = spellings.get(name)
      if (known && !(known.directive.flags & HIDDEN)) stock.set(name, reply[at + 1].toString('latin1'))
    }
    return [stock, new Map(ours.get('*').filter(([name]) => stock.has(name)))]
  }

  async function setBoth(name: string, value: string): Promise<[stock: string, ours: string]> {
    const arg = Buffer.from(value, 'latin1')
    const stock = await redis.call('CONFIG', 'SET', name, arg).catch((error: Error) => error.message)
    return [String(stock), ours.set([[name, value]], { loading: false, local: true }) ?? 'OK']
  }

  test('CONFIG GET shows the same texts for the same file', async () => {
    const [stock, our] = await shown()
    expect(stock.size).toBeGreaterThan(150)
    expect(Object.fromEntries(our)).toEqual(Object.fromEntries(stock))
  })

  const PROBES = [
    '',
    '0',
    '1',
    '-1',
    '007',
    '1.5',
    '70000',
    '1mb',
    '1GB',
    '10k',
    'mb',
    '5%',
    '101%',
    'yes',
    'NO',
    'local',
    'x y',
    'a/b',
    '9223372036854775807',
    '9223372036854775808',
    '18446744073709551615',
    '99999999999999999999',
    '0777',
  ]
  const LISTS = [
    '',
    'x',
    '1',
    '1 2',
    '1 2 3',
    '900 1 300 10',
    '900  1',
    ' 900 1',
    '0 1',
    '1 -1',
    '+5 007',
    'normal 1 2',
    'slave 1mb 2k 3',
    'Replica 1 2 -3',
    'master 1 2 3',
    'pubsub 1 2 3 normal x 0 0',
    'save now',
    'SAVE nosave',
    'default force',
    '50 99.9 1e1',
    '.5 100',
    '100.01',
    'nan',
    '-0.5',
  ]

  test('CONFIG SET answers the same to good and bad values of every directive', async () => {
    const [stock] = await shown()
    const names = [...stock.keys()].filter(name => {
      const flags = spellings.get(name)?.directive.flags ?? 0
      return (
        !(flags & (IMMUTABLE | HIDDEN)) &&
        !LEFT_ALONE.has(name) &&
        !OTHER_IN_7_0.has(name) &&
        name !== ROUNDED &&
        !name.startsWith('tls-')
      )
    })
    expect(names.length).toBeGreaterThan(100)
    for (const name of names) {
      const before = ours.text(name) ?? ''
      for (const value of (spellings.get(name)?.directive.flags ?? 0) & MULTI_ARG ? LISTS : PROBES) {
        const [theirs, our] = await setBoth(name, value)
        expect(our, `CONFIG SET ${name} ${JSON.stringify(value)}`).toBe(theirs)
        const reply = (await redis.callBuffer('CONFIG', 'GET', name)) as Buffer[]
        expect(ours.text(name), `CONFIG GET ${name} after ${JSON.stringify(value)}`).toBe(reply[1].toString('latin1'))
      }
      await setBoth(name, before)
    }
  })

  test('CONFIG SET of immutable, unknown and repeated directives answers the same', async () => {
    for (const args of [
      ['daemonize', 'yes'],
      ['DAEMONIZE', 'yes'],
      ['replicaof', 'no one'],
      ['dbfilename', 'x'],
      ['No-Such', '1'],
      ['timeout', '1', 'TimeOut', '2'],
      ['timeout', '1', 'nope', '2', 'daemonize', 'no'],
      ['timeout', '1', 'Hz', 'x'],
      ['slave-priority', '3', 'replica-priority', '4'],
    ]) {
      const theirs = await redis.call('CONFIG', 'SET', ...args).catch((error: Error) => error.message)
      const pairs = Array.from({ length: args.length / 2 }, (_, at) => [args[at * 2], args[at * 2 + 1]] as const)
      expect(ours.set(pairs, { loading: false, local: true }) ?? 'OK').toBe(theirs)
    }
  })

  test('CONFIG REWRITE writes the same lines', async () => {
    for (const [name, value] of [
      ['maxmemory-policy', 'allkeys-lru'],
      ['repl-backlog-size', '2097152'],
      ['timeout', '30'],
      ['masterauth', 'a"b\\\n\x01'],
      ['client-output-buffer-limit', 'normal 1 2 3'],
      ['shutdown-on-sigterm', 'now save'],
    ]) {
      expect(await setBoth(name, value)).toEqual(['OK', 'OK'])
    }
    const copy = join(tempDir(), 'redis.conf')
    writeFileSync(copy, CONFIG)
    ours.file = copy
    expect(ours.rewrite()).toBeNull()
    await redis.call('CONFIG', 'REWRITE')
    const theirs = readFileSync(join(server.dir, 'redis.conf'), 'latin1').split('\n')
    const our = readFileSync(copy, 'latin1').split('\n')
    // What was there before is in the same place; what is appended comes in an order of Redis's hash table.
    const signature = our.indexOf('# Generated by CONFIG REWRITE')
    expect(signature).toBeGreaterThan(15)
    expect(our.slice(0, signature).filter(line => line !== '')).toEqual(
      theirs.slice(0, theirs.indexOf('# Generated by CONFIG REWRITE')).filter(line => line !== ''),
    )
    const appended = (lines: string[]) => new Set(lines.filter(line => line !== '' && !line.startsWith('user ')))
    expect(appended(our)).toEqual(appended(theirs))
    expect(our).toContain(`dir "${realpathSync(server.dir)}"`)
  })
})

describe('errors beside redis-server', requireStock('redis-server'), () => {
  const dir = tempDir()

  /** From "Reading" to the reason: all but the version, and for us the origin. */
  function essence(text: string): string[] {
    const lines = text.split('\n')
    const from = lines.findIndex(line => line.includes('FATAL CONFIG FILE ERROR'))
    return from < 0 ? [`accepted: ${text}`] : lines.slice(from + 1, from + 4)
  }

  function ourEssence(file: string | null, overrides: string): string[] {
    try {
      loadConfig(new Config(dir), { file, stdin: null, overrides })
    } catch (error) {
      if (error instanceof ConfigFileError) return essence(error.message)
      throw error
    }
    return ['accepted']
  }

  test.each([
    'nosuch 1',
    '\n\n  Port  abc  ',
    'port',
    'port 1 2',
    'port 65536',
    'save 1',
    'save 0 0',
    'bind 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17',
    'slaveof a',
    'slaveof a b',
    'replicaof a 65536',
    'maxmemory 1tb',
    'unixsocketperm 8',
    'unixsocketperm 1000',
    'appendfsync loud',
    'requirepass "a',
    'requirepass "a"b',
    "requirepass 'a",
    'client-output-buffer-limit normal 0',
    'client-output-buffer-limit nobody 0 0 0',
    'shutdown-on-sigterm "save nosave"',
    'shutdown-on-sigterm',
    'proc-title-template {x}',
    'notify-keyspace-events Q',
    'dbfilename a/b',
    'appendfilename ""',
    'dir /nonexistent/directory',
    'include',
    'rename-command a',
    'user',
    'loadmodule',
    'a.b',
    'sentinel monitor a b 1 1',
    'list-max-ziplist-entries 1 2',
    'hz 1\ntimeout yes',
    'yes',
  ])('a file with %j', text => {
    const file = join(dir, 'bad.conf')
    writeFileSync(file, text)
    const stock = spawnSync('redis-server', [file], { encoding: 'latin1', cwd: dir, timeout: 10_000 })
    expect(ourEssence(file, '')).toEqual(essence(stock.stderr + stock.stdout))
  })

  test.each([
    [['--nosuch', '1']],
    [['--port']],
    [['--port', '1', '2']],
    [['--port', '--hz', '5']],
    [['--hz 5', '--port', '--bla', '--loglevel', 'verbose']],
    [['--appendfsync', '--bla']],
    [['--shutdown-on-sigint']],
    [['--shutdown-on-sigint', 'now force', '--shutdown-on-sigterm']],
    [['--replicaof', '127.0.0.1', 'abc']],
    [['--replicaof', '--127.0.0.1', '--abc']],
    [['--requirepass', 'a"b\n\x01', 'c']],
    [['--port "1', '2']],
  ])('a command line with %j', argv => {
    const stock = spawnSync('redis-server', argv, { encoding: 'latin1', cwd: dir, timeout: 10_000 })
    const parsed = parseCommandLine(argv)
    if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed))
    // Redis counts the lines of the whole input, where an empty one comes before the options.
    expect(ourEssence(null, parsed.overrides).slice(1)).toEqual(essence(stock.stderr + stock.stdout).slice(1))
  })
})
