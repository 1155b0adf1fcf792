/** Writers that know when each of their steps was sent and acknowledged, and judge by it what a server still has after a crash. */
import { connect, type Socket } from 'node:net'
import { RawClient, ReplyParser } from '../commands/raw-client.js'
import { allWorks, type Work } from './crash-works.js'
import { resp } from './wire.js'

const RETRY_MS = 2

/** What is known of a writer's steps: all of them in order, so that a server has done the first so many. */
export class Writer {
  readonly work: Work
  private readonly sentMs: number[] = []
  private readonly ackedMs: number[] = []
  /** The first error reply that was no word of the server's being away. */
  problem: string | null = null
  private socket: Socket | null = null
  private closed: Promise<void> = Promise.resolve()

  constructor(work: Work) {
    this.work = work
  }

  get sent(): number {
    return this.sentMs.length
  }
  get acked(): number {
    return this.ackedMs.length
  }

  /** When the n-th step was sent; null: there is none. */
  sentAt(n: number): number | null {
    return this.sentMs[n] ?? null
  }
  /** When the n-th step was acknowledged; null: it was not. */
  ackedAt(n: number): number | null {
    return this.ackedMs[n] ?? null
  }

  /** The server has this many steps: whatever came of the others, they are to be done again. */
  goOnFrom(count: number): void {
    const now = performance.now()
    this.sentMs.length = count
    this.ackedMs.length = Math.min(count, this.ackedMs.length)
    while (this.ackedMs.length < count) this.ackedMs.push(now)
  }

  /** Writes until the connection ends. `random`: how many steps at once. `extraMs`: added to the pauses between them. */
  start(port: number, random: () => number, extraMs: number): void {
    const { batch, database, pauseMs } = this.work
    const socket = connect(port, '127.0.0.1')
    this.socket = socket
    const parser = new ReplyParser()
    /** Of each step that was sent: replies that are still to come. */
    const awaited: number[] = []
    const send = (): void => {
      if (this.socket !== socket) return
      let text = ''
      for (let i = Math.ceil(random() * batch); i > 0; i--) {
        const commands = this.work.step(this.sent)
        this.sentMs.push(performance.now())
        awaited.push(commands.length)
        for (const command of commands) text += resp(...command)
      }
      socket.write(text, 'latin1')
    }
    let greetings = 1
    this.closed = new Promise(resolve => socket.once('close', () => resolve()))
    socket.setNoDelay(true)
    socket.write(resp('SELECT', String(database)), 'latin1')
    socket.on('error', () => {})
    socket.on('data', data =>
      parser.push(data, reply => {
        if (this.socket !== socket) return
        if (reply.type === '-') this.failed(reply.text ?? '')
        if (greetings-- > 0) send()
        else if (--awaited[0] === 0) {
          awaited.shift()
          this.ackedMs.push(performance.now())
          if (awaited.length === 0) setTimeout(send, pauseMs + extraMs)
        }
      }),
    )
  }

  private failed(text: string): void {
    this.problem ??= `${this.work.name}, step ${this.acked}: ${text}`
    this.stop()
  }

  /** Resolves when its connection has ended, and all that had come has been read. */
  async ended(): Promise<void> {
    await this.closed
    this.socket = null
  }

  stop(): void {
    this.socket?.destroy()
    this.socket = null
  }
}

/** What a server has kept. */
export interface Kept {
  /** Steps that had been acknowledged. */
  readonly acknowledged: number
  /** Steps of those that are missing though they were promised to stay. */
  readonly lost: number
  /** How long before the crash the oldest step that is lost was acknowledged, in milliseconds. */
  readonly lossWindowMs: number
  /** Steps that are missing, and that nobody had promised: behind the last save, or while the file was turned off. */
  readonly unpromised: number
}

export class Writers {
  readonly all = allWorks().map(work => new Writer(work))

  start(port: number, random: () => number, extraMs = 0): void {
    for (const writer of this.all) writer.start(port, random, extraMs)
  }

