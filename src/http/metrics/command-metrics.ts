/** What INFO commandstats, latencystats and errorstats, and LATENCY HISTOGRAM tell, a sample for each command or error code. */
import type { Command } from '../../commands/command.js'
import type { ServerApi } from '../../commands/server-api.js'
import { shownCode } from '../../observe/error-codes.js'
import type { LatencyHistogram } from '../../observe/latency-histogram.js'
import type { Exposition, Labels } from './exposition.js'

/** Histograms are some thousand cells each. */
const HISTOGRAMS_AT_ONCE = 16

/** Yields between slices of work. */
export function* writeCommandMetrics(out: Exposition, server: ServerApi): Generator<void> {
  const commands = calledCommands(server)
  const family = (name: string, help: string, value: (command: Command) => number): void => {
    out.family(name, 'counter', help)
    for (const command of commands) out.sample(labelsOf(command), value(command))
  }
  family('commands_total', 'Calls, by command.', ({ calls }) => calls)
  family('commands_duration_seconds_total', 'Seconds spent, by command.', seconds)
  family('commands_rejected_calls_total', 'Calls that were refused before they ran, by command.', c => c.rejectedCalls)
  family('commands_failed_calls_total', 'Calls that ended in an error, by command.', c => c.failedCalls)
  yield
  if (server.config.values['latency-tracking']) {
    yield* writePercentiles(out, server, commands)
    yield* writeHistograms(out, commands)
  }
  writeErrors(out, server)
}

/** Those that INFO commandstats lists. */
function calledCommands({ commands }: ServerApi): Command[] {
  const called: Command[] = []
  const add = (command: Command): void => {
    const { calls, failedCalls, rejectedCalls, subcommands } = command
    if (calls > 0 || failedCalls > 0 || rejectedCalls > 0) called.push(command)
    for (const subcommand of subcommands?.values() ?? []) add(subcommand)
  }
  for (const command of commands.all) add(command)
  return called
}

function labelsOf({ fullName }: Command): Labels {
  return [['cmd', fullName]]
}

function seconds({ milliseconds }: Command): number {
  return Math.round(milliseconds * 1000) / 1e6
}

function* writePercentiles(out: Exposition, server: ServerApi, commands: readonly Command[]): Generator<void> {
  const percentiles = server.config.values['latency-tracking-info-percentiles']
  out.family('latency_percentiles_usec', 'summary', 'Microseconds that calls took, by command.')
  for (const [i, command] of commands.entries()) {
    const { latency } = command
    if (latency === null) continue
    const labels = labelsOf(command)
    const times = latency.percentiles(percentiles)
    percentiles.forEach((percentile, at) => {
      out.sample([...labels, ['quantile', quantileOf(percentile)]], times[at].toFixed(3))
    })
    out.sample(labels, Math.round(command.milliseconds * 1000), '_sum')
    out.sample(labels, command.calls, '_count')
    if (i % HISTOGRAMS_AT_ONCE === HISTOGRAMS_AT_ONCE - 1) yield
  }
  yield
}

/** 99.9 is 0.999, without what binary fractions add. */
function quantileOf(percentile: number): number {
  return Number((percentile / 100).toPrecision(12))
}

function* writeHistograms(out: Exposition, commands: readonly Command[]): Generator<void> {
  out.family('commands_latencies_usec', 'histogram', 'Microseconds that calls took, by command.')
  for (const [i, command] of commands.entries()) {
    if (command.latency !== null) writeHistogram(out, command, command.latency)
    if (i % HISTOGRAMS_AT_ONCE === HISTOGRAMS_AT_ONCE - 1) yield
  }
  yield
}

function writeHistogram(out: Exposition, command: Command, latency: LatencyHistogram): void {
  const labels = labelsOf(command)
  for (const { calls, microseconds } of latency.cumulative()) {
    out.sample([...labels, ['le', microseconds]], calls, '_bucket')
  }
  const { count } = latency
  out.sample([...labels, ['le', '+Inf']], count, '_bucket')
  out.sample(labels, Math.round(command.milliseconds * 1000), '_sum')
  out.sample(labels, count, '_count')
}

function writeErrors(out: Exposition, { stats }: ServerApi): void {
  out.family('errors_total', 'counter', 'Error replies, by their code.')
  for (const [code, count] of stats.errors) out.sample([['err', shownCode(code)]], count)
}
