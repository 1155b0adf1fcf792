/** SIGTERM and SIGINT shut the server down as SHUTDOWN does. */
import type { ServerApi, ShutdownOptions } from '../commands/server-api.js'

/** A server that can be told to go down. */
export interface SignalledServer extends ServerApi {
  readonly shuttingDown: {
    readonly insisted: boolean
    readonly saveFailed: boolean
    request(options: ShutdownOptions, onFailure: (error: string) => void): void
  }
}

export function handleSignals(server: SignalledServer): void {
  const { log, config } = server
  const handle = (signal: 'SIGTERM' | 'SIGINT'): void => {
    if (signal === 'SIGINT' && server.shuttingDown.insisted) {
      log.warning('You insist... exiting now.')
      // Their temporary files go.
      server.saver.abort()
      server.replication.close()
      process.exit(1)
    }
    log.warning(`Received ${signal} scheduling shutdown...`)
    const options = config.values[signal === 'SIGTERM' ? 'shutdown-on-sigterm' : 'shutdown-on-sigint']
    const wants = (option: (typeof options)[number]): boolean => options.includes(option)
    const force = wants('force')
    const now = wants('now')
    const save = wants('save') ? true : wants('nosave') ? false : undefined
    server.shuttingDown.request(save === undefined ? { force, now } : { force, now, save }, () => {
      log.warning(
        'Received shutdown signal but errors trying to shut down the server, check the logs for more information',
      )
      if (!server.shuttingDown.saveFailed) return
      const another = signal === 'SIGINT' ? 'Press Ctrl-C (SIGINT) again' : 'Send SIGINT (Ctrl-C)'
      log.warning(`${another} to exit now without saving the DB.`)
    })
  }
  process.on('SIGTERM', () => handle('SIGTERM'))
  process.on('SIGINT', () => handle('SIGINT'))
  // A log reader or a terminal that goes away is no reason to stop serving.
  process.on('SIGHUP', () => {})
  process.on('SIGPIPE', () => {})
}
