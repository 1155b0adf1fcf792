import { useState } from 'preact/hooks'
import { type Bytes, quoted, textOf, unescaped, utf8 } from '../server/bytes.js'
import { words } from './hooks.js'
import { ErrorText } from './text.js'

export interface Field {
  name: string
  initial?: Bytes
  lines?: boolean
  /** Pixels; the fields without one share the rest. */
  width?: number
  placeholder?: string
  /** A number: nothing in it could need an escape. */
  plain?: boolean
}

interface Props {
  label: string
  fields: readonly Field[]
  /** Called with the bytes of the fields; what it throws is shown. */
  run(values: Bytes[]): Promise<unknown>
  /** Empties the fields after a success: a form to add one after the other. */
  clears?: boolean
}

/** A line of fields and what is done with them. Bytes that are no text are written with escapes. */
export function EditForm({ label, fields, run, clears }: Props) {
  const [escapes, setEscapes] = useState(() => fields.some(({ initial, lines }) => !isPlain(initial, lines)))
  const [texts, setTexts] = useState(() => fields.map(({ initial }) => written(initial, escapes)))
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    setBusy(true)
    try {
      await run(texts.map(text => (escapes ? unescaped(text) : utf8(text))))
      setError(null)
      if (clears) setTexts(fields.map(() => ''))
    } catch (error) {
      setError(words(error))
    }
    setBusy(false)
  }
  const type = (i: number, text: string) => setTexts(texts.map((old, j) => (i === j ? text : old)))
  return (
    <form class="edit" aria-label={label} onSubmit={submit}>
      {fields.map((field, i) => {
        const common = {
          'aria-label': field.name,
          placeholder: field.placeholder ?? field.name,
          value: texts[i]!,
          spellcheck: false,
          autocomplete: 'off',
        }
        return field.lines ? (
          <textarea key={field.name} rows={3} {...common} onInput={event => type(i, event.currentTarget.value)} />
        ) : (
          <input
            key={field.name}
            {...common}
            style={{ flex: field.width ? `0 1 ${field.width}px` : '' }}
            onInput={event => type(i, event.currentTarget.value)}
          />
        )
      })}
      {!fields.every(field => field.plain) && (
        <label class="escapes" title="\n, \t, \xff and \\ stand for bytes">
          <input type="checkbox" checked={escapes} onChange={event => setEscapes(event.currentTarget.checked)} />{' '}
          escapes
        </label>
      )}
      <button type="submit" disabled={busy}>
        {label}
      </button>
      <ErrorText>{error}</ErrorText>
    </form>
  )
}

/** Whether a field of this kind gives back what it is given. */
function isPlain(bytes: Bytes | undefined, lines = false): boolean {
  if (bytes === undefined) return true
  const text = textOf(bytes)
  return text !== null && !/\p{Cc}/u.test(lines ? text.replaceAll('\n', '') : text)
}

function written(bytes: Bytes | undefined, escapes: boolean): string {
  if (bytes === undefined) return ''
  return escapes ? quoted(bytes).slice(1, -1).replaceAll('\\"', '"') : textOf(bytes)!
}
