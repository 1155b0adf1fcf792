/** LATENCY: events that took too long, and how long commands take. Source of behaviour: latencyCommand in Redis's latency.c. */
import { latencyReport } from '../../observe/latency-doctor.js'
import type { LatencyHistogram } from '../../observe/latency-histogram.js'
import type { LatencySeries } from '../../observe/latency-monitor.js'
import { sparkline } from '../../observe/sparkline.js'
import type { Command } from '../command.js'
import { type CommandContext, SYNTAX_ERROR } from '../context.js'
import { helpSubcommand } from '../help.js'
import { ADMIN, type ArgumentDoc, type CommandSpec, LOADING, NOSCRIPT, STALE } from '../spec.js'

const ANY_TIME = ADMIN | NOSCRIPT | LOADING | STALE
const GRAPH_COLUMNS = 80
const GRAPH_ROWS = 4

const EVENT: ArgumentDoc = { name: 'event', type: 'string' }
const REPORT_TIPS = ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special']

const subcommands: CommandSpec[] = [
  report('doctor', 2, 'Reports what the latency monitor has seen, in words, and what may help.', doctor),
  report('graph', 3, 'Draws the samples of an event.', graph, [EVENT]),
  helpSubcommand('latency', 'server', '2.8.13'),
  {
    ...report(
      'histogram',
      -2,
      'Returns how many calls of commands took at most how long; of all commands unless some are named.',
      histogram,
      [{ name: 'command', type: 'string', optional: true, multiple: true }],
    ),
    since: '7.0.0',
    complexity: 'O(N) where N is the number of commands with latency information being retrieved.',
  },
  report('history', 3, 'Returns the samples of an event.', history, [EVENT]),
  report('latest', 2, 'Returns the latest sample of each event.', latest),
  {
    ...report('reset', -2, 'Forgets the samples of events, of all unless some are named.', reset, [
      { ...EVENT, optional: true, multiple: true },
    ]),
    tips: ['request_policy:all_nodes', 'response_policy:agg_sum'],
  },
]

export const latencyCommands: CommandSpec[] = [
  {
    name: 'latency',
    arity: -2,
    flags: 0,
    group: 'server',
    since: '2.8.13',
    summary: 'The commands that show where time goes.',
    complexity: 'Depends on subcommand.',
    subcommands,
    run: ({ reply }) => reply.error(SYNTAX_ERROR),
  },
]

function report(
  name: string,
  arity: number,
  summary: string,
  run: CommandSpec['run'],
  documented: readonly ArgumentDoc[] = [],
): CommandSpec {
  return {
    name,
    arity,
    flags: ANY_TIME,
    group: 'server',
    since: '2.8.13',
    summary,
    complexity: 'O(1)',
    tips: REPORT_TIPS,
    ...(documented.length === 0 ? {} : { arguments: documented }),
    run,
  }
}

function doctor({ reply, server }: CommandContext): void {
  const { values } = server.config
  const settings = { slowlogMicroseconds: values['slowlog-log-slower-than'], hz: values.hz }
  reply.verbatim(latencyReport(server.latency, settings))
}

/** LATENCY HISTORY event: pairs of seconds of Unix time and milliseconds, oldest first. */
function history({ args, reply, server }: CommandContext): void {
  const samples = server.latency.events.get(args.latin1(2))?.samples ?? []
  reply.array(samples.length)
  for (const { seconds, ms } of samples) {
    reply.array(2)
    reply.integer(seconds)
    reply.integer(ms)
  }
}

/** LATENCY LATEST: of each event its name, when it last took too long, how long, and the longest time ever. */
function latest({ reply, server }: CommandContext): void {
  const { events } = server.latency
  reply.array(events.size)
  for (const [event, series] of events) {
    reply.array(4)
    reply.bulkText(event)
    reply.integer(series.latest.seconds)
    reply.integer(series.latest.ms)
    reply.integer(series.worstMs)
  }
}

/** LATENCY RESET [event ...]: how many events were forgotten. */
function reset({ args, reply, server }: CommandContext): void {
  const { latency } = server
  if (args.argc === 2) {
    reply.integer(latency.resetAll())
    return
  }
  let forgotten = 0
  for (let i = 2; i < args.argc; i++) forgotten += latency.reset(args.latin1(i))
  reply.integer(forgotten)
}

/** LATENCY GRAPH event. */
function graph({ args, reply, server }: CommandContext): void {
  const event = args.latin1(2)
  const series = server.latency.events.get(event)
  if (series === undefined) reply.error(`ERR No samples available for event '${event}'`)
  else reply.verbatim(graphText(event, series, server.keyspace.time.now()))
}

function graphText(event: string, series: LatencySeries, nowMs: number): string {
  const nowSeconds = Math.floor(nowMs / 1000)
  const { maxMs, minMs } = series.figures(nowSeconds)
  const columns = series.samples.map(({ seconds, ms }) => ({ value: ms, label: age(nowSeconds - seconds) }))
  return (
    `${event} - high ${maxMs} ms, low ${minMs} ms (all time high ${series.worstMs} ms)\n` +
    `${'-'.repeat(GRAPH_COLUMNS)}\n${sparkline(columns, GRAPH_COLUMNS, GRAPH_ROWS)}`
  )
}

/** "5s", "3m", "2h" or "1d". */
function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86400)}d`
}

/** LATENCY HISTOGRAM [command ...]: a map of commands; what is no command, or has not been called, is left out. */
function histogram({ args, reply, server }: CommandContext): void {
  const { commands } = server
  const asked: Command[] = []
  if (args.argc === 2) asked.push(...commands.all)
  for (let i = 2; i < args.argc; i++) {
    const command = commands.byFullName(args.latin1(i))
    if (command !== null) asked.push(command)
  }
  const measured: [string, LatencyHistogram][] = []
  for (const command of asked) {
    for (const { fullName, latency } of [command, ...(command.subcommands?.values() ?? [])]) {
      if (latency !== null) measured.push([fullName, latency])
    }
  }
  reply.map(measured.length)
  for (const [name, latency] of measured) {
    reply.bulkText(name)
    replyHistogram(reply, latency)
  }
}

function replyHistogram(reply: CommandContext['reply'], latency: LatencyHistogram): void {
  const counts = latency.cumulative()
  reply.map(2)
  reply.bulkText('calls')
  reply.integer(latency.count)
  reply.bulkText('histogram_usec')
  reply.map(counts.length)
  for (const { microseconds, calls } of counts) {
    reply.integer(microseconds)
    reply.integer(calls)
  }
}
