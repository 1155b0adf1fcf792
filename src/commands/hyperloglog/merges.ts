/** PFMERGE of many keys: their union is made in slices before it runs, see preparations.ts. */
import { prepareInSlices } from '../blocking/preparations.js'
import { mayWait } from '../blocking/wait-for-keys.js'
import type { CommandContext } from '../context.js'
import { beginUnion, type UnionWork } from './union-work.js'

/** The union of the command that is being run again, null for none; or that there was one, of other keys than there are now. */
let ready: UnionWork | 'outdated' | null = null

/** The union of all keys of the request, or null: the command will be run again when there is one. */
export function uniteForMerge(ctx: CommandContext): UnionWork | null {
  if (ready !== null && ready !== 'outdated') return ready
  const work = beginUnion(ctx, ready === null && mayWait(ctx) && !ctx.inScript)
  if (work.isDone) return work
  const { args } = ctx
  const names = new Set(Array.from({ length: args.argc - 1 }, (_, i) => args.latin1(i + 1)))
  prepareInSlices(ctx, [...names], work, (changed, runAgain) => {
    work.close()
    ready = changed ? 'outdated' : work
    runAgain()
    ready = null
  })
  return null
}
