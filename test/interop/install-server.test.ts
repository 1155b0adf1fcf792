import { execFile } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, REDIS_TS, tempDir } from './stock.js'

const INSTALLER = join(process.cwd(), 'bin', 'install-server')
/** Set INSTALL_EXECUTABLE to try the installer with another server. */
const EXECUTABLE = process.env.INSTALL_EXECUTABLE ?? REDIS_TS
const PASSWORD = 'mypassword'

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

interface RunOptions {
  input?: string
  env?: Record<string, string>
  uid?: number
}

function run(file: string, args: string[], { input = '', env = {}, uid }: RunOptions = {}): Promise<Outcome> {
  return new Promise(resolve => {
    const options = { env: { ...process.env, ...env }, ...(uid === undefined ? {} : { uid }) }
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr })
    })
    // A script that ends before it has read its input closes the pipe: that is its right.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

/** Where one instance of a test goes, and the answers that put it there. */
class Instance {
  readonly root = tempDir()
  readonly config = join(this.root, 'etc', 'redis', 'instance.conf')
  readonly log = join(this.root, 'log', 'redis.log')
  readonly data = join(this.root, "data of 'this' instance")
  readonly pidfile = join(this.root, 'redis.pid')
  readonly initDir = join(this.root, 'init.d')
  readonly port: number

  constructor(port: number) {
    this.port = port
    instances.push(this)
  }

  get script(): string {
    return join(this.initDir, `redis_${this.port}`)
  }

  get pid(): number {
    return Number(readFileSync(this.pidfile, 'utf8'))
  }

  /** Options for what is never asked, so that nothing outside the temporary directory is touched. */
  get apart(): string[] {
    return ['--pid', this.pidfile, '--init-dir', this.initDir]
  }

  get options(): string[] {
    const told = ['--port', String(this.port), '--config', this.config, '--log', this.log, '--data', this.data]
    return [...told, '--executable', EXECUTABLE, ...this.apart]
  }

  install(args: string[] = [], options: RunOptions = {}): Promise<Outcome> {
    return run(INSTALLER, [...this.options, ...args], options)
  }

  service(action: string): Promise<Outcome> {
    return run(this.script, [action])
  }

