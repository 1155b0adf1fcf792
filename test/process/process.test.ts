import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ask, withClient } from '../fault/dataset.js'
import { exchange, resp, until } from '../fault/wire.js'
import { freePort, REDIS_TS, type RunningServer, startRedisTs, tempDir } from '../interop/stock.js'

const inBackground: number[] = []
afterAll(() => {
  for (const pid of inBackground) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Gone, as it should be.
    }
  }
})

/** Runs redis-ts until it ends by itself, with `input` as its standard input. */
function run(args: string[], input = ''): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(REDIS_TS, args, {
    encoding: 'utf8',
    timeout: 15_000,
    killSignal: 'SIGKILL',
    input,
  })
  return { code: status, stdout, stderr }
}

function file(dir: string, name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

/** CONFIG GET's value. */
function setting(server: { port: number }, name: string): Promise<string> {
  return withClient(server.port, async client => (await client.call('CONFIG', 'GET', name)).elements?.[1]?.text ?? '')
}

describe('the command line', () => {
  test('--version and --help answer on standard output', () => {
    for (const option of ['--version', '-v']) {
      const { code, stdout } = run([option])
      expect(stdout).toMatch(/^Redis server v=7\.2\.5 .*redis-ts=\d+\.\d+\.\d+ .*\n$/)
      expect(code).toBe(0)
    }
    for (const option of ['--help', '-h']) {
      const { code, stdout } = run([option])
      expect(stdout).toMatch(/^Usage: redis-ts \[\/path\/to\/redis\.conf\] \[options\]/)
      expect(code).toBe(0)
    }
  })

  test('beats the file, which beats the defaults', async () => {
    const server = await startRedisTs(['--save', '60', '1000', '--hz 20'], { config: 'hz 50\ntimeout 77\n' })
    expect(await setting(server, 'save')).toBe('60 1000')
    expect(await setting(server, 'hz')).toBe('20')
    expect(await setting(server, 'timeout')).toBe('77')
    expect(await ask(server.port, 'INFO', 'server')).toContain(`config_file:${join(server.dir, 'redis.conf')}\r\n`)
    await server.stop()
  })

  test('names the file with --config, too', async () => {
    const dir = tempDir()
    const path = file(dir, '7000.conf', 'timeout 78\nsave ""\n')
    const server = await startRedisTs(['--config', path], { dir })
    expect(await setting(server, 'timeout')).toBe('78')
    await server.stop()
  })

  test('reads the configuration from standard input for a dash', async () => {
    const [port, dir] = [await freePort(), tempDir()]
    const child = spawn(REDIS_TS, ['-'], { stdio: ['pipe', 'ignore', 'ignore'] })
    child.stdin.end(`port ${port}\ndir "${dir}"\nsave ""\ntimeout 79\n`)
    const server = { port }
    await until(
      () => ask(port, 'PING').catch(() => null),
      reply => reply === 'PONG',
    )
    expect(await setting(server, 'timeout')).toBe('79')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('follows include', async () => {
    const dir = tempDir()
    const included = file(dir, 'more.conf', 'timeout 80\n')
    const server = await startRedisTs(['--save', ''], { dir, config: `include ${included}\nhz 33\n` })
    expect(await setting(server, 'timeout')).toBe('80')
    expect(await setting(server, 'hz')).toBe('33')
    await server.stop()
  })

  test('stops at what it does not know, with the file, the line and the text', () => {
    const dir = tempDir()
    const inner = file(dir, 'inner.conf', '# fine\nnosuchdirective yes\n')
    const outer = file(dir, 'outer.conf', `\nport 0\ninclude ${inner}\n`)
    const { code, stderr } = run([outer])
    expect(stderr).toContain('*** FATAL CONFIG FILE ERROR (Redis 7.2.5) ***')
    expect(stderr).toContain("Reading the configuration file, at line 2\n>>> 'nosuchdirective yes'\nBad directive")
    expect(stderr).toContain(`(in ${inner})`)
    expect(stderr).toContain(`(included by ${outer}, line 3)`)
    expect(code).toBe(1)
    const option = run(['--nosuchoption', '1'])
    expect(option.stderr).toContain('nosuchoption "1"')
    expect(option.code).toBe(1)
  })

  test('says that a config file cannot be opened', () => {
    const { code, stderr } = run(['/nonexistent/redis.conf'])
    expect(stderr).toContain("Fatal error, can't open config file '/nonexistent/redis.conf': No such file or directory")
    expect(code).toBe(1)
  })
})

describe('the log', () => {
  test("has Redis's line format, and goes to logfile", async () => {
    const dir = tempDir()
    const server = spawn(
      REDIS_TS,
      ['--port', String(await freePort()), '--dir', dir, '--logfile', 'redis.log', '--save', ''],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let output = ''
    for (const stream of [server.stdout, server.stderr]) stream.on('data', text => (output += text))
    const log = join(dir, 'redis.log')
    await until(
      async () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
      text => text.includes('Ready to accept connections'),
    )
    server.kill('SIGTERM')
    await once(server, 'exit')
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
    const format = new RegExp(`^${server.pid}:M \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d\\.\\d{3} [.*#-] \\S`)
    expect(lines.filter(line => !format.test(line))).toEqual([])
    expect(lines[lines.length - 1]).toMatch(/# Redis is now ready to exit, bye bye\.\.\.$/)
    expect(output).toBe('')
  })

  test('keeps to loglevel, at the start and by CONFIG SET', async () => {
    const server = await startRedisTs(['--save', '', '--loglevel', 'notice'])
    expect(server.log()).not.toMatch(/^\S+ \S+ \S+ \S+ \S+ [.-] /m)
    expect(await ask(server.port, 'CONFIG', 'SET', 'loglevel', 'warning')).toBe('OK')
    const from = server.log().length
    expect(await ask(server.port, 'BGSAVE')).toBe('Background saving started')
    await server.stop()
    expect(server.log().slice(from)).not.toContain('Background saving started')
    expect(server.log().slice(from)).toContain('Received SIGTERM scheduling shutdown...')
  })
})

describe('the process', () => {
  test('has a title that says where it listens', async () => {
    const server = await startRedisTs(['--save', '', '--bind', '127.0.0.1'])
    const title = (): string =>
      execFileSync('ps', ['-o', 'args=', '-p', String(server.pid)], { encoding: 'utf8' }).trim()
    expect(title()).toBe(`redis-ts 127.0.0.1:${server.port}`)
    const port = await freePort()
    expect(await ask(server.port, 'CONFIG', 'SET', 'port', String(port))).toBe('OK')
    expect(title()).toBe(`redis-ts 127.0.0.1:${port}`)
    await server.stop()
  })

  test('writes its pid file and removes it', async () => {
    const dir = tempDir()
    const server = await startRedisTs(['--save', '', '--pidfile', join(dir, 'redis.pid')], { dir })
    await until(
      async () => existsSync(join(dir, 'redis.pid')),
      there => there,
    )
    expect(readFileSync(join(dir, 'redis.pid'), 'utf8')).toBe(`${server.pid}\n`)
    await server.stop()
    expect(existsSync(join(dir, 'redis.pid'))).toBe(false)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('saves and ends with 0 on %s', async signal => {
    const server = await startRedisTs(['--save', '900', '1'])
    await ask(server.port, 'SET', 'a', 'b')
    server.kill(signal)
    expect(await server.exited).toBe(0)
    expect(server.log()).toContain(`Received ${signal} scheduling shutdown...`)
    expect(server.log()).toContain('DB saved on disk')
    expect(existsSync(join(server.dir, 'dump.rdb'))).toBe(true)
  })

  test('obeys shutdown-on-sigterm, and saves nothing without save points', async () => {
    for (const args of [
      ['--save', '900', '1', '--shutdown-on-sigterm', 'nosave'],
      ['--save', ''],
    ]) {
      const server = await startRedisTs(args)
      await ask(server.port, 'SET', 'a', 'b')
      expect(await server.stop()).toBe(0)
      expect(existsSync(join(server.dir, 'dump.rdb'))).toBe(false)
    }
  })

  test('SHUTDOWN ABORT takes back a signal until the housekeeping has seen it', async () => {
    const server = await startRedisTs(['--save', '', '--enable-debug-command', 'yes'])
    expect(await ask(server.port, 'DEBUG', 'PAUSE-CRON', '1')).toBe('OK')
    server.kill('SIGTERM')
    await server.waitForLog('Received SIGTERM scheduling shutdown...')
    expect(await ask(server.port, 'SHUTDOWN', 'ABORT')).toBe('OK')
    await server.waitForLog('Shutdown manually aborted.')
    expect(await ask(server.port, 'DEBUG', 'PAUSE-CRON', '0')).toBe('OK')
    expect(await ask(server.port, 'SHUTDOWN', 'ABORT')).toBe('ERR No shutdown in progress.')
    expect(await server.stop()).toBe(0)
  })

  test('takes no notice of a terminal that goes away', async () => {
    const server = await startRedisTs(['--save', ''])
    server.kill('SIGHUP')
    server.process.stdout?.destroy()
    server.process.stderr?.destroy()
    expect(await ask(server.port, 'CONFIG', 'SET', 'loglevel', 'debug')).toBe('OK')
    expect(await ask(server.port, 'PING')).toBe('PONG')
    server.kill('SIGTERM')
    await once(server.process, 'exit')
    expect(server.process.exitCode).toBe(0)
  })
})

describe('daemonize', () => {
  const background = ['--daemonize', 'yes', '--save', '', '--pidfile', 'redis.pid', '--logfile', 'redis.log']

  test('ends with 0 once the server in the background is ready', async () => {
    const [dir, port] = [tempDir(), await freePort()]
    const { code, stdout, stderr } = run(['--port', String(port), '--dir', dir, ...background])
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' })
    const pid = Number(readFileSync(join(dir, 'redis.pid'), 'utf8'))
    inBackground.push(pid)
    expect(await ask(port, 'PING')).toBe('PONG')
    expect(readFileSync(join(dir, 'redis.log'), 'utf8')).toContain(`${pid}:M `)
    process.kill(pid, 'SIGTERM')
    await until(
      async () => existsSync(join(dir, 'redis.pid')),
      there => !there,
    )
    expect(readFileSync(join(dir, 'redis.log'), 'utf8')).toContain('bye bye')
  })

  test('hands on what came on standard input', async () => {
    const [dir, port] = [tempDir(), await freePort()]
    const { code } = run(['-', '--dir', dir, ...background], `port ${port}\ntimeout 81\n`)
    expect(code).toBe(0)
    inBackground.push(Number(readFileSync(join(dir, 'redis.pid'), 'utf8')))
    expect(await setting({ port }, 'timeout')).toBe('81')
    expect(await exchange(port, resp('SHUTDOWN'))).toBe('')
  })

  test('ends with 1 when the server in the background cannot start, and the log says why', async () => {
    const dir = tempDir()
    const other = createServer()
    await new Promise<void>(resolve => other.listen(0, resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { code } = run(['--port', String(port), '--dir', dir, ...background])
    expect(code).toBe(1)
    expect(readFileSync(join(dir, 'redis.log'), 'utf8')).toContain('Address already in use')
    other.close()
  })
})

describe('CONFIG SET', () => {
  let server: RunningServer

  test('port moves the server at once, and connections stay', async () => {
    server = await startRedisTs(['--save', '', '--bind', '127.0.0.1'])
    const port = await freePort()
    await withClient(server.port, async client => {
      expect((await client.call('CONFIG', 'SET', 'port', String(port))).text).toBe('OK')
      expect(await ask(port, 'PING')).toBe('PONG')
      await expect(ask(server.port, 'PING')).rejects.toThrow('ECONNREFUSED')
      expect((await client.call('PING')).text).toBe('PONG')
      expect((await client.call('CONFIG', 'SET', 'port', String(server.port))).text).toBe('OK')
    })
  })

  test('port says that it is taken, and everything stays as it was', async () => {
    const other = createServer()
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const taken = typeof address === 'object' && address !== null ? address.port : 0
    expect(await ask(server.port, 'CONFIG', 'SET', 'port', String(taken))).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
    )
    expect(await ask(server.port, 'PING')).toBe('PONG')
    expect(await setting(server, 'port')).toBe(String(server.port))
    other.close()
  })

  test('bind changes the addresses, or says that it cannot', async () => {
    expect(await ask(server.port, 'CONFIG', 'SET', 'bind', '127.0.0.1 127.0.0.2')).toBe('OK')
    expect(await setting(server, 'bind')).toBe('127.0.0.1 127.0.0.2')
    for (const address of ['192.0.2.77', '999.999.999.999']) {
      expect(await ask(server.port, 'CONFIG', 'SET', 'bind', address)).toBe(
        "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.",
      )
      expect(await ask(server.port, 'PING')).toBe('PONG')
    }
    expect(await ask(server.port, 'CONFIG', 'SET', 'bind', '*')).toBe('OK')
    expect(await ask(server.port, 'PING')).toBe('PONG')
    expect(await server.stop()).toBe(0)
  })
})
