/** What the package's one file holds, so that nothing is shipped twice: the library, and the command that bin/redis-ts starts. */
export * from './index.js'
export { runCommand } from './process/command.js'
