/** The folder that the server writes its files to. */
import fs from 'node:fs'
import type { Config } from '../config/config.js'
import { nativePath } from '../config/kinds/directory.js'
import { strerror } from '../config/strerror.js'
import type { Log } from '../observe/log.js'

/** Better known at the start than at the first save, or at the shutdown. */
export function warnOfUnwritableDirectory({ values }: Config, log: Log): void {
  try {
    fs.accessSync(nativePath(values.dir), fs.constants.W_OK | fs.constants.X_OK)
  } catch (error) {
    log.warning(
      `WARNING: The server cannot write into its working directory ${values.dir}: ${strerror(error)}. Saving the DB (SAVE, BGSAVE, save points, SHUTDOWN) will fail, and so will full synchronizations that go through a file (repl-diskless-sync no on a master, repl-diskless-load disabled on a replica). Use the 'dir' directive to name another one.`,
    )
  }
}
