/**
 * What wants to know of commands that have ended: the latency monitor, the slow log, clients in MONITOR. One threshold stands for
 * them all, so that a command nobody cares about costs one comparison. Source of the order: call() in Redis's server.c.
 */
import type { Client } from '../commands/client.js'
import type { Command } from '../commands/command.js'
import { ADMIN, FAST, SKIP_MONITOR, SKIP_SLOWLOG } from '../commands/spec.js'
import type { Config } from '../config/config.js'
import { CollectorWatch } from '../observe/garbage-collector.js'
import { LatencyMonitor } from '../observe/latency-monitor.js'
import { Monitors } from '../observe/monitors.js'
import { NOTHING_SECRET } from '../observe/redaction.js'
import { SlowLog } from '../observe/slowlog.js'
import type { Request } from '../resp/request.js'
import type { Keyspace } from '../store/keyspace.js'

export class CommandWatch {
  readonly latency = new LatencyMonitor()
  readonly monitors = new Monitors()
  readonly slowlog = new SlowLog()
  /** Commands that took at least so many milliseconds are to be shown to ended(). */
  fromMs = Number.POSITIVE_INFINITY
  /** Config latency-tracking. */
  keepsHistograms = true
  private readonly collector = new CollectorWatch(ms => this.latency.add('garbage-collection', ms))
  private readonly config: Config
  private readonly keyspace: Keyspace
  private slowMs = Number.POSITIVE_INFINITY

  constructor(config: Config, keyspace: Keyspace) {
    this.config = config
    this.keyspace = keyspace
    this.monitors.onChange = () => this.configure()
  }

  /** Takes over the settings that decide what is looked at. */
  configure(): void {
    const { values } = this.config
    const slowerThan = values['slowlog-log-slower-than']
    const thresholdMs = values['latency-monitor-threshold']
    this.slowMs = slowerThan < 0 ? Number.POSITIVE_INFINITY : slowerThan / 1000
    this.slowlog.limit(values['slowlog-max-len'])
    this.latency.thresholdMs = thresholdMs
    if (thresholdMs > 0) this.collector.start()
    else this.collector.stop()
    this.keepsHistograms = values['latency-tracking']
    const latencyMs = thresholdMs === 0 ? Number.POSITIVE_INFINITY : thresholdMs
    this.fromMs = this.monitors.count > 0 ? 0 : Math.min(this.slowMs, latencyMs)
  }

  /** The server has ended. */
  close(): void {
    this.collector.stop()
  }

  /**
   * A command has run, for `ms` milliseconds. A client that it has blocked gets into the slow log when the command is done.
   *
   * @param totalMs with the time of earlier runs of the same request, if it had to be run again
   */
  ended(client: Client, command: Command, args: Request, ms: number, totalMs = ms, isRerun = false): void {
    const { flags } = command
    this.latency.add((flags & FAST) === 0 ? 'command' : 'fast-command', ms)
    if (client.blocked === null) this.logSlow(client, command, args, totalMs)
    if (isRerun) return
    if (this.monitors.count > 0 && (flags & (ADMIN | SKIP_MONITOR)) === 0 && !this.keyspace.loading) {
      this.monitors.feed(client.db.index, originOf(client), args, secretsOf(command, args))
    }
  }

  /** Puts a command into the slow log if it took long enough; for one that had to wait, when its reply is written. */
  logSlow(client: Client, command: Command, args: Request, ms: number): void {
    if (ms < this.slowMs || (command.flags & SKIP_SLOWLOG) !== 0) return
    this.slowlog.add(client, args, secretsOf(command, args), ms * 1000)
  }
}

function secretsOf({ spec }: Command, args: Request): readonly number[] {
  return spec.secrets === undefined ? NOTHING_SECRET : spec.secrets(args)
}

/** An address, or "unix:" and the socket's path. */
function originOf({ address, transport }: Client): string {
  return transport.isUnixSocket ? `unix:${address.slice(0, -':0'.length)}` : address
}
