/** The sorted set commands: all of them. */
import type { CommandSpec } from '../spec.js'
import { combineCommands } from './combine.js'
import { memberCommands } from './members.js'
import { popCommands } from './pops.js'
import { rangeCommands } from './ranges.js'
import { walkCommands } from './walk.js'

export const sortedSetCommands: readonly CommandSpec[] = [
  ...memberCommands,
  ...rangeCommands,
  ...popCommands,
  ...combineCommands,
  ...walkCommands,
]
