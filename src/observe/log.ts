/** The log, in Redis's line format: `pid:role date time level message`. Source: serverLogRaw in server.c. */

import fs from 'node:fs'
import { type Clock, SystemClock } from '../clock/clock.js'
import { Syslog } from './syslog.js'

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning' | 'nothing'

const LEVELS: readonly LogLevel[] = ['debug', 'verbose', 'notice', 'warning', 'nothing']
const NOTICE = LEVELS.indexOf('notice')
const SIGNS = '.-*#'
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MAX_MESSAGE_BYTES = 1024

/** M master, S replica, C a child at work (a save), X Sentinel. */
export type LogRole = 'M' | 'S' | 'C' | 'X'

export type LogListener = (level: LogLevel, text: string) => void

export class Log {
  role: LogRole = 'M'
  clock: Clock = new SystemClock()
  /** Called with each line from `notice` on, whatever the level that is written. */
  readonly listeners = new Set<LogListener>()
  private threshold = 2
  private file = ''
  private syslog: Syslog | null = null
  private readonly pid: number

  constructor(pid: number = process.pid) {
    this.pid = pid
  }

  setLevel(level: LogLevel): void {
    this.threshold = LEVELS.indexOf(level)
  }

  /** Appends to this file from now on; '' is standard output. Throws what the system says when it cannot be opened. */
  setFile(file: string): void {
    if (file !== '') fs.closeSync(fs.openSync(file, 'a', 0o644))
    this.file = file
  }

  /** Writes to the system log as well. */
  setSyslog(ident: string, facility: string): void {
    this.syslog = new Syslog(ident, facility, this.pid, text => this.warning(text))
  }

  debug(message: string): void {
    this.write(0, message, this.role)
  }
  verbose(message: string): void {
    this.write(1, message, this.role)
  }
  notice(message: string): void {
    this.write(2, message, this.role)
  }
  warning(message: string): void {
    this.write(3, message, this.role)
  }
  /** A line of a script's: `level` from 0, debug, to 3, warning. */
  script(level: number, message: string): void {
    this.write(level, message, this.role)
  }
  /** A line of the background save, which in Redis is a child of its own. */
  child(message: string): void {
    this.write(2, message, 'C')
  }

  private write(level: number, message: string, role: LogRole): void {
    const isHeard = this.listeners.size > 0 && level >= Math.min(this.threshold, NOTICE)
    if (level < this.threshold && !isHeard) return
    const text = message.length > MAX_MESSAGE_BYTES ? message.slice(0, MAX_MESSAGE_BYTES) : message
    if (isHeard) for (const hear of this.listeners) hear(LEVELS[level], text)
    if (level < this.threshold) return
    this.append(`${this.pid}:${role} ${timestamp(new Date(this.clock.now()))} ${SIGNS[level]} ${text}\n`)
    this.syslog?.write(level, text)
  }

  /** Text as it is, of any length: reports and the logo. */
  raw(level: LogLevel, text: string): void {
    if (LEVELS.indexOf(level) >= this.threshold) this.append(text)
  }

  /** To the file or standard output. */
  private append(line: string): void {
    try {
      // The file is opened for every line, as Redis does: log rotation needs no signal.
      if (this.file === '') fs.writeSync(1, line)
      else fs.appendFileSync(this.file, line)
    } catch {
      // A full disk or a closed standard output must not take the server down.
    }
  }
}

function timestamp(now: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  const day = `${two(now.getDate())} ${MONTHS[now.getMonth()]} ${now.getFullYear()}`
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
  return `${day} ${time}.${String(now.getMilliseconds()).padStart(3, '0')}`
}
