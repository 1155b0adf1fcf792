import type { CommandDoc } from './command-docs.js'

const SHOWN = 8

interface Props {
  id: string
  docs: CommandDoc[]
  /** The one that Tab takes. */
  lit: number
  onChoose(doc: CommandDoc): void
}

/** The commands that a line may become, above it. The keyboard stays in the line. */
export function Completions({ id, docs, lit, onChoose }: Props) {
  if (docs.length === 0) return null
  const from = Math.max(0, Math.min(lit - SHOWN + 1, docs.length - SHOWN))
  return (
    <div id={id} role="listbox" class="completions" aria-label="Completions" tabIndex={-1}>
      {docs.slice(from, from + SHOWN).map((doc, i) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the line has the keyboard, and chooses by Tab
        <div
          key={doc.name}
          id={`${id}-${from + i}`}
          role="option"
          aria-selected={from + i === lit}
          tabIndex={-1}
          onClick={() => onChoose(doc)}
        >
          <b>{doc.name}</b> <span>{doc.summary}</span>
        </div>
      ))}
      {docs.length > SHOWN && <p class="note">{docs.length} in all</p>}
    </div>
  )
}
