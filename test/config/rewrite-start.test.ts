import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RawClient, type RawReply, texts } from '../commands/raw-client.js'
import { REDIS_TS, type RunningServer, startProgram, startRedisTs, tempDir } from '../interop/stock.js'

/** The server that a config file alone makes. */
function startWith(file: string) {
  return startProgram(REDIS_TS, [file], { name: file, ready: 'Ready to accept connections' })
}

async function call(server: Pick<RunningServer, 'port'>, ...commands: string[][]): Promise<RawReply[]> {
  const client = await RawClient.connect(server.port)
  try {
    return await client.pipeline(commands)
  } finally {
    client.close()
  }
}

const STATE = [
  ['CONFIG', 'GET', '*'],
  ['ACL', 'LIST'],
]

test('a server starts with the file that CONFIG REWRITE has written, and is as it was', async () => {
  const dir = tempDir()
  mkdirSync(join(dir, 'data'))
  writeFileSync(join(dir, 'data', 'more.conf'), 'port 1\nsave 100 1\ninclude users.conf\ntimeout 7\n')
  writeFileSync(
    join(dir, 'data', 'users.conf'),
    'user alice on >secret ~a* +@read\nuser default on nopass ~* &* +@all\n',
  )
  const config = `dir ${join(dir, 'data')}\nrename-command KEYS ""\nenable-protected-configs yes\ninclude more.conf\nuser bob off\n`
  const server = await startRedisTs(['--save', '5 6', '--user', 'carol', 'on'], { dir, config })
  const changes = await call(
    server,
    ['ACL', 'SETUSER', 'bob', 'on', '~"x"', '+get'],
    ['CONFIG', 'SET', 'timeout', '0', 'masterauth', 'a"b\\\n\x01\xff', 'dir', dir],
    ['REPLICAOF', 'h\nport 3', '1'],
    ['CONFIG', 'REWRITE'],
  )
  expect(changes.map(({ text }) => text)).toEqual(['OK', 'OK', 'OK', 'OK'])
  const before = await call(server, ...STATE)
  await server.stop()

  const file = join(dir, 'redis.conf')
  const again = await startWith(file)
  const after = await call(server, ...STATE)
  const withoutCarol = (reply: RawReply): string[] => texts(reply).filter(line => !line.startsWith('user carol '))
  expect(texts(after[0])).toEqual(texts(before[0]))
  expect(withoutCarol(after[1])).toEqual(withoutCarol(before[1]))
  expect(texts(after[1])).toHaveLength(3)
  await again.stop()

  // What was said on the command line is said there again.
  const third = await startRedisTs(['--user', 'carol', 'on'], {
    dir,
    config: readFileSync(file, 'latin1'),
    port: server.port,
  })
  expect(texts((await call(third, STATE[1]))[0])).toEqual(texts(before[1]))
})

test('CONFIG REWRITE says why it leaves the file alone, to the client and in the log', async () => {
  const dir = tempDir()
  const users = join(dir, 'users.conf')
  writeFileSync(users, 'user alice on\n')
  const config = `include ${users}\n`
  const server = await startRedisTs(['--save', ''], { dir, config })
  const reason = `user 'alice' is gone but declared in ${users}, line 1, which CONFIG REWRITE does not write: change it there`
  const replies = await call(
    server,
    ['ACL', 'DELUSER', 'alice'],
    ['CONFIG', 'REWRITE'],
    ['ACL', 'SETUSER', 'alice', 'on'],
    ['CONFIG', 'REWRITE'],
  )
  expect(replies[1].text).toBe(`ERR Rewriting config file: ${reason}`)
  expect(replies[3].text).toBe('OK')
  expect(await server.waitForLog('CONFIG REWRITE failed')).toContain(`CONFIG REWRITE failed: ${reason}`)
  expect(readFileSync(join(dir, 'redis.conf'), 'latin1')).not.toContain('user alice')
})
