import { refusal } from './api.js'
import { EventStreamReader, type StreamEvent } from './event-stream.js'
import type { LiveState, LogLine, Sample } from './live-state.js'
import type { Session } from './session.js'
import { Store } from './store.js'
import { type Change, changesBetween } from './topology-changes.js'

/** How the page and its server stand, and since when. */
export interface Link {
  state: 'connecting' | 'up' | 'away'
  since: number
  /** Why it is away, in the server's words; empty when it said nothing. */
  reason: string
}

const RETRY_MS = 1000
const SILENCE_MS = 5000
const SAMPLES = 600
const LOG_LINES = 2000
const CHANGES = 200

/** What the server says by itself, each second; read again from the start whenever it breaks off. */
export class Live {
  readonly link = new Store<Link>({ state: 'connecting', since: Date.now(), reason: '' })
  readonly state = new Store<LiveState | null>(null)
  readonly samples = new Store<readonly Sample[]>([])
  readonly log = new Store<readonly LogLine[]>([])
  readonly changes = new Store<readonly Change[]>([])
  readonly #session: Session
  #broken = new AbortController()
  #lastSeq = 0
  #runId = ''

  constructor(session: Session) {
    this.#session = session
    session.state.watch(state => {
      if (state === 'asked') this.#broken.abort()
    })
  }

  /** Reads for as long as the page lives. */
  async run(): Promise<never> {
    for (;;) {
      await this.#sessionOpen()
      this.#broken = new AbortController()
      // Cut off, or nobody there.
      const reason = await this.#read(this.#broken).catch(() => '')
      this.#is(this.#session.state.value === 'asked' ? 'connecting' : 'away', reason)
      await new Promise(resolve => setTimeout(resolve, RETRY_MS))
    }
  }

  #sessionOpen(): Promise<void> {
    const { state } = this.#session
    if (state.value === 'open') return Promise.resolve()
    return new Promise(resolve => {
      const end = state.watch(() => {
        end()
        resolve()
      })
    })
  }

  /** Returns why it has ended, as far as the server has said so. */
  async #read(broken: AbortController): Promise<string> {
    // A server that hangs, or a network that swallows everything, does not end a request.
    let silence = setTimeout(() => broken.abort(), SILENCE_MS)
    try {
      const response = await fetch('/api/live', { headers: this.#session.headers(), signal: broken.signal })
      if (response.status === 401) this.#session.ask()
      if (!response.ok || response.body === null) return await refusal(response)
      const events = new EventStreamReader()
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return ''
        clearTimeout(silence)
        silence = setTimeout(() => broken.abort(), SILENCE_MS)
        for (const event of events.push(value)) this.#take(event)
      }
    } finally {
      clearTimeout(silence)
    }
  }

  #take({ event, data }: StreamEvent): void {
    if (event === 'history') this.#takeHistory((JSON.parse(data) as { samples: Sample[] }).samples)
    else if (event === 'state') this.#takeState(JSON.parse(data) as LiveState)
  }

  /** The server's memory of the last minutes; what is older than it is ours alone. */
  #takeHistory(samples: Sample[]): void {
    const first = samples[0]?.time ?? Number.POSITIVE_INFINITY
    const older = this.samples.value.filter(sample => sample.time < first)
    this.samples.set([...older, ...samples].slice(-SAMPLES))
  }

  #takeState(state: LiveState): void {
    this.#is('up')
    const restarted = this.#runId !== '' && this.#runId !== state.server.runId
    if (restarted) this.#lastSeq = 0
    this.#runId = state.server.runId

    const changes = changesBetween(this.state.value, state)
    if (changes.length > 0) this.changes.set([...this.changes.value, ...changes].slice(-CHANGES))

    const last = this.samples.value.at(-1)?.time ?? 0
    if (state.sample && state.sample.time > last)
      this.samples.set([...this.samples.value, state.sample].slice(-SAMPLES))

    const lines = state.log.filter(line => line.seq > this.#lastSeq)
    this.#lastSeq = lines.at(-1)?.seq ?? this.#lastSeq
    if (lines.length > 0) this.log.set([...this.log.value, ...lines].slice(-LOG_LINES))

    this.state.set(state)
  }

  #is(state: Link['state'], reason = ''): void {
    const { value } = this.link
    const since = value.state === state ? value.since : Date.now()
    if (value.state !== state || value.reason !== reason) this.link.set({ state, since, reason })
  }
}
