/** Whatever random requests have made of the data: a server that runs the commands of a base file holds the same. */
import { expect, test } from 'vitest'
import { RawClient, type RawReply, texts } from '../../commands/raw-client.js'
import { randomRequest } from '../../differential/commands.js'
import { Random } from '../../differential/random.js'
import { Session } from '../../differential/session.js'
import { askText } from '../../interop/polling.js'
import { startRedisTs } from '../../interop/stock.js'
import { commandsOf, execute, keyspaceOf } from './rewriting.js'

const SEED = Number(process.env.REWRITE_SEED ?? 1)
const ROUNDS = Number(process.env.REWRITE_ROUNDS ?? 15)
const REQUESTS = 2000
const ARGS = [
  ...['--save', ''],
  ...['--enable-debug-command', 'yes'],
  ...['--proto-max-bulk-len', '1mb'],
  ...['--list-max-listpack-size', '16', '--list-compress-depth', '1'],
  ...['--stream-node-max-entries', '10'],
]
const DATABASES = Array.from({ length: 16 }, (_, i) => String(i))

/** Takes away what would go while the test looks. */
async function persistAll(client: RawClient): Promise<void> {
  for (const db of DATABASES) {
    await client.call('SELECT', db)
    for (const key of texts(await client.call('KEYS', '*'))) await client.call('PERSIST', key)
  }
}

/** Without the numbers of consumers and of pending entries: no command makes those of entries that have been deleted. */
function factsOfGroup(group: RawReply): string[] {
  return texts(group).filter((_, i) => i < 2 || i > 5)
}

/** What XINFO STREAM says of all streams, but for how they are stored. */
async function streamsOf(client: RawClient): Promise<string[]> {
  const found: string[] = []
  for (const db of DATABASES) {
    await client.call('SELECT', db)
    for (const key of texts(await client.call('KEYS', '*'))) {
      if ((await client.call('TYPE', key)).text !== 'stream') continue
      const { elements } = await client.call('XINFO', 'STREAM', key)
      const facts = elements?.filter((_, i) => ![3, 5].includes(i))
      const groups = await client.call('XINFO', 'GROUPS', key)
      found.push(JSON.stringify([db, key, facts, groups.elements?.map(factsOfGroup)]))
    }
  }
  return found.sort()
}

test('random data', async () => {
  const [server, other] = await Promise.all([startRedisTs(ARGS), startRedisTs(ARGS)])
  const [client, reader] = await Promise.all([server, other].map(({ port }) => RawClient.connect(port)))
  let streams = 0
  for (let round = 0; round < ROUNDS; round++) {
    const random = new Random(SEED * 1000 + round)
    await client.call('FLUSHALL')
    await reader.call('FLUSHALL')
    const session = await Session.connect(server.port)
    for (let sent = 0; sent < REQUESTS; sent += 100) {
      await session.batch(Array.from({ length: 100 }, () => randomRequest(random)))
    }
    session.close()
    await persistAll(client)
    const { keyspace } = await keyspaceOf(server)
    expect(await execute(other.port, await commandsOf(keyspace))).toEqual([])
    const digests = await Promise.all([server, other].map(({ port }) => askText(port, 'DEBUG', 'DIGEST')))
    expect(digests[1], `seed ${SEED}, round ${round}`).toBe(digests[0])
    const expected = await streamsOf(client)
    expect(await streamsOf(reader), `seed ${SEED}, round ${round}`).toEqual(expected)
    streams += expected.length
  }
  expect(streams).toBeGreaterThan(0)
  client.close()
  reader.close()
  await Promise.all([server.stop(), other.stop()])
}, 120_000)
