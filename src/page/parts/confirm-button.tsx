import { useEffect, useRef, useState } from 'preact/hooks'

/** A button for what cannot be taken back: it asks once more. */
export function ConfirmButton({ label, question, run }: { label: string; question: string; run(): void }) {
  const [asking, setAsking] = useState(false)
  const no = useRef<HTMLButtonElement>(null)
  useEffect(() => no.current?.focus(), [asking])
  if (!asking)
    return (
      <button type="button" onClick={() => setAsking(true)}>
        {label}
      </button>
    )
  return (
    <span class="confirm">
      {question}{' '}
      <button
        type="button"
        class="bad"
        onClick={() => {
          setAsking(false)
          run()
        }}
      >
        {label}
      </button>
      <button type="button" ref={no} onClick={() => setAsking(false)}>
        No
      </button>
    </span>
  )
}
