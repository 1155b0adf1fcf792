/** Arguments that MONITOR and SLOWLOG keep to themselves. */
import type { Request } from '../resp/request.js'

/** What they show in place of such an argument. */
export const REDACTED = '(redacted)'

/** No argument is a secret. */
export const NOTHING_SECRET: readonly number[] = []

/** The numbers of all arguments from `first` on. */
export function secretFrom(first: number): (args: Request) => readonly number[] {
  return ({ argc }) => Array.from({ length: Math.max(0, argc - first) }, (_, i) => first + i)
}
