/** Sends the same random requests to a server in pieces of any size, or one by one, and tells all that could differ. */
import type { Socket } from 'node:net'
import { RawClient, type RawReply, texts } from '../commands/raw-client.js'
import { type RunningServer, startRedisTs } from '../interop/stock.js'
import { FakeReplica } from './fake-replica.js'
import { type Burst, encoded, isHttp, LIMITED, type Streams } from './request-streams.js'
import { dial, resp, until } from './wire.js'

const OPTIONS = [
  ...['--save', '', '--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0'],
  ...['--repl-ping-replica-period', '3600', '--repl-timeout', '3600'],
  ...['--rename-command', 'getrange', 'fetch', '--rename-command', 'strlen', 'measure'],
]
/** Commands that no stream has: seen as a client's last one, they tell that all before them has been executed. */
const MARKERS = [
  { request: resp('ECHO', 'marker'), shown: ' cmd=echo ' },
  { request: resp('DBSIZE'), shown: ' cmd=dbsize ' },
] as const
const DATABASES = ['0', '1', '2']
/** The server reads so much at a time; what lies behind it when a connection ends is never read. */
const READ_BYTES = 65_536
const TIMEOUT_MS = 30_000

export interface Outcome {
  /** What each connection received, in the order in which they were made. */
  readonly replies: readonly string[]
  /**
   * Which of them may lack their end: the server drops what it has not sent yet to one that speaks HTTP, and one that sends more
   * than the server wants to read may see its connection reset ahead of what was said last.
   */
  readonly cutOff: readonly boolean[]
  /** What a replica received. */
  readonly stream: string
  readonly data: readonly string[]
  readonly digest: string
}

/** One connection to the server under test. */
class Line {
  readonly received: Buffer[] = []
  ended = false
  bursts = 0
  lastBurstBytes = 0
  /** It has sent words of HTTP, or more than one read when it was ended. */
  cutOff = false
  readonly socket: Socket
  readonly id: string
  readonly over: Promise<void>

  constructor(socket: Socket, id: string) {
    this.socket = socket
    this.id = id
    // A reset is an end, too: dial() has seen to its error.
    this.over = new Promise<void>(resolve => socket.once('close', resolve))
    const end = (): void => {
      this.ended = true
    }
    socket
      .on('data', data => this.received.push(data))
      .once('end', end)
      .once('close', end)
      .once('error', () => {
        this.cutOff = true
      })
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.ended || bytes.length === 0) return
    await new Promise<void>(resolve => this.socket.write(bytes, () => resolve()))
  }
}

export class StreamRunner {
  private readonly server: RunningServer
  private readonly control: RawClient
  private readonly replica: FakeReplica
  private lines: (Line | null)[] = []
  private all: Line[] = []

  private constructor(server: RunningServer, control: RawClient, replica: FakeReplica) {
    this.server = server
    this.control = control
    this.replica = replica
  }

  static async start(): Promise<StreamRunner> {
    const server = await startRedisTs(OPTIONS)
    const control = await RawClient.connect(server.port)
    await control.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    return new StreamRunner(server, control, await FakeReplica.attach(server.port))
  }

  /** Everything of `streams`, from a server without data. `together`: whole bursts in pieces; else request by request. */
  async run({ password, bursts }: Streams, together: boolean): Promise<Outcome> {
    this.lines = []
    this.all = []
    await this.control.pipeline([
      ['CLIENT', 'UNPAUSE'],
      ['CONFIG', 'SET', 'proto-max-bulk-len', '512mb', 'hash-max-listpack-entries', '128', 'requirepass', password],
      ['ACL', 'SETUSER', 'limited', 'reset', 'on', `>${LIMITED}`, '+@all', '-flushdb', '~k*', '~h*', '&c1'],
      ['SELECT', '0'],
      ['FLUSHALL'],
    ])
    const from = await this.streamOffset()
    for (const burst of bursts) {
      const line = await this.lineOf(burst.connection)
      line.cutOff ||= burst.requests.some(isHttp)
      if (together) await this.sendTogether(line, burst)
      else await this.sendOneByOne(line, burst)
      const goesOn = await this.finish(line, burst)
      this.lines[burst.connection] = goesOn ? line : null
      if (!goesOn && line.lastBurstBytes > READ_BYTES) line.cutOff = true
    }
    for (const line of this.all) {
      line.socket.end()
      await line.over
    }
    const stream = await this.replica.between(from, await this.streamOffset())
    return {
      // HELLO tells a client its number.
      replies: this.all.map(({ id, received }) =>
        Buffer.concat(received).toString('latin1').replaceAll(`$2\r\nid\r\n:${id}\r\n`, '$2\r\nid\r\n:own\r\n'),
      ),
      cutOff: this.all.map(({ cutOff }) => cutOff),
      // When what has a relative expiry ends is decided by the clock.
      stream: stream.toString('latin1').replace(/(PXAT\r\n\$13\r\n)1\d{12}/g, '$1relative'),
      digest: (await this.control.call('DEBUG', 'DIGEST')).text ?? '',
      data: await this.data(),
    }
  }