  /** Sends inline commands on a new connection and gives the reply lines. */
  talk(...commands: string[]): Promise<string[]> {
    return new Promise((resolve, reject) => {
      let text = ''
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${commands.join('\r\n')}\r\nQUIT\r\n`))
      socket.setEncoding('utf8').on('data', data => {
        text += data
      })
      socket.on('error', reject).on('close', () => resolve(text.split('\r\n').slice(0, -1)))
    })
  }
}

const instances: Instance[] = []
const instance = async () => new Instance(await freePort())

afterAll(async () => {
  await Promise.all(instances.filter(each => existsSync(each.script)).map(each => each.service('stop')))
})

describe('install-server with every answer told', () => {
  let it: Instance
  beforeAll(async () => {
    it = await instance()
    // No input at all: a question would make it fail.
    const outcome = await it.install(['--no-start'])
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    expect(outcome.stdout).toContain('Installation successful!')
    expect(outcome.stdout).not.toContain('Is this ok?')
  })

  test('writes a config file that only its owner may change', () => {
    const lines = readFileSync(it.config, 'utf8').split('\n')
    expect(lines).toContain(`port ${it.port}`)
    expect(lines).toContain('daemonize yes')
    expect(lines).toContain(`pidfile "${it.pidfile}"`)
    expect(lines).toContain(`logfile "${it.log}"`)
    expect(lines).toContain(`dir "${it.data}"`)
    expect(statSync(it.config).mode & 0o777).toBe(0o640)
  })

  test('writes an executable init script with an LSB header', () => {
    const text = readFileSync(it.script, 'utf8')
    expect(text).toMatch(
      /### BEGIN INIT INFO\n# Provides: +redis_\d+\n[\s\S]*# Default-Start: +2 3 4 5\n[\s\S]*### END INIT INFO\n/,
    )
    expect(statSync(it.script).mode & 0o777).toBe(0o755)
  })

  test('makes the data directory and leaves no temporary file', () => {
    expect(statSync(it.data).isDirectory()).toBe(true)
    expect(readdirSync(it.initDir)).toEqual([`redis_${it.port}`])
    expect(readdirSync(join(it.root, 'etc', 'redis'))).toEqual(['instance.conf'])
  })

  test('does not start the server under --no-start', async () => {
    expect(await it.service('status')).toMatchObject({ code: 3, stdout: `redis_${it.port} is not running\n` })
  })
})

describe('the init script of a server with a password', () => {
  let it: Instance
  beforeAll(async () => {
    it = await instance()
    await it.install(['--no-start'])
    appendFileSync(it.config, `requirepass ${PASSWORD}\n`)
    expect(await it.service('start')).toMatchObject({ code: 0, stderr: '' })
  })

  test('the process is named in the pid file and titled after the server and its port', async () => {
    const title = readFileSync(`/proc/${it.pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trimEnd()
    expect(title).toMatch(new RegExp(`redis-\\w+ \\*:${it.port}$`))
    expect(await it.service('status')).toMatchObject({
      code: 0,
      stdout: `redis_${it.port} is running (pid ${it.pid})\n`,
    })
  })

  test('start says when it already runs', async () => {
    const before = it.pid
    expect((await it.service('start')).stdout).toBe(`redis_${it.port} is already running (pid ${before})\n`)
    expect(it.pid).toBe(before)
  })

  test('stop needs no password, and what was written is saved', async () => {
    const [, set] = await it.talk(`AUTH ${PASSWORD}`, 'SET replication_test good')
    expect(set).toBe('+OK')
    expect((await it.talk('GET replication_test'))[0]).toBe('-NOAUTH Authentication required.')
    const { pid } = it
    expect(await it.service('stop')).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(`/proc/${pid}/fd/0`)).toBe(false)
    expect(existsSync(it.pidfile)).toBe(false)
    expect((await it.service('status')).code).toBe(3)

    await it.service('start')
    expect(await it.talk(`AUTH ${PASSWORD}`, 'GET replication_test')).toEqual(['+OK', '$4', 'good', '+OK'])
  })

  test('restart gives a new process with the same data', async () => {
    const before = it.pid
    const outcome = await it.service('restart')
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    expect(it.pid).not.toBe(before)
    expect((await it.talk(`AUTH ${PASSWORD}`, 'GET replication_test'))[2]).toBe('good')
  })

  test('stop of a stopped server is a success', async () => {
    await it.service('stop')
    expect(await it.service('stop')).toMatchObject({ code: 0, stdout: `redis_${it.port} is not running\n` })
  })

  test('a pid file left behind that names another process harms nobody', async () => {
    writeFileSync(it.pidfile, `${process.pid}\n`)
    expect(await it.service('status')).toMatchObject({ code: 1 })
    // This very process would get the SIGTERM.
    expect(await it.service('stop')).toMatchObject({ code: 0, stdout: `redis_${it.port} is not running\n` })
    expect(existsSync(it.pidfile)).toBe(false)

    writeFileSync(it.pidfile, `${process.pid}\n`)
    const outcome = await it.service('start')
    expect(outcome.code).toBe(0)
    expect(outcome.stdout).toContain(`Removing the stale pid file ${it.pidfile}`)
    expect(it.pid).not.toBe(process.pid)
  })

  test('a server killed with SIGKILL is seen as dead and starts again', async () => {
    process.kill(it.pid, 'SIGKILL')
    while ((await it.service('status')).code === 0);
    expect((await it.service('status')).stdout).toContain(`left ${it.pidfile} behind`)
    expect((await it.service('start')).code).toBe(0)
    expect((await it.service('stop')).code).toBe(0)
  })

  test('start fails, with the end of the log, when the port is taken', async () => {
    const other = createServer()
    await new Promise<void>(resolve => other.listen(it.port, resolve))
    try {
      const outcome = await it.service('start')
      expect(outcome.code).toBe(1)
      expect(outcome.stderr).toContain(`redis_${it.port} did not start; the end of ${it.log}:`)
      expect(outcome.stderr).toMatch(/Address already in use/i)
    } finally {
      await new Promise(resolve => other.close(resolve))
    }
  })

  test('an edited config cannot hide the server from its script', async () => {
    const edited = readFileSync(it.config, 'utf8')
      .replace('daemonize yes', 'daemonize no')
      .replace(/pidfile .*\n/, '')
    writeFileSync(it.config, edited)
    expect((await it.service('start')).code).toBe(0)
    expect((await it.service('stop')).stdout).toContain(`redis_${it.port} stopped`)
  })

  test('an unknown action is a usage error', async () => {
    expect(await it.service('reload')).toMatchObject({ code: 2 })
  })
})

