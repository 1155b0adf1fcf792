/** The title by which `ps` shows the process. */
import type { Config } from '../config/config.js'
import { expandProcTitle } from '../config/proc-title.js'

/** `proc-title-template`: "redis-ts *:7000" by default. */
export function setProcessTitle(config: Config, listening: string, port: number): void {
  const { values } = config
  if (!values['set-proc-title']) return
  const variables: Record<string, string> = {
    title: 'redis-ts',
    'listen-addr': listening,
    'server-mode': '',
    port: String(port),
    'tls-port': '0',
    unixsocket: values.unixsocket,
    'config-file': config.file ?? '',
  }
  const title = expandProcTitle(values['proc-title-template'], name => variables[name] ?? null)
  if (title !== null) process.title = title
}
