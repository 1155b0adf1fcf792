/**
 * Commands that Redis 7.2 has and this server has not yet. Their clients get Redis's reply to a name that is none, and would look
 * for a typing error: the log tells.
 */
import type { Client } from '../commands/client.js'
import type { Command, CommandTable } from '../commands/command.js'
import { redisCommandNames } from '../commands/server/redis-command-names.js'
import { REDIS_VERSION } from '../config/version.js'
import type { Log } from '../observe/log.js'
import type { Request } from '../resp/request.js'

const LONGEST_NAME = Math.max(...[...redisCommandNames].map(name => name.length))

export class MissingCommands {
  private readonly commands: CommandTable
  private readonly log: Log
  /** Those that were told of: once each. */
  private readonly told = new Set<string>()

  constructor(commands: CommandTable, log: Log) {
    this.commands = commands
    this.log = log
  }

  /** A request names no command, or no subcommand of `container`. */
  note(container: Command | null, request: Request, client: Client): void {
    const at = container === null ? 0 : 1
    if (request.ends[at] - request.starts[at] > LONGEST_NAME) return
    const word = request.lower(at)
    if (word.includes('|')) return
    const name = container === null ? word : `${container.fullName}|${word}`
    // One that was renamed or taken away by the configuration is no secret to whoever did so.
    if (!redisCommandNames.has(name) || this.told.has(name) || this.commands.byOriginalFullName(name) !== null) return
    this.told.add(name)
    const shown = name.toUpperCase().replace('|', ' ')
    this.log.warning(
      `Command '${shown}' of Redis ${REDIS_VERSION} is not supported yet by redis-ts (client ${client.address}): it is answered as an unknown one.`,
    )
  }
}
