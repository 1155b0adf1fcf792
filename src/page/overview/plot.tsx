import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { clock } from '../parts/numbers.js'
import type { Sample } from '../server/live-state.js'
import { type Colours, useColours } from './scheme.js'
import { columnsOf, type PlotSpec } from './series.js'

const WINDOW_S = 600
const FONT = '11px system-ui, sans-serif'

/** A plot of the last ten minutes; above it what its curves are at the pointer, or now. */
export function Plot({ spec, samples }: { spec: PlotSpec; samples: readonly Sample[] }) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const [pointed, setPointed] = useState<number | null>(null)
  const colours = useColours()
  const columns = columnsOf(samples, spec.series)
  const latest = useRef(columns)
  latest.current = columns

  useLayoutEffect(() => {
    const element = place.current!
    const drawn = new uPlot(
      options(spec, colours, sizeOf(element), setPointed),
      latest.current as uPlot.AlignedData,
      element,
    )
    plot.current = drawn
    const observer = new ResizeObserver(() => drawn.setSize(sizeOf(element)))
    observer.observe(element)
    return () => {
      observer.disconnect()
      drawn.destroy()
    }
  }, [spec, colours])
  useEffect(() => plot.current!.setData(columns as uPlot.AlignedData), [samples])

  const at = pointed !== null && pointed < columns[0]!.length ? pointed : columns[0]!.length - 1
  return (
    <figure class="plot" aria-label={spec.title}>
      <figcaption>
        <b>{spec.title}</b>
        <span class="when">{pointed !== null && at >= 0 ? clock(columns[0]![at]! * 1000) : ''}</span>
        <dl>
          {spec.series.map((series, i) => {
            const value = columns[i + 1]![at] ?? null
            if (series.optional && value === null) return null
            return (
              <div key={series.name} class={`swatch ${series.colour}${series.dashed ? ' dashed' : ''}`}>
                <dt>{series.name}</dt>
                <dd>{value === null ? '–' : spec.format(value)}</dd>
              </div>
            )
          })}
        </dl>
      </figcaption>
      <div class="canvas" ref={place} />
    </figure>
  )
}

function sizeOf(element: HTMLElement) {
  return { width: element.clientWidth, height: element.clientHeight }
}

function options(
  { series, format, atLeast, unit }: PlotSpec,
  colours: Colours,
  size: { width: number; height: number },
  point: (index: number | null) => void,
): uPlot.Options {
  const axis = { stroke: colours.text, font: FONT, ticks: { show: false } }
  return {
    ...size,
    legend: { show: false },
    padding: [8, 18, 0, 0],
    // One line over all plots: the same second everywhere.
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'time' }, points: { size: 5 } },
    scales: {
      x: { range: (_, __, max) => [max - WINDOW_S, max] },
      y: { range: (_, __, max) => [0, Math.max(max ?? 0, atLeast) * 1.05] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        space: 70,
        grid: { show: false },
        values: (_, times) => times.map(time => clock(time * 1000).slice(0, 5)),
        incrs: [60, 120, 300, 600],
      },
      {
        ...axis,
        size: 62,
        gap: 4,
        space: 28,
        grid: { stroke: colours.line, width: 1 },
        ...(unit && { incrs: unit === 'bytes' ? BYTE_STEPS : COUNT_STEPS }),
        values: (_, values) => values.map(value => tick(format(value))),
      },
    ],
    series: [
      {},
      ...series.map(({ name, colour, dashed, filled }) => ({
        label: name,
        stroke: colours[colour],
        width: 1.5,
        points: { size: 3, filter: alone, fill: colours[colour] },
        ...(dashed && { dash: [3, 3] }),
        ...(filled && { fill: `${colours[colour]}1f` }),
      })),
    ],
    hooks: { setCursor: [plot => point(plot.cursor.idx ?? null)] },
  }
}

/** Seconds with nothing beside them, which no line shows. */
function alone(plot: uPlot, series: number): number[] {
  const values = plot.data[series]!
  const found: number[] = []
  for (let i = 0; i < values.length; i++)
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i)
  return found
}

// Whole numbers; round numbers of KiB, MiB and so on.
const COUNT_STEPS = Array.from({ length: 15 }, (_, power) => [1, 2, 5].map(n => n * 10 ** power)).flat()
const BYTE_STEPS = [0, 10, 20, 30, 40].flatMap(power =>
  [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map(n => n * 2 ** power),
)

/** A figure of an axis: 50k rather than 50.0k, and 0 without a unit: "0" rather than "0 ms". */
function tick(text: string): string {
  return text
    .replace(/(\.\d*?)0+(?=\D|$)/, '$1')
    .replace(/\.(?=\D|$)/, '')
    .replace(/^0\D.*/, '0')
}
