import { useId, useMemo, useState } from 'preact/hooks'
import { type Column, WindowTable } from '../../parts/window-table.js'
import { textOf } from '../../server/bytes.js'
import { prettyJson } from './json-text.js'
import { type HexLine, hexLines, textOfWindow, type Window } from './text-window.js'

const FORMS = ['text', 'JSON', 'hex'] as const
type Form = (typeof FORMS)[number]

const HEX_COLUMNS: Column<HexLine>[] = [
  {
    name: 'offset',
    width: 100,
    right: true,
    cell: line => <span class="pre">{line.at.toString(16).padStart(8, '0')}</span>,
  },
  { name: 'bytes', width: 372, cell: line => <span class="pre">{line.hex}</span> },
  { name: 'ASCII', cell: line => <span class="pre">{line.ascii}</span> },
]

/** A string's bytes as text, as JSON or as a hex dump: first as what they look like. */
export function BytesView({ part }: { part: Window }) {
  const group = useId()
  const [chosen, setChosen] = useState<Form | null>(null)
  const json = useMemo(() => jsonIn(part), [part.bytes])
  const form = chosen === null || (chosen === 'JSON' && json === null) ? guess(part, json) : chosen
  return (
    <div class="bytes-view">
      <div class="forms" role="radiogroup" aria-label="Shown as">
        {FORMS.map(name => (
          <label key={name}>
            <input
              type="radio"
              name={group}
              checked={form === name}
              disabled={name === 'JSON' && json === null}
              onChange={() => setChosen(name)}
            />
            {name}
          </label>
        ))}
      </div>
      {form === 'hex' ? (
        <WindowTable
          label="Hex dump"
          rows={hexLines(part)}
          columns={HEX_COLUMNS}
          keyOf={line => line.at}
          empty="Empty."
          minWidth={610}
        />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls, so the keyboard has to reach it
        <pre class="text" tabIndex={0}>
          {form === 'JSON' && json !== null ? json : <Text part={part} />}
        </pre>
      )}
    </div>
  )
}

function Text({ part }: { part: Window }) {
  return (
    <>
      {textOfWindow(part).map((piece, i) =>
        piece.escaped ? (
          <i key={i} class="escape">
            {piece.text}
          </i>
        ) : (
          piece.text
        ),
      )}
    </>
  )
}

/** Of a whole value only, and not of a number or a word. */
function jsonIn({ bytes, from, length }: Window): string | null {
  if (from !== 0 || bytes.length !== length || !/^\s*[{["]/.test(bytes)) return null
  const text = textOf(bytes)
  return text === null ? null : prettyJson(text)
}

function guess({ bytes, from, length }: Window, json: string | null): Form {
  if (json !== null) return 'JSON'
  const whole = from === 0 && bytes.length === length
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what text has none of
  return (whole && textOf(bytes) === null) || /[\x00-\x08]/.test(bytes) ? 'hex' : 'text'
}
