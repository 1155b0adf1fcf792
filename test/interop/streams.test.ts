/** Random stream requests to a master: its stock replica, or the stock master's replica, has the same streams. */
import { describe, expect, test } from 'vitest'
import { RawClient, type RawReply } from '../commands/raw-client.js'
import { replyText } from '../differential/compare.js'
import { Random } from '../differential/random.js'
import { streamMakers } from '../differential/stream-commands.js'
import { inStep, linkUp } from './polling.js'
import { type RunningServer, requireStock, startRedisServer, startRedisTs } from './stock.js'

const OPTIONS = [
  ...['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0'],
  ...['--stream-node-max-entries', '10'],
]
const ours = (...args: string[]): Promise<RunningServer> => startRedisTs([...OPTIONS, ...args])
const stock = (...args: string[]): Promise<RunningServer> => startRedisServer([...OPTIONS, ...args])
const SEED = 20_260_000
const REQUESTS = 6000
const BATCH = 50
const LOOKS_EVERY = 1000
const STREAMS = ['stream:0', 'stream:1', 'stream:2', 'stream:3', 'log:0', 'log:1', 'clock:0', 'clock:1']

/** Requests about streams of their own whose IDs the master makes, and trims that depend on its nodes. */
function extra(random: Random): string[] {
  const key = `clock:${random.below(2)}`
  if (random.chance(0.3)) return newer(random, random.chance(0.3) ? key : `stream:${random.below(4)}`)
  switch (random.below(9)) {
    case 0:
      return ['XADD', key, 'MAXLEN', '~', String(random.below(40)), '*', 'f', 'v']
    case 1:
      return [
        'XADD',
        key,
        'NOMKSTREAM',
        'MINID',
        '~',
        String(random.below(500)),
        'LIMIT',
        '30',
        '*',
        'f',
        'v',
        'g',
        'w',
      ]
    case 2:
      return ['XTRIM', key, 'MAXLEN', '~', String(random.below(30)), 'LIMIT', String(random.below(40))]
    case 3:
      return ['XAUTOCLAIM', key, 'g', 'alice', '0', '-', 'COUNT', '5']
    case 4:
      return ['XREADGROUP', 'GROUP', 'g', 'bob', 'COUNT', '3', 'BLOCK', '1', 'STREAMS', key, '>']
    case 5:
      return ['XGROUP', 'CREATE', key, 'g', random.pick(['0', '$']), 'MKSTREAM']
    case 6:
      return random.chance(0.1) ? ['XGROUP', 'DESTROY', key, 'g'] : ['XGROUP', 'DELCONSUMER', key, 'g', 'alice']
    case 7:
      return [
        'XREADGROUP',
        'GROUP',
        'g',
        'carol',
        'COUNT',
        '2',
        'NOACK',
        'STREAMS',
        key,
        `stream:${random.below(4)}`,
        '>',
        '>',
      ]
    default:
      return ['XADD', key, '*', 'f', String(random.below(100))]
  }
}

/** What Redis 8.2 and 8.4 added. A stock master of 7.0 does not know it, and neither does a stock replica: it gets other words. */
function newer(random: Random, key: string): string[] {
  const option = random.pick(['KEEPREF', 'DELREF', 'ACKED'])
  const ids = Array.from({ length: 3 }, () => String(random.below(60)))
  switch (random.below(5)) {
    case 0:
      return ['XDELEX', key, option, 'IDS', '3', ...ids]
    case 1:
      return ['XACKDEL', key, 'g', option, 'IDS', '3', ...ids]
    case 2:
      return ['XTRIM', key, 'MAXLEN', random.pick(['~', '=']), String(random.below(60)), option]
    case 3:
      return ['XADD', key, option, 'MINID', '~', String(random.below(60)), '*', 'f', 'v']
    default:
      return ['XREADGROUP', 'GROUP', 'g', 'bob', 'COUNT', '2', 'CLAIM', random.pick(['0', '5']), 'STREAMS', key, '>']
  }
}

/**
 * All there is to the streams, but for what replicas do not hear of: when consumers were seen, those that have nothing, and how many
 * entries a group has read when XCLAIM tells how far it is.
 */
async function streamsOf(client: RawClient): Promise<string[]> {
  const shown: string[] = [(await client.call('DEBUG', 'DIGEST')).text ?? '']
  for (const key of STREAMS) {
    const info = await client.call('XINFO', 'STREAM', key, 'FULL', 'COUNT', '0')
    shown.push(replyText([], common(info)))
  }
  return shown
}

/** That entries were given to the same consumer once more, replicas do not hear. */
function isOfHistory(request: readonly string[]): boolean {
  return request[0] === 'XREADGROUP' && request.slice(-2).some(word => /^\d/.test(word))
}

const UNTOLD = new Set(['radix-tree-nodes', 'seen-time', 'active-time', 'entries-read', 'lag'])

function common(reply: RawReply): RawReply {
  const { elements } = reply
  if (elements === null) return reply
  const kept: RawReply[] = []
  for (let i = 0; i < elements.length; i++) {
    if (UNTOLD.has(elements[i].text ?? '')) i++
    else if (!isIdleConsumer(elements[i])) kept.push(common(elements[i]))
  }
  return { ...reply, elements: kept }
}

function isIdleConsumer({ elements }: RawReply): boolean {
  if (elements === null || !elements.some(({ text }) => text === 'seen-time')) return false
  return elements[elements.findIndex(({ text }) => text === 'pel-count') + 1].text === '0'
}

describe('under random stream traffic', requireStock('redis-server'), () => {
  test.each([
    ['a stock replica of redis-ts', ours, stock, 2],
    ['redis-ts as the replica of a stock master', stock, ours, 2],
    ['redis-ts as the replica of redis-ts', ours, ours, 3],
  ] as const)('%s stays the same', async (_, startMaster, startReplica, protocol) => {
    const master = await startMaster()
    const replica = await startReplica('--replicaof', '127.0.0.1', String(master.port))
    await linkUp(replica.port)
    const [client, above, below] = await Promise.all(
      [master, master, replica].map(({ port }) => RawClient.connect(port)),
    )
    await client.call('HELLO', String(protocol))
    const random = new Random(SEED)
    const [makeRequest] = streamMakers
    let mostPending = 0
    for (let sent = 0; sent < REQUESTS; sent += BATCH) {
      const requests = Array.from({ length: BATCH }, () =>
        random.chance(0.2) ? extra(random) : makeRequest(random),
      ).filter(request => !isOfHistory(request))
      const isTransaction = random.chance(0.2)
      await client.pipeline(isTransaction ? [['MULTI'], ...requests, ['EXEC']] : requests)
      if ((sent + BATCH) % LOOKS_EVERY !== 0) continue
      await inStep(master.port, replica.port)
      const streams = await streamsOf(above)
      expect(await streamsOf(below)).toEqual(streams)
      mostPending = Math.max(mostPending, streams.join().split('pel-count').length)
    }
    expect(mostPending).toBeGreaterThan(5)
    for (const each of [client, above, below]) each.close()
  })
})
