/** What a server says when it cannot listen, could not save, or cannot end. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ask } from '../fault/dataset.js'
import { dial, everything, resp, until } from '../fault/wire.js'
import { freePort, REDIS_TS, startProgram, startRedisTs, tempDir } from '../interop/stock.js'

/** Runs redis-ts until it ends by itself. */
function run(args: string[], uid?: number): { code: number | null; log: string } {
  const options = uid === undefined ? {} : { uid }
  const { status, stdout, stderr } = spawnSync(REDIS_TS, ['--save', '', ...args], {
    encoding: 'utf8',
    timeout: 15_000,
    killSignal: 'SIGKILL',
    ...options,
  })
  return { code: status, log: stdout + stderr }
}

/** For what root may always do. */
const NOBODY = process.getuid?.() === 0 ? 65534 : undefined

describe('a server that would listen nowhere does not start', () => {
  test.each([
    ['port 0', ['--port', '0']],
    ['no address', ['--bind', '']],
    ['no address of this machine', ['--bind', '-192.0.2.77']],
  ])('%s', async (_, args) => {
    const { code, log } = run(['--port', String(await freePort()), ...args])
    expect(log).toMatch(/ # Configured to not listen anywhere, exiting\.\n/)
    expect(log).not.toContain('Ready to accept connections')
    expect(code).toBe(1)
  })

  test('port 0 with a Unix socket is somewhere', async () => {
    const socket = join(tempDir(), 'x.sock')
    const args = ['--save', '', '--port', '0', '--unixsocket', socket]
    const server = await startProgram(REDIS_TS, args, { name: socket, ready: 'Ready to accept connections unix' })
    const connection = await dial({ path: socket })
    const answer = everything(connection)
    connection.end(resp('PING'))
    expect(await answer).toBe('+PONG\r\n')
    expect(await server.stop()).toBe(0)
  })
})

describe('a Unix socket that cannot be', () => {
  const inDir = (name: string) => join(tempDir(), name)

  function refusal(socket: string, uid?: number): string {
    const { code, log } = run(['--port', '0', '--unixsocket', socket], uid)
    expect(log).toContain('# Failed listening on Unix socket, aborting.\n')
    expect(code).toBe(1)
    return /# Failed opening Unix socket: (.*)\n/.exec(log)?.[1] ?? log
  }

  test('in a directory that does not exist', () => {
    const dir = inDir('nope')
    expect(refusal(join(dir, 'x.sock'))).toBe(`bind: No such file or directory (there is no directory ${dir})`)
  })

  test('below a file', () => {
    const file = inDir('file')
    writeFileSync(file, '')
    expect(refusal(join(file, 'x.sock'))).toBe('bind: Not a directory')
  })

  test('in the place of a directory', () => {
    const dir = inDir('dir')
    mkdirSync(dir)
    expect(refusal(dir)).toBe(`bind: Address already in use (${dir} is a directory)`)
    expect(existsSync(dir)).toBe(true)
  })

  test('with a path that is too long', () => {
    const dir = tempDir()
    const path = join(dir, 'x'.repeat(108 - dir.length))
    const most = process.platform === 'linux' ? 108 : 104
    expect(refusal(path)).toBe(`unix socket path too long (${path.length}), must be under ${most}`)
    expect(readdirSync(dir)).toEqual([])
  })

  test('where it may not be made', () => {
    const dir = tempDir()
    chmodSync(dir, 0o555)
    expect(refusal(join(dir, 'x.sock'), NOBODY)).toBe('bind: Permission denied')
  })

  test('but a file in its place gives way', async () => {
    const file = inDir('x.sock')
    writeFileSync(file, 'of an earlier server')
    const server = await startRedisTs(['--save', '', '--unixsocket', file])
    await server.waitForLog('Ready to accept connections unix')
  })
})

describe('a TCP address that cannot be had', () => {
  async function refusal(port: number, ...args: string[]): Promise<string> {
    const { code, log } = run(['--port', String(port), ...args])
    expect(log).toContain(`# Failed listening on port ${port} (TCP), aborting.\n`)
    expect(code).toBe(1)
    return /# Warning: Could not create server TCP listening socket (.*)\n/.exec(log)?.[1] ?? log
  }

  test('is in use', async () => {
    const other = createServer()
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(await refusal(port, '--bind', '127.0.0.1')).toBe(`127.0.0.1:${port}: bind: Address already in use`)
    other.close()
  })

  test('is not of this machine, or none at all', async () => {
    const port = await freePort()
    expect(await refusal(port, '--bind', '192.0.2.77')).toBe(
      `192.0.2.77:${port}: bind: Cannot assign requested address`,
    )
    expect(await refusal(port, '--bind', '999.1.1.1')).toBe(`999.1.1.1:${port}: Name or service not known`)
  })

  test('is told of but forgiven with a dash before it', async () => {
    const server = await startRedisTs(['--save', '', '--bind', '127.0.0.1', '-192.0.2.77'])
    await server.waitForLog(`192.0.2.77:${server.port}: bind: Cannot assign requested address`)
    expect(await ask(server.port, 'PING')).toBe('PONG')
    expect(await server.stop()).toBe(0)
  })
})

describe('a directory that cannot be written into', () => {
  const WARNING =
    / # WARNING: The server cannot write into its working directory (.*): (.*)\. Saving the DB .* will fail/

  test('is warned of at the start', async () => {
    const dir = tempDir()
    chmodSync(dir, 0o555)
    const ours = [REDIS_TS, '--port', String(await freePort()), '--dir', dir, '--save', '']
    const argv = NOBODY === undefined ? ours : ['setpriv', `--reuid=${NOBODY}`, '--clear-groups', ...ours]
    const server = await startProgram(argv[0], argv.slice(1), { name: dir, ready: 'Ready to accept connections' })
    const line = await server.waitForLog('cannot write')
    expect(WARNING.exec(line)?.slice(1)).toEqual([dir, 'Permission denied'])
    await server.stop()
  })

  test('is nothing to speak of otherwise', async () => {
    const server = await startRedisTs(['--save', ''])
    expect(server.log()).not.toMatch(WARNING)
    await server.stop()
  })
})

describe('a server that cannot save at its end', () => {
  const INSISTED = 'You insist... exiting now.'

  async function unableToSave() {
    const server = await startRedisTs(['--save', '10000 10000'])
    await ask(server.port, 'SET', 'a', 'b')
    mkdirSync(join(server.dir, 'dump.rdb'))
    return server
  }

  test('says after Ctrl-C that another one forces it, and so it is', async () => {
    const server = await unableToSave()
    server.kill('SIGINT')
    await server.waitForLog("# Error trying to save the DB, can't exit.")
    await server.waitForLog('# Press Ctrl-C (SIGINT) again to exit now without saving the DB.')
    expect(await ask(server.port, 'GET', 'a')).toBe('b')
    server.kill('SIGINT')
    expect(await server.exited).toBe(1)
    expect(server.log()).toContain(INSISTED)
    expect(readdirSync(server.dir)).toEqual(['dump.rdb'])
  })

  test('tries again on SIGTERM, and says what forces it', async () => {
    const server = await unableToSave()
    for (let i = 0; i < 2; i++) {
      const from = server.log().length
      server.kill('SIGTERM')
      await server.waitForLog('# Send SIGINT (Ctrl-C) to exit now without saving the DB.', 10_000, from)
    }
    expect(await ask(server.port, 'GET', 'a')).toBe('b')
    server.kill('SIGINT')
    expect(await server.exited).toBe(1)
    expect(server.log()).toContain(INSISTED)
  })

  test('saves on Ctrl-C once it can again', async () => {
    const server = await unableToSave()
    server.kill('SIGINT')
    await server.waitForLog('to exit now without saving the DB.')
    rmdirSync(join(server.dir, 'dump.rdb'))
    expect(await ask(server.port, 'SAVE')).toBe('OK')
    await ask(server.port, 'SET', 'a', 'c')
    server.kill('SIGINT')
    expect(await server.exited).toBe(0)
    expect(server.log()).not.toContain(INSISTED)
  })

  test('takes no Ctrl-C for insisting after SHUTDOWN has failed or a signal was taken back', async () => {
    const server = await startRedisTs(['--save', '10000 10000', '--enable-debug-command', 'yes'])
    const file = join(server.dir, 'dump.rdb')
    mkdirSync(file)
    expect(await ask(server.port, 'SHUTDOWN')).toBe('ERR Errors trying to SHUTDOWN. Check logs.')
    rmdirSync(file)
    expect(await ask(server.port, 'DEBUG', 'PAUSE-CRON', '1')).toBe('OK')
    server.kill('SIGINT')
    await server.waitForLog('Received SIGINT scheduling shutdown...')
    expect(await ask(server.port, 'SHUTDOWN', 'ABORT')).toBe('OK')
    expect(await ask(server.port, 'DEBUG', 'PAUSE-CRON', '0')).toBe('OK')
    server.kill('SIGINT')
    expect(await server.exited).toBe(0)
    expect(server.log()).not.toContain(INSISTED)
  })
})

describe('the last save, while it is under way,', () => {
  /** A server that begins to go down, which takes it ten seconds. */
  async function goingDown() {
    const server = await startRedisTs(['--save', '10000 10000', '--enable-debug-command', 'yes'])
    await ask(server.port, 'DEBUG', 'POPULATE', '100')
    const socket = await dial(server.port)
    await ask(server.port, 'CONFIG', 'SET', 'rdb-key-save-delay', '100000')
    server.kill('SIGINT')
    await server.waitForLog('* Saving the final RDB snapshot before exiting.')
    return { server, socket }
  }

  test('ends at a second Ctrl-C, and leaves no file', async () => {
    const { server } = await goingDown()
    await until(
      async () => readdirSync(server.dir).join(),
      names => /^temp-\d+\.rdb$/.test(names),
    )
    server.kill('SIGINT')
    expect(await server.exited).toBe(1)
    expect(server.log()).toContain('You insist... exiting now.')
    expect(readdirSync(server.dir)).toEqual([])
  })

  test('has nobody be told that something was done which is not in the file', async () => {
    const { server, socket } = await goingDown()
    const reply = everything(socket)
    socket.write(resp('SET', 'a', 'b') + resp('PING'))
    server.kill('SIGTERM')
    await server.waitForLog('Received SIGTERM scheduling shutdown...')
    server.kill('SIGINT')
    expect((await reply).length).toBe(0)
    expect(await server.exited).toBe(1)
  })
})
