/** The logo at start: on a terminal, or anywhere with `always-show-logo`. */
import type { ConfigValues } from '../config/directives.js'

/** A log that is a terminal has room for it. */
export function showsLogo(values: ConfigValues): boolean {
  const toTerminal = values.logfile === '' && !values['syslog-enabled'] && process.stdout.isTTY
  return toTerminal || values['always-show-logo']
}

/** Lines of text, those with what is worth knowing beside a picture. */
export function logo(version: string, port: number): string {
  return `
    .-------------------.
    |  .-.  .-.  .-.    |   ${version}
    |  |R|  |T|  |S|    |
    |  '-'  '-'  '-'    |   Running in standalone mode
    |===================|   Port: ${port}
    |  .-.  .-.  .-.    |   PID: ${process.pid}
    |  | |  | |  | |    |
    '-------------------'

`
}
