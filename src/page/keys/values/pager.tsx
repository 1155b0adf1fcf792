import { count } from '../../parts/numbers.js'

interface Props {
  /** The first of the window, the window's size, and how many there are. */
  from: number
  size: number
  total: number
  /** What is counted, in the plural. */
  what: string
  onMove(from: number): void
}

/** Where a window of something long stands, and buttons that move it. */
export function Pager({ from, size, total, what, onMove }: Props) {
  const last = Math.max(0, Math.floor((total - 1) / size) * size)
  const to = Math.min(from + size, total)
  // All of it, or not a window's worth.
  if (total <= size && from === 0) return <span class="note">{`${count(total)} ${what}`}</span>
  return (
    <span class="pager">
      <button type="button" aria-label="First" disabled={from === 0} onClick={() => onMove(0)}>
        «
      </button>
      <button
        type="button"
        aria-label="Previous"
        disabled={from === 0}
        onClick={() => onMove(Math.max(0, from - size))}
      >
        ‹
      </button>
      <button type="button" aria-label="Next" disabled={to >= total} onClick={() => onMove(from + size)}>
        ›
      </button>
      <button type="button" aria-label="Last" disabled={to >= total} onClick={() => onMove(last)}>
        »
      </button>
      <input
        type="number"
        aria-label="From"
        min={0}
        max={last}
        step={1}
        value={from}
        onChange={event => onMove(Math.min(Math.max(0, Math.floor(Number(event.currentTarget.value)) || 0), total - 1))}
      />
      <span class="note">
        to {count(to - 1)} of {count(total)} {what}
      </span>
    </span>
  )
}
