import { useState } from 'preact/hooks'
import { useStore } from '../parts/hooks.js'
import { count, dateTime } from '../parts/numbers.js'
import { type Column, WindowTable } from '../parts/window-table.js'
import type { LogLine } from '../server/live-state.js'
import { useServer } from '../server/page-server.js'

const LEVELS = ['debug', 'verbose', 'notice', 'warning'] as const

const COLUMNS: Column<LogLine>[] = [
  { name: 'time', width: 168, cell: line => dateTime(line.time) },
  { name: 'level', width: 76, cell: line => <span class={`level-${line.level}`}>{line.level}</span> },
  { name: 'text', cell: line => <span title={line.text}>{line.text}</span> },
]

/** The server's log as it is written. */
export function Log() {
  const { live } = useServer()
  const lines = useStore(live.log)
  const [level, setLevel] = useState<LogLine['level']>('debug')
  const [filter, setFilter] = useState('')
  const wanted = filter.toLowerCase()
  const rows = lines.filter(
    line => LEVELS.indexOf(line.level) >= LEVELS.indexOf(level) && line.text.toLowerCase().includes(wanted),
  )
  return (
    <section class="fill" aria-label="Log">
      <div class="bar">
        <select
          aria-label="Least level"
          value={level}
          onChange={event => setLevel(event.currentTarget.value as LogLine['level'])}
        >
          {LEVELS.map(name => (
            <option key={name} value={name}>
              {name === 'debug' ? 'all levels' : name === 'warning' ? 'warnings' : `${name} and above`}
            </option>
          ))}
        </select>
        <input
          type="search"
          placeholder="Filter"
          aria-label="Filter log"
          value={filter}
          onInput={event => setFilter(event.currentTarget.value)}
        />
        <span class="note">
          {count(rows.length)} of {count(lines.length)} lines
        </span>
      </div>
      <WindowTable
        label="Log"
        rows={rows}
        columns={COLUMNS}
        keyOf={line => `${line.time} ${line.seq}`}
        empty={lines.length === 0 ? 'Nothing yet.' : 'No line matches.'}
        follow
        minWidth={760}
      />
    </section>
  )
}
