/** Streams of events to open pages: what has been so far, then the state of each second. */

import type { ServerResponse } from 'node:http'
import { wallClock } from '../clock/platform.js'
import type { ServerApi } from '../commands/server-api.js'
import type { LogTail } from './log-tail.js'
import { isStillWelcome, mayRun, type Visitor } from './login.js'
import type { Sampler } from './samples/sampler.js'
import { serverState, topologyOf } from './state.js'

/** Pages at a time: beside them there has to be room for others' requests. */
const STREAMS_AT_MOST = 16

interface Stream {
  readonly response: ServerResponse
  readonly visitor: Visitor
  /** Number of the last line of the log that it has got. */
  seenLine: number
}

export class Live {
  private readonly server: ServerApi
  private readonly sampler: Sampler
  private readonly log: LogTail
  private readonly streams = new Set<Stream>()

  constructor(server: ServerApi, sampler: Sampler, log: LogTail) {
    this.server = server
    this.sampler = sampler
    this.log = log
  }

  get isFull(): boolean {
    return this.streams.size >= STREAMS_AT_MOST
  }

  /** Begins the stream of a page whose user may run INFO. */
  open(response: ServerResponse, visitor: Visitor): void {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const stream: Stream = { response, visitor, seenLine: 0 }
    this.streams.add(stream)
    response.on('close', () => this.streams.delete(stream))
    response.write(eventText('history', JSON.stringify({ samples: this.sampler.samples })))
    this.send(stream, this.state())
  }

  /** A second is over. */
  tick(): void {
    if (this.streams.size === 0) return
    const state = this.state()
    for (const stream of this.streams) {
      if (!this.mayStay(stream.visitor)) stream.response.end()
      // Who does not read gets the next one that there is room for.
      else if (!stream.response.writableNeedDrain) this.send(stream, state)
    }
  }

  private mayStay(visitor: Visitor): boolean {
    return isStillWelcome(this.server, visitor) && mayRun(this.server, visitor.user, 'info')
  }

  /** The beginning of the event's JSON, which is the same for all. */
  private state(): string {
    const { sampler, server } = this
    const sample = sampler.samples.at(-1) ?? null
    const state = { time: wallClock(), sample, server: serverState(server), topology: topologyOf(server) }
    return JSON.stringify(state).slice(0, -1)
  }

  private send(stream: Stream, state: string): void {
    // What is logged is for those who may look at the server's settings.
    const seesLog = mayRun(this.server, stream.visitor.user, 'config', 'get', '*')
    const lines = seesLog ? this.log.since(stream.seenLine) : []
    stream.seenLine = this.log.last
    stream.response.write(eventText('state', `${state},"log":${JSON.stringify(lines)}}`))
  }

  close(): void {
    for (const { response } of this.streams) response.end()
  }
}

function eventText(name: string, json: string): string {
  return `event: ${name}\ndata: ${json}\n\n`
}
