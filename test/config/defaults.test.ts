import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Config } from '../../src/config/config.js'
import { HIDDEN } from '../../src/config/directive.js'
import { directives, lookupDirective, spellings } from '../../src/config/directives.js'

/** CONFIG GET * of redis-server 7.2.5 without a config file; `dir`, which depends on where it starts, is left out. */
const REDIS: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('redis-7.2.5-defaults.json', import.meta.url), 'utf8'),
)

/** Directives of Valkey, and its names for some of Redis's. */
const VALKEY: Readonly<Record<string, string>> = {
  'commandlog-execution-slower-than': '10000',
  'commandlog-slow-execution-max-len': '128',
  'commandlog-request-larger-than': '1048576',
  'commandlog-large-request-max-len': '128',
  'commandlog-reply-larger-than': '1048576',
  'commandlog-large-reply-max-len': '128',
  'import-mode': 'no',
}

/** Directives of this server's own. */
const OWN: Readonly<Record<string, string>> = {
  'lua-memory-limit': '536870912',
  'http-port': '0',
  'http-bind': '127.0.0.1 -::1',
  'http-writes': 'no',
}

describe('the table of directives', () => {
  test('has the names, aliases and defaults of Redis 7.2.5, and some of Valkey', () => {
    const shown = Object.fromEntries(new Config('/').get('*'))
    const { dir, ...others } = shown
    expect(dir).toBe('/')
    expect(others).toEqual({ ...REDIS, ...VALKEY, ...OWN })
  })

  test('keeps hidden directives out of patterns and shows them by name', () => {
    const hidden = Object.entries(directives).filter(([, directive]) => directive.flags & HIDDEN)
    expect(hidden.map(([name]) => name).sort()).toEqual([
      'aof-disable-auto-gc',
      'cluster-ping-interval',
      'key-load-delay',
      'loading-process-events-interval-bytes',
      'rdb-key-save-delay',
      'use-exit-on-panic',
      'watchdog-period',
    ])
    const config = new Config('/')
    for (const [name] of hidden) expect(config.get(name)).toHaveLength(1)
    expect(config.get('key-load-*')).toEqual([])
  })

  test('reads every default back from the text it shows', () => {
    const config = new Config()
    for (const [name, { directive }] of spellings) {
      const text = config.text(name)
      // A master's address has no text for "none".
      if (text === null || directive === lookupDirective('replicaof')?.directive) continue
      const args =
        directive.kind === 'string' || directive.kind === 'directory' ? [text] : text === '' ? [''] : text.split(' ')
      const parsed = directive.parse(args, directive.default, {
        fromFile: false,
        firstLine: false,
        directory: config.values.dir,
      })
      expect(parsed, name).toHaveProperty('value')
      if ('value' in parsed) expect(directive.format(parsed.value), name).toBe(text)
    }
  })

  test('types its values', () => {
    const { values } = new Config('/')
    const level: 'debug' | 'verbose' | 'notice' | 'warning' | 'nothing' = values.loglevel
    const timeout: number = values['repl-timeout']
    const master: { host: string; port: number } | null = values.replicaof
    expect([level, timeout, master, values.save[0].seconds, values.bind]).toEqual([
      'notice',
      60,
      null,
      3600,
      ['*', '-::*'],
    ])
    expect(values['client-output-buffer-limit'].replica).toEqual({
      hardBytes: 268435456,
      softBytes: 67108864,
      softSeconds: 60,
    })
    expect(values['shutdown-on-sigterm']).toEqual([])
  })
})
