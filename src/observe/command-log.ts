/**
 * Logs of commands that stood out, with their arguments cut to size: the slow log, and Valkey's of large requests and large replies.
 * Source of the limits: Redis's slowlog.h.
 */

import { latin1 } from '../bytes/latin1.js'
import type { Clock } from '../clock/clock.js'
import type { Request } from '../resp/request.js'
import { REDACTED } from './redaction.js'

const MAX_ARGUMENTS = 32
const MAX_ARGUMENT_BYTES = 128

/** Texts are of one character a byte. */
export interface LoggedCommand {
  readonly args: readonly string[]
  readonly address: string
  readonly clientName: string
}

export interface CommandLogEntry extends LoggedCommand {
  readonly id: number
  /** When it was logged, in seconds of Unix time. */
  readonly seconds: number
  /** Microseconds in the slow log, else bytes. */
  readonly value: number
}

/** Who ran the command. */
export interface LoggedClient {
  readonly address: string
  readonly name: string
}

export const LOG_NAMES = ['slow', 'large-request', 'large-reply'] as const
export type CommandLogs = { readonly [name in (typeof LOG_NAMES)[number]]: CommandLog }

export class CommandLog {
  /** Oldest first; those before `first` have been dropped. */
  private entries: CommandLogEntry[] = []
  private first = 0
  private nextId = 0
  private maxLength = 0
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  get length(): number {
    return this.entries.length - this.first
  }

  /** How many are kept at most; drops the oldest entries beyond it. */
  limit(maxLength: number): void {
    this.maxLength = maxLength
    this.trim()
  }

  /** Adds a command; `secret` are the numbers of its arguments to keep out. O(1). */
  add(client: LoggedClient, args: Request, secret: readonly number[], value: number): void {
    this.put(this.prepare(client, args, secret), value)
  }

  /** What is to be kept of a command whose value is not known yet: its request may be gone by then. */
  prepare(client: LoggedClient, args: Request, secret: readonly number[]): LoggedCommand {
    return { args: shownArguments(args, secret), address: client.address, clientName: client.name }
  }

  put(command: LoggedCommand, value: number): void {
    this.entries.push({
      id: this.nextId++,
      seconds: Math.floor(this.clock.now() / 1000),
      value: Math.floor(value),
      ...command,
    })
    this.trim()
  }

  /** The last `count` entries, newest first. */
  latest(count: number): CommandLogEntry[] {
    const { entries } = this
    return entries.slice(Math.max(this.first, entries.length - count)).reverse()
  }

  /** Forgets all entries; their ids are not used again. */
  reset(): void {
    this.entries = []
    this.first = 0
  }

  /** Entries leave at the front one by one; the array follows when half of it is unused. */
  private trim(): void {
    this.first = Math.max(this.first, this.entries.length - this.maxLength)
    if (this.first * 2 <= this.entries.length) return
    this.entries = this.entries.slice(this.first)
    this.first = 0
  }
}

function shownArguments(args: Request, secret: readonly number[]): string[] {
  const { argc } = args
  const shown: string[] = []
  const whole = argc > MAX_ARGUMENTS ? MAX_ARGUMENTS - 1 : argc
  for (let i = 0; i < whole; i++) shown.push(secret.includes(i) ? REDACTED : shownArgument(args, i))
  if (whole < argc) shown.push(`... (${argc - whole} more arguments)`)
  return shown
}

function shownArgument(args: Request, index: number): string {
  const start = args.starts[index]
  const more = args.length(index) - MAX_ARGUMENT_BYTES
  if (more <= 0) return args.latin1(index)
  return `${latin1(args.buffer, start, start + MAX_ARGUMENT_BYTES)}... (${more} more bytes)`
}
