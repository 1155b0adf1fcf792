/** The geo commands: all of them. */
import type { CommandSpec } from '../spec.js'
import { positionCommands } from './positions.js'
import { searchCommands } from './search.js'

export const geoCommands: readonly CommandSpec[] = [...positionCommands, ...searchCommands]
