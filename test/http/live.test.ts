/** /api/live: the stream that the page lives on. */
import { Redis } from 'ioredis'
import { afterAll, expect, test } from 'vitest'
import { until } from '../interop/polling.js'
import { follows } from '../interop/topology.js'
import { basic, type HttpServer, startWithHttp } from './http-kit.js'

interface Sample {
  readonly [figure: string]: number | null | { readonly [part: string]: number }
}

interface State {
  readonly time: number
  readonly sample: Sample | null
  readonly server: { readonly [fact: string]: unknown }
  readonly topology: {
    readonly self: { readonly [fact: string]: unknown }
    readonly master: { readonly [fact: string]: unknown } | null
    readonly replicas: readonly { readonly [fact: string]: unknown }[]
  }
  readonly log: readonly { readonly seq: number; readonly level: string; readonly text: string }[]
}

const clients: Redis[] = []
const streams: Stream[] = []

afterAll(() => {
  for (const stream of streams) stream.close()
  for (const client of clients) client.disconnect()
})

function clientOf(port: number, password?: string): Redis {
  const client = new Redis(port, { retryStrategy: () => null, ...(password === undefined ? {} : { password }) })
  client.on('error', () => {})
  clients.push(client)
  return client
}

/** A page's stream: events as they come. */
class Stream {
  readonly history: Sample[] = []
  readonly states: State[] = []
  ended = false
  private readonly abort = new AbortController()

  static async open({ url }: HttpServer, headers: Record<string, string> = {}): Promise<Stream> {
    const stream = new Stream()
    streams.push(stream)
    const response = await fetch(`${url}/api/live`, { headers, signal: stream.abort.signal })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    void stream.read(response).catch(() => {})
    return stream
  }

  private async read(response: Response): Promise<void> {
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        this.take(text.slice(0, end))
        text = text.slice(end + 2)
      }
    }
    this.ended = true
  }

  private take(event: string): void {
    const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? []
    if (name === 'history') this.history.push(...(JSON.parse(data) as { samples: Sample[] }).samples)
    else if (name === 'state') this.states.push(JSON.parse(data) as State)
    else throw new Error(`no event: ${event}`)
  }

  /** The first state from now on, or of those that have come, that is as asked for. */
  async find(what: string, matches: (state: State) => boolean): Promise<State> {
    await until(what, async () => this.states.some(matches))
    return this.states.find(matches) as State
  }

  close(): void {
    this.abort.abort()
  }
}

const SAMPLE_FIGURES = [
  'blocked',
  'clients',
  'dataset',
  'evicted',
  'expired',
  'hits',
  'inputBytes',
  'keys',
  'latency',
  'loop',
  'maxmemory',
  'memory',
  'misses',
  'ops',
  'outputBytes',
  'peak',
  'rss',
  'time',
]

test('first what was, then what is, once a second', async () => {
  const server = await startWithHttp(['--maxmemory', '100mb'])
  const early = await Stream.open(server)
  await until('three seconds', async () => early.states.length >= 4)
  const late = await Stream.open(server)
  const state = await late.find('a state', () => true)
  expect(late.history.length).toBeGreaterThanOrEqual(3)
  expect(state.sample).toEqual(late.history.at(-1))
  expect(Object.keys(late.history[0]).sort()).toEqual(SAMPLE_FIGURES)
  expect(late.history[0].maxmemory).toBe(100 * 1024 * 1024)
  const times = late.history.map(({ time }) => Number(time))
  for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeGreaterThan(500)
  expect(state.server).toMatchObject({
    role: 'master',
    version: '7.2.5',
    port: server.port,
    loading: false,
    writes: false,
  })
  expect(String(state.server.runId)).toHaveLength(40)
})

test('what clients do shows', async () => {
  const server = await startWithHttp()
  const stream = await Stream.open(server)
  const client = clientOf(server.port)
  await client.mset({ a: '1', b: '2', c: '3' })
  for (let i = 0; i < 50; i++) await client.mget('a', 'nothing')
  const waiting = clientOf(server.port)
  const popped = waiting.blpop('queue', 0)
  const figure =
    (name: string) =>
    (state: State): number =>
      Number(state.sample?.[name] ?? 0)
  await stream.find('hits', state => figure('hits')(state) >= 1)
  await stream.find('a client that waits', state => figure('blocked')(state) === 1 && figure('clients')(state) === 2)
  const sum = (name: string): number => stream.states.slice(1).reduce((all, state) => all + figure(name)(state), 0)
  expect(sum('hits')).toBe(50)
  expect(sum('misses')).toBe(50)
  const busiest = [...stream.states].sort((a, b) => figure('ops')(b) - figure('ops')(a))[0]
  expect(figure('ops')(busiest)).toBeGreaterThan(20)
  expect(figure('inputBytes')(busiest)).toBeGreaterThan(500)
  expect(figure('keys')(busiest)).toBe(3)
  expect(busiest.sample?.latency).toMatchObject({
    p50: expect.any(Number),
    p99: expect.any(Number),
    p999: expect.any(Number),
  })
  expect(busiest.server.databases).toEqual([{ db: 0, keys: 3, expires: 0 }])
  await client.lpush('queue', 'x')
  await popped
})

