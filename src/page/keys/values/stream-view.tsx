import { useState } from 'preact/hooks'
import { ConfirmButton } from '../../parts/confirm-button.js'
import { EditForm } from '../../parts/edit-form.js'
import { useLoaded } from '../../parts/hooks.js'
import { count, dateTime } from '../../parts/numbers.js'
import { ErrorText, Shown } from '../../parts/text.js'
import { type Column, WindowTable } from '../../parts/window-table.js'
import { type Bytes, quoted, textOf } from '../../server/bytes.js'
import { useServer } from '../../server/page-server.js'
import { bytesIn, checked, elementsIn, fieldsIn, numberIn, type Reply } from '../../server/reply.js'
import { StreamGroups } from './stream-groups.js'
import { useChange } from './use-change.js'
import type { ValueProps } from './value-props.js'

const WINDOW = 100

interface Entry {
  id: Bytes
  fields: [Bytes, Bytes][]
}

const COLUMNS: Column<Entry>[] = [
  { name: 'ID', width: 168, cell: ({ id }) => <span title={dateTime(Number(id.split('-')[0]))}>{id}</span> },
  { name: 'fields', cell: ({ fields }) => <Fields fields={fields} /> },
]

/** A stream, the last entries first, a window at a time; its groups with their consumers and what is pending. */
export function StreamView({ chosen, writes, turn, onChange }: ValueProps) {
  const { api } = useServer()
  const { db, key } = chosen
  // Where each window up to this one begins: the way back to newer ones.
  const [starts, setStarts] = useState<string[]>(['+'])
  const [shown, setShown] = useState<Entry | null>(null)
  const change = useChange(db, onChange)
  const start = starts.at(-1)!
  const stream = useLoaded(async () => {
    const [[info, range], size] = await api.repliesOfUpTo(db, WINDOW, size => [
      ['XINFO', 'STREAM', key],
      ['XREVRANGE', key, start, '-', 'COUNT', size],
    ])
    return { info: fieldsIn(info!), entries: elementsIn(checked(range!)).map(entryIn), size }
  }, [api, db, key, start, turn])
  const entries = stream.value?.entries ?? []
  const fact = (name: string) => stream.value?.info.get(name) ?? 0
  return (
    <>
      <ErrorText>{stream.error ?? change.error}</ErrorText>
      <div class="bar">
        <span class="pager">
          <button type="button" disabled={starts.length === 1} onClick={() => setStarts(['+'])}>
            Newest
          </button>
          <button type="button" disabled={starts.length === 1} onClick={() => setStarts(starts.slice(0, -1))}>
            Newer
          </button>
          <button
            type="button"
            disabled={entries.length < (stream.value?.size ?? WINDOW)}
            onClick={() => setStarts([...starts, `(${entries.at(-1)!.id}`])}
          >
            Older
          </button>
        </span>
        <span class="note">
          {count(numberIn(fact('length')))} entries, {count(numberIn(fact('entries-added')))} added ever
        </span>
      </div>
      <WindowTable
        label="Entries"
        rows={entries}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        empty={stream.value === null ? '' : 'No entry.'}
        onChoose={row => setShown(row)}
        chosen={({ id }) => id === shown?.id}
        minWidth={400}
      />
      {shown && (
        <section class="element" aria-label="Entry">
          <div class="bar">
            <b>{shown.id}</b>
            <span class="note">{dateTime(Number(shown.id.split('-')[0]))}</span>
            <button type="button" class="quiet end" onClick={() => setShown(null)}>
              Close
            </button>
          </div>
          <pre class="text">
            {shown.fields.map(([name, value]) => `${written(name)}  ${written(value)}`).join('\n')}
          </pre>
          {writes && (
            <div class="edits">
              <ConfirmButton
                label="Delete"
                question="Delete this entry?"
                run={() => change.run('XDEL', key, shown.id).then(() => setShown(null))}
              />
            </div>
          )}
        </section>
      )}
      {writes && (
        <EditForm
          label="Add"
          fields={[{ name: 'field', width: 180 }, { name: 'value' }]}
          clears
          run={async ([field, value]) => {
            await api.reply(db, 'XADD', key, '*', field!, value!)
            onChange()
          }}
        />
      )}
      <StreamGroups chosen={chosen} turn={turn} />
    </>
  )
}

function Fields({ fields }: Pick<Entry, 'fields'>) {
  return (
    <>
      {fields.slice(0, 20).map(([name, value], i) => (
        <span key={i} class="field">
          <Shown bytes={name} limit={60} />
          <Shown bytes={value} limit={200} />
        </span>
      ))}
    </>
  )
}

function written(bytes: Bytes): string {
  const text = textOf(bytes)
  return text !== null && /^\P{Cc}+$/u.test(text) ? text : quoted(bytes)
}

/** An entry that was deleted while it was read has no fields. */
function entryIn(reply: Reply): Entry {
  const [id, fields] = elementsIn(reply)
  const words = elementsIn(fields ?? null).map(bytesIn)
  return {
    id: bytesIn(id!),
    fields: Array.from({ length: words.length >> 1 }, (_, i) => [words[2 * i]!, words[2 * i + 1]!]),
  }
}
