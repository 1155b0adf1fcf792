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
import { bytesIn, checked, numberIn, pairsIn, type Reply } from '../../server/reply.js'
import { ElementPanel } from './element-panel.js'
import { Pager } from './pager.js'
import { useChange } from './use-change.js'
import type { ValueProps } from './value-props.js'

const WINDOW = 200

interface Member {
  rank: number
  member: Bytes
  score: Bytes
}

const COLUMNS: Column<Member>[] = [
  { name: 'rank', width: 84, right: true, cell: ({ rank }) => count(rank) },
  { name: 'score', width: 168, right: true, cell: ({ score }) => score },
  { name: 'member', cell: ({ member }) => <Shown bytes={member} limit={300} /> },
]

/** A sorted set, a window at a time, from either end. */
export function SortedSetView({ chosen: { db, key }, writes, turn, onChange }: ValueProps) {
  const { api } = useServer()
  const [from, setFrom] = useState(0)
  const [highest, setHighest] = useState(false)
  const [shown, setShown] = useState<Member | null>(null)
  const change = useChange(db, onChange)
  const set = useLoaded(async () => {
    const order = highest ? ['REV'] : []
    const [[card, range], size] = await api.repliesOfUpTo(db, WINDOW, size => [
      ['ZCARD', key],
      ['ZRANGE', key, from, from + size - 1, ...order, 'WITHSCORES'],
    ])
    return { card: numberIn(card!), members: membersIn(checked(range!), from), size }
  }, [api, db, key, from, highest, turn])
  return (
    <>
      <ErrorText>{set.error ?? change.error}</ErrorText>
      <div class="bar">
        <Pager
          from={from}
          size={set.value?.size ?? WINDOW}
          total={set.value?.card ?? 0}
          what="members"
          onMove={setFrom}
        />
        <label class="end">
          <input
            type="checkbox"
            checked={highest}
            onChange={event => {
              setFrom(0)
              setHighest(event.currentTarget.checked)
            }}
          />{' '}
          highest first
        </label>
      </div>
      <WindowTable
        label="Members"
        rows={set.value?.members ?? []}
        columns={COLUMNS}
        keyOf={({ member }) => member}
        empty=""
        onChoose={row => setShown(row)}
        chosen={({ member }) => member === shown?.member}
        minWidth={440}
      />
      {shown && (
        <ElementPanel title={`Score ${shown.score}`} bytes={shown.member} onClose={() => setShown(null)}>
          {writes && (
            <div class="edits">
              <Disclosed label="Edit">
                <EditForm
                  key={shown.member}
                  label="Set score"
                  fields={[{ name: 'score', initial: shown.score, width: 200, plain: true }]}
                  run={async ([score]) => {
                    await api.reply(db, 'ZADD', key, score!, shown.member)
                    setShown({ ...shown, score: score! })
                    onChange()
                  }}
                />
              </Disclosed>
              <ConfirmButton
                label="Remove"
                question="Remove this member?"
                run={() => change.run('ZREM', key, shown.member).then(() => setShown(null))}
              />
            </div>
          )}
        </ElementPanel>
      )}
      {writes && (
        <EditForm
          label="Add"
          fields={[{ name: 'score', width: 120 }, { name: 'member' }]}
          clears
          run={async ([score, member]) => {
            await api.reply(db, 'ZADD', key, score!, member!)
            onChange()
          }}
        />
      )}
    </>
  )
}

/** WITHSCORES in RESP3: pairs in arrays of their own. */
function membersIn(reply: Reply, from: number): Member[] {
  const pairs = Array.isArray(reply) && Array.isArray(reply[0]) ? (reply as [Reply, Reply][]) : pairsIn(reply)
  return pairs.map(([member, score], i) => ({ rank: from + i, member: bytesIn(member), score: bytesIn(score) }))
}
