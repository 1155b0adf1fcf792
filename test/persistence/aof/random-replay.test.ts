/** Whatever random requests have made of the data, the commands in the file make it again: here, and in redis-server. */
import { cpSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RawClient, texts } from '../../commands/raw-client.js'
import { randomRequest } from '../../differential/commands.js'
import { Random } from '../../differential/random.js'
import { Session } from '../../differential/session.js'
import { askText } from '../../interop/polling.js'
import { hasStock, startRedisServer, startRedisTs, tempDir } from '../../interop/stock.js'

const SEED = Number(process.env.REPLAY_SEED ?? 1)
const ROUNDS = Number(process.env.REPLAY_ROUNDS ?? 8)
const REQUESTS = 4000
const SESSIONS = 3
const BATCH = 50
const ARGS = [
  ...['--save', ''],
  ...['--appendonly', 'yes', '--appendfsync', 'no', '--auto-aof-rewrite-percentage', '0'],
  ...['--enable-debug-command', 'yes'],
  ...['--proto-max-bulk-len', '1mb'],
  ...['--list-max-listpack-size', '16'],
  ...['--stream-node-max-entries', '10'],
]
const DATABASES = Array.from({ length: 16 }, (_, i) => String(i))

/** But for HyperLogLogs: whether one is sparse follows from hll-sparse-max-bytes, which some of the requests change. */
function request(random: Random): string[] {
  for (;;) {
    const made = randomRequest(random)
    if (!/^pf/i.test(made[0] ?? '')) return made
  }
}

/** Takes away what would go while the test looks. */
async function persistAll(client: RawClient): Promise<void> {
  for (const db of DATABASES) {
    await client.call('SELECT', db)
    for (const key of texts(await client.call('KEYS', '*'))) await client.call('PERSIST', key)
  }
}

test('random requests of several clients at once', async () => {
  const server = await startRedisTs(ARGS)
  const client = await RawClient.connect(server.port)
  for (let round = 0; round < ROUNDS; round++) {
    const random = new Random(SEED * 1000 + round)
    await client.call('FLUSHALL')
    const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => Session.connect(server.port)))
    for (let sent = 0; sent < REQUESTS; sent += BATCH * SESSIONS) {
      await Promise.all(sessions.map(session => session.batch(Array.from({ length: BATCH }, () => request(random)))))
    }
    for (const session of sessions) session.close()
    await persistAll(client)
    const before = await askText(server.port, 'DEBUG', 'DIGEST')
    expect(await askText(server.port, 'DEBUG', 'LOADAOF')).toBe('OK')
    expect(await askText(server.port, 'DEBUG', 'DIGEST'), `seed ${SEED}, round ${round}`).toBe(before)
  }
  expect(server.log()).not.toContain('== CRITICAL ==')
  const wanted = await askText(server.port, 'DEBUG', 'DIGEST')
  client.close()
  await server.stop()
  if (!hasStock('redis-server')) return
  const dir = tempDir()
  cpSync(server.dir, dir, { recursive: true })
  const stock = await startRedisServer(ARGS, { dir })
  expect(await askText(stock.port, 'DEBUG', 'DIGEST')).toBe(wanted)
  await stock.stop()
}, 120_000)
