/**
 * What wants to know of commands that have ended: the latency monitor, the slow log, the logs of large requests and replies, clients
 * in MONITOR. Thresholds stand for them all, so that a command nobody cares about costs a few comparisons. Source of the order: call() in Redis's server.c.
 */
import { type Client, isOwnWait } from '../commands/client.js'
import type { Command } from '../commands/command.js'
import { ADMIN, FAST, SKIP_MONITOR, SKIP_SLOWLOG } from '../commands/spec.js'
import type { Config } from '../config/config.js'
import { CommandLog, type CommandLogs } from '../observe/command-log.js'
import { CollectorWatch } from '../observe/garbage-collector.js'
import { LatencyMonitor } from '../observe/latency-monitor.js'
import { Monitors } from '../observe/monitors.js'
import { NOTHING_SECRET } from '../observe/redaction.js'
import type { ReplySource } from '../resp/reply-source.js'
import type { Request } from '../resp/request.js'
import type { Keyspace } from '../store/keyspace.js'
import { MeasuredReply } from './measured-reply.js'

const CRLF_BYTES = 2

export class CommandWatch {
  readonly latency: LatencyMonitor
  readonly monitors: Monitors
  readonly logs: CommandLogs
  /** Commands that took at least so many milliseconds are to be shown to ended(). */
  fromMs = Number.POSITIVE_INFINITY
  /** Requests and replies of at least so many bytes are to be shown to sized(). */
  requestFromBytes = Number.POSITIVE_INFINITY
  replyFromBytes = Number.POSITIVE_INFINITY
  /** Config latency-tracking. */
  keepsHistograms = true
  private readonly collector = new CollectorWatch(ms => this.latency.add('garbage-collection', ms))
  private readonly config: Config
  private readonly keyspace: Keyspace
  private slowMs = Number.POSITIVE_INFINITY

  constructor(config: Config, keyspace: Keyspace) {
    this.config = config
    this.keyspace = keyspace
    const { time } = keyspace
    this.latency = new LatencyMonitor(time)
    this.monitors = new Monitors(time)
    this.logs = {
      slow: new CommandLog(time),
      'large-request': new CommandLog(time),
      'large-reply': new CommandLog(time),
    }
    this.monitors.onChange = () => this.configure()
  }

  /** Takes over the settings that decide what is looked at. */
  configure(): void {
    const { config, logs } = this
    const { values } = config
    const thresholdMs = values['latency-monitor-threshold']
    logs.slow.limit(values['slowlog-max-len'])
    logs['large-request'].limit(values['commandlog-large-request-max-len'])
    logs['large-reply'].limit(values['commandlog-large-reply-max-len'])
    this.slowMs = threshold(values['slowlog-log-slower-than'], values['slowlog-max-len']) / 1000
    this.requestFromBytes = threshold(
      values['commandlog-request-larger-than'],
      values['commandlog-large-request-max-len'],
    )
    this.replyFromBytes = threshold(values['commandlog-reply-larger-than'], values['commandlog-large-reply-max-len'])
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
      this.monitors.feed(client.db.index, client.origin, args, secretsOf(command, args))
    }
  }

  /** The same of a command that a script of `caller` has called, in database `database`. */
  endedInScript(caller: Client, database: number, command: Command, args: Request, ms: number): void {
    const { flags } = command
    this.latency.add((flags & FAST) === 0 ? 'command' : 'fast-command', ms)
    this.logSlow(caller, command, args, ms)
    if (this.monitors.count > 0 && (flags & (ADMIN | SKIP_MONITOR)) === 0) {
      this.monitors.feed(database, 'lua', args, secretsOf(command, args))
    }
  }

  /** Puts a command into the slow log if it took long enough. */
  private logSlow(client: Client, command: Command, args: Request, ms: number): void {
    if (ms < this.slowMs || (command.flags & SKIP_SLOWLOG) !== 0) return
    this.logs.slow.add(client, args, secretsOf(command, args), ms * 1000)
  }

  /** A command has run whose request or reply may be large. */
  sized(client: Client, command: Command, args: Request, replyBytes: number): void {
    // One that waits is shown again when it is done, by its reply or by waited().
    if (client.blocked !== null && !isOwnWait(client.blocked)) return
    this.logRequest(client, command, args)
    // A reply in pieces is measured at its end.
    if (client.blocked === null) this.logReply(client, command, args, replyBytes)
  }

  /** A command that had to wait for something else than a key, or in vain, is done. */
  waited(client: Client, command: Command, args: Request, ms: number, replyBytes: number): void {
    this.logSlow(client, command, args, ms)
    this.logRequest(client, command, args)
    this.logReply(client, command, args, replyBytes)
  }

  private logRequest(client: Client, command: Command, args: Request): void {
    const bytes = requestBytes(args)
    if (bytes < this.requestFromBytes || (command.flags & SKIP_SLOWLOG) !== 0) return
    this.logs['large-request'].add(client, args, secretsOf(command, args), bytes)
  }

  private logReply(client: Client, command: Command, args: Request, bytes: number): void {
    const sent = client.isMuted || client.isMaster ? 0 : bytes
    if (sent < this.replyFromBytes || (command.flags & SKIP_SLOWLOG) !== 0) return
    this.logs['large-reply'].add(client, args, secretsOf(command, args), sent)
  }

  /** The reply of a command that is made in pieces, or what gives the same and measures it. `begun`: bytes ahead of it. */
  measured(source: ReplySource, client: Client, command: Command, args: Request, begun: number): ReplySource {
    if (this.replyFromBytes === Number.POSITIVE_INFINITY || (command.flags & SKIP_SLOWLOG) !== 0) return source
    const entry = this.logs['large-reply'].prepare(client, args, secretsOf(command, args))
    return new MeasuredReply(source, begun, bytes => {
      if (bytes >= this.replyFromBytes) this.logs['large-reply'].put(entry, bytes)
    })
  }
}

/** The least value that is logged: none at all for a negative setting, or where no entry is kept. */
function threshold(setting: number, kept: number): number {
  return setting < 0 || kept === 0 ? Number.POSITIVE_INFINITY : setting
}

/** A request's bytes on the wire; of an inline command, with one blank between arguments, as Valkey counts. */
function requestBytes(args: Request): number {
  if (args.wireStart >= 0) return args.wireEnd - args.wireStart
  return args.argumentBytes + args.argc - 1 + CRLF_BYTES
}

function secretsOf({ spec }: Command, args: Request): readonly number[] {
  return spec.secrets === undefined ? NOTHING_SECRET : spec.secrets(args)
}
