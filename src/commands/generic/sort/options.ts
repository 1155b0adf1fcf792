/** SORT's options. Source of behaviour: sortCommandGeneric in Redis's sort.c. */
import { mayReadEveryKey } from '../../acl/check.js'
import { type CommandContext, NOT_AN_INTEGER, SYNTAX_ERROR } from '../../context.js'
import { SortPattern } from './pattern.js'

const FIRST_OPTION = 2

export interface SortOptions {
  isDescending: boolean
  /** As texts, not as numbers. */
  alpha: boolean
  /** What weighs an element, if it is not the element itself. */
  by: SortPattern | null
  /** BY with a pattern that is the same for all: as they come. */
  unsorted: boolean
  /** What is shown of each element, if it is not the element itself. */
  readonly gets: SortPattern[]
  /** LIMIT: negative offsets are 0, a negative count is all. Beyond 2^53 they are rounded. */
  offset: number
  count: number
  /** The argument that is the key to store at; 0: none. */
  storeIndex: number
}

/** Reads the options; replies the error and returns null when they make no sense, or need more than the user may read. */
export function readSortOptions(ctx: CommandContext, mayStore: boolean): SortOptions | null {
  const { args, reply } = ctx
  const options: SortOptions = {
    isDescending: false,
    alpha: false,
    by: null,
    unsorted: false,
    gets: [],
    offset: 0,
    count: -1,
    storeIndex: 0,
  }
  for (let i = FIRST_OPTION; i < args.argc; i++) {
    const left = args.argc - i - 1
    if (args.is(i, 'asc')) options.isDescending = false
    else if (args.is(i, 'desc')) options.isDescending = true
    else if (args.is(i, 'alpha')) options.alpha = true
    else if (args.is(i, 'limit') && left >= 2) {
      const offset = args.int64(i + 1)
      const count = offset === null ? null : args.int64(i + 2)
      if (offset === null || count === null) {
        reply.error(NOT_AN_INTEGER)
        return null
      }
      options.offset = Number(offset)
      options.count = Number(count)
      i += 2
    } else if (mayStore && args.is(i, 'store') && left >= 1) options.storeIndex = ++i
    else if (args.is(i, 'by') && left >= 1) {
      options.by = new SortPattern(args.copy(++i))
      if (options.by.isConstant) options.unsorted = true
      else if (!mayReadEveryKey(ctx)) {
        reply.error('ERR BY option of SORT denied due to insufficient ACL permissions.')
        return null
      }
    } else if (args.is(i, 'get') && left >= 1) {
      if (!mayReadEveryKey(ctx)) {
        reply.error('ERR GET option of SORT denied due to insufficient ACL permissions.')
        return null
      }
      options.gets.push(new SortPattern(args.copy(++i)))
    } else {
      reply.error(SYNTAX_ERROR)
      return null
    }
  }
  return options
}
