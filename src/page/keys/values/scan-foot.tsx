import { count } from '../../parts/numbers.js'
import type { Scanned } from './scanned.js'

/** How far a cursor has come, and a button for more. */
export function ScanFoot({ scanned, total, what }: { scanned: Scanned<unknown>; total: number; what: string }) {
  const { elements, done, running, more } = scanned
  return (
    <div class="bar foot">
      <output class="note">
        {count(elements.length)} of {count(total)} {what}
        {running ? ' …' : ''}
      </output>
      <button type="button" disabled={done || running} onClick={more}>
        More
      </button>
    </div>
  )
}
