import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { Acl } from '../../src/acl/acl.js'
import { plainOrQuoted, quoteArg } from '../../src/bytes/split-args.js'
import { Config } from '../../src/config/config.js'
import { IMMUTABLE } from '../../src/config/directive.js'
import { spellings } from '../../src/config/directives.js'
import { ConfigFileError, loadConfig } from '../../src/config/file.js'
import { Log } from '../../src/observe/log.js'
import { setting } from '../acl/setting.js'

const quiet = new Log()
quiet.setLevel('nothing')

const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'redis-ts-read-back-')))
afterAll(() => rmSync(root, { recursive: true }))

let directory = root
let runs = 0
function newDirectory(): void {
  directory = path.join(root, String(++runs))
  for (const sub of ['conf.d', 'data', 'other']) mkdirSync(path.join(directory, sub), { recursive: true })
}
beforeEach(newDirectory)

const MAIN = 'redis.conf'

function write(name: string, lines: readonly string[]): void {
  writeFileSync(path.join(directory, name), lines.map(line => `${line}\n`).join(''), 'latin1')
}

function written(): string {
  return readFileSync(path.join(directory, MAIN), 'latin1')
}

/** What a server has read: its configuration, and its users. */
type Loaded = { readonly config: Config; readonly acl: Acl }

function load(overrides = ''): Loaded {
  const config = new Config(directory)
  loadConfig(config, { file: path.join(directory, MAIN), stdin: null, overrides })
  return { config, acl: new Acl(setting.catalog, config, quiet) }
}

/** Everything that has to survive a CONFIG REWRITE and a start. */
function state({ config, acl }: Loaded): object {
  const users = acl.list().map(user => config.userLines?.all().get(user.name))
  const renamed = config.renamedCommands.map(({ command, name }) => [command, name])
  return { values: config.values, users, renamed }
}

function set({ config }: Loaded, name: string, value: string): string | null {
  return config.set([[name, value]], { loading: false, local: true })
}

/** CONFIG REWRITE, and a look whether a start would make the same of the file. */
function expectSame(loaded: Loaded): void {
  expect(loaded.config.rewrite()).toBeNull()
  expect(state(load())).toEqual(state(loaded))
  const text = written()
  expect(loaded.config.rewrite()).toBeNull()
  expect(written()).toBe(text)
  expect(readdirSync(directory).filter(name => name.startsWith(`${MAIN}.`))).toEqual([])
}

describe('a rewritten file, with what it includes, reads back as the same', () => {
  test('a user of an included file stays there, and there only', () => {
    write(MAIN, ['include conf.d/*.conf', 'user bob on'])
    write('conf.d/users.conf', ['user alice on >secret ~* +@all', 'include conf.d/more'])
    write('conf.d/more', ['user default on >x +@all -debug'])
    const loaded = load()
    loaded.acl.set('bob', ['+get'])
    loaded.acl.set('carol', ['on'])
    expectSame(loaded)
    expect(written().match(/^user \w+/gm)).toEqual(['user bob', 'user carol'])
  })

  test.each(['--user', 'include'])('and so does a user of the command line: %s', how => {
    write(MAIN, [])
    write('users.conf', ['user alice on >secret ~* +@all'])
    const overrides = how === 'include' ? 'include users.conf\n' : 'user alice on >secret ~* +@all\n'
    const loaded = load(overrides)
    expect(loaded.config.rewrite()).toBeNull()
    expect(written().match(/^user \w+/gm)).toEqual(['user default'])
    expect(state(load(overrides))).toEqual(state(loaded))
  })

  test('what an included file sets is overridden behind it, the default as well', () => {
    write(MAIN, ['port 1', 'save 900 1', 'replicaof 127.0.0.1 1', 'bind 127.0.0.1', 'include a.conf', '# end'])
    write('a.conf', [
      'port 2',
      'save 300 5',
      'replicaof b 2',
      'bind 1.2.3.4',
      'masterauth x',
      'include b.conf',
      'client-output-buffer-limit pubsub 1 2 3',
    ])
    write('b.conf', ['timeout 5', 'hz 20', 'maxmemory-policy allkeys-lru'])
    const loaded = load()
    for (const [name, value] of [
      ['port', '6379'],
      ['masterauth', ''],
      ['save', '7 8'],
      ['timeout', '0'],
      ['bind', '* -::*'],
      ['client-output-buffer-limit', 'pubsub 32mb 8mb 60'],
    ]) {
      expect(set(loaded, name, value)).toBeNull()
    }
    loaded.config.values.replicaof = null
    expectSame(loaded)
    const lines = written().split('\n')
    expect(lines.indexOf('include a.conf')).toBeLessThan(lines.indexOf('port 6379'))
    expect(lines.filter(line => line.startsWith('save'))).toEqual(['save ""', 'save 7 8'])
    expect(lines).toEqual(expect.arrayContaining(['replicaof no one', 'bind * -::*', 'masterauth ""']))
  })

  test('a new dir does not lead relative includes astray', () => {
    write(MAIN, ['dir data', 'include more.conf', 'hz 10'])
    write('data/more.conf', ['timeout 5'])
    const loaded = load()
    expect(set(loaded, 'dir', path.join(directory, 'other'))).toMatch(/protected config/)
    loaded.config.values.dir = path.join(directory, 'other')
    expectSame(loaded)
    expect(written().match(/^dir .*/gm)).toEqual(['dir data', `dir "${directory}/other"`])
  })

  const hosts = [
    'h\nport 3',
    'h port',
    '',
    '#h',
    '"',
    "'h'",
    'a\\nb',
    '\0',
    '\xff\xc3\xa9',
    '\x0bh',
    'no',
    'x'.repeat(100_000),
  ]
  test.each(hosts.map(host => [host.slice(0, 9), host]))('the master %j', (_, host) => {
    write(MAIN, ['port 7000'])
    const loaded = load()
    loaded.config.values.replicaof = { host, port: 1 }
    expectSame(loaded)
    expect(load().config.values.port).toBe(7000)
  })

  test.each([
    [['bind "a b" "c\\"d" "" \'e\'', 'bind "\\"a b\\""', 'bind "a\\tb"']],
    [['notify-keyspace-events AKEn']],
    [['latency-tracking-info-percentiles 12.3456789 1e-7 -0']],
    [['save 9223372036854775807 2', 'maxmemory 18446744073709551615', 'maxmemory-clients 100%']],
  ])('values that CONFIG GET does not show in full: %j', lines => {
    for (const line of lines) {
      write(MAIN, [line])
      const loaded = load()
      write(MAIN, [])
      expectSame(loaded)
    }
  })
})

