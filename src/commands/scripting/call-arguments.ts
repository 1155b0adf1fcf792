/** What EVAL and FCALL have in common: script or function, numkeys, keys, arguments. */
import { parseInt64 } from '../../bytes/integers.js'
import type { Request } from '../../resp/request.js'
import {
  type ArgumentDoc,
  countedKeys,
  KEY_ACCESS,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  type KeySpec,
  MAY_REPLICATE,
  NO_MANDATORY_KEYS,
  NOSCRIPT,
  READONLY,
  RUNS_SCRIPT,
  SKIP_MONITOR,
  STALE,
} from '../spec.js'

const FLAGS = NOSCRIPT | SKIP_MONITOR | NO_MANDATORY_KEYS | STALE | RUNS_SCRIPT
export const MAY_WRITE = FLAGS | MAY_REPLICATE
export const ONLY_READS = FLAGS | READONLY

/** The keys: what is done to them only the script knows. In 7.2.5 the forms with a SHA1 have no note that says so. */
export function writtenKeys(noted: boolean): readonly KeySpec[] {
  const note = 'We cannot tell how the keys will be used so we assume the worst, RW and UPDATE'
  return [countedKeys(KEY_RW | KEY_ACCESS | KEY_UPDATE, 2, noted ? note : undefined)]
}

export function readKeys(noted: boolean): readonly KeySpec[] {
  const note = 'We cannot tell how the keys will be used so we assume the worst, RO and ACCESS'
  return [countedKeys(KEY_RO | KEY_ACCESS, 2, noted ? note : undefined)]
}

/** `first`: what the first argument is. */
export function callArguments(first: string): ArgumentDoc[] {
  return [
    { name: first, type: 'string' },
    { name: 'numkeys', type: 'integer' },
    { name: 'key', type: 'key', keySpecIndex: 0, optional: true, multiple: true },
    { name: 'arg', type: 'string', optional: true, multiple: true },
  ]
}

/** How many keys there are by argument 2, or an error. `notNumber`: the one for what is no integer. */
export function readKeyCount(args: Request, notNumber: string): number | string {
  const few = args.safeInteger(2)
  if (few >= 0 && few <= args.argc - 3) return few
  const keys = parseInt64(args.buffer, args.starts[2], args.ends[2])
  if (keys === null) return notNumber
  return keys < 0n ? "ERR Number of keys can't be negative" : "ERR Number of keys can't be greater than number of args"
}