describe('install-server asks', () => {
  const answers = (it: Instance) => [it.port, it.config, it.log, it.data, EXECUTABLE]

  test('five questions, shows the choices, asks for consent, installs and starts', async () => {
    const it = await instance()
    const outcome = await run(INSTALLER, it.apart, { input: `${answers(it).join('\n')}\n\n` })
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    const asked = [
      'Please select the port for this instance: [6379]',
      `Please select the config file name [/etc/redis/${it.port}.conf]`,
      `Please select the log file name [/var/log/redis_${it.port}.log]`,
      `Please select the data directory for this instance [/var/lib/redis/${it.port}]`,
      `Please select the executable path [${REDIS_TS}]`,
      `Data dir       : ${it.data}`,
      'Is this ok? Then press ENTER to go on or Ctrl-C to abort.',
      `redis_${it.port} is running (pid ${it.pid})`,
      'Installation successful!',
    ]
    const found = asked.map(text => outcome.stdout.indexOf(text))
    expect(found).not.toContain(-1)
    expect(found).toEqual([...found].sort((a, b) => a - b))
    expect(await it.talk('PING')).toEqual(['+PONG', '+OK'])
    expect(await it.service('stop')).toMatchObject({ code: 0 })
  })

  test('again when an answer is no port', async () => {
    const it = await instance()
    const input = `seven\n70000\n${answers(it).join('\n')}\n\n`
    const { code, stdout } = await run(INSTALLER, [...it.apart, '--no-start'], { input })
    expect(code).toBe(0)
    expect(stdout).toContain("Sorry: 'seven' is not a port: expected a number from 1 to 65535.")
    expect(stdout).toContain("Sorry: '70000' is not a port")
    expect(existsSync(it.script)).toBe(true)
  })

  test('only for what is not told; an empty answer is the default', async () => {
    const it = await instance()
    const told = ['--port', String(it.port), '--config', it.config, '--log', it.log, '--data', it.data, ...it.apart]
    const { code, stdout } = await run(INSTALLER, [...told, '--no-start'], { input: '\n\n' })
    expect(code).toBe(0)
    expect(stdout).not.toContain('Please select the port')
    expect(stdout).toContain(`Selected default: ${REDIS_TS}`)
    expect(readFileSync(it.script, 'utf8')).toContain(`EXEC='${REDIS_TS}'`)
  })

  test.each([
    ['the answer is no', 'n\n'],
    ['the input ends', ''],
  ])('and changes nothing when %s', async (_, last) => {
    const it = await instance()
    const { code, stderr } = await run(INSTALLER, it.apart, { input: `${answers(it).join('\n')}\n${last}` })
    expect(code).toBe(1)
    expect(stderr).toContain('Aborting!')
    expect(readdirSync(it.root)).toEqual([])
  })
})

