/** MONITOR: who gets to see every command, and the line that shows one. Source of the format: replicationFeedMonitors in Redis's replication.c. */

import { quotedLength, writeQuoted } from '../bytes/quote.js'
import type { Clock } from '../clock/clock.js'
import type { Request } from '../resp/request.js'
import { REDACTED } from './redaction.js'

/** A client that watches. */
export interface Monitor {
  /** It has turned replies off, which a line counts as. */
  readonly isMuted: boolean
  /** Takes a line's bytes, which nobody changes any more. */
  deliver(line: Buffer): void
}

/** What is shown of a command: `origin` and `secret` as in feed(). The request holds only until seen() returns. */
export interface CommandObserver {
  seen(microseconds: number, database: number, origin: string, args: Request, secret: readonly number[]): void
}

const CRLF_BYTES = 2

export class Monitors {
  /** Called when the first one comes or the last one goes. */
  onChange: () => void = () => {}
  private readonly watching = new Set<Monitor>()
  private observer: CommandObserver | null = null
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  get count(): number {
    return this.watching.size + (this.observer === null ? 0 : 1)
  }

  add(monitor: Monitor): void {
    this.watching.add(monitor)
    if (this.watching.size === 1) this.onChange()
  }

  /** The program that the server is part of looks on; null: no more. */
  observe(observer: CommandObserver | null): void {
    this.observer = observer
    this.onChange()
  }

  /** Does nothing when it does not watch. */
  remove(monitor: Monitor): void {
    if (this.watching.delete(monitor) && this.watching.size === 0) this.onChange()
  }

  /**
   * Shows a command to all. `origin` is where it came from: an address, "unix:" and a path, or "lua"; `secret` are the numbers
   * of the arguments to keep to oneself.
   */
  feed(database: number, origin: string, args: Request, secret: readonly number[]): void {
    const now = this.clock.microseconds()
    this.observer?.seen(now, database, origin, args, secret)
    if (this.watching.size === 0) return
    const line = monitorLine(now, database, origin, args, secret)
    for (const monitor of this.watching) if (!monitor.isMuted) monitor.deliver(line)
  }
}

/** `+1700000000.123456 [0 127.0.0.1:50000] "set" "key" "value"` with its end of line. O(bytes of the request). */
export function monitorLine(
  microseconds: number,
  database: number,
  origin: string,
  args: Request,
  secret: readonly number[],
): Buffer {
  const { argc, buffer, starts, ends } = args
  const fraction = String(microseconds % 1e6).padStart(6, '0')
  const head = `+${Math.floor(microseconds / 1e6)}.${fraction} [${database} ${origin}]`
  let length = head.length + CRLF_BYTES
  for (let i = 0; i < argc; i++) {
    length += 1 + (secret.includes(i) ? REDACTED.length + 2 : quotedLength(buffer, starts[i], ends[i]))
  }
  const line = Buffer.allocUnsafe(length)
  let at = line.write(head, 'latin1')
  for (let i = 0; i < argc; i++) {
    line[at++] = 32
    if (secret.includes(i)) at += line.write(`"${REDACTED}"`, at, 'latin1')
    else at = writeQuoted(line, at, buffer, starts[i], ends[i])
  }
  line.write('\r\n', at, 'latin1')
  return line
}
