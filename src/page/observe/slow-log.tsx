import { useState } from 'preact/hooks'
import { useLoaded } from '../parts/hooks.js'
import { count, dateTime, micros } from '../parts/numbers.js'
import { ErrorText } from '../parts/text.js'
import { type Column, type Order, ordered, WindowTable } from '../parts/window-table.js'
import { type Bytes, quoted, textOf } from '../server/bytes.js'
import { useServer } from '../server/page-server.js'
import { bytesIn, elementsIn, numberIn, type Reply, textIn } from '../server/reply.js'

const REFRESH_MS = 5000
const ENTRIES = 512

interface Entry {
  id: number
  time: number
  micros: number
  /** As a line for redis-cli. */
  words: string
  client: string
  name: string
}

const COLUMNS: Column<Entry>[] = [
  { name: 'id', width: 72, right: true, cell: entry => entry.id, order: entry => entry.id },
  { name: 'time', width: 168, cell: entry => dateTime(entry.time), order: entry => entry.time },
  { name: 'took', width: 88, right: true, cell: entry => micros(entry.micros), order: entry => entry.micros },
  {
    name: 'command',
    cell: entry => (
      <span class="pre" title={entry.words}>
        {entry.words.slice(0, 500)}
      </span>
    ),
    order: entry => entry.words,
  },
  { name: 'client', width: 176, cell: entry => entry.client, order: entry => entry.client },
  { name: 'name', width: 132, cell: entry => entry.name, order: entry => entry.name },
]

/** SLOWLOG GET. */
export function SlowLog() {
  const { api } = useServer()
  const [order, setOrder] = useState<Order>({ column: 'id', descending: true })
  const log = useLoaded(
    async () => {
      const [entries, limit] = await api.replies(0, [
        ['SLOWLOG', 'GET', ENTRIES],
        ['CONFIG', 'GET', 'slowlog-log-slower-than'],
      ])
      return { entries: elementsIn(entries!).map(entryIn), slowerThan: limitIn(limit!) }
    },
    [api],
    REFRESH_MS,
  )
  const entries = log.value?.entries ?? []
  return (
    <section class="fill" aria-label="Slow log">
      <div class="bar">
        <span class="note">
          {log.value === null ? 'asking …' : `${count(entries.length)} commands${log.value.slowerThan}`}
        </span>
      </div>
      <ErrorText>{log.error}</ErrorText>
      <WindowTable
        label="Slow log"
        rows={ordered(entries, COLUMNS, order)}
        columns={COLUMNS}
        keyOf={entry => entry.id}
        empty={log.value === null ? '' : 'No command was slow.'}
        order={order}
        onOrder={setOrder}
        minWidth={900}
      />
    </section>
  )
}

function entryIn(reply: Reply): Entry {
  const [id, time, took, words, client, name] = elementsIn(reply)
  return {
    id: numberIn(id!),
    time: numberIn(time!) * 1000,
    micros: numberIn(took!),
    words: elementsIn(words!)
      .map(word => wordOf(bytesIn(word)))
      .join(' '),
    client: textIn(client ?? ''),
    name: textIn(name ?? ''),
  }
}

/** In quotes where it must be. */
function wordOf(bytes: Bytes): string {
  const text = textOf(bytes)
  return text !== null && /^[^\s"'\\\p{Cc}]+$/u.test(text) ? text : quoted(bytes)
}

/** The limit may be unreadable to this user: said or left out. */
function limitIn(reply: Reply): string {
  try {
    const limit = Number(textIn(elementsIn(reply)[1] ?? ''))
    return limit < 0 ? '; the slow log is off (slowlog-log-slower-than -1)' : `, slower than ${micros(limit)}`
  } catch {
    return ''
  }
}
