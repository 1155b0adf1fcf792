import type { ChosenKey } from '../keys.js'

/** What the view of a value is given. */
export interface ValueProps {
  chosen: ChosenKey
  writes: boolean
  /** Counts the times that the value may have changed. */
  turn: number
  /** Says that it has: all is read again. */
  onChange(): void
}