describe('CONFIG REWRITE is refused, the file staying as it was', () => {
  test.each<[change: string, (loaded: Loaded) => unknown, fate: string]>([
    ['changed', ({ acl }) => acl.set('alice', ['+get']), 'is no longer as it was declared'],
    ['deleted', ({ acl }) => acl.delete('alice'), 'is gone but declared'],
  ])('when a user of an included file is %s', (_, change, fate) => {
    write(MAIN, ['include users.conf'])
    write('users.conf', ['', 'user alice on'])
    const loaded = load()
    change(loaded)
    expect(set(loaded, 'timeout', '5')).toBeNull()
    expect(loaded.config.rewrite()).toBe(
      `ERR Rewriting config file: user 'alice' ${fate} in ${directory}/users.conf, line 2, which CONFIG REWRITE does not write: change it there`,
    )
    expect(written()).toBe('include users.conf\n')
    expect(readdirSync(directory).sort()).toEqual(['conf.d', 'data', 'other', 'redis.conf', 'users.conf'])
  })

  test('when a user has come into an included file twice, or into one beside an aclfile', () => {
    write(MAIN, ['include users.conf'])
    write('users.conf', ['user alice on'])
    const loaded = load()
    write('users.conf', ['user alice on', 'user alice on'])
    expect(loaded.config.rewrite()).toContain(
      `user 'alice' is declared twice, the second time in ${directory}/users.conf`,
    )
    loaded.config.values.aclfile = 'users.acl'
    expect(loaded.config.rewrite()).toContain(`user 'alice' is gone but declared in ${directory}/users.conf, line 1`)
  })

  test('when an included file has gone or is broken, and when dir is gone', () => {
    write(MAIN, ['include a.conf'])
    write('a.conf', ['dir data'])
    const loaded = load()
    write('a.conf', ['', 'port x'])
    expect(loaded.config.rewrite()).toBe(
      `ERR Rewriting config file: no server would start with it: argument couldn't be parsed into an integer (${directory}/a.conf, line 2)`,
    )
    rmSync(path.join(directory, 'a.conf'))
    expect(loaded.config.rewrite()).toContain(`can't open config file '${directory}/a.conf': No such file or directory`)
    write('a.conf', [])
    rmSync(path.join(directory, 'data'), { recursive: true })
    expect(loaded.config.rewrite()).toMatch(
      /no server would start with it: No such file or directory \(.*, line \d+\)$/,
    )
    expect(written()).toBe('include a.conf\n')
  })

  test('when a cluster node has been made a replica', () => {
    write(MAIN, ['cluster-enabled yes'])
    const loaded = load()
    loaded.config.values.replicaof = { host: 'a', port: 1 }
    expect(loaded.config.rewrite()).toContain('replicaof directive not allowed in cluster mode')
  })
})

