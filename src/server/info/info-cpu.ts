/** INFO cpu: seconds of processor time. There are no child processes. */
import fs from 'node:fs'
import type { Field } from './info-field.js'

/** The kernel's unit in /proc/PID/stat, which is the same on every Linux (proc(5)). */
const TICKS_A_SECOND = 100
const MAIN_THREAD = `/proc/self/task/${process.pid}/stat`

export function cpuFields(): Field[] {
  const { system, user } = process.cpuUsage()
  const fields: Field[] = [
    ['used_cpu_sys', (system / 1e6).toFixed(6)],
    ['used_cpu_user', (user / 1e6).toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
  ]
  const main = mainThreadSeconds()
  if (main !== null) {
    fields.push(
      ['used_cpu_sys_main_thread', main.system.toFixed(6)],
      ['used_cpu_user_main_thread', main.user.toFixed(6)],
    )
  }
  return fields
}

/** The thread that runs JavaScript, without the collector's and libuv's; null where the system does not tell. */
function mainThreadSeconds(): { system: number; user: number } | null {
  if (process.platform !== 'linux') return null
  try {
    const text = fs.readFileSync(MAIN_THREAD, 'latin1')
    // Fields 14 and 15; the second one, a name in parentheses, may itself hold blanks.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { user: Number(fields[11]) / TICKS_A_SECOND, system: Number(fields[12]) / TICKS_A_SECOND }
  } catch {
    return null
  }
}
