import type { CommandDoc } from './command-docs.js'

const SHOWN = 8

/** The commands that a line may become, above it. */
export function Completions(props: { docs: CommandDoc[]; lit: number; onChoose(doc: CommandDoc): void }) {
  const { docs, lit, onChoose } = props
  if (docs.length === 0) return null
  return (
    <ul id="completions" class="completions" aria-label="Completions">
      {docs.slice(0, SHOWN).map((doc, i) => (
        <li key={doc.name} class={i === Math.max(0, lit) ? 'lit' : ''}>
          <button type="button" tabIndex={-1} onClick={() => onChoose(doc)}>
            <b>{doc.name}</b> <span>{doc.summary}</span>
          </button>
        </li>
      ))}
      {docs.length > SHOWN && <li class="note">{docs.length - SHOWN} more</li>}
    </ul>
  )
}
