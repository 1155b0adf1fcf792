import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** How to get each stock tool that tests may ask for. */
export const HOW_TO_GET: Readonly<Record<string, string>> = {
  'redis-server': 'apt-get install redis-server redis-tools',
  'redis-cli': 'apt-get install redis-server redis-tools',
  'redis-benchmark': 'apt-get install redis-server redis-tools',
  'redis-sentinel': 'apt-get install redis-sentinel',
  haproxy: 'apt-get install haproxy',
  promtool: 'apt-get install prometheus',
  chromium: 'apt-get install chromium',
}

/** True when a program of this name is on PATH and may be run. */
export function hasStock(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(dir => {
    try {
      accessSync(join(dir, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
