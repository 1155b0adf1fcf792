import { execFile, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { cli, type RunningServer, requireStock, startRedisTs, tempDir } from './stock.js'

let server: RunningServer

beforeAll(async () => {
  server = await startRedisTs(['--save', '', '--repl-diskless-sync-delay', '0'])
  const client = spawn('redis-cli', ['-p', String(server.port), '--pipe'])
  for (let i = 0; i < 2000; i++) client.stdin.write(`SET key:${i} ${'x'.repeat(1 + (i % 99))}\r\n`)
  client.stdin.write(`SET big ${'y'.repeat(50_000)}\r\nHSET hash a 1 b 2 c 3\r\nHSET small a 1\r\n`)
  client.stdin.end()
  await new Promise(resolve => client.once('close', resolve))
})

/** Runs redis-cli until it has printed what matches, or has ended; gives what it printed. */
function printed(pattern: RegExp, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('redis-cli', ['-p', String(server.port), ...args])
    let text = ''
    child.stdout.on('data', data => {
      text += data
      if (pattern.test(text)) child.kill()
    })
    child.once('close', () =>
      pattern.test(text) ? resolve(text) : reject(new Error(`not printed: ${pattern}\n${text}`)),
    )
  })
}

function run(command: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, (error, stdout, stderr) => (error ? reject(error) : resolve(stdout + stderr)))
  })
}

describe('redis-cli', requireStock('redis-cli', 'redis-benchmark', 'redis-check-rdb'), () => {
  test('--pipe has sent everything', async () => {
    expect(await cli(server.port, 'dbsize')).toBe('2003')
    const file = join(tempDir(), 'commands')
    await run('sh', '-c', `printf 'SET piped 1\\r\\nINCR piped\\r\\nNOSUCH\\r\\n' > ${file}`)
    expect(await run('sh', '-c', `redis-cli -p ${server.port} --pipe < ${file} || true`)).toContain(
      'errors: 1, replies: 3',
    )
    expect(await cli(server.port, 'getdel', 'piped')).toBe('2')
  })

  test('--scan lists keys by pattern', async () => {
    const keys = (await cli(server.port, '--scan', '--pattern', 'key:19*')).split('\n')
    expect(keys.sort()).toEqual(
      [...Array.from({ length: 2000 }, (_, i) => `key:${i}`)].filter(key => key.startsWith('key:19')).sort(),
    )
  })

  test('--bigkeys and --memkeys find the largest', async () => {
    const big = await cli(server.port, '--bigkeys')
    expect(big).toMatch(/Biggest string found '"big"' has 50000 bytes/)
    expect(big).toMatch(/Biggest +hash found '"hash"' has 3 fields/)
    expect(big).toContain('Sampled 2003 keys')
    expect(await cli(server.port, '--memkeys')).toMatch(/Biggest string found '"big"' has 5\d{4} bytes/)
  })

  test('--stat shows the number of keys line by line', async () => {
    // redis-cli writes to a pipe a few kilobytes at a time.
    expect(await printed(/\n2003 .*\n2003 /, '--stat', '-i', '0.002')).toMatch(/^-+ data -+ -+ load -+ - child -/)
  })

  test('--latency measures', async () => {
    expect(await cli(server.port, '--latency', '-i', '1')).toMatch(/^\d+ \d+ \d+\.\d+ \d+/)
  })

  test('MONITOR shows commands as they are run', async () => {
    // Lines come in blocks, as above: enough commands to fill one.
    const shown = printed(/"GET" "key:1"/, 'monitor')
    const client = spawn('redis-cli', ['-p', String(server.port), '-r', '-1', 'GET', 'key:1'])
    try {
      expect(await shown).toMatch(
        /^OK\n(\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "COMMAND" "DOCS"\n|\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "GET" "key:1"\n)+/,
      )
    } finally {
      client.kill()
    }
  })

  test('--rdb brings a file that redis-check-rdb finds valid', async () => {
    const file = join(tempDir(), 'copy.rdb')
    await cli(server.port, '--rdb', file)
    expect(statSync(file).size).toBeGreaterThan(30_000)
    expect(await run('redis-check-rdb', file)).toContain('RDB looks OK')
  })

  test('its help and hints come from COMMAND DOCS', async () => {
    expect(await cli(server.port, 'help', 'getex')).toMatch(/GETEX.*key.*PERSIST/)
  })

  test('redis-benchmark runs what there is', async () => {
    const tests = 'ping_inline,ping_mbulk,set,get,incr,hset,mset'
    const text = await run('redis-benchmark', '-p', String(server.port), '-n', '2000', '-P', '4', '-q', '-t', tests)
    for (const name of ['PING_INLINE', 'PING_MBULK', 'SET', 'GET', 'INCR', 'HSET', 'MSET \\(10 keys\\)']) {
      expect(text).toMatch(new RegExp(`${name}: \\d+\\.\\d+ requests per second`))
    }
    expect(text).not.toMatch(/error/i)
  })
})
