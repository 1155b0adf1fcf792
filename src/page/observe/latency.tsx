import { useState } from 'preact/hooks'
import { useLoaded } from '../parts/hooks.js'
import { dateTime, millis } from '../parts/numbers.js'
import { ErrorText } from '../parts/text.js'
import { type Column, WindowTable } from '../parts/window-table.js'
import { useServer } from '../server/page-server.js'
import { elementsIn, isError, numberIn, type Reply, textIn } from '../server/reply.js'

const REFRESH_MS = 5000

interface Event {
  name: string
  time: number
  latest: number
  max: number
}

interface Spike {
  time: number
  millis: number
}

const EVENTS: Column<Event>[] = [
  { name: 'event', cell: event => event.name },
  { name: 'last seen', width: 168, cell: event => dateTime(event.time) },
  { name: 'latest', width: 84, right: true, cell: event => millis(event.latest) },
  { name: 'max', width: 84, right: true, cell: event => millis(event.max) },
]

/** LATENCY LATEST, an event's HISTORY, and what DOCTOR says. */
export function Latency() {
  const { api } = useServer()
  const [chosen, setChosen] = useState<string | null>(null)
  const found = useLoaded(
    async () => {
      const [latest, threshold, doctor] = await api.replies(0, [
        ['LATENCY', 'LATEST'],
        ['CONFIG', 'GET', 'latency-monitor-threshold'],
        ['LATENCY', 'DOCTOR'],
      ])
      return { events: elementsIn(latest!).map(eventIn), threshold: thresholdIn(threshold!), doctor: doctor! }
    },
    [api],
    REFRESH_MS,
  )
  const events = found.value?.events ?? []
  const shown = chosen ?? events[0]?.name ?? null
  const history = useLoaded(
    async () => (shown === null ? [] : elementsIn(await api.reply(0, 'LATENCY', 'HISTORY', shown)).map(spikeIn)),
    [api, shown],
    REFRESH_MS,
  )
  const spikes = history.value ?? []
  const max = Math.max(1, ...spikes.map(spike => spike.millis))
  const columns: Column<Spike>[] = [
    { name: 'time', width: 168, cell: spike => dateTime(spike.time) },
    { name: 'took', width: 84, right: true, cell: spike => millis(spike.millis) },
    { name: '', cell: spike => <div class="gauge" style={{ width: `${(100 * spike.millis) / max}%` }} /> },
  ]
  return (
    <section class="fill" aria-label="Latency">
      <div class="bar">
        <span class="note">{found.value === null ? 'asking …' : thresholdText(found.value.threshold)}</span>
      </div>
      <ErrorText>{found.error}</ErrorText>
      <div class="halves">
        <WindowTable
          label="Latency events"
          rows={events}
          columns={EVENTS}
          keyOf={event => event.name}
          empty={found.value === null ? '' : 'No event was slow.'}
          onChoose={event => setChosen(event.name)}
          chosen={event => event.name === shown}
        />
        <WindowTable
          label={`History of ${shown ?? 'an event'}`}
          rows={[...spikes].reverse()}
          columns={columns}
          keyOf={(spike, index) => `${spike.time} ${index}`}
          empty={shown === null ? 'An event’s history is shown here.' : ''}
        />
      </div>
      <pre class="doctor">{found.value === null ? '' : doctorText(found.value.doctor)}</pre>
    </section>
  )
}

function eventIn(reply: Reply): Event {
  const [name, time, latest, max] = elementsIn(reply)
  return { name: textIn(name!), time: numberIn(time!) * 1000, latest: numberIn(latest!), max: numberIn(max!) }
}

function spikeIn(reply: Reply): Spike {
  const [time, took] = elementsIn(reply)
  return { time: numberIn(time!) * 1000, millis: numberIn(took!) }
}

/** Null when this user may not read it. */
function thresholdIn(reply: Reply): number | null {
  return isError(reply) ? null : numberIn(elementsIn(reply)[1] ?? 0)
}

function thresholdText(threshold: number | null): string {
  if (threshold === null) return ''
  if (threshold > 0) return `Events of ${millis(threshold)} and more (latency-monitor-threshold).`
  return 'The latency monitor is off: CONFIG SET latency-monitor-threshold 100 notes what takes 100 ms and more.'
}

function doctorText(reply: Reply): string {
  return isError(reply) ? reply.error : textIn(reply).trim()
}