  /** Resolves when the server is gone, for all of them. */
  async ended(): Promise<void> {
    await Promise.all(this.all.map(writer => writer.ended()))
    this.throwProblem()
  }

  stop(): void {
    for (const writer of this.all) writer.stop()
    this.throwProblem()
  }

  private throwProblem(): void {
    const problem = this.all.find(each => each.problem !== null)?.problem
    if (problem !== undefined && problem !== null) throw new Error(problem)
  }

  /** How many steps of each are acknowledged by now. */
  acked(): number[] {
    return this.all.map(writer => writer.acked)
  }

  /** Waits until each has done something. */
  async busy(): Promise<void> {
    const before = this.acked()
    const deadline = performance.now() + 10_000
    while (this.all.some((writer, i) => writer.acked === before[i] && writer.problem === null)) {
      if (performance.now() > deadline) throw new Error('writers do not get on')
      await new Promise(resolve => setTimeout(resolve, RETRY_MS))
    }
  }

  /** Looks at what the server on `port` has, as judge() does. Writers go on from there. */
  async check(port: number, killedMs: number, promised: readonly number[] | null, mayLose: boolean): Promise<Kept> {
    const counts = await this.count(port)
    const kept = this.judge(counts, killedMs, promised, mayLose)
    for (const [i, writer] of this.all.entries()) writer.goOnFrom(counts[i])
    return kept
  }

  /**
   * Throws when what a server has is no state that there was at one moment, or not recent enough. `counts`: how many steps of each
   * it has. `promised`: how many are to be there; null: all that were acknowledged. `mayLose`: they may be missing all the same.
   */
  judge(counts: readonly number[], killedMs: number, promised: readonly number[] | null, mayLose: boolean): Kept {
    const kept = { acknowledged: 0, lost: 0, lossWindowMs: 0, unpromised: 0 }
    for (const [i, writer] of this.all.entries()) {
      const count = counts[i]
      const atLeast = promised?.[i] ?? writer.acked
      const what = `${writer.work.name}: ${count} steps are there, ${writer.acked} were acknowledged, ${writer.sent} sent`
      if (count > writer.sent) throw new Error(`${what}: more than there were`)
      if (count < atLeast && !mayLose) throw new Error(`${what}: ${atLeast} have to be there`)
      kept.acknowledged += writer.acked
      kept.lost += Math.max(0, atLeast - count)
      kept.unpromised += Math.max(0, writer.acked - Math.max(count, atLeast))
      if (count < atLeast)
        kept.lossWindowMs = Math.max(kept.lossWindowMs, killedMs - (writer.ackedAt(count) ?? killedMs))
    }
    this.checkMoment(counts)
    return kept
  }

  async count(port: number): Promise<number[]> {
    const counts: number[] = []
    for (const { work } of this.all) {
      const client = await RawClient.connect(port)
      try {
        await client.call('SELECT', String(work.database))
        counts.push(await work.count(client))
      } finally {
        client.close()
      }
    }
    return counts
  }

  /** There was a moment at which just these had been done: no step was sent behind the acknowledgement of one that is missing. */
  private checkMoment(counts: readonly number[]): void {
    let latest = { ms: Number.NEGATIVE_INFINITY, what: '' }
    let first = { ms: Number.POSITIVE_INFINITY, what: '' }
    for (const [i, writer] of this.all.entries()) {
      const sent = writer.sentAt(counts[i] - 1) ?? latest.ms
      const missing = writer.ackedAt(counts[i]) ?? first.ms
      if (sent > latest.ms) latest = { ms: sent, what: `step ${counts[i] - 1} of ${writer.work.name}` }
      if (missing < first.ms) first = { ms: missing, what: `step ${counts[i]} of ${writer.work.name}` }
    }
    if (latest.ms <= first.ms) return
    const ms = (latest.ms - first.ms).toFixed(1)
    throw new Error(
      `no state that there was: ${latest.what} was sent ${ms} ms behind the end of ${first.what}, which is missing`,
    )
  }
}
