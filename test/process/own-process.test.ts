import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RawClient } from '../commands/raw-client.js'
import { ask } from '../fault/dataset.js'
import { until } from '../fault/wire.js'
import { type RunningServer, startRedisTs, tempDir } from '../interop/stock.js'

const QUIET = ['--save', '']

/** A directory with a program that notes its arguments and its input in a file, to come first on PATH. */
function standIn(name: string): { env: Record<string, string>; notes: () => string } {
  const dir = tempDir()
  const file = join(dir, 'notes')
  writeFileSync(join(dir, name), `#!/bin/sh\nprintf '%s\\n' "$*" >> ${file}\nexec cat >> ${file}\n`)
  chmodSync(join(dir, name), 0o755)
  return {
    env: { PATH: `${dir}:${process.env.PATH}` },
    notes: () => (existsSync(file) ? readFileSync(file, 'utf8') : ''),
  }
}

/** Connects as soon as somebody listens. */
async function firstConnection(port: number): Promise<RawClient> {
  for (;;) {
    const client = await RawClient.connect(port).catch(() => null)
    if (client !== null) return client
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** Sends a command that ends the server, and waits for that. */
async function ending(server: RunningServer, ...command: string[]): Promise<number | null> {
  const client = await RawClient.connect(server.port)
  void client.call(...command)
  const code = await server.exited
  client.close()
  return code
}

describe('a crash', () => {
  test('leaves a report in the log', async () => {
    const server = await startRedisTs([...QUIET, '--enable-debug-command', 'yes'])
    expect(await ending(server, 'DEBUG', 'PANIC')).toBe(134)
    const report = server.log().slice(server.log().indexOf('=== REDIS BUG REPORT START'))
    expect(report).toMatch(/# DEBUG PANIC called at Unix time \d+\n/)
    expect(report).toMatch(/------ STACK TRACE ------\nError: DEBUG PANIC called/)
    expect(report).toMatch(/------ INFO OUTPUT ------\n# Server\nredis_version:/)
    expect(report).toMatch(/------ CLIENT LIST OUTPUT ------\nid=\d+ addr=127\.0\.0\.1:/)
    expect(report).toMatch(/------ CURRENT CLIENT INFO ------\nid=\d+/)
    expect(report).toContain('\nenable-debug-command "yes"\n')
    expect(report).toContain('=== REDIS BUG REPORT END')
  })

  test('by SIGABRT ends the process as that signal does', async () => {
    const server = await startRedisTs([...QUIET, '--crash-log-enabled', 'no'])
    server.kill('SIGABRT')
    expect(await server.exited).toBeNull()
    expect(server.process.signalCode).toBe('SIGABRT')
    expect(server.log()).toContain('Redis 7.2.5 crashed by signal: 6')
    expect(server.log()).not.toContain('INFO OUTPUT')
  })

  test('ends with 1 when use-exit-on-panic asks for that, and passwords stay out of the report', async () => {
    const server = await startRedisTs([...QUIET, '--masterauth', 'sesame', '--use-exit-on-panic', 'yes'])
    server.kill('SIGABRT')
    expect(await server.exited).toBe(1)
    expect(server.log()).toContain('use-exit-on-panic "yes"')
    expect(server.log()).not.toContain('sesame')
  })
})

describe.skipIf(process.platform !== 'linux')('oom-score-adj', () => {
  test('sets the score of the role, and gives the original one back', async () => {
    const server = await startRedisTs(QUIET)
    const client = await RawClient.connect(server.port)
    const score = (): number => Number(readFileSync(`/proc/${server.pid}/oom_score_adj`, 'latin1'))
    const original = score()
    const set = async (...args: string[]): Promise<string | null> => (await client.call('CONFIG', 'SET', ...args)).text
    expect(await set('oom-score-adj', 'relative', 'oom-score-adj-values', '10 20 30')).toBe('OK')
    expect(score()).toBe(original + 10)
    await client.call('REPLICAOF', '127.0.0.1', '1')
    expect(score()).toBe(original + 20)
    expect(await set('oom-score-adj', 'absolute', 'oom-score-adj-values', '500 600 700')).toBe('OK')
    expect(score()).toBe(600)
    await client.call('REPLICAOF', 'NO', 'ONE')
    expect(score()).toBe(500)
    expect(await set('oom-score-adj', 'no')).toBe('OK')
    expect(score()).toBe(original)
    client.close()
  })
})

describe('supervised', () => {
  test('systemd is told when the server is ready', async () => {
    const { env, notes } = standIn('systemd-notify')
    const server = await startRedisTs([...QUIET, '--supervised', 'auto', '--daemonize', 'yes'], {
      env: { ...env, NOTIFY_SOCKET: '/run/none' },
    })
    expect(
      await until(
        async () => notes(),
        text => text !== '',
      ),
    ).toBe('READY=1 STATUS=Ready to accept connections\n')
    expect(await ask(server.port, 'INFO', 'server')).toContain('\r\nprocess_supervised:systemd\r\n')
  })

  test('upstart sees the process stop itself when it is ready', async () => {
    const server = await startRedisTs([...QUIET, '--supervised', 'upstart'], { env: { UPSTART_JOB: 'redis' } })
    const state = (): string => readFileSync(`/proc/${server.pid}/stat`, 'latin1').replace(/^.*\) /, '')[0]
    await until(
      async () => state(),
      letter => letter === 'T',
    )
    server.kill('SIGCONT')
    expect(await ask(server.port, 'INFO', 'server')).toContain('\r\nprocess_supervised:upstart\r\n')
  })

  test('a supervisor that is not there is missed', async () => {
    const server = await startRedisTs([...QUIET, '--supervised', 'systemd'], { env: { NOTIFY_SOCKET: undefined } })
    await server.waitForLog('systemd supervision error: NOTIFY_SOCKET not found!')
    expect(await ask(server.port, 'INFO', 'server')).toContain('\r\nprocess_supervised:no\r\n')
  })
})

describe('the log', () => {
  test('goes to syslog as well', async () => {
    const { env, notes } = standIn('logger')
    const options = ['--syslog-enabled', 'yes', '--syslog-ident', 'my redis', '--syslog-facility', 'local3']
    const server = await startRedisTs([...QUIET, ...options], { env })
    const seen = await until(
      async () => notes(),
      text => text.includes('Ready to accept connections'),
    )
    expect(seen).toContain(`-t my redis[${server.pid}] -p local3.notice\n`)
    expect(seen).toContain(`-t my redis[${server.pid}] -p local3.warning\n`)
    expect(server.log()).toContain('Ready to accept connections')
  })

  test('says so when there is no syslog, and goes on', async () => {
    const path = tempDir()
    symlinkSync(process.execPath, join(path, 'node'))
    const server = await startRedisTs([...QUIET, '--syslog-enabled', 'yes'], { env: { PATH: path } })
    await server.waitForLog("Can't write to the system log: logger: spawn logger ENOENT")
    expect(await ask(server.port, 'PING')).toBe('PONG')
  })

  test('begins with the logo where it is asked for', async () => {
    const server = await startRedisTs([...QUIET, '--always-show-logo', 'yes'])
    expect(server.log()).toContain(`Port: ${server.port}\n`)
    expect(server.log()).toContain(`PID: ${server.pid}\n`)
  })
})

describe('directives for tests', () => {
  test('rdb-key-save-delay: a background save takes its time, and nothing waits for it', async () => {
    const server = await startRedisTs([...QUIET, '--rdb-key-save-delay', '60000000'])
    const client = await RawClient.connect(server.port)
    await client.pipeline([['SET', 'a', '1'], ['SET', 'b', '2'], ['BGSAVE']])
    const { text } = await client.call('INFO', 'persistence')
    expect(text).toContain('rdb_bgsave_in_progress:1')
    expect((await client.call('FLUSHALL')).text).toBe('OK')
    await server.waitForLog('Background saving terminated by signal 10')
    client.close()
  })

  test('key-load-delay: a start takes its time, which CONFIG SET cuts short', async () => {
    const server = await startRedisTs(QUIET)
    const client = await RawClient.connect(server.port)
    await client.pipeline(Array.from({ length: 100 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(100)]))
    await client.call('SAVE')
    client.close()
    server.kill('SIGKILL')
    await server.exited
    const delays = ['--key-load-delay', '50000', '--loading-process-events-interval-bytes', '1024']
    const starting = startRedisTs([...QUIET, ...delays], { dir: server.dir, port: server.port })
    const early = await firstConnection(server.port)
    expect((await early.call('GET', 'key:1')).text).toMatch(/^LOADING /)
    expect((await early.call('CONFIG', 'SET', 'key-load-delay', '0')).text).toBe('OK')
    const again = await starting
    expect(await ask(again.port, 'DBSIZE')).toBe('100')
    early.close()
  })
})
