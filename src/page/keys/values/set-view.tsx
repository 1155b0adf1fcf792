import { useState } from 'preact/hooks'
import { ConfirmButton } from '../../parts/confirm-button.js'
import { EditForm } from '../../parts/edit-form.js'
import { useLoaded } from '../../parts/hooks.js'
import { ErrorText, Shown } from '../../parts/text.js'
import { type Column, WindowTable } from '../../parts/window-table.js'
import type { Bytes } from '../../server/bytes.js'
import { useServer } from '../../server/page-server.js'
import { bytesIn, numberIn } from '../../server/reply.js'
import { patternBytes } from '../pattern.js'
import { ElementPanel } from './element-panel.js'
import { MatchInput } from './match-input.js'
import { ScanFoot } from './scan-foot.js'
import { useScanned } from './scanned.js'
import { useChange } from './use-change.js'
import type { ValueProps } from './value-props.js'

const COLUMNS: Column<Bytes>[] = [{ name: 'member', cell: member => <Shown bytes={member} limit={300} /> }]

/** A set, by SSCAN. */
export function SetView({ chosen: { db, key }, writes, turn, onChange }: ValueProps) {
  const { api } = useServer()
  const [pattern, setPattern] = useState('*')
  const [shown, setShown] = useState<Bytes | null>(null)
  const change = useChange(db, onChange)
  const card = useLoaded(async () => numberIn(await api.reply(db, 'SCARD', key)), [api, db, key, turn])
  const scanned = useScanned(
    (cursor, count) => ['SSCAN', key, cursor, 'MATCH', patternBytes(pattern), 'COUNT', count],
    replies => replies.map(bytesIn),
    member => member,
    db,
    [db, key, pattern, turn],
  )
  return (
    <>
      <ErrorText>{card.error ?? scanned.error ?? change.error}</ErrorText>
      <div class="bar">
        <MatchInput onPattern={setPattern} />
      </div>
      <WindowTable
        label="Members"
        rows={scanned.elements}
        columns={COLUMNS}
        keyOf={member => member}
        empty={scanned.running ? '' : 'No member matches.'}
        onChoose={row => setShown(row)}
        chosen={member => member === shown}
      />
      <ScanFoot scanned={scanned} total={card.value ?? 0} what="members" />
      {shown !== null && (
        <ElementPanel title="Member" bytes={shown} onClose={() => setShown(null)}>
          {writes && (
            <div class="edits">
              <ConfirmButton
                label="Remove"
                question="Remove this member?"
                run={() => change.run('SREM', key, shown).then(() => setShown(null))}
              />
            </div>
          )}
        </ElementPanel>
      )}
      {writes && (
        <EditForm
          label="Add"
          fields={[{ name: 'member' }]}
          clears
          run={async ([member]) => {
            await api.reply(db, 'SADD', key, member!)
            onChange()
          }}
        />
      )}
    </>
  )
}
