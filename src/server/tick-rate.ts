/** How often the cron runs. Source of behaviour: serverCron and clientsCron in Redis's server.c. */
import type { ConfigValues } from '../config/directives.js'

const MAX_HZ = 500
/** With more clients than this for each tick, `dynamic-hz` doubles the rate. */
const CLIENTS_PER_TICK = 200

/** Ticks a second: `hz`, or more with `dynamic-hz` and many clients. */
export function ticksPerSecond({ hz, 'dynamic-hz': dynamic }: ConfigValues, clients: number): number {
  let rate = hz
  while (dynamic && rate < MAX_HZ && clients / rate > CLIENTS_PER_TICK) rate = Math.min(rate * 2, MAX_HZ)
  return rate
}
