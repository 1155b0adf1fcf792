import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Config } from '../../src/config/config.js'
import { ConfigFileError, loadConfig } from '../../src/config/file.js'

const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'redis-ts-config-file-')))
afterAll(() => rmSync(directory, { recursive: true }))

function file(name: string, text: string): string {
  const full = path.join(directory, name)
  mkdirSync(path.dirname(full), { recursive: true })
  writeFileSync(full, text, 'latin1')
  return full
}

function load(text: string, overrides = ''): Config {
  const config = new Config(directory)
  loadConfig(config, { file: file('redis.conf', text), stdin: null, overrides })
  return config
}

function refusal(text: string, overrides = ''): string {
  try {
    load(text, overrides)
  } catch (error) {
    if (error instanceof ConfigFileError) return error.message
    throw error
  }
  throw new Error('accepted')
}

describe('a config file', () => {
  test('has comments, blank lines, any case, quotes and escapes', () => {
    const config = load('# a comment\n\n  PORT\t7000 \r\n requirepass "a b\\x00\\xff"\nlogfile \'\'\n#port 1\n')
    expect(config.values.port).toBe(7000)
    expect(config.values.requirepass).toBe('a b\0\xff')
    expect(config.file).toBe(path.join(directory, 'redis.conf'))
    expect(config.warnings).toEqual([])
  })

  test('knows the old spellings', () => {
    const { values } = load('slaveof 127.0.0.1 7000\nslave-read-only no\nrepl-ping-slave-period 3\nlua-time-limit 7\n')
    expect(values.replicaof).toEqual({ host: '127.0.0.1', port: 7000 })
    expect(values['replica-read-only']).toBe(false)
    expect(values['repl-ping-replica-period']).toBe(3)
    expect(values['busy-reply-threshold']).toBe(7)
  })

  test('replaces the default save points once and adds to them then', () => {
    expect(load('save 900 1\nsave 300 10 60 20\n').text('save')).toBe('900 1 300 10 60 20')
    expect(load('save ""\n').text('save')).toBe('')
    expect(load('save 900 1\nsave ""\nsave 5 6\n').text('save')).toBe('5 6')
    expect(load('save "900 1 300 10"\n').text('save')).toBe('900 1 300 10')
    expect(load('port 1\n').text('save')).toBe('3600 1 300 100 60 10000')
  })

  test('gives way to standard input, and both to the command line', () => {
    const config = new Config(directory)
    loadConfig(config, {
      file: file('redis.conf', 'port 1\nhz 20\nsave 900 1\ntimeout 1'),
      stdin: 'hz 30\ntimeout 2',
      overrides: 'timeout "3"\nsave "100" "100"\n',
    })
    expect([config.values.port, config.values.hz, config.values.timeout]).toEqual([1, 30, 3])
    expect(config.text('save')).toBe('900 1 100 100')
  })

  test('takes names and directories relative to the last dir', () => {
    mkdirSync(path.join(directory, 'data'), { recursive: true })
    file('data/more.conf', 'port 7007\n')
    const config = load('dir data\ninclude more.conf\nlogfile log.txt\n')
    expect(config.values.dir).toBe(path.join(directory, 'data'))
    expect(config.values.port).toBe(7007)
    expect(readFileSync(path.join(directory, 'data', 'log.txt'), 'utf8')).toBe('')
  })

  test('includes the files that a pattern matches, in order, or none', () => {
    file('conf.d/10-a.conf', 'port 1\nsave 900 1\n')
    file('conf.d/20-b.conf', 'port 2\nsave 300 2')
    file('conf.d/.hidden.conf', 'port 3\n')
    file('conf.d/30.txt', 'port 4\n')
    const config = load('include conf.d/*.conf\ninclude none/*.conf\ninclude conf.d/[!1-3]*.conf\nsave 60 3\n')
    expect(config.values.port).toBe(2)
    expect(config.text('save')).toBe('900 1 300 2 60 3')
  })

  test('collects statements about commands and users', () => {
    const config = load('rename-command FLUSHALL ""\nrename-command KEYS k\nuser bob on >x\n')
    expect(config.renamedCommands.map(({ command, name }) => [command, name])).toEqual([
      ['FLUSHALL', ''],
      ['KEYS', 'k'],
    ])
    expect(config.users.map(({ name, rules }) => [name, ...rules])).toEqual([['bob', 'on', '>x']])
  })

  test('warns once of each directive that has no effect, where it is not at its default', () => {
    const { warnings } = load('disable-thp no\ndisable-thp no\naof-use-rdb-preamble yes\n')
    expect(warnings).toEqual(["The directive 'disable-thp' is accepted, but has no effect here."])
  })

  test('ignores directives that Redis itself has dropped', () => {
    expect(load('list-max-ziplist-entries 5\nlua-replicate-commands yes\n').warnings).toEqual([])
  })
})