  private async lineOf(connection: number): Promise<Line> {
    const old = this.lines[connection]
    if (old) return old
    const socket = await dial(this.server.port)
    const mine = new RegExp(`^id=(\\d+) addr=127\\.0\\.0\\.1:${socket.localPort} `, 'm')
    const list = await until(
      async () => (await this.control.call('CLIENT', 'LIST')).text ?? '',
      answer => mine.test(answer),
    )
    const id = mine.exec(list)?.[1] ?? ''
    const line = new Line(socket, id)
    this.lines[connection] = line
    this.all.push(line)
    return line
  }

  private async sendTogether(line: Line, { requests, cuts, rest }: Burst): Promise<void> {
    const text = requests.map(request => encoded(request, line.id)).join('')
    const bytes = Buffer.from(text + (rest === '' ? this.marker(line).request : rest), 'latin1')
    line.lastBurstBytes = bytes.length
    let at = 0
    for (const cut of cuts.map(part => Math.floor((part * bytes.length) / 1000)).sort((a, b) => a - b)) {
      await line.write(bytes.subarray(at, cut))
      at = cut
      // Once it answers another client, it has read the piece.
      await this.state(line)
    }
    await line.write(bytes.subarray(at))
  }

  private async sendOneByOne(line: Line, { requests, rest }: Burst): Promise<void> {
    for (const request of requests) {
      await line.write(Buffer.from(encoded(request, line.id), 'latin1'))
      if (!(await this.reaches(line, state => !isBlocked(state)))) return
    }
    await line.write(Buffer.from(rest === '' ? this.marker(line).request : rest, 'latin1'))
  }

  /** Waits until all of the burst has been executed, or the connection is gone. Whether more can be sent on it. */
  private async finish(line: Line, { rest }: Burst): Promise<boolean> {
    if (rest === '') {
      const { shown } = this.marker(line)
      line.bursts++
      return this.reaches(line, state => state.includes(shown) && !isBlocked(state))
    }
    let before = ''
    let same = 0
    await this.reaches(line, state => {
      const now = state.replace(/ (age|idle)=\d+/g, '')
      same = now === before && !isBlocked(state) ? same + 1 : 0
      before = now
      return same === 3
    })
    return false
  }

  private marker({ bursts }: Line): (typeof MARKERS)[number] {
    return MARKERS[bursts % 2]
  }

  /** Asks for the client's line in CLIENT LIST until it passes or there is none (false); ends pauses that a client has run into. */
  private async reaches(line: Line, passes: (state: string) => boolean): Promise<boolean> {
    const deadline = Date.now() + TIMEOUT_MS
    for (;;) {
      const state = await this.state(line)
      if (line.ended || state === '') return false
      if (passes(state)) return true
      if (isBlocked(state)) await this.control.call('CLIENT', 'UNPAUSE')
      if (Date.now() > deadline) throw new Error(`not in ${TIMEOUT_MS} ms; last: ${state}`)
    }
  }

  private async state({ id }: Line): Promise<string> {
    const { text } = await this.control.call('CLIENT', 'LIST', 'ID', id)
    // What has come on other connections is taken first.
    await new Promise(resolve => setImmediate(resolve))
    return text ?? ''
  }

  private async streamOffset(): Promise<number> {
    const { text } = await this.control.call('INFO', 'replication')
    return Number(/^master_repl_offset:(\d+)/m.exec(text ?? '')?.[1])
  }

  private async data(): Promise<string[]> {
    const lines: string[] = []
    for (const database of DATABASES) {
      await this.control.call('SELECT', database)
      for (const key of texts(await this.control.call('KEYS', '*')).sort()) {
        const [type, encoding, expiry, ttl] = await this.control.pipeline([
          ['TYPE', key],
          ['OBJECT', 'ENCODING', key],
          ['PEXPIRETIME', key],
          ['TTL', key],
        ])
        const value = await this.control.call(type.text === 'hash' ? 'HGETALL' : 'GET', key)
        const ttlShown = Number(ttl.text) < 0 ? 'none' : 'some'
        lines.push([database, key, type.text, encoding.text, expiry.text, ttlShown, shown(value)].join(' '))
      }
    }
    return lines
  }
}

/** A string, or a hash's fields in an order of their own. */
function shown({ text, elements }: RawReply): string {
  if (elements === null) return text ?? '(null)'
  const pairs = elements.map((element, i) => (i % 2 === 0 ? `${element.text}=${elements[i + 1].text}` : ''))
  return pairs.filter(Boolean).sort().join(' ')
}

function isBlocked(state: string): boolean {
  return / flags=\w*b/.test(state)
}
