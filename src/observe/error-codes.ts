/** Errors counted by their codes, for INFO errorstats. Source: afterErrorReply in Redis's networking.c. */

/** Scripts make up codes as they like: from the 128th on they are counted together. */
const MAX_CODES = 128
const OVERFLOW = 'ERRORSTATS_OVERFLOW'
const MAX_CODE_BYTES = 32
const DEFAULT_CODE = 'ERR'

/** A code as INFO shows it: scripts may put anything into one, and nothing may look like INFO's own syntax. */
export function shownCode(code: string): string {
  return code.replace(/[#:\r\n]/g, '_')
}

/** Counts an error reply, whose text begins with its code ("WRONGTYPE Operation ..."). */
export function countErrorCode(counts: Map<string, number>, text: string): void {
  const blank = text.indexOf(' ')
  let code = blank > 0 && blank < MAX_CODE_BYTES ? text.slice(0, blank) : DEFAULT_CODE
  if (counts.size >= MAX_CODES && !counts.has(code)) code = OVERFLOW
  counts.set(code, (counts.get(code) ?? 0) + 1)
}