describe('a config file is refused', () => {
  test.each<[text: string, line: number, shown: string, reason: string]>([
    ['nosuch 1', 1, 'nosuch 1', 'Bad directive or wrong number of arguments'],
    ['port 1\n\n  nosuch  1 \n', 3, 'nosuch  1', 'Bad directive or wrong number of arguments'],
    ['port', 1, 'port', 'wrong number of arguments'],
    ['port 1 2', 1, 'port 1 2', 'wrong number of arguments'],
    ['port abc', 1, 'port abc', "argument couldn't be parsed into an integer"],
    ['maxmemory 1tb', 1, 'maxmemory 1tb', 'argument must be a memory value'],
    ['requirepass "a', 1, 'requirepass "a', 'Unbalanced quotes in configuration line'],
    ['replicaof 127.0.0.1', 1, 'replicaof 127.0.0.1', 'wrong number of arguments'],
    ['replicaof 127.0.0.1 abc', 1, 'replicaof 127.0.0.1 abc', 'Invalid master port'],
    ['include', 1, 'include', 'Bad directive or wrong number of arguments'],
    ['rename-command a', 1, 'rename-command a', 'Bad directive or wrong number of arguments'],
    ['list-max-ziplist-entries', 1, 'list-max-ziplist-entries', 'Bad directive or wrong number of arguments'],
    ['sentinel monitor a b 1 1', 1, 'sentinel monitor a b 1 1', 'sentinel directive while not in sentinel mode'],
    ['search.timeout', 1, 'search.timeout', 'Module config specified without value'],
    ['dir /nonexistent', 1, 'dir /nonexistent', 'No such file or directory'],
    ['appendfilename a/b', 1, 'appendfilename a/b', "appendfilename can't be a path, just a filename"],
  ])('%j', (text, line, shown, reason) => {
    expect(refusal(text)).toBe(
      [
        '',
        '*** FATAL CONFIG FILE ERROR (Redis 7.2.5) ***',
        `Reading the configuration file, at line ${line}`,
        `>>> '${shown}'`,
        reason,
        `(in ${path.join(directory, 'redis.conf')})`,
      ].join('\n'),
    )
  })

  test('with the way to an included file', () => {
    const inner = file('inner.conf', '\nport x\n')
    expect(refusal(`hz 10\ninclude ${inner}\n`)).toMatch(
      new RegExp(
        `at line 2\n>>> 'port x'\n.*\n\\(in ${inner}\\)\n\\(included by ${path.join(directory, 'redis.conf')}, line 2\\)$`,
      ),
    )
  })

  test('with the command line named as its origin', () => {
    expect(refusal('port 1', 'port "6379" "6380"\n')).toMatch(
      />>> 'port "6379" "6380"'\nwrong number of arguments\n\(in the command line\)$/,
    )
  })

  test('when it or what it includes cannot be read, or includes itself', () => {
    expect(() =>
      loadConfig(new Config(directory), { file: path.join(directory, 'none'), stdin: null, overrides: '' }),
    ).toThrow(`Fatal error, can't open config file '${directory}/none': No such file or directory`)
    expect(refusal('include none.conf')).toContain(
      `Fatal error, can't open config file '${directory}/none.conf': No such file or directory`,
    )
    expect(refusal('include redis.conf')).toContain('Too many nested includes')
  })

  test('when its log file cannot be written', () => {
    expect(refusal('logfile nowhere/redis.log')).toMatch(/Can't open the log file: No such file or directory$/)
  })

  test.each([
    ['tls-port 6380', 'redis-ts does not speak TLS'],
    ['tls-replication yes', 'redis-ts does not speak TLS'],
    ['tls-cluster yes', 'redis-ts does not speak TLS'],
    ['loadmodule /usr/lib/redis/modules/acl.so', 'redis-ts cannot load Redis modules'],
  ])('when it counts on what redis-ts cannot do: %s', (line, reason) => {
    expect(refusal(`timeout 5\n${line}`)).toContain(`at line 2\n>>> '${line}'\n${reason}`)
  })

  test('when a cluster node is told to be a replica', () => {
    expect(refusal('cluster-enabled yes\nreplicaof a 1')).toMatch(/replicaof directive not allowed in cluster mode$/)
  })
})
