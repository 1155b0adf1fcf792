import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient, type RawReply, texts } from '../commands/raw-client.js'
import { requireStock, startRedisServer, startRedisTs } from '../interop/stock.js'
import { randomRequest } from './commands.js'
import { replyText, sameReply } from './compare.js'
import { isKnownDifference, withoutLaterFacts } from './differences.js'
import { Random } from './random.js'
import { Session } from './session.js'

/** How many random requests each server gets. */
const REQUESTS = Number(process.env.DIFFERENTIAL_REQUESTS ?? 300_000)
/** The same every time, so that a run says something about the code alone; another one looks elsewhere. */
const SEED = Number(process.env.DIFFERENTIAL_SEED ?? 20_260_000)
const SESSIONS = 3
const BATCH = 40
const STATE_EVERY_BATCHES = 250
const RUNS = 4
/** Small values, so that an offset cannot ask for half a gigabyte. */
const ARGUMENTS = [
  ...['--save', ''],
  ...['--enable-debug-command', 'yes'],
  ...['--slowlog-log-slower-than', '-1'],
  ...['--proto-max-bulk-len', '1mb'],
  // Where elements are counted, 7.0 and 7.2 fill the nodes of lists alike.
  ...['--list-max-listpack-size', '16'],
  // Streams of many nodes.
  ...['--stream-node-max-entries', '10'],
]
/** Enough to see what is wrong without reading all that follows from it. */
const SHOWN = 10

/** One server, and what is compared of it: sessions with a state of their own, and a client that looks at the data. */
class Side {
  readonly sessions: Session[] = []
  private readonly port: number
  private observer!: RawClient

  constructor(port: number) {
    this.port = port
  }

  async open(protocols: readonly string[]): Promise<void> {
    this.observer = await RawClient.connect(this.port)
    await this.observer.call('FLUSHALL')
    for (const protocol of protocols) {
      const session = await Session.connect(this.port)
      await session.batch([['HELLO', protocol]])
      this.sessions.push(session)
    }
  }

  close(): void {
    for (const session of this.sessions.splice(0)) session.close()
    this.observer.close()
  }

  /** Every key of the first databases: where it is, its payload and its encoding. */
  async state(): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    for (const db of ['0', '1', '2', '15']) {
      await this.observer.call('SELECT', db)
      for (const key of texts(await this.observer.call('KEYS', '*'))) {
        const [dump, encoding, ttl, type] = await this.observer.pipeline([
          ['DUMP', key],
          ['OBJECT', 'ENCODING', key],
          ['TTL', key],
          ['TYPE', key],
        ])
        // Small sets of strings are listpacks since 7.2, and so are small lists, which are quicklists of one node to 7.0.
        const isPlainSet = type.text === 'set' && encoding.text === 'listpack'
        const form = isPlainSet ? 'hashtable' : type.text === 'list' ? 'list' : encoding.text
        let payload = form === 'hashtable' ? await this.tableText(key, type.text) : dump.text
        if (type.text === 'stream') payload = await this.streamText(key, payload)
        found.set(`${db} ${key}`, JSON.stringify([payload, form, ttl.text === '-1']))
      }
    }
    return found
  }

  /** Of a stream with consumers, whose payload says when they were seen, what XINFO shows; else the payload. */
  private async streamText(key: string, dump: string | null): Promise<string> {
    const request = ['XINFO', 'STREAM', key, 'FULL', 'COUNT', '0']
    const [info, digest] = await this.observer.pipeline([request, ['DEBUG', 'DIGEST-VALUE', key]])
    const text = replyText(request, info)
    return `${text.includes('"pel-count"') ? withoutLaterFacts(text) : dump} ${replyText([], digest)}`
  }

  /** A hash table has an order of its own: its payload cannot be compared byte for byte. */
  private async tableText(key: string, type: string | null): Promise<string> {
    const command = type === 'set' ? 'SMEMBERS' : 'HGETALL'
    return replyText([command], await this.observer.call(command, key))
  }
}

/** Pairs the replies of an EXEC with the requests that were queued for it. */
class Comparison {
  readonly wrong: string[] = []
  private queued: string[][] = []

