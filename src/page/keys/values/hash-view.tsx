import { useState } from 'preact/hooks'
import { ConfirmButton } from '../../parts/confirm-button.js'
import { Disclosed } from '../../parts/disclosed.js'
import { EditForm } from '../../parts/edit-form.js'
import { useLoaded } from '../../parts/hooks.js'
import { seconds } from '../../parts/numbers.js'
import { ErrorText, Shown } from '../../parts/text.js'
import { type Column, WindowTable } from '../../parts/window-table.js'
import type { Bytes } from '../../server/bytes.js'
import { useServer } from '../../server/page-server.js'
import { bytesIn, elementsIn, isError, numberIn } from '../../server/reply.js'
import { patternBytes } from '../pattern.js'
import { ElementPanel } from './element-panel.js'
import { MatchInput } from './match-input.js'
import { ScanFoot } from './scan-foot.js'
import { useScanned } from './scanned.js'
import { useChange } from './use-change.js'
import type { ValueProps } from './value-props.js'

interface HashField {
  field: Bytes
  value: Bytes
  /** Seconds; negative without one. */
  ttl: number
}

const COLUMNS: Column<HashField>[] = [
  { name: 'field', width: 200, cell: ({ field }) => <Shown bytes={field} limit={300} /> },
  { name: 'value', cell: ({ value }) => <Shown bytes={value} limit={300} /> },
  { name: 'expires in', width: 96, right: true, cell: ({ ttl }) => (ttl < 0 ? '' : seconds(ttl)) },
]

/** A hash, by HSCAN, with the time that fields have left, by HTTL. */
export function HashView({ chosen: { db, key }, writes, turn, onChange }: ValueProps) {
  const { api } = useServer()
  const [pattern, setPattern] = useState('*')
  const [shown, setShown] = useState<HashField | null>(null)
  const change = useChange(db, onChange)
  const length = useLoaded(async () => numberIn(await api.reply(db, 'HLEN', key)), [api, db, key, turn])
  const scanned = useScanned(
    (cursor, count) => ['HSCAN', key, cursor, 'MATCH', patternBytes(pattern), 'COUNT', count],
    async replies => {
      const fields = Array.from({ length: replies.length >> 1 }, (_, i) => bytesIn(replies[2 * i]!))
      if (fields.length === 0) return []
      const [times] = await api.replies(db, [['HTTL', key, 'FIELDS', fields.length, ...fields]])
      // A user may be without HTTL.
      const ttls = isError(times!) ? [] : elementsIn(times!).map(numberIn)
      return fields.map((field, i) => ({ field, value: bytesIn(replies[2 * i + 1]!), ttl: ttls[i] ?? -1 }))
    },
    ({ field }) => field,
    db,
    [db, key, pattern, turn],
  )
  return (
    <>
      <ErrorText>{length.error ?? scanned.error ?? change.error}</ErrorText>
      <div class="bar">
        <MatchInput onPattern={setPattern} />
      </div>
      <WindowTable
        label="Fields"
        rows={scanned.elements}
        columns={COLUMNS}
        keyOf={({ field }) => field}
        empty={scanned.running ? '' : 'No field matches.'}
        onChoose={row => setShown(row)}
        chosen={({ field }) => field === shown?.field}
        minWidth={480}
      />
      <ScanFoot scanned={scanned} total={length.value ?? 0} what="fields" />
      {shown && (
        <ElementPanel
          title={<Shown bytes={shown.field} limit={200} />}
          bytes={shown.value}
          onClose={() => setShown(null)}
        >
          {writes && (
            <div class="edits">
              <Disclosed label="Edit">
                <EditForm
                  key={`${shown.field} ${shown.value}`}
                  label="Set"
                  fields={[{ name: 'value', initial: shown.value, lines: true }]}
                  run={async ([value]) => {
                    await api.reply(db, 'HSET', key, shown.field, value!)
                    setShown({ ...shown, value: value!, ttl: -1 })
                    onChange()
                  }}
                />
              </Disclosed>
              <ConfirmButton
                label="Delete"
                question="Delete this field?"
                run={() => change.run('HDEL', key, shown.field).then(() => setShown(null))}
              />
            </div>
          )}
        </ElementPanel>
      )}
      {writes && (
        <EditForm
          label="Add"
          fields={[{ name: 'field', width: 180 }, { name: 'value' }]}
          clears
          run={async ([field, value]) => {
            await api.reply(db, 'HSET', key, field!, value!)
            onChange()
          }}
        />
      )}
    </>
  )
}
