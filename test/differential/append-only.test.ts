/** Whatever random requests have made comes back from the append-only file: in redis-ts, and in redis-server. */
import { cpSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RawClient, type RawReply, texts } from '../commands/raw-client.js'
import { type RunningServer, startRedisServer, startRedisTs, tempDir } from '../interop/stock.js'
import { hasStock } from '../interop/stock-tools.js'
import { randomRequest } from './commands.js'
import { replyText } from './compare.js'
import { Random } from './random.js'
import { Session } from './session.js'

const REQUESTS = Number(process.env.DIFFERENTIAL_REQUESTS ?? 30_000)
const SEED = Number(process.env.DIFFERENTIAL_SEED ?? 20_260_000)
const ROUNDS = 6
const BATCH = 40
/** Keys that expire sooner may be gone on one side only. */
const SOON_MS = 60_000
const SHOWN = 10
const ARGUMENTS = ['--save', '', '--enable-debug-command', 'yes', '--proto-max-bulk-len', '1mb', '--appendonly', 'yes']

/** Of each key its digest, when it expires, and what groups a stream has. */
async function state(port: number): Promise<Map<string, string>> {
  const client = await RawClient.connect(port)
  const found = new Map<string, string>()
  for (const db of ['0', '1', '2', '15']) {
    await client.call('SELECT', db)
    for (const key of texts(await client.call('KEYS', '*'))) {
      const [expiry, type] = await client.pipeline([
        ['PEXPIRETIME', key],
        ['TYPE', key],
      ])
      if (Number(expiry.text) !== -1 && Number(expiry.text) < Date.now() + SOON_MS) continue
      const content = await contentOf(client, key, type.text)
      found.set(`${db} ${key}`, `${type.text} ${content} ${expiry.text}`)
    }
  }
  client.close()
  return found
}

async function contentOf(client: RawClient, key: string, type: string | null): Promise<string> {
  const [digest] = texts(await client.call('DEBUG', 'DIGEST-VALUE', key))
  if (type !== 'stream') return digest
  const request = ['XINFO', 'GROUPS', key]
  return `${digest}${shown(request, await client.call(...request))}`
}

/** A reply as one word, without what Redis 7.2 does not propagate: consumers that have got nothing, how much a group has read. */
function shown(request: string[], reply: RawReply): string {
  return replyText(request, reply)
    .replace(/\$"(consumers|entries-read|lag)" (:"-?\d+"|\$\(null\))/g, '')
    .replace(/\s/g, '')
}

function differences(before: Map<string, string>, after: Map<string, string>): string[] {
  const wrong: string[] = []
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [left, right] = [before.get(key), after.get(key)]
    if (left === right) continue
    // One that was to expire soon may be gone by now.
    const expiry = Number(/^\S+ \S+ (\d+) /.exec(left ?? right ?? '')?.[1] ?? 0)
    if ((left === undefined || right === undefined) && expiry > 0 && expiry < Date.now() + 2 * SOON_MS) continue
    wrong.push(`${JSON.stringify(key)}\n  before ${left}\n  after  ${right}`)
  }
  return wrong
}

/** Sends requests, with rewrites among them. */
async function play(port: number, random: Random, requests: number): Promise<void> {
  const sessions = [await Session.connect(port), await Session.connect(port)]
  for (let sent = 0; sent < requests; sent += BATCH) {
    const requests = Array.from({ length: BATCH }, () => randomRequest(random))
    // When sparse HyperLogLogs become dense is not in the file.
    const batch = requests.filter(([, , name]) => name?.toLowerCase() !== 'hll-sparse-max-bytes')
    if (random.chance(0.05)) batch.push(['CONFIG', 'SET', 'aof-use-rdb-preamble', random.pick(['yes', 'no'])])
    if (random.chance(0.05)) batch.push(['BGREWRITEAOF'])
    await random.pick(sessions).batch(batch)
  }
  for (const session of sessions) session.close()
}

async function killed(server: RunningServer): Promise<void> {
  const client = await RawClient.connect(server.port)
  const [, waited] = await client.pipeline([
    ['SET', 'last', 'x'],
    ['WAITAOF', '1', '0', '0'],
  ])
  expect(texts(waited)[0]).toBe('1')
  client.close()
  server.kill('SIGKILL')
  await server.exited
}

test(`what random requests have made is in the append-only file (seed ${SEED})`, async () => {
  const random = new Random(SEED)
  let server = await startRedisTs(ARGUMENTS)
  for (let round = 0; round < ROUNDS; round++) {
    await play(server.port, random, REQUESTS / ROUNDS)
    const before = await state(server.port)
    await killed(server)
    const { dir, port } = server
    server = await startRedisTs(ARGUMENTS, { dir, port })
    // PFADD that comes upon damage half-way has changed something, and has failed then as well.
    const failed = server
      .log()
      .split('\n')
      .filter(line => line.includes('CRITICAL') && !line.includes('INVALIDOBJ'))
    expect(failed).toEqual([])
    before.set('0 last', (await state(port)).get('0 last') ?? '')
    expect(
      differences(before, await state(port))
        .slice(0, SHOWN)
        .join('\n'),
    ).toBe('')
    if (!hasStock('redis-server')) continue
    const copy = tempDir()
    cpSync(dir, copy, { recursive: true })
    const stock = await startRedisServer(ARGUMENTS, { dir: copy })
    expect(
      differences(before, await state(stock.port))
        .slice(0, SHOWN)
        .join('\n'),
    ).toBe('')
    await stock.stop()
  }
  await server.stop()
}, 600_000)