  replies(requests: readonly string[][], ours: readonly RawReply[], stock: readonly RawReply[]): void {
    if (ours.length !== stock.length) {
      const at = ours.findIndex((reply, i) => stock[i]?.type !== reply.type)
      const texts = (replies: readonly RawReply[]): string =>
        replies
          .slice(at, at + 6)
          .map(reply => replyText([], reply).slice(0, 80))
          .join('\n    ')
      this.wrong.push(
        `${ours.length} replies instead of ${stock.length}; from reply ${at}\n  ours\n    ${texts(ours)}\n  stock\n    ${texts(stock)}\n${requests.map(shown).join('\n')}`,
      )
      return
    }
    this.queued = []
    ours.forEach((reply, i) => {
      this.reply(requests[i] ?? ['behind'], reply, stock[i])
    })
  }

  private reply(request: string[], ours: RawReply, stock: RawReply): void {
    const name = request[0]?.toLowerCase()
    if (name === 'exec' && ours.elements !== null && ours.elements.length === stock.elements?.length) {
      const { elements } = stock
      ours.elements.forEach((element, i) => {
        this.one(this.queued[i] ?? ['unknown'], element, elements[i])
      })
      this.queued = []
      return
    }
    if (ours.text === 'QUEUED') this.queued.push(request)
    else if (ours.type === '+' && (name === 'multi' || name === 'discard')) this.queued = []
    this.one(request, ours, stock)
  }

  private one(request: string[], ours: RawReply, stock: RawReply): void {
    if (sameReply(request, ours, stock)) return
    const [left, right] = [replyText(request, ours), replyText(request, stock)]
    if (isKnownDifference(request, left, right)) return
    this.wrong.push(`${shown(request)}${sideBySide(left, right)}`)
  }

  states(ours: Map<string, string>, stock: Map<string, string>): void {
    for (const key of new Set([...ours.keys(), ...stock.keys()])) {
      if (ours.get(key) === stock.get(key)) continue
      this.wrong.push(`key ${key}${sideBySide(ours.get(key) ?? 'missing', stock.get(key) ?? 'missing')}`)
    }
  }
}

/** Both texts, from where they are about to differ. */
function sideBySide(ours: string, stock: string): string {
  let at = 0
  while (at < ours.length && ours[at] === stock[at]) at++
  const from = Math.max(0, at - 150)
  return `\n  ours  ${printable(ours.slice(from))}\n  stock ${printable(stock.slice(from))}`
}

function printable(text: string): string {
  return text.slice(0, 400).replace(/[^ -~]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function shown(request: readonly string[]): string {
  return request
    .map(word => (word.length > 60 ? `${JSON.stringify(word.slice(0, 60))}...` : JSON.stringify(word)))
    .join(' ')
}

describe('random requests', requireStock('redis-server'), () => {
  let ours: Side
  let stock: Side

  beforeAll(async () => {
    ours = new Side((await startRedisTs(ARGUMENTS)).port)
    stock = new Side((await startRedisServer(ARGUMENTS)).port)
  })
  afterAll(() => {
    ours.close()
    stock.close()
  })

  test.each(Array.from({ length: RUNS }, (_, run) => SEED + run))(
    'get the same replies and leave the same data as redis-server (seed %d)',
    async seed => {
      const random = new Random(seed)
      const protocols = Array.from({ length: SESSIONS }, (_, i) => ((seed + i) % 2 === 0 ? '2' : '3'))
      const comparison = new Comparison()
      await Promise.all([ours.open(protocols), stock.open(protocols)])
      for (let batch = 1; batch * BATCH <= REQUESTS / RUNS && comparison.wrong.length < SHOWN; batch++) {
        const requests = Array.from({ length: BATCH }, () => randomRequest(random))
        const session = random.below(SESSIONS)
        const [left, right] = await Promise.all([
          ours.sessions[session].batch(requests),
          stock.sessions[session].batch(requests),
        ])
        comparison.replies(requests, left, right)
        if (batch % STATE_EVERY_BATCHES === 0) comparison.states(await ours.state(), await stock.state())
      }
      comparison.states(await ours.state(), await stock.state())
      ours.close()
      stock.close()
      expect(comparison.wrong.slice(0, SHOWN).join('\n')).toBe('')
    },
    600_000,
  )
})