const NASTY = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '#x',
    'a b',
    '"',
    "'",
    "it's",
    '\\',
    'a\\n',
    'a\nport 3',
    'a\r\n',
    '\0',
    'x\0y',
    '\xff\xc3\xa9',
    '\x0bx',
    'x\x0c',
    '\t',
    '{title}',
    'x'.repeat(20_000),
  ),
  fc
    .uint8Array({ maxLength: 12 })
    .map(array => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('latin1')),
)
const ORDINARY = fc.oneof(
  fc.constantFrom('yes', 'no', '1mb', '5%', '0', '1', '-1', '10', '1 2', '3600 1 300 100', 'no one', '127.0.0.1 -::1'),
  fc.constantFrom('normal 1 2 3', 'slave 1kb 2 3 pubsub 4 5 6', 'KEA', 'AKEn', 'Kg$', '50 99.1234567', '1 2 3'),
  fc.constantFrom('always', 'allkeys-lru', 'local', 'swapdb', 'debug', 'nosave now', 'relative', 'systemd', '755'),
  fc.constantFrom('h 1', '18446744073709551615', '9223372036854775807', '9007199254740993'),
)
const VALUE = fc.oneof(NASTY, ORDINARY)

/** The directories that there are and the log file, which a start makes, are all that is about more than the value. */
const NAME = fc.constantFrom(...spellings.keys()).filter(name => name !== 'dir' && name !== 'logfile')

/** A line with the value as one argument, or as those that it is made of. */
const SETTING_LINE = fc
  .tuple(NAME, VALUE, fc.boolean())
  .map(([name, value, whole]) => `${name} ${whole ? quoteArg(value) : value.split(' ').map(plainOrQuoted).join(' ')}`)
const LINE = fc.oneof(
  { weight: 8, arbitrary: SETTING_LINE },
  fc.constantFrom('', '# a comment', 'dir data', 'dir other', 'rename-command KEYS ""', 'rename-command DEBUG d'),
)
const RULES = fc.constantFrom(
  ['on', 'nopass'],
  ['off', '>a"b'],
  ['~x"y\'z\\', '+@all'],
  ['reset', '+get|a', '&c', '~\xff'],
)

type Change =
  | readonly ['set', string, string]
  | readonly ['replicaof', string]
  | readonly ['user', string, readonly string[]]
const CHANGE: fc.Arbitrary<Change> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant('set' as const), NAME, VALUE) },
  fc.tuple(fc.constant('replicaof' as const), NASTY),
  fc.tuple(fc.constant('user' as const), fc.constantFrom('default', 'd"e', '\xfc', 'new'), RULES),
)

/** The lines that a start takes, each for itself: the others would only end the run. */
function acceptable(lines: readonly string[]): string[] {
  return lines.filter(line => {
    try {
      loadConfig(new Config(directory), { file: null, stdin: `${line}\n`, overrides: '' })
      return true
    } catch (error) {
      if (error instanceof ConfigFileError) return false
      throw error
    }
  })
}

test('whatever the files say and whatever is changed, the rewritten file reads back as the same', () => {
  const lines = fc.array(LINE, { maxLength: 8 })
  const files = fc.record({ head: lines, tail: lines, included: lines, nested: lines, globbed: lines })
  let compared = 0
  fc.assert(
    fc.property(files, fc.array(CHANGE, { maxLength: 12 }), ({ head, tail, included, nested, globbed }, changes) => {
      newDirectory()
      const here = directory
      write(MAIN, [...acceptable(head), `include ${here}/a.conf`, `include ${here}/conf.d/*`, ...acceptable(tail)])
      write('a.conf', [...acceptable(included), `include ${here}/b.conf`, 'user of-a on ~"x"'])
      write('b.conf', [...acceptable(nested), 'user of-b off'])
      write('conf.d/c.conf', acceptable(globbed))
      let loaded: Loaded
      try {
        loaded = load()
      } catch (error) {
        // Two lines that do not go together.
        if (error instanceof ConfigFileError) return
        throw error
      }
      for (const change of changes) {
        if (change[0] === 'set') {
          const found = spellings.get(change[1])
          // What only a start can set has been set by the files.
          if (found !== undefined && (found.directive.flags & IMMUTABLE) === 0) set(loaded, change[1], change[2])
        } else if (change[0] === 'replicaof') {
          if (!loaded.config.values['cluster-enabled']) loaded.config.values.replicaof = { host: change[1], port: 7 }
        } else loaded.acl.set(change[1], change[2])
      }
      // Users in both places are refused at the start.
      loaded.config.values.aclfile = ''
      const before = written()
      const refusal = loaded.config.rewrite()
      expect(refusal ?? '').toMatch(
        /^(|ERR Rewriting config file: user 'of-[ab]' is no longer as it was declared in .*)$/s,
      )
      if (refusal !== null) {
        // A new acl-pubsub-default makes other users of the lines in included files.
        expect(written()).toBe(before)
        expect(loaded.config.values['acl-pubsub-default']).toBe('allchannels')
        return
      }
      compared++
      expectSame(loaded)
    }),
    { numRuns: 300 },
  )
  expect(compared).toBeGreaterThan(100)
})
