import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { RawClient, texts } from '../commands/raw-client.js'
import { generators } from '../differential/arguments.js'
import { randomRequest } from '../differential/commands.js'
import { Random } from '../differential/random.js'
import { Session } from '../differential/session.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'
import { exchange, resp } from './wire.js'

/** How many requests are sent in all; of these, so many break the protocol, each on a connection of its own. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 1_000_000)
const MALFORMED = Math.floor(REQUESTS / 100)
const SEED = Number(process.env.FUZZ_SEED ?? 20_260_000)
const SESSIONS = 4
const BATCH = 250
/** Databases that the requests use are emptied so often (in batches), so that what grows is not the data. */
const FLUSH_EVERY = 100
const CONNECTIONS_AT_ONCE = 16
const MAX_GROWTH_BYTES = 96 * 1024 * 1024

/** Nothing here selects this database. */
const SAFE_DATABASE = '9'
const USED_DATABASES = ['0', '1', '2', '3', '7', '10', '15']
/**
 * Left out where arguments are random: they end the server or the connection, wait, take replies away, make as large a reply as their number says, change who may do
 * what or write files. The differential and the command tests have them with arguments of their own.
 */
const LEFT_OUT =
  /^(shutdown|debug|flushall|replicaof|slaveof|failover|sync|psync|replconf|monitor|.*subscribe|client|config|acl|auth|hello|quit|reset|migrate|swapdb|select|move|wait|waitaof|b[lrz](?:m?pop|move|poplpush|popmin|popmax).*|[hsz]rand.*|save|bgsave|bgrewriteaof|latency|multi)$/

let server: RunningServer

beforeAll(async () => {
  // A small limit, so that SETRANGE and SETBIT cannot ask for much.
  server = await startRedisTs(['--save', '', '--proto-max-bulk-len', '1mb'])
})

function residentBytes(): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, 'latin1'))?.[1]) * 1024
}

/** Data that must not change, in the database that nothing selects. */
function canaries(): string[][] {
  const commands = [['SELECT', SAFE_DATABASE]]
  for (let i = 0; i < 1000; i++) commands.push(['SET', `key:${i}`, `value ${i} `.repeat(1 + (i % 30))])
  for (let i = 0; i < 200; i++)
    commands.push(['HSET', `hash:${i}`, ...Array.from({ length: 2 + (i % 300) * 2 }, (_, n) => `f${n}`)])
  return commands
}

async function canaryText(client: RawClient): Promise<string> {
  await client.call('SELECT', SAFE_DATABASE)
  const keys = texts(await client.call('KEYS', '*')).sort()
  const values = await client.pipeline(
    keys.map(key => (key.startsWith('hash') ? ['HMGET', key, 'f0', 'f2', 'f100'] : ['GET', key])),
  )
  return JSON.stringify([keys, values])
}

/** Well-formed, of any command with arguments that fit or do not. */
function anyRequest(random: Random, names: readonly string[]): string[] {
  if (random.chance(0.6)) return randomRequest(random)
  const count = random.below(random.chance(0.02) ? 300 : 7)
  return [
    random.pick(names),
    ...Array.from({ length: count }, () => generators[random.pick(['junk', 'key', 'hash', 'field', 'word'])](random)),
  ]
}

/** A request whose bytes have been damaged, or no request at all. */
function malformed(random: Random): Buffer {
  if (random.chance(0.2)) return Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)))
  const bytes = Buffer.from(resp(...randomRequest(random)) + resp('PING'), 'latin1')
  for (let n = 1 + random.below(4); n > 0; n--) bytes[random.below(Math.min(bytes.length, 40))] = random.below(256)
  return bytes.subarray(0, 1 + random.below(bytes.length))
}

describe('random requests', () => {
  test(`leave the server alive, its data as it was and its memory flat (seed ${SEED})`, async () => {
    const client = await RawClient.connect(server.port)
    await client.pipeline(canaries())
    const before = await canaryText(client)
    const names = texts(await client.call('COMMAND', 'LIST')).filter(
      name => !name.includes('|') && !LEFT_OUT.test(name),
    )
    expect(names.length).toBeGreaterThan(60)
    const flush = USED_DATABASES.flatMap(database => [['SELECT', database], ['FLUSHDB']])

    const half = Math.ceil((REQUESTS - MALFORMED) / 2 / SESSIONS / BATCH)
    const work = (seed: number) => async (): Promise<void> => {
      const random = new Random(seed)
      const session = await Session.connect(server.port)
      for (let batch = 0; batch < half; batch++) {
        await session.batch(Array.from({ length: BATCH }, () => anyRequest(random, names)))
        if (batch % FLUSH_EVERY === 0) await client.pipeline(flush)
      }
      session.close()
    }
    const sessions = (from: number): Promise<void>[] => Array.from({ length: SESSIONS }, (_, i) => work(from + i)())

    await Promise.all(sessions(SEED))
    await client.pipeline(flush)
    const resident = residentBytes()
    await Promise.all([...sessions(SEED + SESSIONS), sendMalformed(new Random(SEED))])
    await client.pipeline(flush)

    expect(await exchange(server.port, resp('PING'))).toBe('+PONG\r\n')
    expect(await canaryText(client)).toBe(before)
    expect(residentBytes() - resident).toBeLessThan(MAX_GROWTH_BYTES)
    client.close()
  }, 900_000)
})

/** Sends what is no request, a few connections at a time; each must be answered or closed. */
async function sendMalformed(random: Random): Promise<void> {
  let left = MALFORMED
  const next = async (): Promise<void> => {
    while (left-- > 0) await exchange(server.port, malformed(random))
  }
  await Promise.all(Array.from({ length: CONNECTIONS_AT_ONCE }, next))
}