test('CONFIG RESETSTAT makes no figure negative', async () => {
  const server = await startWithHttp()
  const stream = await Stream.open(server)
  const client = clientOf(server.port)
  for (let i = 0; i < 20; i++) await client.get('nothing')
  await client.config('RESETSTAT')
  const begun = stream.states.length
  await until('two more seconds', async () => stream.states.length >= begun + 2)
  for (const { sample } of stream.states) {
    for (const figure of Object.values(sample ?? {}))
      if (typeof figure === 'number') expect(figure).toBeGreaterThanOrEqual(0)
  }
})

test('the topology is that of both sides, and changes with it', async () => {
  const master = await startWithHttp(['--repl-diskless-sync-delay', '0'])
  const replica = await startWithHttp(['--replicaof', '127.0.0.1', String(master.port)])
  await follows(replica.port, master.port)
  const [ofMaster, ofReplica] = [await Stream.open(master), await Stream.open(replica)]
  const { topology } = await ofMaster.find('its replica', state => state.topology.replicas[0]?.state === 'online')
  expect(topology.self).toMatchObject({ port: master.port, role: 'master' })
  expect(topology.master).toBeNull()
  expect(topology.replicas[0]).toMatchObject({ host: '127.0.0.1', port: replica.port })
  const list = String(await clientOf(master.port).client('LIST'))
  expect(list).toMatch(new RegExp(`^id=${topology.replicas[0].id} .* flags=S `, 'm'))
  const other = await ofReplica.find('its master', state => state.topology.master?.link === 'up')
  expect(other.topology.master).toMatchObject({ host: '127.0.0.1', port: master.port, syncLeftBytes: 0 })
  expect(other.topology.self).toMatchObject({ role: 'replica', replid: topology.self.replid })
  master.kill('SIGKILL')
  await ofReplica.find('that the master is gone', state => {
    return state.topology.master !== null && state.topology.master.link !== 'up'
  })
  await clientOf(replica.port).call('REPLICAOF', 'NO', 'ONE')
  await ofReplica.find('a new master', state => state.topology.self.role === 'master' && state.topology.master === null)
})

test('the log comes once, from its last lines on', async () => {
  const server = await startWithHttp(['--loglevel', 'verbose'])
  const stream = await Stream.open(server)
  const first = await stream.find('the start', state =>
    state.log.some(({ text }) => text.startsWith('Ready to accept')),
  )
  expect(first.log[0].seq).toBe(1)
  await clientOf(server.port).bgsave()
  const later = await stream.find('a save', state => state.log.some(({ text }) => text.includes('saving')))
  expect(later.log[0].level).toBe('notice')
  const numbers = stream.states.flatMap(({ log }) => log.map(({ seq }) => seq))
  expect(numbers).toEqual(numbers.map((_, i) => i + 1))
})

test('who may not see the settings does not see the log', async () => {
  const server = await startWithHttp([], {
    config: 'user default off\nuser eye on >pw +info\nuser admin on >pw ~* &* +@all\n',
  })
  const eye = await Stream.open(server, { authorization: basic('eye', 'pw') })
  const admin = await Stream.open(server, { authorization: basic('admin', 'pw') })
  expect((await admin.find('the log', () => true)).log.length).toBeGreaterThan(0)
  expect((await eye.find('a state', () => true)).log).toEqual([])
})

test('a stream ends with its user, or with the user’s right to it', async () => {
  const server = await startWithHttp(['--requirepass', 'secret'])
  const client = clientOf(server.port, 'secret')
  await client.acl('SETUSER', 'a', 'on', '>pw', '+info')
  await client.acl('SETUSER', 'b', 'on', '>pw', '+info')
  await client.acl('SETUSER', 'c', 'on', '>pw', '+info')
  const [a, b, c] = await Promise.all(
    ['a', 'b', 'c'].map(user => Stream.open(server, { authorization: basic(user, 'pw') })),
  )
  await client.acl('DELUSER', 'a')
  await client.acl('SETUSER', 'b', '-info')
  await until('both have ended', async () => a.ended && b.ended)
  expect(c.ended).toBe(false)
})

test('a password that comes later ends the streams of those who had none', async () => {
  const server = await startWithHttp()
  const stream = await Stream.open(server)
  await clientOf(server.port).config('SET', 'requirepass', 'secret')
  await until('it has ended', async () => stream.ended)
})

test('the seventeenth page is told that there are too many', async () => {
  const server = await startWithHttp()
  const open = await Promise.all(Array.from({ length: 16 }, () => Stream.open(server)))
  expect((await fetch(`${server.url}/api/live`)).status).toBe(503)
  expect((await fetch(`${server.url}/metrics`)).status).toBe(200)
  open[0].close()
  await until('there is room', async () => {
    const response = await fetch(`${server.url}/api/live`)
    await response.body?.cancel()
    return response.status === 200
  })
})
