/** KEEPREF, DELREF, ACKED: what becomes of what consumer groups refer to when entries go (Redis 8.2). */
import type { Request } from '../../resp/request.js'
import type { ArgumentDoc } from '../spec.js'

/** References stay; go with the entries; or entries stay that have some, or that a group has yet to read. */
export type ReferenceOption = 'keepref' | 'delref' | 'acked'

const OPTIONS: readonly ReferenceOption[] = ['keepref', 'delref', 'acked']

/** What argument `index` says; null: something else. */
export function referenceOption(args: Request, index: number): ReferenceOption | null {
  const length = args.ends[index] - args.starts[index]
  // Most arguments of XADD are of another length.
  if (length < 5 || length > 7) return null
  for (const option of OPTIONS) if (args.is(index, option)) return option
  return null
}

export const REFERENCES: ArgumentDoc = {
  name: 'condition',
  type: 'oneof',
  optional: true,
  arguments: OPTIONS.map(name => ({ name, type: 'pure-token', token: name.toUpperCase() })),
}
