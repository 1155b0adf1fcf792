import type { ComponentChildren } from 'preact'
import type { Bytes } from '../../server/bytes.js'
import { BytesView } from './bytes-view.js'

/** One element, whole, below the table that it was chosen in. */
export function ElementPanel(props: {
  title: ComponentChildren
  bytes: Bytes
  onClose(): void
  children?: ComponentChildren
}) {
  const { bytes } = props
  return (
    <section class="element" aria-label="Element">
      <div class="bar">
        <b>{props.title}</b>
        <button type="button" class="quiet end" onClick={props.onClose}>
          Close
        </button>
      </div>
      <BytesView key={bytes} part={{ bytes, from: 0, length: bytes.length }} />
      {props.children}
    </section>
  )
}
