import { useState } from 'preact/hooks'
import { Disclosed } from '../../parts/disclosed.js'
import { EditForm } from '../../parts/edit-form.js'
import { useLoaded } from '../../parts/hooks.js'
import { count, bytes as size } from '../../parts/numbers.js'
import { ErrorText } from '../../parts/text.js'
import { useServer } from '../../server/page-server.js'
import { bytesIn, checked, isError, numberIn } from '../../server/reply.js'
import { BytesView } from './bytes-view.js'
import { Pager } from './pager.js'
import { WHOLE_BYTES, WINDOW_BYTES } from './text-window.js'
import type { ValueProps } from './value-props.js'

/** A string, a part at a time when it is long; of a HyperLogLog, how much it has counted. */
export function StringView({ chosen, writes, turn, onChange }: ValueProps) {
  const { api } = useServer()
  const { db, key } = chosen
  const [from, setFrom] = useState(0)
  const value = useLoaded(async () => {
    const length = numberIn(await api.reply(db, 'STRLEN', key))
    const to = length <= WHOLE_BYTES ? -1 : from + WINDOW_BYTES - 1
    const bytes = bytesIn(await api.reply(db, 'GETRANGE', key, to === -1 ? 0 : from, to))
    return { bytes, from: to === -1 ? 0 : from, length }
  }, [api, db, key, from, turn])
  const part = value.value
  return (
    <>
      <ErrorText>{value.error}</ErrorText>
      {part && (
        <>
          {isHyperLogLog(part.bytes, part.from) && (
            <HyperLogLog chosen={chosen} encoding={part.bytes.charCodeAt(4)} turn={turn} />
          )}
          <div class="bar">
            {part.length <= WHOLE_BYTES ? (
              <span class="note">{`${count(part.length)} bytes`}</span>
            ) : (
              <Pager
                from={from}
                size={WINDOW_BYTES}
                total={part.length}
                what={`bytes (${size(part.length)})`}
                onMove={setFrom}
              />
            )}
          </div>
          <BytesView part={part} />
          {writes && part.length <= WHOLE_BYTES && (
            <Disclosed label="Edit">
              <EditForm
                key={part.bytes}
                label="Set"
                fields={[{ name: 'value', initial: part.bytes, lines: true }]}
                run={async ([bytes]) => {
                  // The time that it has left stays.
                  checked(await api.reply(db, 'SET', key, bytes!, 'KEEPTTL'))
                  onChange()
                }}
              />
            </Disclosed>
          )}
        </>
      )}
    </>
  )
}

const HYPERLOGLOG_BYTES = 16

function isHyperLogLog(bytes: string, from: number): boolean {
  return from === 0 && bytes.length >= HYPERLOGLOG_BYTES && bytes.startsWith('HYLL') && bytes.charCodeAt(4) <= 1
}

function HyperLogLog({ chosen, encoding, turn }: Pick<ValueProps, 'chosen' | 'turn'> & { encoding: number }) {
  const { api } = useServer()
  const { db, key } = chosen
  const counted = useLoaded(async () => (await api.replies(db, [['PFCOUNT', key]]))[0]!, [api, db, key, turn])
  const reply = counted.value
  return (
    <p class="fact">
      A HyperLogLog, {encoding === 0 ? 'dense' : 'sparse'}:{' '}
      {reply === null ? '…' : isError(reply) ? reply.error : <b>about {count(numberIn(reply))} elements</b>}
    </p>
  )
}
