/**
 * `syslog-enabled`: the log's lines for the system log, by way of logger(1), which every Unix has: the socket itself is one
 * that Node cannot write to. One logger for each level, started when its first line comes.
 */
import { type ChildProcess, spawn } from 'node:child_process'

/** The severities of Redis's levels: debug, verbose, notice, warning. */
const SEVERITIES = ['debug', 'info', 'notice', 'warning'] as const

export class Syslog {
  private readonly tag: string
  private readonly facility: string
  private readonly onFailure: (text: string) => void
  private readonly loggers: (ChildProcess | null)[] = SEVERITIES.map(() => null)
  private failed = false

  /** @param onFailure is told, once, why there is no system log. */
  constructor(ident: string, facility: string, pid: number, onFailure: (text: string) => void) {
    this.tag = `${ident}[${pid}]`
    this.facility = facility
    this.onFailure = onFailure
  }

  /** `level`: 0 debug to 3 warning. */
  write(level: number, text: string): void {
    if (this.failed) return
    this.loggers[level] ??= this.start(level)
    this.loggers[level].stdin?.write(`${text.replaceAll('\n', ' ')}\n`, 'latin1')
  }

  private start(level: number): ChildProcess {
    const logger = spawn('logger', ['-t', this.tag, '-p', `${this.facility}.${SEVERITIES[level]}`], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    logger.on('error', error => this.fail(error))
    logger.stdin.on('error', error => this.fail(error))
    logger.unref()
    return logger
  }

  private fail(error: Error): void {
    if (this.failed) return
    this.failed = true
    this.onFailure(`Can't write to the system log: logger: ${error.message}`)
  }
}
