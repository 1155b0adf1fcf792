/** redis-cli as a replica: --replica, --rdb, --functions-rdb print the same as against stock Redis, and bring what they should. */
import { execFile, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ask, askText, info, until } from './polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs, tempDir } from './stock.js'
import { fill, Traffic } from './traffic.js'

const BASE = ['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0']
const SMALL = [
  ['SET', 'a', 'b'],
  ['HSET', 'h', 'f', 'v'],
  ['SELECT', '3'],
  ['SET', 'c', 'd'],
]

interface Output {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

function run(command: string, ...args: string[]): Promise<Output> {
  return new Promise(resolve => {
    execFile(command, args, { encoding: 'buffer' }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr: stderr.toString() })
    })
  })
}

function redisCli({ port }: RunningServer, ...args: string[]): Promise<Output> {
  return run('redis-cli', '-p', String(port), ...args)
}

/** What was printed, but for names and numbers that differ. */
function words(text: string, file = 'no file'): string {
  return text
    .replaceAll(file, 'FILE')
    .replace(/\d+ bytes/g, 'N bytes')
    .replace(/[0-9a-f]{40}/g, 'ID')
}

async function expectValid(rdb: Buffer): Promise<void> {
  const file = join(tempDir(), 'copy.rdb')
  writeFileSync(file, rdb)
  expect((await run('redis-check-rdb', file)).stdout.toString()).toContain('RDB looks OK')
}

const needsStock = requireStock('redis-cli', 'redis-server', 'redis-check-rdb')

describe.concurrent.each(['yes', 'no'])('with repl-diskless-sync %s', needsStock, diskless => {
  function startBoth(): Promise<RunningServer[]> {
    const args = [...BASE, '--repl-diskless-sync', diskless]
    return Promise.all([startRedisTs(args), startRedisServer(args)])
  }

  test('--rdb and --functions-rdb, to a file and to the standard output', async () => {
    const pair = await startBoth()
    for (const { port } of pair) await fill(port, SMALL)
    for (const option of ['--rdb', '--functions-rdb']) {
      const [mine, theirs] = await Promise.all(
        pair.map(async server => {
          const file = join(tempDir(), 'copy.rdb')
          const toFile = await redisCli(server, option, file)
          const piped = await redisCli(server, option, '-')
          await expectValid(readFileSync(file))
          await expectValid(piped.stdout)
          const printed = [words(toFile.stdout + toFile.stderr, file), words(piped.stderr)]
          return { printed, codes: [toFile.code, piped.code], file: readFileSync(file) }
        }),
      )
      expect({ printed: mine.printed, codes: mine.codes }).toEqual({ printed: theirs.printed, codes: theirs.codes })
      const dir = tempDir()
      writeFileSync(join(dir, 'dump.rdb'), mine.file)
      const loaded = await startRedisServer(BASE, { dir })
      const wanted = option === '--rdb' ? await askText(pair[0].port, 'DEBUG', 'DIGEST') : '0'.repeat(40)
      expect(await askText(loaded.port, 'DEBUG', 'DIGEST')).toBe(wanted)
    }
    await until('the guests have left', async () => (await info(pair[0].port)).get('connected_slaves') === '0')
  })

  test('--replica shows what is written', async () => {
    const shown = await Promise.all(
      (await startBoth()).map(async server => {
        const { port } = server
        await fill(port, SMALL)
        const replica = spawn('redis-cli', ['-p', String(port), '--replica'])
        let text = ''
        for (const stream of [replica.stdout, replica.stderr]) {
          stream.on('data', data => {
            text += data
          })
        }
        try {
          await until('it is online', async () => (await info(port)).get('slave0')?.includes('online') === true)
          await fill(port, [
            ['SELECT', '5'],
            // Where a transaction begins with another database, Redis 7.2 has SELECT behind MULTI, and 7.0 before.
            ['SET', 'first', 'x'],
            ['MULTI'],
            ['SET', 'k', 'v'],
            ['INCR', 'n'],
            ['EXEC'],
            ['SET', 'big', 'x'.repeat(10_000)],
            ['DEL', 'k'],
          ])
          await until('it shows the last one', async () => text.includes('"DEL","k"'))
        } finally {
          replica.kill()
        }
        return words(text)
      }),
    )
    expect(shown[0]).toBe(shown[1])
  })
})

test.concurrent('--rdb under writes brings a file that stock Redis loads', needsStock, async () => {
  const master = await startRedisTs(BASE)
  await ask(master.port, 'DEBUG', 'POPULATE', '20000', 'key', '100')
  const traffic = new Traffic(master.port)
  await until('writes are under way', async () => traffic.batches > 2)
  const dir = tempDir()
  expect((await redisCli(master, '--rdb', join(dir, 'dump.rdb'))).code).toBe(0)
  await traffic.stop()
  await expectValid(readFileSync(join(dir, 'dump.rdb')))
  const loaded = await startRedisServer(BASE, { dir })
  expect(Number(await askText(loaded.port, 'DBSIZE'))).toBeGreaterThan(20_000)
})

test.concurrent('--replica never acknowledges, and is kept all the same', needsStock, async () => {
  const master = await startRedisTs([...BASE, '--repl-timeout', '1'])
  const replica = spawn('redis-cli', ['-p', String(master.port), '--replica'])
  try {
    const lag = async (): Promise<number> =>
      Number(/state=online,.*lag=(\d+)/.exec((await info(master.port)).get('slave0') ?? '')?.[1])
    await until('it has said nothing for longer than repl-timeout', async () => (await lag()) >= 3)
  } finally {
    replica.kill()
  }
})
