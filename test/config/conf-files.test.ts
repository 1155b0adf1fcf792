import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Config } from '../../src/config/config.js'
import { HIDDEN, IMPLEMENTED } from '../../src/config/directive.js'
import { directives, statements } from '../../src/config/directives.js'
import { loadConfig } from '../../src/config/file.js'

function load(file: string): Config {
  const config = new Config()
  loadConfig(config, { file, stdin: null, overrides: '' })
  return config
}

/** What conf/redis.conf sets on purpose to something else than the built-in default. */
const DELIBERATE = new Map([['bind', '127.0.0.1 -::1']])

/** Commented directives whose line is an example, as their default is to be unset. */
const EXAMPLES = [
  'aclfile',
  'aof_rewrite_cpulist',
  'bgsave_cpulist',
  'bind-source-addr',
  'bio_cpulist',
  'masterauth',
  'masteruser',
  'pidfile',
  'replica-announce-ip',
  'replicaof',
  'requirepass',
  'server_cpulist',
  'tls-ca-cert-dir',
  'tls-ca-cert-file',
  'tls-cert-file',
  'tls-ciphers',
  'tls-ciphersuites',
  'tls-client-cert-file',
  'tls-client-key-file',
  'tls-client-key-file-pass',
  'tls-dh-params-file',
  'tls-key-file',
  'tls-key-file-pass',
  'tls-protocols',
  'unixsocket',
  'unixsocketperm',
]

/**
 * The directives marked "No effect here": those of the paragraph, or with a colon those that it names, if any. Of a paragraph
 * without directives, at the top of a section: all of the section but for those that are "Refused here".
 */
function markedWithoutEffect(conf: string): string[] {
  const marked: string[] = []
  for (const section of conf.split(/^####.*$/m)) {
    const paragraphs = section.split(/\n\n+/).map(lines => ({ lines, names: directivesIn(lines) }))
    const wholeSection = paragraphs.some(({ lines, names }) => names.length === 0 && lines.includes('No effect here:'))
    for (const { lines, names } of paragraphs) {
      const [mark, listed = ''] = /No effect here(?:: ([^.]*))?/.exec(lines.replaceAll('\n# ', ' ')) ?? []
      if (mark === undefined && (!wholeSection || lines.includes('Refused here'))) continue
      const those = names.filter(name => listed.split(/, | and /).includes(name))
      marked.push(...(those.length > 0 ? those : names))
    }
  }
  return marked.sort()
}

function directivesIn(lines: string): string[] {
  const words = [...lines.matchAll(/^(?:# )?([a-z_-]+) .*[^.\n]$/gm)].map(match => match[1])
  return [...new Set(words)].filter(word => word in directives)
}

describe('conf/redis.conf', () => {
  const text = readFileSync('conf/redis.conf', 'utf8')

  test('names every directive and statement', () => {
    const named = new Set([...text.matchAll(/^(?:# )?([a-z_-]+) .*$/gm)].map(match => match[1]))
    const documented = Object.entries(directives).filter(([, directive]) => !(directive.flags & HIDDEN))
    for (const name of [...documented.map(([directive]) => directive), ...statements.keys()]) {
      expect(named, name).toContain(name)
    }
  })

  test('says of each directive that has no effect that it has none, and of no other', () => {
    const without = Object.entries(directives).filter(([, { flags }]) => (flags & (HIDDEN | IMPLEMENTED)) === 0)
    expect(markedWithoutEffect(text)).toEqual(without.map(([name]) => name).sort())
  })

  test('sets nothing but defaults', () => {
    const defaults = new Config().get('*')
    for (const [name, value] of load('conf/redis.conf').get('*')) {
      expect([name, value]).toEqual([name, DELIBERATE.get(name) ?? new Map(defaults).get(name)])
    }
  })

  test('shows the default of every directive that is commented out', () => {
    const defaults = new Config()
    const lines = Object.keys(directives)
      .filter(name => !EXAMPLES.includes(name))
      .flatMap(name => text.match(new RegExp(`^# ${name} .*$`, 'gm')) ?? [])
      .map(line => line.slice(2))
      // A sentence that starts with a directive's name is no line of config.
      .filter(line => !line.endsWith('.'))
    expect(lines.length).toBeGreaterThan(50)
    const config = new Config()
    loadConfig(config, { file: null, stdin: lines.join('\n'), overrides: '' })
    expect(config.get('*')).toEqual(defaults.get('*'))
  })

  test('says nothing that has no effect', () => {
    expect(load('conf/redis.conf').warnings).toEqual([])
  })
})

describe('the walkthrough', () => {
  test('has a master with a password, saving beside where it runs', () => {
    const { values, warnings } = load('conf/7000.conf')
    expect([values.port, values.requirepass, values.replicaof]).toEqual([7000, 'mypassword', null])
    expect([values.masteruser, values.masterauth]).toEqual(['default', 'mypassword'])
    expect([values.dir, values.dbfilename, values.logfile]).toEqual([process.cwd(), 'dump-7000.rdb', ''])
    expect(warnings).toEqual([])
  })

  test.each([7001, 7002, 7003])('has a replica on port %i', port => {
    const { values, warnings } = load(`conf/${port}.conf`)
    expect(values.port).toBe(port)
    expect(values.replicaof).toEqual({ host: '127.0.0.1', port: 7000 })
    expect([values.masteruser, values.masterauth, values.requirepass]).toEqual(['default', 'mypassword', ''])
    expect([values['repl-ping-replica-period'], values['repl-timeout']]).toEqual([10, 60])
    expect(values.dbfilename).toBe(`dump-${port}.rdb`)
    expect(warnings).toEqual([])
  })
})
