/** The log's last lines, numbered. */
import { wallClock } from '../clock/platform.js'
import type { Log, LogLevel } from '../observe/log.js'

const KEPT = 200

export interface LogLine {
  readonly seq: number
  /** Milliseconds of Unix time. */
  readonly time: number
  readonly level: LogLevel
  readonly text: string
}

export class LogTail {
  /** Number of the last line; the first is 1. */
  last = 0
  private lines: LogLine[] = []
  private readonly log: Log

  constructor(log: Log) {
    this.log = log
  }

  start(): void {
    this.log.listeners.add(this.hear)
  }

  stop(): void {
    this.log.listeners.delete(this.hear)
  }

  private readonly hear = (level: LogLevel, text: string): void => {
    this.lines.push({ seq: ++this.last, time: wallClock(), level, text })
    if (this.lines.length > 2 * KEPT) this.lines = this.lines.slice(-KEPT)
  }

  /** Those behind number `seq`, as far as they are kept. */
  since(seq: number): LogLine[] {
    const count = Math.min(this.last - seq, KEPT, this.lines.length)
    return count > 0 ? this.lines.slice(-count) : []
  }
}
