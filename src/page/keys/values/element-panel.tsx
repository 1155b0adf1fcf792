import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Bytes } from '../../server/bytes.js'
import { BytesView } from './bytes-view.js'
import { Pager } from './pager.js'
import { WHOLE_BYTES, WINDOW_BYTES } from './text-window.js'

interface Props {
  title: ComponentChildren
  bytes: Bytes
  onClose(): void
  children?: ComponentChildren
}

/** One element, below the table that it was chosen in. */
export function ElementPanel({ title, bytes, onClose, children }: Props) {
  const [from, setFrom] = useState(0)
  useEffect(() => setFrom(0), [bytes])
  const part = bytes.length <= WHOLE_BYTES ? bytes : (bytes.slice(from, from + WINDOW_BYTES) as Bytes)
  return (
    <section class="element" aria-label="Element">
      <div class="bar">
        <b>{title}</b>
        <Pager
          from={from}
          size={Math.max(part.length, WINDOW_BYTES)}
          total={bytes.length}
          what="bytes"
          onMove={setFrom}
        />
        <button type="button" class="quiet end" onClick={onClose}>
          Close
        </button>
      </div>
      <BytesView part={{ bytes: part, from, length: bytes.length }} />
      {children}
    </section>
  )
}
