/** The command `redis-ts`, run from its sources. Packed, it is started by bin/redis-ts. */
import { runCommand } from './process/command.js'

void runCommand(process.argv.slice(2))
