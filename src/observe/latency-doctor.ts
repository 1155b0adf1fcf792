/** LATENCY DOCTOR: what the latency monitor has seen, in words, and what may help. */
import type { LatencyMonitor } from './latency-monitor.js'

/** The settings that advice depends on. */
export interface DoctorSettings {
  /** Config slowlog-log-slower-than, microseconds; negative: off. */
  readonly slowlogMicroseconds: number
  /** Config hz. */
  readonly hz: number
}

interface Advice {
  /** Names of the events that it is about, or how they begin. */
  readonly about: RegExp
  text(thresholdMs: number, settings: DoctorSettings): string | null
}

const ADVICE: readonly Advice[] = [
  {
    about: /^command$/,
    text: (thresholdMs, { slowlogMicroseconds }) => {
      if (slowlogMicroseconds >= 0 && slowlogMicroseconds <= thresholdMs * 1000) {
        return 'SLOWLOG GET shows which commands were slow. Those that walk through large values or the whole key space have cheaper relatives: SCAN, HSCAN, UNLINK.'
      }
      return `The slow log keeps fewer commands than were noticed here. To see all of them: CONFIG SET slowlog-log-slower-than ${thresholdMs * 1000}`
    },
  },
  {
    about: /^fast-command$/,
    text: () =>
      'Commands that do next to nothing took long: the process did not get the processor in time, or its heap was being collected. Lower the load of the machine, or look for a noisy neighbour: redis-cli --intrinsic-latency 100 measures it without this server.',
  },
  {
    about: /^garbage-collection$/,
    text: () =>
      'The JavaScript heap is collected in long pauses. Keys and small values are not in it: look at values over 4 KB, long MULTI queues and output buffers (CLIENT LIST, omem).',
  },
  {
    about: /^expire-cycle$/,
    text: (_, { hz }) =>
      hz < 100
        ? 'Expired keys are removed in slices. More and smaller ones come with a higher hz: CONFIG SET hz 100'
        : null,
  },
  {
    about: /^eviction/,
    text: () =>
      'Memory had to be freed in a hurry. A lowered maxmemory, or a few large writes, can make the server evict many keys at once.',
  },
  {
    about: /^(snapshot|aof|rdb)/,
    text: () =>
      'Writing to the disk held up requests. Use a local disk, and keep other programs that write much away from it.',
  },
]

/** A report of one line an event, followed by advice. */
export function latencyReport(monitor: LatencyMonitor, settings: DoctorSettings): string {
  const { events, thresholdMs } = monitor
  if (events.size === 0) {
    return thresholdMs === 0
      ? 'Latency monitoring is off, so nothing has been observed. To turn it on: CONFIG SET latency-monitor-threshold <milliseconds>\n'
      : `No event has taken ${thresholdMs} ms or more. There is nothing to cure.\n`
  }
  const nowSeconds = Math.floor(monitor.clock.now() / 1000)
  let report = 'Some events took too long:\n\n'
  let number = 0
  for (const [event, series] of events) {
    const { averageMs, deviationMs, periodSeconds, samples } = series.figures(nowSeconds)
    report += `${++number}. ${event}: ${samples} latency spikes (average ${averageMs}ms, mean deviation ${deviationMs}ms, period ${(periodSeconds / samples).toFixed(2)} sec). Worst all time event ${series.worstMs}ms.\n`
  }
  const advice = adviceFor([...events.keys()], thresholdMs, settings)
  return advice.length === 0 ? report : `${report}\nWhat may help:\n\n${advice.map(text => `- ${text}\n`).join('')}`
}

function adviceFor(events: readonly string[], thresholdMs: number, settings: DoctorSettings): string[] {
  const advice: string[] = []
  for (const { about, text } of ADVICE) {
    const words = events.some(event => about.test(event)) ? text(thresholdMs, settings) : null
    if (words !== null) advice.push(words)
  }
  return advice
}
