import type { ComponentChildren } from 'preact'

/** A form behind the button that opens it. */
export function Disclosed({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <details class="disclosed">
      <summary>{label}</summary>
      {children}
    </details>
  )
}
