import { describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../src/config/command-line.js'
import { Config } from '../../src/config/config.js'
import { loadConfig } from '../../src/config/file.js'

function run(...argv: string[]): { configFile: string | null; stdin: boolean; overrides: string } {
  const parsed = parseCommandLine(argv)
  if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed))
  return { configFile: parsed.configFile, stdin: parsed.stdin, overrides: parsed.overrides }
}

function values(...argv: string[]): Config {
  const config = new Config('/')
  loadConfig(config, { file: null, stdin: null, overrides: run(...argv).overrides })
  return config
}

describe('the command line', () => {
  test('without arguments is a run with the defaults', () => {
    expect(run()).toEqual({ configFile: null, stdin: false, overrides: '' })
  })

  test('names the config file first, or with --config anywhere', () => {
    expect(run('a.conf')).toEqual({ configFile: 'a.conf', stdin: false, overrides: '' })
    expect(run('--port', '7000', '--config', 'a.conf', '--hz', '5')).toEqual({
      configFile: 'a.conf',
      stdin: false,
      overrides: 'port "7000"\nhz "5"\n',
    })
    expect(run('--config a.conf').configFile).toBe('a.conf')
    expect(run('--save', '--config', 'a.conf')).toEqual({ configFile: 'a.conf', stdin: false, overrides: 'save ""\n' })
    expect(parseCommandLine(['a.conf', '--config', 'b.conf'])).toMatchObject({ kind: 'error' })
    expect(parseCommandLine(['--config'])).toMatchObject({ kind: 'error' })
  })

  test('reads standard input for a dash at its start or end, and only there', () => {
    expect(run('-').stdin).toBe(true)
    expect(run('a.conf', '--port', '1', '-')).toEqual({ configFile: 'a.conf', stdin: true, overrides: 'port "1"\n' })
    expect(run('--requirepass', '-', '--port', '1')).toEqual({
      configFile: null,
      stdin: false,
      overrides: 'requirepass "-"\nport "1"\n',
    })
  })

  test('asks for version and help with the first argument', () => {
    expect(parseCommandLine(['--version'])).toEqual({ kind: 'version' })
    expect(parseCommandLine(['-v', 'x'])).toEqual({ kind: 'version' })
    expect(parseCommandLine(['-h'])).toEqual({ kind: 'help' })
    expect(parseCommandLine(['--help'])).toEqual({ kind: 'help' })
  })

  test('cannot ask for Sentinel', () => {
    expect(parseCommandLine(['a.conf', '--sentinel'])).toMatchObject({ kind: 'error' })
  })

  test('takes several values, and option and value in one argument', () => {
    expect(values('--bind', '127.0.0.1', '::1').values.bind).toEqual(['127.0.0.1', '::1'])
    const config = values(
      '--maxmemory 700mb',
      "--maxmemory-policy 'volatile-lru'",
      '--shutdown-on-sigterm',
      'nosave force',
    )
    expect(config.text('maxmemory')).toBe('734003200')
    expect(config.text('maxmemory-policy')).toBe('volatile-lru')
    expect(config.text('shutdown-on-sigterm')).toBe('nosave force')
  })

  test('takes a value that looks like an option where one must come', () => {
    const config = values('--proc-title-template', '--my--title', '--loglevel', 'verbose')
    expect(config.text('proc-title-template')).toBe('--my--title')
    expect(config.text('loglevel')).toBe('verbose')
  })

  test('appends what stands before any option as a line of its own', () => {
    expect(run('a.conf', 'loglevel', 'verbose', '--hz', '5').overrides).toBe('"loglevel" "verbose"\nhz "5"\n')
  })

  test.each<[argv: string[], save: string]>([
    [['--save', '60', '1000'], '60 1000'],
    [['--save', '60 1000', '--save', '5 6'], '60 1000 5 6'],
    [['--save', ''], ''],
    [['--save'], ''],
    [['--save', '--loglevel', 'verbose'], ''],
    [['--loglevel', 'verbose', '--save'], ''],
    [['--loglevel', 'verbose', '--save', ''], ''],
    [['--proc-title-template', '--save', '--save', ''], ''],
  ])('%j sets the save points %j', (argv, save) => {
    expect(values(...argv).text('save')).toBe(save)
  })

  test.each<[argv: string[], error: RegExp]>([
    [['--invalid'], />>> 'invalid'\nBad directive or wrong number of arguments/],
    [['--port'], />>> 'port'\nwrong number of arguments/],
    [['--port', '6380', '--loglevel'], />>> 'loglevel'\nwrong number of arguments/],
    [['--port', '6379', '6380'], />>> 'port "6379" "6380"'\nwrong number of arguments/],
    [['--port', '--loglevel', 'verbose'], />>> 'port "--loglevel" "verbose"'\nwrong number of arguments/],
    [['--port', '--bla', '--loglevel', 'verbose'], />>> 'port "--bla"'\nargument couldn't be parsed into an integer/],
    [['--shutdown-on-sigint'], />>> 'shutdown-on-sigint'\nargument\(s\) must be one of the following/],
    [['--replicaof', '127.0.0.1', 'abc'], />>> 'replicaof "127.0.0.1" "abc"'\nInvalid master port/],
    [['--replicaof', '--127.0.0.1', '--abc'], />>> 'replicaof "--127.0.0.1"'\nwrong number of arguments/],
  ])('%j is refused', (argv, error) => {
    expect(() => values(...argv)).toThrow(error)
  })

  test('keeps every byte of an argument', () => {
    const password = 'pä"ss\n\\'
    expect(Buffer.from(values('--requirepass', password).values.requirepass, 'latin1').toString()).toBe(password)
  })
})
