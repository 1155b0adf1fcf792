/** How many connections the operating system allows. Source of behaviour: adjustOpenFilesLimit in Redis's server.c. */
import fs from 'node:fs'
import type { Config } from '../config/config.js'
import type { Log } from '../observe/log.js'

/** For listening sockets, files and links to a master. */
const RESERVED_FILES = 32

/** How many files this process may open; infinite where that cannot be told. Node has raised it as far as it may. */
function openFilesLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(fs.readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** The largest `maxclients` that can be had. */
export function maxclientsLimit(): number {
  return openFilesLimit() - RESERVED_FILES
}

/** Lowers `maxclients` at the start to what the system allows, and says so. Throws when that is nothing. */
export function lowerMaxclients(config: Config, log: Log): void {
  const limit = openFilesLimit()
  const wanted = config.values.maxclients
  const files = wanted + RESERVED_FILES
  if (files <= limit) return
  if (limit <= RESERVED_FILES) {
    throw new Error(
      `Your current 'ulimit -n' of ${limit} is not enough for the server to start. Please increase your open file limit to at least ${files}. Exiting.`,
    )
  }
  config.values.maxclients = limit - RESERVED_FILES
  log.warning(`You requested maxclients of ${wanted} requiring at least ${files} max file descriptors.`)
  log.warning(`Server can't set maximum open files to ${files} because of OS error: Operation not permitted.`)
  log.warning(
    `Current maximum open files is ${limit}. maxclients has been reduced to ${limit - RESERVED_FILES} to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.`,
  )
}
