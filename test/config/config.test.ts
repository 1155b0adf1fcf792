import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { Config, type SetContext, trusts } from '../../src/config/config.js'

const REMOTE: SetContext = { loading: false, local: false }
const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'redis-ts-config-')))
afterAll(() => rmSync(directory, { recursive: true }))

function set(config: Config, ...args: string[]): string | null {
  const pairs: [string, string][] = []
  for (let at = 0; at < args.length; at += 2) pairs.push([args[at], args[at + 1]])
  return config.set(pairs, REMOTE)
}

function failed(name: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`
}

describe('CONFIG GET', () => {
  test('lists a directive and its alias where a pattern matches them', () => {
    expect(new Config('/').get('*-priority')).toEqual([
      ['replica-priority', '100'],
      ['slave-priority', '100'],
    ])
  })

  test('shows a name as it was asked for, once, whatever its case', () => {
    const config = new Config('/')
    expect(config.get('SlaveOf', 'slaveof', 'slaveo[f]')).toEqual([['SlaveOf', '']])
    expect(config.get('MAXMEM*-policy')).toEqual([['maxmemory-policy', 'noeviction']])
  })

  test('knows no names but those of directives', () => {
    const config = new Config('/')
    expect(config.get('nothing', 'constructor', '__proto__', 'include')).toEqual([])
    expect(config.text('nothing')).toBeNull()
  })
})

describe('CONFIG SET', () => {
  test('sets several, in any case, by name or alias', () => {
    const config = new Config('/')
    expect(set(config, 'Maxmemory', '10mb', 'slave-priority', '7', 'appendfsync', 'ALWAYS')).toBeNull()
    expect(config.values.maxmemory).toBe(10485760)
    expect(config.values['replica-priority']).toBe(7)
    expect(config.values.appendfsync).toBe('always')
  })

  test.each<[name: string, value: string, shown: string]>([
    ['save', '900 1 300 10', '900 1 300 10'],
    ['save', '', ''],
    ['bind', '127.0.0.1 -::1', '127.0.0.1 -::1'],
    ['bind', '', ''],
    ['client-output-buffer-limit', 'slave 1mb 1k 5', 'normal 0 0 0 slave 1048576 1000 5 pubsub 33554432 8388608 60'],
    ['client-output-buffer-limit', 'REPLICA 1 2 3 normal 4 5 6', 'normal 4 5 6 slave 1 2 3 pubsub 33554432 8388608 60'],
    ['notify-keyspace-events', 'KEA', 'AKE'],
    ['notify-keyspace-events', 'mx$g', 'g$xm'],
    ['shutdown-on-sigint', 'force NOSAVE now', 'nosave now force'],
    ['shutdown-on-sigint', 'default now', 'now'],
    ['oom-score-adj', 'relative', 'yes'],
    ['oom-score-adj-values', '-5 0 2000', '-5 0 2000'],
    ['latency-tracking-info-percentiles', '50 99.95 0.1234567 1e1', '50 99.95 0.123457 10'],
    ['latency-tracking-info-percentiles', '', ''],
    ['hz', '100000', '500'],
    ['hz', '0', '1'],
    ['maxmemory-clients', '5%', '5%'],
    ['repl-backlog-size', '1', '16384'],
    ['proc-title-template', '{title} {{x} {port}', '{title} {{x} {port}'],
    ['locale-collate', 'de_DE.UTF-8', 'de_DE.UTF-8'],
  ])('%s %j', (name, value, shown) => {
    const config = new Config('/')
    expect(set(config, name, value)).toBeNull()
    expect(config.text(name)).toBe(shown)
  })

  test.each<[name: string, value: string, reason: string]>([
    ['port', 'abc', "argument couldn't be parsed into an integer"],
    ['port', '65536', 'argument must be between 0 and 65535 inclusive'],
    ['maxclients', '-1', 'argument must be between 1 and 4294967295 inclusive'],
    ['repl-backlog-size', '0', 'argument must be between 1 and 9223372036854775807 inclusive'],
    ['repl-backlog-size', '-1', 'argument must be a memory value'],
    ['proto-max-bulk-len', '1000', 'argument must be between 1048576 and 9223372036854775807 inclusive'],
    ['maxmemory-clients', 'x', 'argument must be a memory or percent value'],
    ['maxmemory-clients', '200%', 'percentage argument must be less or equal to 100'],
    ['rdbcompression', 'maybe', "argument must be 'yes' or 'no'"],
    ['loglevel', 'loud', 'argument(s) must be one of the following: debug, verbose, notice, warning, nothing'],
    ['oom-score-adj', 'x', 'argument(s) must be one of the following: no, yes, relative, absolute'],
    ['shutdown-on-sigint', 'x', 'argument(s) must be one of the following: default, save, nosave, now, force'],
    ['shutdown-on-sigterm', 'save nosave', "shutdown options SAVE and NOSAVE can't be used simultaneously"],
    ['save', '900', 'Invalid save parameters'],
    ['save', '0 1', 'Invalid save parameters'],
    ['save', '900 -1', 'Invalid save parameters'],
    ['save', '900  1', 'Invalid save parameters'],
    ['bind', Array(17).fill('a').join(' '), 'Too many bind addresses specified.'],
    ['client-output-buffer-limit', 'normal 0 0', 'Wrong number of arguments in buffer limit configuration.'],
    ['client-output-buffer-limit', 'master 0 0 0', 'Invalid client class specified in buffer limit configuration.'],
    [
      'client-output-buffer-limit',
      'normal x 0 0',
      'Error in hard, soft or soft_seconds setting in buffer limit configuration.',
    ],
    ['oom-score-adj-values', '1 2', 'wrong number of arguments'],
    ['oom-score-adj-values', '1 2 2001', 'Invalid oom-score-adj-values, elements must be between -2000 and 2000.'],
    ['notify-keyspace-events', 'q', "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."],
    ['latency-tracking-info-percentiles', '50 x', 'Invalid latency-tracking-info-percentiles parameters'],
    [
      'latency-tracking-info-percentiles',
      '101',
      'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]',
    ],
    ['proc-title-template', '{unknown}', 'template format is invalid or contains unknown variables'],
    ['proc-title-template', '{title', 'template format is invalid or contains unknown variables'],
    ['proc-title-template', ' ', 'template format is invalid or contains unknown variables'],
    ['locale-collate', 'nonexistent', 'Invalid locale name'],
    ['cluster-announce-hostname', 'a_b', 'Hostnames may only contain alphanumeric characters, hyphens or dots'],
    ['cluster-announce-hostname', 'a'.repeat(256), 'Hostnames must be less than 256 characters'],
    ['daemonize', 'yes', "can't set immutable config"],
    ['replicaof', '127.0.0.1 1', "can't set immutable config"],
    ['dir', '/', "can't set protected config"],
    ['dbfilename', 'x', "can't set protected config"],
  ])('refuses %s %j', (name, value, reason) => {
    const config = new Config('/')
    const before = config.get('*')
    expect(set(config, name, value)).toBe(failed(name, reason))
    expect(config.get('*')).toEqual(before)
  })

  test('names the unknown directive as it was given, and changes nothing', () => {
    const config = new Config('/')
    expect(set(config, 'maxmemory', '1', 'No-Such', '2')).toBe(
      "ERR Unknown option or number of arguments for CONFIG SET - 'No-Such'",
    )
    expect(config.values.maxmemory).toBe(0)
  })

  test('refuses the same spelling twice but not a name and its alias', () => {
    const config = new Config('/')
    expect(set(config, 'maxmemory', '1', 'MAXMEMORY', '2')).toBe(failed('MAXMEMORY', 'duplicate parameter'))
    expect(set(config, 'replica-priority', '1', 'slave-priority', '2')).toBeNull()
    expect(config.values['replica-priority']).toBe(2)
  })

  test('takes back the whole call when one value is wrong', () => {
    const config = new Config('/')
    set(config, 'maxmemory', '10000002')
    const before = config.get('*')
    expect(
      set(config, 'maxmemory', '10000001', 'maxmemory-clients', '200%', 'client-query-buffer-limit', 'invalid'),
    ).toBe(failed('maxmemory-clients', 'percentage argument must be less or equal to 100'))
    expect(config.get('*')).toEqual(before)
  })

  test('keeps binary passwords', () => {
    const config = new Config('/')
    expect(set(config, 'requirepass', 'abc\0def\xff', 'masterauth', '\0', 'masteruser', 'ab\0c')).toBeNull()
    expect(config.values.requirepass).toBe('abc\0def\xff')
    expect(config.values.masterauth).toBe('\0')
    expect(config.values.masteruser).toBe('ab')
  })

  test('asks enable-protected-configs, and answers -LOADING for what may not change then', () => {
    const config = new Config('/')
    config.values['enable-protected-configs'] = 'local'
    expect(config.set([['dbfilename', 'x.rdb']], REMOTE)).toBe(failed('dbfilename', "can't set protected config"))
    expect(config.set([['dbfilename', 'x.rdb']], { loading: true, local: true })).toBeNull()
    expect(config.set([['dbfilename', 'a/b']], { loading: false, local: true })).toBe(
      failed('dbfilename', "dbfilename can't be a path, just a filename"),
    )
    expect(config.set([['dir', '/']], { loading: true, local: true })).toBe(
      'LOADING Redis is loading the dataset in memory',
    )
    expect([trusts('no', true), trusts('local', false), trusts('local', true), trusts('yes', false)]).toEqual([
      false,
      false,
      true,
      true,
    ])
  })

  test('resolves dir against the one before, and refuses what cannot be entered', () => {
    const config = new Config(directory)
    config.values['enable-protected-configs'] = 'yes'
    mkdirSync(path.join(directory, 'data'))
    writeFileSync(path.join(directory, 'file'), '')
    expect(set(config, 'dir', 'data')).toBeNull()
    expect(config.values.dir).toBe(path.join(directory, 'data'))
    expect(config.path('dump.rdb')).toBe(path.join(directory, 'data', 'dump.rdb'))
    expect(set(config, 'dir', 'none')).toBe(failed('dir', 'No such file or directory'))
    expect(set(config, 'dir', '')).toBe(failed('dir', 'No such file or directory'))
    expect(set(config, 'dir', '../file')).toBe(failed('dir', 'Not a directory'))
    expect(set(config, 'dir', '..')).toBeNull()
    expect(config.values.dir).toBe(directory)
  })

  test('warns once about a directive without effect, and only off its default', () => {
    const config = new Config('/')
    set(config, 'cluster-allow-reads-when-down', 'no')
    expect(config.warnings).toEqual([])
    set(config, 'cluster-allow-reads-when-down', 'yes')
    set(config, 'cluster-allow-reads-when-down', 'no')
    set(config, 'cluster-allow-reads-when-down', 'yes')
    expect(config.warnings).toEqual([
      "The directive 'cluster-allow-reads-when-down' is accepted, but has no effect here.",
    ])
  })
})

describe('handlers of CONFIG SET', () => {
  test('see the new value in place, and the one before', () => {
    const config = new Config('/')
    const seen: unknown[] = []
    config.onChange('hz', (value, previous) => {
      seen.push([value, previous, config.values.hz, config.values.port])
      return null
    })
    expect(set(config, 'hz', '20', 'port', '7')).toBeNull()
    expect(seen).toEqual([[20, 10, 20, 7]])
  })

  test('are left alone by a value that stays the same, unless it names a file', () => {
    const config = new Config('/')
    const seen: string[] = []
    const see = (name: string) => () => {
      seen.push(name)
      return null
    }
    config.onChange('hz', see('hz'))
    config.onChange('tls-cert-file', see('tls-cert-file'))
    set(config, 'hz', '10', 'tls-cert-file', '')
    expect(seen).toEqual(['tls-cert-file'])
  })

  test('run once a call when they serve several directives', () => {
    const config = new Config('/')
    let calls = 0
    const count = () => {
      calls++
      return null
    }
    config.onChange('min-replicas-to-write', count)
    config.onChange('min-replicas-max-lag', count)
    set(config, 'min-replicas-to-write', '1', 'min-replicas-max-lag', '5')
    expect(calls).toBe(1)
  })

  test('take the whole call back with an error, and run again with the old values', () => {
    const config = new Config('/')
    const seen: [string, number, number][] = []
    config.onChange('hz', (value, previous) => {
      seen.push(['hz', value, previous])
      return null
    })
    config.onChange('port', (value, previous) => {
      seen.push(['port', value, previous])
      return value === 1 ? 'Unable to listen on this port. Check server logs.' : null
    })
    config.onChange('timeout', () => {
      throw new Error('never reached')
    })
    const before = config.get('*')
    expect(set(config, 'hz', '20', 'port', '1', 'timeout', '5')).toBe(
      failed('port', 'Unable to listen on this port. Check server logs.'),
    )
    expect(seen).toEqual([
      ['hz', 20, 10],
      ['port', 1, 6379],
      ['hz', 10, 20],
      ['port', 6379, 1],
    ])
    expect(config.get('*')).toEqual(before)
    expect(config.warnings).toEqual([
      'Failed applying new configuration. Possibly related to new port setting. Restoring previous settings.',
    ])
  })
})

test('whatever CONFIG SET is given, it changes everything or nothing', () => {
  const names = new Config('/').get('*').map(([name]) => name)
  const value = fc.oneof(
    fc.constantFrom('', 'yes', 'no', '0', '1', '10', '1mb', '5%', '1 2', 'a b c', '-1'),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...names), value), { minLength: 1, maxLength: 4 }), pairs => {
      const config = new Config('/')
      const before = config.get('*')
      if (config.set(pairs, REMOTE) !== null) expect(config.get('*')).toEqual(before)
    }),
  )
})