describe('install-server, told in other ways', () => {
  test('environment variables tell every answer', async () => {
    const it = await instance()
    const env = {
      REDIS_PORT: String(it.port),
      REDIS_CONFIG_FILE: it.config,
      REDIS_LOG_FILE: it.log,
      REDIS_DATA_DIR: it.data,
      REDIS_EXECUTABLE: EXECUTABLE,
      REDIS_PID_FILE: it.pidfile,
      REDIS_INIT_DIR: it.initDir,
    }
    expect(await run(INSTALLER, ['--no-start'], { env })).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(it.script)).toBe(true)
  })

  test('--yes takes the defaults for the rest, and an option beats its variable', async () => {
    const it = await instance()
    const args = ['--yes', `--port=${it.port}`, '--config', it.config, '--log', it.log, '--data', it.data, ...it.apart]
    const { code, stdout } = await run(INSTALLER, [...args, '--no-start'], { env: { REDIS_PORT: '1' } })
    expect(code).toBe(0)
    expect(stdout).toContain(`Port           : ${it.port}\n`)
    expect(stdout).toContain(`Executable     : ${REDIS_TS}\n`)
  })

  test('--help names every option and variable', async () => {
    const { code, stdout } = await run(INSTALLER, ['--help'])
    expect(code).toBe(0)
    for (const name of [
      'port',
      'config',
      'log',
      'data',
      'executable',
      'yes',
      'no-start',
      'no-enable',
      'init-dir',
      'force',
    ]) {
      expect(stdout).toContain(`--${name}`)
    }
    for (const name of ['PORT', 'CONFIG_FILE', 'LOG_FILE', 'DATA_DIR', 'EXECUTABLE'])
      expect(stdout).toContain(`REDIS_${name}`)
  })
})

describe('install-server refuses', () => {
  test.each([
    ['a port out of range', ['--port', '65536'], "'65536' is not a port"],
    ['port 0', ['--port', '0'], "'0' is not a port"],
    ['a port that is no number', ['--port', '70x'], "'70x' is not a port"],
    ['a missing executable', ['--executable', '/no/such/redis-ts'], '/no/such/redis-ts is not an executable file'],
    ['a log file that is a directory', ['--log', '/'], '/ is a directory'],
    ['a data directory below a file', ['--data', '/etc/passwd/data'], '/etc/passwd is not a directory'],
    ['an option without its value', ['--port'], '--port needs a value'],
    ['an unknown option', ['--prot', '7000'], "unknown option '--prot'"],
  ])('%s, and writes nothing', async (_, args, problem) => {
    const it = await instance()
    const { code, stderr } = await it.install(args)
    expect(code).toBeGreaterThan(0)
    expect(stderr).toContain(problem)
    expect(readdirSync(it.root)).toEqual([])
  })

  test('an existing config, unless --force replaces it and keeps the old one', async () => {
    const it = await instance()
    await it.install(['--no-start'])
    writeFileSync(it.config, 'requirepass precious\n')
    const refused = await it.install(['--no-start'])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`${it.config} exists already (--force replaces it)`)
    expect(readFileSync(it.config, 'utf8')).toBe('requirepass precious\n')

    expect((await it.install(['--no-start', '--force'])).code).toBe(0)
    expect(readFileSync(it.config, 'utf8')).toContain(`port ${it.port}`)
    expect(readFileSync(`${it.config}.old`, 'utf8')).toBe('requirepass precious\n')
  })

  test('directories that are not writable, to anyone but root', async () => {
    const it = await instance()
    // Where it can be read by any user: the checkout may lie in a closed directory.
    const installer = join(it.root, 'install-server')
    copyFileSync(INSTALLER, installer)
    chmodSync(it.root, 0o755)
    const nobody = process.getuid?.() === 0 ? { uid: 65534 } : {}
    const args = ['--yes', '--port', String(it.port), '--executable', '/bin/sh', '--config', '/etc/no-such/7000.conf']
    const { code, stderr } = await run(installer, args, nobody)
    expect(code).toBe(1)
    expect(stderr).toContain('you must run this script as root: /etc is not writable')
  })
})
