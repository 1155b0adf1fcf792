/** DEBUG POPULATE: many keys at once, for tests and measurements. */

import { NEVER } from '../../store/database.js'
import { setString } from '../../types/string/set-string.js'
import type { CommandContext } from '../context.js'
import { MUST_BE_POSITIVE } from '../counts.js'

/** A count of zero or more, or NaN and the error's reply. */
function naturalNumber({ args, reply }: CommandContext, index: number): number {
  const value = args.safeInteger(index)
  if (value >= 0) return value
  reply.error(MUST_BE_POSITIVE)
  return Number.NaN
}

/**
 * DEBUG POPULATE count [prefix] [size]: keys "prefix:0" and so on (prefix "key" unless given) that hold "value:0" and so on,
 * cut or filled with zero bytes to `size` where that is not 0. Keys that exist stay; nothing reaches replicas.
 */
export function debugPopulate(ctx: CommandContext): void {
  const { args, db, reply } = ctx
  const count = naturalNumber(ctx, 2)
  if (Number.isNaN(count)) return
  const size = args.argc > 4 ? naturalNumber(ctx, 4) : 0
  if (Number.isNaN(size)) return
  const prefix = args.argc > 3 ? args.latin1(3) : 'key'
  for (let i = 0; i < count; i++) {
    const key = Buffer.from(`${prefix}:${i}`, 'latin1')
    if (db.findForWrite(key, 0, key.length) !== 0) continue
    const value = valueBytes(`value:${i}`, size)
    setString(db, 0, key, 0, key.length, value, 0, value.length, NEVER)
    db.touch(key, 0, key.length)
  }
  reply.ok()
}

function valueBytes(text: string, size: number): Buffer {
  if (size === 0) return Buffer.from(text, 'latin1')
  const bytes = Buffer.alloc(size)
  bytes.write(text, 'latin1')
  return bytes
}
