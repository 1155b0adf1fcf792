import { bytes, micros, millis, percent, short } from '../parts/numbers.js'
import type { Sample } from '../server/live-state.js'
import type { Colours } from './scheme.js'

/** A curve: what it shows of a sample, null where there is nothing to show. */
export interface Series {
  name: string
  colour: keyof Pick<Colours, 'accent' | 'soft' | 'grey'>
  dashed?: boolean
  filled?: boolean
  /** Not named where it has no value. */
  optional?: boolean
  value(sample: Sample): number | null
}

export interface PlotSpec {
  title: string
  format(value: number): string
  unit?: 'bytes' | 'count'
  series: Series[]
  /** The least that the top of the scale stands for. */
  atLeast: number
}

export const PLOTS: PlotSpec[] = [
  {
    title: 'Operations a second',
    format: short,
    unit: 'count',
    atLeast: 10,
    series: [{ name: 'ops', colour: 'accent', filled: true, value: sample => sample.ops }],
  },
  {
    title: 'Latency of commands',
    format: micros,
    atLeast: 100,
    series: [
      { name: 'p50', colour: 'grey', value: sample => sample.latency?.p50 ?? null },
      { name: 'p99', colour: 'accent', value: sample => sample.latency?.p99 ?? null },
      { name: 'p99.9', colour: 'soft', dashed: true, value: sample => sample.latency?.p999 ?? null },
    ],
  },
  {
    title: 'Event loop delay',
    format: millis,
    atLeast: 5,
    series: [
      { name: 'p50', colour: 'grey', value: sample => sample.loop?.p50 ?? null },
      { name: 'p99', colour: 'accent', value: sample => sample.loop?.p99 ?? null },
      { name: 'max', colour: 'soft', dashed: true, value: sample => sample.loop?.max ?? null },
    ],
  },
  {
    title: 'Memory',
    format: bytes,
    unit: 'bytes',
    atLeast: 1024 * 1024,
    series: [
      { name: 'used', colour: 'accent', filled: true, value: sample => sample.memory },
      { name: 'rss', colour: 'grey', value: sample => sample.rss },
      { name: 'data', colour: 'soft', value: sample => sample.dataset },
      { name: 'max', colour: 'grey', dashed: true, optional: true, value: sample => sample.maxmemory || null },
    ],
  },
  {
    title: 'Hit rate',
    format: percent,
    atLeast: 100,
    series: [{ name: 'hits', colour: 'accent', filled: true, value: hitRate }],
  },
  {
    title: 'Network, a second',
    format: bytes,
    unit: 'bytes',
    atLeast: 1000,
    series: [
      { name: 'out', colour: 'accent', value: sample => sample.outputBytes },
      { name: 'in', colour: 'grey', value: sample => sample.inputBytes },
    ],
  },
  {
    title: 'Clients',
    format: short,
    unit: 'count',
    atLeast: 10,
    series: [
      { name: 'connected', colour: 'accent', filled: true, value: sample => sample.clients },
      { name: 'blocked', colour: 'grey', value: sample => sample.blocked },
    ],
  },
  {
    title: 'Keys',
    format: short,
    unit: 'count',
    atLeast: 10,
    series: [{ name: 'keys', colour: 'accent', filled: true, value: sample => sample.keys }],
  },
  {
    title: 'Expired and evicted a second',
    format: short,
    unit: 'count',
    atLeast: 10,
    series: [
      { name: 'expired', colour: 'grey', value: sample => sample.expired },
      { name: 'evicted', colour: 'accent', value: sample => sample.evicted },
    ],
  },
]

function hitRate({ hits, misses }: Sample): number | null {
  return hits + misses === 0 ? null : (100 * hits) / (hits + misses)
}

const GAP_MS = 3000

/** The samples as columns, the time in seconds first, with an empty row where some are missing. */
export function columnsOf(samples: readonly Sample[], series: readonly Series[]): (number | null)[][] {
  const columns: (number | null)[][] = [[], ...series.map(() => [])]
  let last = 0
  for (const sample of samples) {
    if (last > 0 && sample.time - last > GAP_MS) {
      columns[0]!.push((last + 1000) / 1000)
      for (let i = 1; i < columns.length; i++) columns[i]!.push(null)
    }
    columns[0]!.push(sample.time / 1000)
    series.forEach(({ value }, i) => {
      columns[i + 1]!.push(value(sample))
    })
    last = sample.time
  }
  return columns
}
