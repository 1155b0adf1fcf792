import { useState } from 'preact/hooks'
import { ConfirmButton } from '../../parts/confirm-button.js'
import { Disclosed } from '../../parts/disclosed.js'
import { EditForm } from '../../parts/edit-form.js'
import { useLoaded } from '../../parts/hooks.js'
import { count } from '../../parts/numbers.js'
import { ErrorText, Shown } from '../../parts/text.js'
import { type Column, WindowTable } from '../../parts/window-table.js'
import type { Bytes } from '../../server/bytes.js'
import { useServer } from '../../server/page-server.js'
import { bytesIn, checked, elementsIn, numberIn } from '../../server/reply.js'
import { ElementPanel } from './element-panel.js'
import { Pager } from './pager.js'
import { useChange } from './use-change.js'
import type { ValueProps } from './value-props.js'

const WINDOW = 200

interface Element {
  index: number
  bytes: Bytes
}

const COLUMNS: Column<Element>[] = [
  { name: 'index', width: 84, right: true, cell: element => count(element.index) },
  { name: 'element', cell: element => <Shown bytes={element.bytes} limit={300} /> },
]

/** A list, a window at a time. */
export function ListView({ chosen: { db, key }, writes, turn, onChange }: ValueProps) {
  const { api } = useServer()
  const [from, setFrom] = useState(0)
  const [shown, setShown] = useState<Element | null>(null)
  const change = useChange(db, onChange)
  const list = useLoaded(async () => {
    const [[length, range], size] = await api.repliesOfUpTo(db, WINDOW, size => [
      ['LLEN', key],
      ['LRANGE', key, from, from + size - 1],
    ])
    const elements = elementsIn(checked(range!)).map((reply, i) => ({ index: from + i, bytes: bytesIn(reply) }))
    return { length: numberIn(length!), elements, size }
  }, [api, db, key, from, turn])
  return (
    <>
      <ErrorText>{list.error ?? change.error}</ErrorText>
      <div class="bar">
        <Pager
          from={from}
          size={list.value?.size ?? WINDOW}
          total={list.value?.length ?? 0}
          what="elements"
          onMove={setFrom}
        />
      </div>
      <WindowTable
        label="Elements"
        rows={list.value?.elements ?? []}
        columns={COLUMNS}
        keyOf={element => element.index}
        empty=""
        onChoose={row => setShown(row)}
        chosen={element => element.index === shown?.index}
      />
      {shown && (
        <ElementPanel title={`Element ${count(shown.index)}`} bytes={shown.bytes} onClose={() => setShown(null)}>
          {writes && (
            <div class="edits">
              <Disclosed label="Edit">
                <EditForm
                  key={`${shown.index} ${shown.bytes}`}
                  label="Set"
                  fields={[{ name: 'element', initial: shown.bytes, lines: true }]}
                  run={async ([bytes]) => {
                    await api.reply(db, 'LSET', key, shown.index, bytes!)
                    setShown({ index: shown.index, bytes: bytes! })
                    onChange()
                  }}
                />
              </Disclosed>
              <ConfirmButton
                label="Remove"
                question="Remove the first element that equals it (LREM)?"
                run={() => change.run('LREM', key, 1, shown.bytes).then(() => setShown(null))}
              />
            </div>
          )}
        </ElementPanel>
      )}
      {writes && (
        <div class="edits">
          {(['LPUSH', 'RPUSH'] as const).map(push => (
            <EditForm
              key={push}
              label={push === 'LPUSH' ? 'Add in front' : 'Add at the end'}
              fields={[{ name: 'element' }]}
              clears
              run={async ([bytes]) => {
                await api.reply(db, push, key, bytes!)
                onChange()
              }}
            />
          ))}
        </div>
      )}
    </>
  )
}
