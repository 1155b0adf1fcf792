/** What HRANDFIELD and ZRANDMEMBER may be told behind the key. */
import { INT64_MAX } from '../bytes/integers.js'
import { type CommandContext, SYNTAX_ERROR } from './context.js'
import { readSignedCount } from './counts.js'

/** Redis's range for a count whose reply has two elements for each. */
const MAX_PAIRS = INT64_MAX / 2n

/** How many elements: different ones, or, where it is negative, draws. `pairs`: each with what belongs to it. */
export interface RandomOptions {
  count: bigint
  pairs: boolean
}

const random: RandomOptions = { count: 0n, pairs: false }

/**
 * Reads the count at argument 2 and behind it the `option` that asks for pairs. Replies the error and returns null when something is
 * wrong. The object returned is the same every time.
 */
export function readRandomOptions(ctx: CommandContext, option: string): RandomOptions | null {
  const { args, reply } = ctx
  const count = readSignedCount(ctx, 2)
  if (count === null) return null
  random.count = count
  random.pairs = args.argc === 4 && args.is(3, option)
  if (args.argc > 3 && !random.pairs) {
    reply.error(SYNTAX_ERROR)
    return null
  }
  if (random.pairs && (count < -MAX_PAIRS || count > MAX_PAIRS)) {
    reply.error('ERR value is out of range')
    return null
  }
  return random
}
