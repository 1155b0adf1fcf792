/** What a program may hear of the server that is part of it. */
import { EventEmitter } from 'node:events'
import type { Client } from '../commands/client.js'
import type { Log, LogLevel } from '../observe/log.js'
import type { CommandObserver } from '../observe/monitors.js'
import { REDACTED } from '../observe/redaction.js'
import type { Request } from '../resp/request.js'

/** A command that was executed. */
export interface CommandEvent {
  /** Its name and arguments, as UTF-8; passwords are "(redacted)". */
  readonly args: readonly string[]
  readonly database: number
  /** Who sent it: an address, "unix:" and a path, or "lua". */
  readonly client: string
  /** Unix time in milliseconds, with fractions. */
  readonly time: number
}

export interface ConnectionEvent {
  /** As CLIENT LIST has it. */
  readonly id: number
  readonly address: string
}

export interface LogEvent {
  readonly level: LogLevel
  readonly text: string
}

export interface ServerEvents {
  command: [CommandEvent]
  connection: [ConnectionEvent]
  disconnection: [ConnectionEvent]
  log: [LogEvent]
}

/** Where events come from. */
export interface EventSource {
  readonly monitors: { observe(observer: CommandObserver | null): void }
  readonly log: Log
  onConnection: ((client: Client, isThere: boolean) => void) | null
  /** Calls it when the server has nothing on the stack. */
  afterTurn(task: () => void): void
}

/** Hears of nothing that nobody listens to. Listeners are called between the server's turns, in the order of what they hear of. */
const NAMES: readonly string[] = ['command', 'connection', 'disconnection', 'log'] satisfies (keyof ServerEvents)[]

export class ServerEmitter implements CommandObserver {
  private readonly source: EventSource
  private readonly emitter = new EventEmitter()
  private readonly due: (() => void)[] = []

  private readonly hearLine = (level: LogLevel, text: string): void => {
    this.later(() => this.emitter.emit('log', { level, text }))
  }

  constructor(source: EventSource) {
    this.source = source
  }

  /** @throws TypeError for a name that is none */
  on(name: keyof ServerEvents, listener: (event: never) => void): void {
    if (!NAMES.includes(name)) {
      throw new TypeError(`redis-ts: there is no event '${String(name)}': it is one of ${NAMES.join(', ')}`)
    }
    this.emitter.on(name, listener as (event: unknown) => void)
    this.listen(name, true)
  }

  off(name: keyof ServerEvents, listener: (event: never) => void): void {
    this.emitter.off(name, listener as (event: unknown) => void)
    if (this.emitter.listenerCount(name) === 0) this.listen(name, false)
  }

  private listen(name: keyof ServerEvents, on: boolean): void {
    const { log, monitors } = this.source
    if (name === 'command') monitors.observe(on ? this : null)
    else if (name === 'log') {
      if (on) log.listeners.add(this.hearLine)
      else log.listeners.delete(this.hearLine)
    } else if (on) {
      this.source.onConnection = ({ id, transport }, isThere) => {
        const event = { id, address: transport.remoteAddress }
        this.later(() => this.emitter.emit(isThere ? 'connection' : 'disconnection', event))
      }
    }
  }

  private later(emit: () => void): void {
    this.due.push(emit)
    if (this.due.length > 1) return
    this.source.afterTurn(() => {
      for (const next of this.due.splice(0)) next()
    })
  }

  seen(microseconds: number, database: number, origin: string, request: Request, secret: readonly number[]): void {
    const args = Array.from({ length: request.argc }, (_, i) =>
      secret.includes(i) ? REDACTED : request.buffer.toString('utf8', request.starts[i], request.ends[i]),
    )
    const event = { args, database, client: origin, time: microseconds / 1000 }
    this.later(() => this.emitter.emit('command', event))
  }
}
