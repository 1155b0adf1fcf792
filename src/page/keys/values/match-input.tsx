import { useEffect, useState } from 'preact/hooks'

const TYPING_MS = 300

/** A pattern for MATCH, taken once typing rests. */
export function MatchInput({ onPattern }: { onPattern(pattern: string): void }) {
  const [typed, setTyped] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => onPattern(typed.trim() || '*'), TYPING_MS)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <input
      type="search"
      placeholder="Match, e.g. a*"
      aria-label="Match elements"
      value={typed}
      onInput={event => setTyped(event.currentTarget.value)}
    />
  )
}
